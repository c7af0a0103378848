// What a declared restore is to make, and how far it has come: both follow from the declaration and from what lies on the
// nodes, so that a restore cut short anywhere goes on from there.

import type { EtcdRestore } from "../../model/etcd-declaration";
import { isSameId, type MemberId } from "../../model/etcd-member-id";
import { answered, type EtcdObservation, type EtcdSnapshot } from "../../model/etcd-observation";
import { bootstrapClusterId, restoreFileName, restoreToken } from "./cluster-id";
import { declaredCluster, type InitialMember } from "./membership";
import { etcdOf, type Planning, settingsOf } from "./planning";
import { hasLearners } from "./version";

/** What a restore makes. */
export interface RestoreGoal {
  readonly restore: EtcdRestore;
  readonly token: string;
  /** The nodes that are restored from the snapshot: one, or all where there are no learners to grow by. */
  readonly nodes: readonly string[];
  readonly members: readonly InitialMember[];
  readonly clusterId: MemberId;
  /** Where the snapshot lies on a node. */
  pathOn(node: string): string;
}

/** The version that decides what can be done: what a server, a tool or the declaration says. */
export function versionOn(planning: Planning, node: string): string {
  const etcd = etcdOf(planning, node);
  const status = etcd === undefined ? undefined : answered(etcd.status);
  return status?.version ?? etcd?.tools.server ?? planning.input.etcd.version ?? etcd?.tools.etcdctl ?? "";
}

/** What the declared restore makes. */
export function restoreGoal(planning: Planning, restore: EtcdRestore): RestoreGoal {
  const first = restore.source.node ?? planning.settings[0]?.node ?? "";
  const canGrow = hasLearners(versionOn(planning, first));
  const nodes = canGrow ? [first] : planning.settings.map((member) => member.node);
  const own = settingsOf(planning, first);
  const members = canGrow ? [{ name: own.name, peerUrl: own.peerUrl }] : declaredCluster(planning.settings);
  const token = restoreToken(restore);
  const clusterId = bootstrapClusterId(
    members.map((member) => member.peerUrl),
    token,
  );
  const pathOn = (node: string) => `${settingsOf(planning, node).snapshotDirectory}/${restoreFileName(restore)}`;
  return { restore, token, nodes, members, clusterId, pathOn };
}

/** Is this data that of the cluster which the restore makes? */
export function isRestoredData(etcd: EtcdObservation, goal: RestoreGoal): boolean {
  return etcd.data.state === "present" && isSameId(etcd.data.identity?.clusterId, goal.clusterId);
}

/** The snapshot to restore from, where it lies on a node as it has to be; undefined when it does not. */
export function snapshotOn(planning: Planning, goal: RestoreGoal, node: string): EtcdSnapshot | undefined {
  const etcd = etcdOf(planning, node);
  const found = etcd?.snapshots.find((snapshot) => snapshot.path === goal.pathOn(node));
  if (etcd === undefined || found === undefined || !found.isVerified) return undefined;
  const { source } = goal.restore;
  if (source.kind === "snapshot") return found.sha256 === source.sha256 ? found : undefined;
  if (node !== source.node) return found;
  // A survivor that wrote on after its snapshot was taken is asked again.
  const status = isRestoredData(etcd, goal) ? undefined : answered(etcd.status);
  return status === undefined || status.revision <= (found.revision ?? 0) ? found : undefined;
}
