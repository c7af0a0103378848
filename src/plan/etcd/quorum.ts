// Finds the quorum by votes: endpoints whose own answers name one cluster id, one leader and one member list, and that are
// enough voters of that list. A wiped first kubeadm member is a quorum of one in its own eyes; what the other nodes hold
// and what is recorded from before decides which one is the cluster.

import type { EtcdDeclaration, EtcdRestore } from "../../model/etcd-declaration";
import { compareIds, isSameId, type MemberId } from "../../model/etcd-member-id";
import {
  answered,
  type EtcdMember,
  type EtcdObservation,
  type EtcdSnapshot,
  type EtcdStatus,
} from "../../model/etcd-observation";
import {
  type EtcdHistory,
  type EtcdNodeView,
  type EtcdQuorum,
  type EtcdUnknownReason,
  quorumOf,
} from "../../model/etcd-verdict";
import { bootstrapClusterId, restoreFileName, restoreToken } from "./cluster-id";
import { lowerVersion } from "./version";

/** One node's vote. */
interface Vote {
  readonly node: string;
  readonly status: EtcdStatus;
  readonly leaderId: MemberId;
  readonly members: readonly EtcdMember[];
  readonly etcd: EtcdObservation;
}

/** What the votes come to. */
export type QuorumFinding =
  | { readonly kind: "found"; readonly quorum: EtcdQuorum }
  /** Nobody forms a quorum in anybody's eyes. */
  | { readonly kind: "none" }
  /** Somebody does, and it cannot be the cluster, or cannot be told to be. */
  | {
      readonly kind: "doubtful";
      readonly nodes: readonly string[];
      readonly reason: EtcdUnknownReason | "newer-elsewhere" | "several";
      /** It lists a majority of the declared members: no member that booted by itself does. */
      readonly listsMajority: boolean;
      readonly text: string;
    };

/** Counts votes. */
export function findQuorum(etcd: EtcdDeclaration, views: readonly EtcdNodeView[], history: EtcdHistory): QuorumFinding {
  const votes = views.flatMap((view) => voteOf(view) ?? []);
  const groups = groupVotes(votes)
    .flatMap((group) => quorumOfGroup(etcd, group) ?? [])
    .sort((a, b) => b.nodes.length - a.nodes.length || ((a.nodes[0] ?? "") < (b.nodes[0] ?? "") ? -1 : 1));
  if (groups.length === 0) return { kind: "none" };
  const restored = groups.find((group) => group.isRestored);
  if (restored !== undefined) return judgeRestored(etcd, restored, views, history);
  const judged = groups.map((group) => ({ group, doubt: doubtAbout(etcd, group, views, history) }));
  const sound = judged.filter(({ doubt }) => doubt === undefined);
  const [only] = sound;
  if (sound.length === 1 && only !== undefined) return { kind: "found", quorum: only.group };
  if (sound.length > 1) {
    const nodes = sound.flatMap(({ group }) => group.nodes);
    return {
      kind: "doubtful",
      nodes,
      reason: "several",
      listsMajority: false,
      text: `${nodes.join(", ")} form clusters of their own`,
    };
  }
  const first = judged.find(({ doubt }) => doubt !== undefined);
  return first?.doubt === undefined
    ? { kind: "none" }
    : { kind: "doubtful", nodes: first.group.nodes, listsMajority: listsMajority(etcd, first.group), ...first.doubt };
}

/** The id of the cluster that the declared restore makes; undefined when none is declared. */
export function restoredClusterIds(etcd: EtcdDeclaration): readonly MemberId[] {
  const { restore } = etcd;
  if (restore === undefined) return [];
  const token = restoreToken(restore);
  const urls = Object.values(etcd.members).map((member) => member.peerUrl);
  // One member that the others join, or, where there are no learners, all of them from the same snapshot.
  return [...urls.map((url) => bootstrapClusterId([url], token)), bootstrapClusterId(urls, token)];
}

/** A vote, when the node's endpoint is a voter of the list that it shows itself and knows its leader. */
function voteOf(view: EtcdNodeView): Vote | undefined {
  if (view.kind !== "observed") return undefined;
  const { etcd, node } = view;
  const [status, members] = [answered(etcd.status), answered(etcd.members)];
  if (status?.leaderId === undefined || members === undefined || status.isLearner) return undefined;
  const self = members.find((member) => isSameId(member.id, status.memberId));
  const knowsLeader = members.some((member) => isSameId(member.id, status.leaderId));
  if (self === undefined || self.isLearner || !knowsLeader) return undefined;
  return { node, status, leaderId: status.leaderId, members, etcd };
}

function groupVotes(votes: readonly Vote[]): readonly (readonly Vote[])[] {
  const groups = new Map<string, Vote[]>();
  for (const vote of votes) {
    const list = vote.members.map((member) => `${member.id}${member.isLearner ? "L" : ""}`).sort();
    const key = [vote.status.clusterId, vote.leaderId, ...list].join(" ");
    groups.set(key, [...(groups.get(key) ?? []), vote]);
  }
  return [...groups.values()];
}

function quorumOfGroup(etcd: EtcdDeclaration, group: readonly Vote[]): EtcdQuorum | undefined {
  const [first] = group;
  if (first === undefined) return undefined;
  const voters = first.members.filter((member) => !member.isLearner);
  const distinct = new Set(group.map((vote) => vote.status.memberId));
  // A linearizable read, or the refusal of a store that distrusts its data, comes only with a quorum behind it.
  const isProven = group.some(
    ({ etcd: { read } }) => read.kind === "seen" || (read.kind === "failed" && read.failure === "corrupt"),
  );
  if (distinct.size < quorumOf(voters.length) || !isProven) return undefined;
  const alarms = group.flatMap((vote) => answered(vote.etcd.alarms) ?? []);
  return {
    clusterId: first.status.clusterId,
    leaderId: first.leaderId,
    members: [...first.members].sort((a, b) => compareIds(a.id, b.id)),
    nodes: group.map((vote) => vote.node).sort(),
    revision: Math.max(...group.map((vote) => vote.status.revision)),
    version: group.map((vote) => vote.status.version).reduce(lowerVersion),
    alarms: alarms.filter(
      (alarm, index) =>
        alarms.findIndex((other) => other.alarm === alarm.alarm && isSameId(other.memberId, alarm.memberId)) === index,
    ),
    isRestored: restoredClusterIds(etcd).some((id) => isSameId(id, first.status.clusterId)),
  };
}

// That a restore stays declared vouches for no store of its name that was emptied since.
function judgeRestored(
  etcd: EtcdDeclaration,
  quorum: EtcdQuorum,
  views: readonly EtcdNodeView[],
  history: EtcdHistory,
): QuorumFinding {
  const doubtful = { kind: "doubtful" as const, nodes: quorum.nodes, listsMajority: false };
  const newer = newerElsewhere(
    quorum,
    views.filter((view) => isSameId(clusterHeldBy(view), quorum.clusterId)),
  );
  if (newer !== undefined) return { ...doubtful, reason: "newer-elsewhere", text: newer };
  for (const { revision, from } of restoredFloors(etcd, quorum, views, history)) {
    if (quorum.revision >= revision) continue;
    const text = `the rebuilt cluster is at revision ${quorum.revision}, ${from} ${revision}`;
    return { ...doubtful, reason: "revision-went-back", text };
  }
  return { kind: "found", quorum };
}

/** What the rebuilt cluster has had at least: its source, and what was recorded of it since. */
function restoredFloors(
  etcd: EtcdDeclaration,
  quorum: EtcdQuorum,
  views: readonly EtcdNodeView[],
  history: EtcdHistory,
): readonly { readonly revision: number; readonly from: string }[] {
  const { restore } = etcd;
  const isRecorded = isSameId(history.lastClusterId, quorum.clusterId);
  const saved = views.flatMap((view) =>
    view.kind === "observed" && restore !== undefined
      ? view.etcd.snapshots.filter((file) => file.isVerified && isSourceFile(restore, view.node, file))
      : [],
  );
  return [
    ...(isRecorded && history.lastRevision !== undefined
      ? [{ revision: history.lastRevision, from: "and recorded was" }]
      : []),
    ...(restore?.source.kind === "snapshot"
      ? [{ revision: restore.source.revision, from: "its snapshot was at" }]
      : []),
    ...saved.map((file) => ({ revision: file.revision ?? 0, from: "the snapshot that it was made from is at" })),
    // Every store that is worth a restore has been written to.
    { revision: 2, from: "and a restored one has at least" },
  ];
}

/** Is it the file that the restore was made from? One of the same name may be left of another source. */
function isSourceFile(restore: EtcdRestore, node: string, file: EtcdSnapshot): boolean {
  const { source } = restore;
  if (!file.path.endsWith(`/${restoreFileName(restore)}`)) return false;
  return source.kind === "survivor" ? source.node === node : source.sha256 === file.sha256;
}

function clusterHeldBy(view: EtcdNodeView): MemberId | undefined {
  if (view.kind !== "observed") return undefined;
  return answered(view.etcd.status)?.clusterId ?? view.etcd.data.identity?.clusterId;
}

interface Doubt {
  readonly reason: EtcdUnknownReason | "newer-elsewhere";
  readonly text: string;
}

/** Why a quorum in its own eyes may not be the cluster; undefined when nothing speaks against it. */
function doubtAbout(
  etcd: EtcdDeclaration,
  quorum: EtcdQuorum,
  views: readonly EtcdNodeView[],
  history: EtcdHistory,
): Doubt | undefined {
  const newer = newerElsewhere(quorum, views);
  if (newer !== undefined) return { reason: "newer-elsewhere", text: newer };
  const floor = floorOf(etcd, history);
  if (floor !== undefined && quorum.revision < floor) {
    const text = `it is at revision ${quorum.revision}, and revision ${floor} was recorded before`;
    return { reason: "revision-went-back", text };
  }
  const declared = Object.values(etcd.members);
  const isMajority = quorum.nodes.length >= quorumOf(declared.length) || listsMajority(etcd, quorum);
  if (declared.length > 1 && isMajority) return undefined;
  if (floor !== undefined && areOthersBlank(quorum, views)) return undefined;
  if (declared.length === 1) {
    const text = "no revision and no backup is recorded, so that an empty store could not be told from the real one";
    return { reason: "no-recorded-revision", text };
  }
  const text = `it lists ${listedOf(etcd, quorum)} of ${declared.length} declared members, which is no majority of them`;
  return { reason: "too-few-declared-members", text };
}

// A member that booted a cluster of its own lists itself only; one that grows lists who is joining.
function listedOf(etcd: EtcdDeclaration, quorum: EtcdQuorum): number {
  const urls = Object.values(etcd.members).map((member) => member.peerUrl);
  return urls.filter((url) => quorum.members.some((entry) => entry.peerUrls.includes(url))).length;
}

function listsMajority(etcd: EtcdDeclaration, quorum: EtcdQuorum): boolean {
  return listedOf(etcd, quorum) >= quorumOf(Object.keys(etcd.members).length);
}

/**
 * The highest revision known from before, unless the declaration says that an older one is meant. Once a revision was recorded
 * under that word it is used up: left in the declaration, it must not let a store pass that was emptied since.
 */
export function floorOf(etcd: EtcdDeclaration, history: EtcdHistory): number | undefined {
  const isUsedUp = etcd.acceptRevision !== undefined && history.acceptedRevision === etcd.acceptRevision;
  if (isUsedUp && history.lastRevision !== undefined) return history.lastRevision;
  const known = [history.lastRevision, ...history.backups.map((backup) => backup.revision)];
  const revisions = known.flatMap((revision) => revision ?? []);
  if (revisions.length === 0) return etcd.acceptRevision;
  return Math.min(Math.max(...revisions), etcd.acceptRevision ?? Number.POSITIVE_INFINITY);
}

/** Data with a higher revision on a node that the quorum does not count: the quorum is the newcomer. */
function newerElsewhere(quorum: EtcdQuorum, views: readonly EtcdNodeView[]): string | undefined {
  for (const view of views) {
    if (view.kind !== "observed" || quorum.nodes.includes(view.node)) continue;
    const status = answered(view.etcd.status);
    // A voter or learner of the same leader is merely asked a moment later.
    if (isSameId(status?.clusterId, quorum.clusterId) && isSameId(status?.leaderId, quorum.leaderId)) continue;
    const revision = Math.max(status?.revision ?? 0, view.etcd.data.offline?.revision ?? 0);
    if (revision > quorum.revision)
      return `${view.node} holds revision ${revision}, beyond the ${quorum.revision} of ${quorum.nodes.join(", ")}`;
  }
  return undefined;
}

/** Every declared node outside the quorum was seen, and none of them holds data of another membership. */
function areOthersBlank(quorum: EtcdQuorum, views: readonly EtcdNodeView[]): boolean {
  return views.every((view) => {
    if (quorum.nodes.includes(view.node)) return true;
    if (view.kind !== "observed") return false;
    const { state, identity } = view.etcd.data;
    if (state === "empty" || state === "missing" || state === "member-directory-only") return true;
    // What cannot be started vouches for nothing; that a member booted by itself is then told by its being alone.
    if (state === "incomplete") return quorum.nodes.length > 1;
    return isSameId(identity?.clusterId, quorum.clusterId);
  });
}
