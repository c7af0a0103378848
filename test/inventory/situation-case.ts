// The form of a situation, and what several of them are made of.

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

/** Three hosts that are both. */
export const three =
  "[kube_control_plane]\ncp1 ip=10.0.0.1\ncp2 ip=10.0.0.2\ncp3 ip=10.0.0.3\n\n[etcd]\ncp1\ncp2\ncp3\n\n[kube_node]\nw1 ip=10.0.0.9\n";

/** The site of seed 003. */
export const seed =
  "[kube_control_plane]\ntaco-m1\ntaco-m2\ntaco-m3\n\n[etcd]\ntaco-m1\ntaco-m2\ntaco-m3\ntaco-w1\ntaco-w2\n";
/** Its masters. */
export const masters = ["taco-m1", "taco-m2", "taco-m3"];
/** What the seed asks. */
export const seedRequest: Partial<RecoveryRequest> = {
  brokenEtcd: masters,
  brokenControlPlane: masters,
  flavor: "taco",
  inventoryAs: "inventory/sample/hosts.ini",
};
/** What it passes. */
export const seedExtraVars = { "inventory/sample/extra-vars.yml": "kube_version: v1.21.5\n" };

/** A healthy host. */
export function up(host: string, name: string, more: Partial<HostFacts> = {}): HostFacts {
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

/** A host without a healthy member. */
export function down(host: string, name: string, more: Partial<HostFacts> = {}): HostFacts {
  return { ...up(host, name), isHealthyVoter: false, etcdVersion: undefined, hasCaKey: undefined, ...more };
}

/** Both survivors of the seed, with their raft indexes. */
export const seedFacts = (w1: bigint, w2: bigint): EtcdFacts => ({
  verdict: "quorum-lost",
  hosts: [
    ...masters.map((host, index) => down(host, `etcd${index + 1}`, { isReachable: true })),
    up("taco-w1", "etcd4", { raftIndex: w1, etcdVersion: "3.4.13" }),
    up("taco-w2", "etcd5", { raftIndex: w2, etcdVersion: "3.4.13" }),
  ],
});

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
