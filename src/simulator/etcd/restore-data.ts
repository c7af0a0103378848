// Data of a new cluster from a snapshot, moved into the data directory.

import type { EtcdRestoreSnapshotStep } from "../../model/etcd-step";
import { bootstrapClusterId, bootstrapMemberId } from "../../plan/etcd/cluster-id";
import { newGroup } from "./boot";
import type { EtcdEffectResult } from "./etcd-effects";
import { changeNode, type EtcdWorld, type EtcdWorldNode, type MemberData } from "./etcd-world";

/** Every version from 3.4.27 and 3.5.10 on raises the revision by this when it is asked to. */
export const bumpedRevisions = 1_000_000_000;

/** Moves restored data into an empty data directory. The group begins with the first member that is restored. */
export function installRestored(
  world: EtcdWorld,
  node: EtcdWorldNode,
  step: EtcdRestoreSnapshotStep,
): EtcdEffectResult {
  const fails = (refusal: string): EtcdEffectResult => ({ world, refusal });
  const snapshot = node.snapshots.find((kept) => kept.path === step.path);
  if (snapshot === undefined || snapshot.sha256 !== step.sha256) return fails("the snapshot is not the one named");
  if (node.isRunning) return fails(`etcd on ${node.name} still runs`);
  if (node.data.kind === "present" || node.data.kind === "damaged") return fails("data-dir not empty");
  const clusterId = bootstrapClusterId(
    step.initialCluster.map((member) => member.peerUrl),
    step.token,
  );
  const members = step.initialCluster.map(({ name, peerUrl }) => ({
    id: bootstrapMemberId(peerUrl, step.token),
    name,
    peerUrls: [peerUrl],
    clientUrls: [],
    isLearner: false,
  }));
  const own = members.find((member) => member.peerUrls.includes(node.peerUrl));
  if (own === undefined) return fails(`couldn't find local name "${node.memberName}" in the initial cluster`);
  const revision = snapshot.revision + (step.canBumpRevision ? bumpedRevisions : 0);
  const group = world.groups[clusterId] ?? newGroup(clusterId, members, revision, "restored");
  const compacted = step.canBumpRevision ? { ...group, compactRevision: revision } : group;
  const data: MemberData = {
    kind: "present",
    group: clusterId,
    memberId: own.id,
    revision,
    term: 1,
    listed: members,
    isCorrupt: false,
  };
  const next = { ...world, groups: { ...world.groups, [clusterId]: compacted } };
  return { world: changeNode(next, node.name, { data }), refusal: undefined };
}
