// The state of one declared member, from its own view and the quorum (if there is one). The order of the questions is the
// order of trust: what could not be asked first, then what the endpoint says, then what lies on the disk.

import { isSameId } from "../../model/etcd-member-id";
import { answered, type EtcdMember, type EtcdObservation, type EtcdStatus } from "../../model/etcd-observation";
import type { EtcdMemberSettings } from "../../model/etcd-settings";
import type { EtcdCondition, EtcdMemberState, EtcdNodeView, EtcdQuorum } from "../../model/etcd-verdict";
import { certificateFaults } from "./certificates";

/** This many restarts without an answer are a loop, not a start. kubelet and systemd are at minutes of back-off by then. */
const restartsMax = 3;
/** A voter this far behind its peers is not one of them. Source: etcd SnapshotCatchUpEntries, 5000 entries. */
export const lagRevisionsMax = 5000;

/** What was found and why. */
interface Finding {
  readonly condition: EtcdCondition;
  readonly evidence: readonly string[];
}

/** The entry of a declared member in a member list: by peer URL, else by name. */
export function entryOf(
  member: EtcdMemberSettings,
  all: readonly EtcdMemberSettings[],
  list: readonly EtcdMember[],
): EtcdMember | undefined {
  const byUrl = list.find((entry) => entry.peerUrls.includes(member.peerUrl));
  if (byUrl !== undefined) return byUrl;
  const others = all.filter((other) => other.node !== member.node).map((other) => other.peerUrl);
  const named = list.filter(
    (entry) => entry.name === member.name && !entry.peerUrls.some((url) => others.includes(url)),
  );
  return named.length === 1 ? named[0] : undefined;
}

/** Judges one declared member. `soundNodes`: those whose hash agrees with that of a peer. */
export function judgeMember(
  member: EtcdMemberSettings,
  all: readonly EtcdMemberSettings[],
  view: EtcdNodeView | undefined,
  quorum: EtcdQuorum | undefined,
  corruptNodes: ReadonlySet<string>,
  soundNodes: ReadonlySet<string>,
): EtcdMemberState {
  const entry = quorum === undefined ? undefined : entryOf(member, all, quorum.members);
  const isCounted = quorum?.nodes.includes(member.node) ?? false;
  const found = findCondition(member, all, view, quorum, entry, corruptNodes.has(member.node));
  const finding = soundNodes.has(member.node) ? found : keepCondemned(found, view);
  return {
    node: member.node,
    name: member.name,
    ...finding,
    entry,
    isLeader: isSameId(entry?.id, quorum?.leaderId),
    isCounted,
  };
}

/**
 * What was condemned is not sound again because it answers: hashes at different revisions say nothing, and a member that lags
 * never shows one that could be compared. Only a hash equal to a peer's takes the mark back.
 */
function keepCondemned(found: Finding, view: EtcdNodeView | undefined): Finding {
  if (found.condition !== "voting" || view?.kind !== "observed" || !view.etcd.data.isCondemned) return found;
  const why = "it is marked as not to be used again, and no hash at a peer's revision shows that its data is theirs";
  return { condition: "condemned", evidence: [...found.evidence, why] };
}

function findCondition(
  member: EtcdMemberSettings,
  all: readonly EtcdMemberSettings[],
  view: EtcdNodeView | undefined,
  quorum: EtcdQuorum | undefined,
  entry: EtcdMember | undefined,
  isCorrupt: boolean,
): Finding {
  if (view === undefined) return { condition: "unknown", evidence: ["the node was not observed"] };
  if (view.kind === "unreachable") return { condition: "unreachable", evidence: [view.reason] };
  if (view.kind === "unseen") return { condition: "unknown", evidence: [view.reason] };
  const { etcd } = view;
  if (isCorrupt) return { condition: "corrupt", evidence: ["its data differs from that of the other voters"] };
  const status = answered(etcd.status);
  if (status !== undefined) return judgeAnswering(member, view.etcd, status, quorum, entry);
  const faults = certificateFaults(etcd, view.timeSeconds, member);
  const others = (quorum?.members ?? [])
    .filter((listed) => !isSameId(listed.id, entry?.id))
    .flatMap(({ peerUrls }) => peerUrls);
  const declared = all.filter((other) => other.node !== member.node).map((other) => other.peerUrl);
  return judgeSilent(etcd, faults, quorum, entry, quorum === undefined ? declared : others);
}

function judgeAnswering(
  member: EtcdMemberSettings,
  etcd: EtcdObservation,
  status: EtcdStatus,
  quorum: EtcdQuorum | undefined,
  entry: EtcdMember | undefined,
): Finding {
  const leader = status.leaderId === undefined ? "no leader" : `leader ${status.leaderId}`;
  const says = `it answers as member ${status.memberId} of cluster ${status.clusterId} with ${leader}, revision ${status.revision}`;
  if (quorum === undefined) {
    if (status.leaderId === undefined) return { condition: "isolated", evidence: [says] };
    return { condition: "unknown", evidence: [says, "its vote could not be counted"] };
  }
  if (!isSameId(status.clusterId, quorum.clusterId))
    return { condition: "forked", evidence: [says, `the cluster is ${quorum.clusterId}`] };
  if (!isSameId(status.memberId, entry?.id))
    return { condition: "stale", evidence: [says, "the cluster lists no such member for it"] };
  // What is gone from its disk is gone whatever leader it sees at the moment. It looks for old files every 30 s and ends when
  // their folder is not there. Source: etcd server/etcdserver/server.go purgeFile, purgeFileInterval.
  if (etcd.data.isDeletedUnderProcess)
    return {
      condition: "wiped-running",
      evidence: [says, `its files in ${member.dataDirectory} are deleted, and it ends by itself within 30 s`],
    };
  const isListed = quorum.nodes.includes(member.node);
  if (!isListed && status.leaderId === undefined) return { condition: "isolated", evidence: [says] };
  if (status.leaderId !== undefined && !isSameId(status.leaderId, quorum.leaderId)) {
    const other = `the cluster's leader is ${quorum.leaderId}`;
    // The nodes are asked at slightly different moments: one that lists the same members saw the next leader earlier.
    const isElection = listsSameMembers(etcd, quorum);
    return isElection
      ? { condition: "starting", evidence: [says, `${other}: a leader was elected while the nodes were asked`] }
      : { condition: "forked", evidence: [says, other] };
  }
  if (status.isLearner && entry?.isLearner === true) return { condition: "learning", evidence: [says] };
  if (!isListed) return judgeUncounted(etcd, says);
  const keys = answered(etcd.keyCount);
  const isEmptied = keys === 0 && quorum.revision > 1 && status.revision < quorum.revision;
  if (isEmptied || quorum.revision - status.revision > lagRevisionsMax)
    return {
      condition: "behind",
      evidence: [says, `${keys ?? "unknown"} keys; the cluster is at ${quorum.revision}`],
    };
  return { condition: "voting", evidence: [says] };
}

function listsSameMembers(etcd: EtcdObservation, quorum: EtcdQuorum): boolean {
  const own = answered(etcd.members)?.map((entry) => entry.id);
  const listed = quorum.members.map((entry) => entry.id);
  return (
    own !== undefined && own.length === listed.length && own.every((id) => listed.some((one) => isSameId(one, id)))
  );
}

/** It answers under the right ids and leader and was not counted: its own member list tells why. */
function judgeUncounted(etcd: EtcdObservation, says: string): Finding {
  if (etcd.members.kind === "failed") {
    const { failure, message } = etcd.members;
    const condition = failure === "certificate" ? "certificates" : failure === "learner" ? "learning" : "tool-failure";
    return { condition, evidence: [says, `its member list could not be read: ${message}`] };
  }
  return { condition: "unknown", evidence: [says, "its member list differs from that of the others"] };
}

function judgeSilent(
  etcd: EtcdObservation,
  faults: readonly string[],
  quorum: EtcdQuorum | undefined,
  entry: EtcdMember | undefined,
  otherPeerUrls: readonly string[],
): Finding {
  const { status, service, data } = etcd;
  const failure = status.kind === "failed" ? status.failure : "other";
  const message = status.kind === "failed" ? status.message : "";
  if (faults.length > 0) return { condition: "certificates", evidence: faults };
  if (failure === "certificate") return { condition: "certificates", evidence: [message] };
  if (["tool-missing", "tool-hung", "garbage", "denied", "not-asked"].includes(failure))
    return { condition: "tool-failure", evidence: [message] };
  const where = `${data.directory || "its data directory"} is ${data.state}${data.detail === "" ? "" : ` (${data.detail})`}`;
  const does = `its service is ${service.state}${service.detail === "" ? "" : ` (${service.detail})`}`;
  const evidence = [where, does, ...etcd.logTail.slice(-2).map((line) => `log: ${line}`)];
  switch (data.state) {
    case "unknown":
      return { condition: "unknown", evidence };
    case "empty":
    case "missing":
    case "member-directory-only":
      return { condition: "empty", evidence };
    case "incomplete":
      // A member that is just being started has only some of its files for a moment.
      return {
        condition: service.hasProcess && (service.restarts ?? 0) < restartsMax ? "starting" : "damaged",
        evidence,
      };
    case "present":
      return judgePresent(etcd, quorum, entry, evidence, otherPeerUrls);
  }
}

function judgePresent(
  etcd: EtcdObservation,
  quorum: EtcdQuorum | undefined,
  entry: EtcdMember | undefined,
  evidence: readonly string[],
  otherPeerUrls: readonly string[],
): Finding {
  const { data, service } = etcd;
  if (data.identity === undefined)
    return { condition: "unknown", evidence: [...evidence, "whose data it is could not be read"] };
  const { clusterId, memberId } = data.identity;
  const whose = `its data is that of member ${memberId} of cluster ${clusterId}`;
  const isOurs = isSameId(clusterId, quorum?.clusterId) && isSameId(memberId, entry?.id);
  if (quorum !== undefined && !isOurs) return { condition: "stale", evidence: [...evidence, whose] };
  // The bootstrap instance of a BOSH deployment, started without data, begins a cluster under the very ids that it had.
  const { logPeerUrls } = data;
  if (logPeerUrls !== undefined && otherPeerUrls.length > 0 && !otherPeerUrls.some((url) => logPeerUrls.includes(url)))
    return { condition: "stale", evidence: [...evidence, whose, "its log begins anew and names no other member"] };
  const isEmptied = data.offline?.totalKeys === 0 && quorum !== undefined && quorum.revision > data.offline.revision;
  if (isEmptied)
    return {
      condition: "stale",
      evidence: [...evidence, whose, `it holds nothing; the cluster is at ${quorum.revision}`],
    };
  if (data.isCondemned)
    return { condition: "condemned", evidence: [...evidence, whose, "it is marked as not to be started again"] };
  const restarts = service.restarts ?? 0;
  if (!service.isPaused && (restarts >= restartsMax || service.state === "failed"))
    return { condition: "crash-looping", evidence: [...evidence, whose] };
  // What was asked to start it takes a moment: monit its cycle, the kubelet up to 20 s.
  const isStarting = service.hasProcess || service.state === "starting";
  return { condition: isStarting ? "starting" : "stopped", evidence: [...evidence, whose] };
}
