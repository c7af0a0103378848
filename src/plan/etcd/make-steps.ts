// Makes the steps of the etcd plan, with everything in them that their templates need.

import { isSameId, type MemberId } from "../../model/etcd-member-id";
import type { EtcdMember } from "../../model/etcd-observation";
import type {
  EtcdAddMemberStep,
  EtcdManifestPlace,
  EtcdMoveLeaderStep,
  EtcdPromoteMemberStep,
  EtcdRemoveMemberStep,
  EtcdSaveSnapshotStep,
  EtcdStartMemberStep,
  EtcdStep,
  EtcdStopMemberStep,
  EtcdWaitForMemberStep,
} from "../../model/etcd-step";
import type { EtcdMemberState, EtcdQuorum } from "../../model/etcd-verdict";
import { type InitialMember, initialCluster, podWithMembership } from "./membership";
import { etcdOf, healthyVoters, type Planning, settingsOf } from "./planning";
import { fileToolFor, hasLearners } from "./version";

/** etcd ends within seconds; kubelet gives a static pod 30 s and looks every 20 s. Source: seen in the lab, up to 31 s. */
const stopTimeoutSeconds = 60;
/** A member that joins gets the whole database first; the API server's own wait is as long. */
export const joinTimeoutSeconds = 300;

/** Where the static pod's manifest lies and is parked; undefined when etcd is no static pod. */
export function placeOf(planning: Planning): EtcdManifestPlace | undefined {
  const { runner } = planning.input.etcd;
  if (runner.kind !== "static-pod") return undefined;
  const { manifestDirectory, archiveDirectory } = planning.input;
  return { fileName: `${runner.pod}.yaml`, manifestDirectory, parkDirectory: `${archiveDirectory}/parked` };
}

export function saveSnapshot(planning: Planning, node: string, fileName: string, reason: string): EtcdSaveSnapshotStep {
  const at = settingsOf(planning, node);
  const etcd = etcdOf(planning, node);
  const version = etcd?.status.kind === "seen" ? etcd.status.value.version : (etcd?.tools.server ?? "");
  return {
    kind: "etcdSaveSnapshot",
    node,
    subject: fileName,
    reason,
    at,
    path: `${at.snapshotDirectory}/${fileName}`,
    fileTool: (etcd === undefined ? undefined : fileToolFor(version, etcd.tools)) ?? "etcdctl",
  };
}

export function condemnData(planning: Planning, node: string, memberId: MemberId, reason: string): EtcdStep {
  return { kind: "etcdCondemnData", node, subject: memberId, reason, at: settingsOf(planning, node), memberId };
}

export function stopMember(planning: Planning, node: string, reason: string): EtcdStopMemberStep {
  const at = settingsOf(planning, node);
  const place = placeOf(planning);
  return { kind: "etcdStopMember", node, subject: at.name, reason, at, place, timeoutSeconds: stopTimeoutSeconds };
}

/** Puts what would start a member out of reach; what runs goes on, but for a static pod. */
export function parkDefinition(planning: Planning, node: string, reason: string): EtcdStep {
  const at = settingsOf(planning, node);
  return { kind: "etcdParkDefinition", node, subject: at.name, reason, at, place: placeOf(planning) };
}

export function removeMember(
  planning: Planning,
  survivor: string,
  entry: EtcdMember,
  reason: string,
): EtcdRemoveMemberStep {
  return {
    kind: "etcdRemoveMember",
    node: survivor,
    subject: entry.id,
    reason,
    at: settingsOf(planning, survivor),
    memberId: entry.id,
    memberName: entry.name,
  };
}

export function archiveData(planning: Planning, node: string, reason: string): EtcdStep {
  const at = settingsOf(planning, node);
  return { kind: "etcdArchiveData", node, subject: at.dataDirectory, reason, at };
}

export function makeMemberDirectory(planning: Planning, node: string): EtcdStep {
  const at = settingsOf(planning, node);
  const reason = `the etcd job on ${node} joins only when it finds a member directory; without one index 0 starts a new cluster`;
  return { kind: "etcdMakeMemberDirectory", node, subject: at.dataDirectory, reason, at };
}

export function addMember(planning: Planning, survivor: string, node: string, version: string): EtcdAddMemberStep {
  const joining = settingsOf(planning, node);
  return {
    kind: "etcdAddMember",
    node: survivor,
    subject: joining.name,
    reason: `${joining.name} has to be announced before it may join`,
    at: settingsOf(planning, survivor),
    memberName: joining.name,
    peerUrl: joining.peerUrl,
    isLearner: hasLearners(version),
  };
}

/** Starts a member with this membership. */
export function startMember(
  planning: Planning,
  node: string,
  members: readonly InitialMember[],
  token: string,
  reason: string,
): EtcdStartMemberStep {
  const { runner } = planning.input.etcd;
  const at = settingsOf(planning, node);
  const pod = runner.kind === "static-pod" ? planning.input.pods[node] : undefined;
  return {
    kind: "etcdStartMember",
    node,
    subject: at.name,
    reason,
    at,
    initialCluster: members,
    token,
    manifest:
      pod === undefined || runner.kind !== "static-pod"
        ? undefined
        : podWithMembership(pod, runner.pod, members, token),
    place: placeOf(planning),
  };
}

/** Starts a member with the quorum's members and itself. */
export function startInQuorum(
  planning: Planning,
  node: string,
  quorum: EtcdQuorum,
  without: MemberId | undefined,
  reason: string,
): EtcdStartMemberStep {
  const list = quorum.members.filter((member) => !isSameId(member.id, without));
  const members = initialCluster(list, settingsOf(planning, node));
  return startMember(planning, node, members, planning.input.etcd.token, reason);
}

export function waitForMember(
  planning: Planning,
  node: string,
  isVoter: boolean,
  reason: string,
): EtcdWaitForMemberStep {
  return {
    kind: "etcdWaitForMember",
    node,
    subject: isVoter ? "voter" : "learner",
    reason,
    at: settingsOf(planning, node),
    isVoter,
    timeoutSeconds: joinTimeoutSeconds,
  };
}

export function promoteMember(
  planning: Planning,
  survivor: string,
  node: string,
  memberId: MemberId | undefined,
): EtcdPromoteMemberStep {
  return {
    kind: "etcdPromoteMember",
    node: survivor,
    subject: node,
    reason: `${node} has caught up as a learner and may vote`,
    at: settingsOf(planning, survivor),
    memberId,
    promotedClientUrl: settingsOf(planning, node).clientUrl,
  };
}

/** Hands leadership to the first healthy follower; undefined when there is none. */
export function moveLeader(planning: Planning, leader: EtcdMemberState): EtcdMoveLeaderStep | undefined {
  const heir = healthyVoters(planning, leader.node)[0];
  if (heir?.entry === undefined) return undefined;
  return {
    kind: "etcdMoveLeader",
    node: leader.node,
    subject: heir.node,
    reason: `${leader.node} leads and is about to be stopped; ${heir.node} takes over first, and what then votes is looked at: followers that see each other through their leader alone show themselves`,
    at: settingsOf(planning, leader.node),
    toMemberId: heir.entry.id,
  };
}
