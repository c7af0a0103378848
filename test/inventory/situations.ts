// Sites in trouble, each with what must come of it. The golden files beside this one show the whole outcome; the same
// sites are held against the real ansible-inventory.

import { parseKubesprayVersion } from "../../src/inventory/kubespray-version";
import type { EtcdFacts, HostFacts, RecoveryRequest, ViolationCode } from "../../src/model/inventory-recovery";

/** A site and what is asked of it. */
export interface SituationCase {
  /** Folder name of its golden files. */
  readonly name: string;
  readonly format: "ini" | "yaml";
  readonly inventory: string;
  /** group_vars and host_vars beside it, by path. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Extra variables, by path. */
  readonly extraVars?: Readonly<Record<string, string>>;
  readonly version: string;
  readonly request: Partial<RecoveryRequest>;
  readonly facts?: EtcdFacts;
  /** Codes of the violations when it is refused; undefined when it is proven. */
  readonly refusedWith?: readonly ViolationCode[];
}

const three =
  "[kube_control_plane]\ncp1 ip=10.0.0.1\ncp2 ip=10.0.0.2\ncp3 ip=10.0.0.3\n\n[etcd]\ncp1\ncp2\ncp3\n\n[kube_node]\nw1 ip=10.0.0.9\n";

const seed = "[kube_control_plane]\ntaco-m1\ntaco-m2\ntaco-m3\n\n[etcd]\ntaco-m1\ntaco-m2\ntaco-m3\ntaco-w1\ntaco-w2\n";
const masters = ["taco-m1", "taco-m2", "taco-m3"];
const seedRequest: Partial<RecoveryRequest> = {
  brokenEtcd: masters,
  brokenControlPlane: masters,
  flavor: "taco",
  inventoryAs: "inventory/sample/hosts.ini",
};
const seedExtraVars = { "inventory/sample/extra-vars.yml": "kube_version: v1.21.5\n" };

function up(host: string, name: string, more: Partial<HostFacts> = {}): HostFacts {
  const member = {
    id: `${name.length}a${host.length}${[...host].reduce((sum, c) => sum + c.charCodeAt(0), 0).toString(16)}`,
    name,
    peerUrl: `https://${host}.lab:2380`,
  };
  return {
    host,
    isReachable: true,
    isHealthyVoter: true,
    deployment: "host",
    member,
    etcdVersion: "3.5.21",
    hasCaKey: true,
    ...more,
  };
}

function down(host: string, name: string, more: Partial<HostFacts> = {}): HostFacts {
  return { ...up(host, name), isHealthyVoter: false, etcdVersion: undefined, hasCaKey: undefined, ...more };
}

const seedFacts = (w1: bigint, w2: bigint): EtcdFacts => ({
  verdict: "quorum-lost",
  hosts: [
    ...masters.map((host, index) => down(host, `etcd${index + 1}`, { isReachable: true })),
    up("taco-w1", "etcd4", { raftIndex: w1, etcdVersion: "3.4.13" }),
    up("taco-w2", "etcd5", { raftIndex: w2, etcdVersion: "3.4.13" }),
  ],
});

/** Every site. */
export const situations: readonly SituationCase[] = [
  {
    name: "seed-003-survivor-named",
    format: "ini",
    inventory: seed,
    extraVars: seedExtraVars,
    version: "v2.17.0",
    request: { ...seedRequest, source: { kind: "survivor", host: "taco-w1" } },
  },
  {
    name: "seed-003-snapshot",
    format: "ini",
    inventory: seed,
    extraVars: seedExtraVars,
    version: "v2.17.0",
    request: { ...seedRequest, source: { kind: "snapshot", path: "/home/sample/k8s_backup/etcd-snapshot.db" } },
  },
  {
    name: "seed-003-observed-second-survivor-ahead",
    format: "ini",
    inventory: seed,
    extraVars: seedExtraVars,
    version: "v2.17.0",
    request: { ...seedRequest, source: { kind: "survivor", host: "taco-w2" } },
    facts: seedFacts(1200n, 18446744073709551000n),
  },
  {
    name: "seed-003-observed-survivor-behind",
    format: "ini",
    inventory: seed,
    extraVars: seedExtraVars,
    version: "v2.17.0",
    request: { ...seedRequest, source: { kind: "survivor", host: "taco-w1" } },
    facts: seedFacts(1200n, 1201n),
    refusedWith: ["data-source-behind"],
  },
  {
    name: "seed-003-no-source",
    format: "ini",
    inventory: seed,
    extraVars: seedExtraVars,
    version: "v2.17.0",
    request: seedRequest,
    refusedWith: ["data-source-missing"],
  },
  {
    name: "only-etcd1-broken",
    format: "ini",
    inventory: three,
    version: "v2.28.1",
    request: { brokenEtcd: ["cp1"], brokenControlPlane: ["cp1"] },
  },
  {
    name: "last-of-three-broken-observed",
    format: "ini",
    inventory: three,
    version: "v2.30.0",
    request: {},
    facts: {
      verdict: "minority-lost",
      hosts: [
        up("cp1", "etcd1"),
        up("cp2", "etcd2"),
        down("cp3", "etcd3", { isReachable: false, isControlPlaneBroken: true }),
      ],
    },
  },
  {
    name: "two-of-five-broken-names-observed",
    format: "ini",
    inventory: "[etcd]\nn[1:5]\n[kube_control_plane]\nn[1:3]\n[all]\nn[1:5] ansible_user=ops\n",
    version: "v2.24.1",
    request: { brokenEtcd: ["n2", "n4"], brokenControlPlane: ["n2"] },
    facts: {
      verdict: "minority-lost",
      hosts: [up("n1", "etcd3"), down("n2", "etcd1"), up("n3", "etcd5"), down("n4", "etcd2"), up("n5", "etcd4")],
    },
  },
  {
    name: "name-prefix-node1-node10",
    format: "ini",
    inventory:
      "[etcd]\nnode1 ip=10.1.0.1\nnode10 ip=10.1.0.10\nnode2 ip=10.1.0.2\n[kube_control_plane]\nnode1\nnode10\nnode2\n",
    version: "v2.29.0",
    request: { brokenEtcd: ["node1"], brokenControlPlane: ["node1"] },
  },
  {
    name: "lost-quorum-etcd-3.6",
    format: "ini",
    inventory: three,
    version: "v2.31.0",
    request: {
      brokenEtcd: ["cp2", "cp3"],
      brokenControlPlane: ["cp2", "cp3"],
      source: { kind: "survivor", host: "cp1" },
    },
  },
  {
    name: "lost-quorum-etcd-3.5-snapshot",
    format: "ini",
    inventory: three,
    version: "v2.28.1",
    request: {
      brokenEtcd: ["cp1", "cp2"],
      brokenControlPlane: ["cp1", "cp2"],
      source: { kind: "snapshot", path: "/backup/etcd.db" },
    },
  },
  {
    name: "all-etcd-lost-with-snapshot-and-pki",
    format: "ini",
    inventory: three,
    version: "v2.28.1",
    request: {
      brokenEtcd: ["cp1", "cp2", "cp3"],
      brokenControlPlane: ["cp1", "cp2", "cp3"],
      source: { kind: "snapshot", path: "/backup/etcd.db" },
      pkiBackup: "/backup/pki.tar.gz",
      withFollowUp: true,
    },
  },
  {
    name: "all-etcd-lost-without-snapshot",
    format: "ini",
    inventory: three,
    version: "v2.28.1",
    request: { brokenEtcd: ["cp1", "cp2", "cp3"] },
    refusedWith: ["data-source-missing"],
  },
  {
    name: "single-etcd-lost-with-snapshot",
    format: "ini",
    inventory: "[etcd]\ncp1 ip=10.0.0.1\n[kube_control_plane]\ncp1\n",
    version: "v2.28.1",
    request: {
      brokenEtcd: ["cp1"],
      brokenControlPlane: ["cp1"],
      source: { kind: "snapshot", path: "/backup/etcd.db" },
    },
  },
  {
    name: "replacement-under-a-new-name",
    format: "ini",
    inventory:
      "# prod\n[all]\ncp1 ansible_host=192.0.2.11 ip=10.0.0.1\ncp2 ansible_host=192.0.2.12 ip=10.0.0.2 note='rack #3'\ncp3 ansible_host=192.0.2.13 ip=10.0.0.3\n\n[kube_control_plane]\ncp1\ncp2\ncp3\n[etcd:children]\nkube_control_plane\n[kube_node]\ncp2\n[k8s_cluster:children]\nkube_control_plane\nkube_node\n[k8s_cluster:vars]\nkube_version=v1.32.5\n",
    version: "v2.28.1",
    request: { replacements: [{ oldHost: "cp2", newHost: "cp4", address: "10.0.0.4" }] },
  },
  {
    name: "replacement-before-v2.25",
    format: "ini",
    inventory: three,
    version: "v2.23.0",
    request: { replacements: [{ oldHost: "cp3", newHost: "cp4", address: "10.0.0.4" }] },
  },
  {
    name: "control-plane-only",
    format: "ini",
    inventory: "[kube_control_plane]\ncp1\ncp2\n[etcd]\ne1\ne2\ne3\n",
    version: "v2.27.1",
    request: { brokenControlPlane: ["cp1"] },
  },
  {
    name: "old-group-names-v2.15",
    format: "ini",
    inventory:
      "[kube-master]\ncp1\ncp2\ncp3\n[etcd]\ncp1\ncp2\ncp3\n[kube-node]\nw1\n[k8s-cluster:children]\nkube-master\nkube-node\n",
    version: "v2.15.1",
    request: { brokenEtcd: ["cp2"], brokenControlPlane: ["cp2"] },
  },
  {
    name: "old-group-names-new-tag",
    format: "ini",
    inventory:
      "[kube-master]\ncp1 ip=10.0.0.1\ncp2 ip=10.0.0.2\ncp3 ip=10.0.0.3\n[etcd]\ncp1\ncp2\ncp3\n[kube-node]\ncp3\n",
    version: "v2.28.1",
    request: { brokenEtcd: ["cp1"], brokenControlPlane: ["cp1"] },
  },
  {
    name: "yaml-with-vault-and-comments",
    format: "yaml",
    inventory:
      "# our site\nall:\n  vars:\n    ansible_user: ops\n    secret: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      3132333435\n  hosts:\n    cp1: {ip: 10.0.0.1, labels: {zone: a}, port: 0123}\n    cp2: {ip: 10.0.0.2, enabled: yes}\n    cp3: {ip: 10.0.0.3}\n  children:\n    kube_control_plane:\n      hosts: {cp1: , cp2: , cp3: }\n    etcd:\n      children:\n        kube_control_plane:\n    kube_node:\n      hosts:\n        w[1:3]:\n",
    version: "v2.30.0",
    request: { brokenEtcd: ["cp2"], brokenControlPlane: ["cp2"] },
  },
  {
    name: "group-vars-decide-data-folder",
    format: "ini",
    inventory: three,
    beside: {
      "group_vars/all/etcd.yml": "etcd_data_dir: /data/etcd\netcd_deployment_type: host\n",
      "group_vars/etcd.yml": "etcd_extra: [1, 2]\n",
      "group_vars/k8s_cluster.yml": "$ANSIBLE_VAULT;1.1;AES256\n616263\n",
      "host_vars/cp2.yml": "ansible_host: 192.0.2.12\n",
    },
    extraVars: { "site.yml": "kube_version: v1.32.5\n" },
    version: "v2.28.1",
    request: { brokenEtcd: ["cp2"], brokenControlPlane: ["cp2"] },
  },
  {
    name: "one-member-left-of-an-earlier-restore",
    format: "ini",
    inventory: three,
    version: "v2.28.1",
    request: {},
    facts: {
      verdict: "healthy",
      hosts: [up("cp1", "etcd1"), ...["cp2", "cp3"].map((host) => down(host, "x", { member: undefined }))],
    },
  },
  {
    name: "old-tag-with-newer-etcdctl",
    format: "ini",
    inventory: three,
    version: "v2.17.1",
    request: { brokenEtcd: ["cp3"], brokenControlPlane: [] },
    facts: { verdict: "minority-lost", hosts: [up("cp1", "etcd1"), up("cp2", "etcd2"), down("cp3", "etcd3")] },
  },
  {
    name: "no-api-server-answers",
    format: "ini",
    inventory: three,
    version: "v2.28.1",
    request: { brokenControlPlane: ["cp3"] },
    facts: {
      verdict: "minority-lost",
      hosts: [
        up("cp1", "etcd1", { apiServerAnswers: false }),
        up("cp2", "etcd2", { apiServerAnswers: false }),
        down("cp3", "etcd3"),
      ],
    },
  },
  {
    name: "kubeadm-etcd",
    format: "ini",
    inventory: three,
    beside: { "group_vars/all.yml": "etcd_deployment_type: kubeadm\n" },
    version: "v2.28.1",
    request: { brokenEtcd: ["cp2"] },
    refusedWith: ["kubeadm-etcd"],
  },
  {
    name: "many-violations-at-once",
    format: "ini",
    inventory:
      "[kube_control_plane]\ncp1\ncp2\n[etcd]\ncp1 etcd_member_name=etcd1\ncp2 etcd_member_name=etcd1\ncp1\ncp2 etcd_member_name=etcd2\ne3\ne4 etcd_member_name=etcd1\n",
    beside: { "host_vars/e3.yml": "---\nip: 10.0.0.3\netcd_member_name: etcd3\n" },
    extraVars: { "extra.yml": "a: 1\nip: 10.0.0.1\netcd_snapshot: /tmp/old.db\n" },
    version: "v2.28.1",
    request: { brokenEtcd: ["e3"], brokenControlPlane: [] },
    refusedWith: [
      "even-etcd-count",
      "duplicate-host",
      "duplicate-host",
      "contradicting-variable",
      "extra-vars-override",
      "extra-vars-override",
      "duplicate-member-name",
      "main-address-unknown",
      "main-address-unknown",
      "main-address-unknown",
      "member-name-pinned-elsewhere",
    ],
  },
  {
    name: "observed-and-declared-differ",
    format: "ini",
    inventory: three,
    version: "v2.28.1",
    request: { brokenEtcd: ["cp2"] },
    facts: { verdict: "minority-lost", hosts: [up("cp1", "etcd1"), up("cp2", "etcd2"), down("cp3", "etcd3")] },
    refusedWith: ["declared-broken-but-healthy", "observed-broken-not-declared"],
  },
  {
    name: "database-full",
    format: "ini",
    inventory: three,
    version: "v2.28.1",
    request: {},
    facts: { verdict: "full", hosts: [up("cp1", "etcd1"), up("cp2", "etcd2"), down("cp3", "etcd3")] },
    refusedWith: ["verdict"],
  },
  {
    name: "lost-quorum-that-only-has-to-be-started",
    format: "ini",
    inventory: three,
    version: "v2.28.1",
    request: { source: { kind: "survivor", host: "cp1" } },
    facts: {
      verdict: "quorum-lost",
      canBeStarted: true,
      hosts: [up("cp1", "etcd1"), up("cp2", "etcd2"), down("cp3", "etcd3")],
    },
    refusedWith: ["verdict"],
  },
  {
    name: "unknown-host-and-old-kubespray",
    format: "ini",
    inventory: three,
    version: "v2.12.6",
    request: { brokenEtcd: ["cp9"] },
    refusedWith: ["kubespray-version-unsupported"],
  },
  {
    name: "misspelt-host",
    format: "ini",
    inventory: three,
    version: "v2.28.1",
    request: { brokenEtcd: ["cp33"], brokenControlPlane: ["w1"] },
    refusedWith: ["unknown-host", "unknown-host"],
  },
];

/** The request of a case, complete. */
export function requestOf(situation: SituationCase): RecoveryRequest {
  const tree = parseKubesprayVersion(situation.version);
  return {
    replacements: [],
    source: { kind: "none" },
    flavor: "kubespray",
    inventoryAs: "recovery/hosts.ini",
    recoveryVarsAs: "recovery/recovery-vars.yml",
    withFollowUp: false,
    ...(tree === undefined ? {} : { tree }),
    ...situation.request,
  };
}
