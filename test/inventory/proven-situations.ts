// Sites in trouble for which a proven inventory must come out.

import { down, type SituationCase, seed, seedExtraVars, seedFacts, seedRequest, three, up } from "./situation-case";

/** Every site that is proven. */
export const provenSituations: readonly SituationCase[] = [
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
      hosts: [up("cp1", "etcd1"), up("cp2", "etcd2"), down("cp3", "etcd3", { isControlPlaneBroken: true })],
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
];
