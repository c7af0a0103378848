// The verdict when no quorum was found: is it lost, can it come back by itself, or could it merely not be seen?

import type { EtcdDeclaration } from "../../model/etcd-declaration";
import { isSameId } from "../../model/etcd-member-id";
import { answered } from "../../model/etcd-observation";
import {
  type EtcdCondition,
  type EtcdEvidence,
  type EtcdMemberState,
  type EtcdNodeView,
  type EtcdVerdict,
  quorumOf,
} from "../../model/etcd-verdict";

/** Members whose data is whole: they vote again once they run and see each other. */
const whole: readonly EtcdCondition[] = ["isolated", "stopped", "starting"];

/** Judges a cluster in which nobody was found to form a quorum. */
export function judgeLostQuorum(
  etcd: EtcdDeclaration,
  views: readonly EtcdNodeView[],
  members: readonly EtcdMemberState[],
  evidence: readonly EtcdEvidence[],
): EtcdVerdict {
  const count = (...conditions: readonly EtcdCondition[]) =>
    members.filter((member) => conditions.includes(member.condition)).length;
  const needed = quorumOf(votersOf(etcd, views));
  const unseen = count("unreachable", "unknown");
  const [failedTools, refused] = [count("tool-failure"), count("certificates")];
  const seen = members.length - unseen - failedTools;
  const isProven = views.some((view) => view.kind === "observed" && view.etcd.read.kind === "seen");
  if (isProven) {
    const summary = "a quorum answers, and too few of its voters could be counted to know which";
    if (failedTools > 0) return { kind: "tool-failure", summary, quorum: undefined, evidence };
    return { kind: "unknown", summary, reason: "votes-not-countable", evidence };
  }
  // Where nobody shows the members, the list may hold fewer than are declared: one that runs may be all of them.
  const isListKnown = shownVoters(views) > 0;
  const reachableVotes = count(...whole) + refused + failedTools + unseen;
  const mayStand = reachableVotes >= needed || (!isListKnown && runsUnasked(views, members));
  if (refused > 0 && mayStand) {
    const summary = `${refused} member(s) are kept out by certificates, and without them ${needed} voters cannot agree`;
    return { kind: "certificates", summary, quorum: undefined, evidence };
  }
  if (failedTools > 0 && mayStand) {
    const summary = `etcd on ${failedTools} node(s) could not be asked, and without them ${needed} voters were not counted`;
    return { kind: "tool-failure", summary, quorum: undefined, evidence };
  }
  if (seen === 0) return { kind: "unknown", summary: "no member could be observed", reason: "nothing-seen", evidence };
  const isConfirmed = unseen < needed;
  if (!isConfirmed && count("isolated") === 0) {
    const summary = `${unseen} node(s) were not seen, and they may well form a quorum`;
    return { kind: "unknown", summary, reason: "votes-not-countable", evidence };
  }
  const wholeNodes = members.filter((member) => whole.includes(member.condition)).map((member) => member.node);
  const canBeStarted = wholeNodes.length >= needed && areOneCluster(views, wholeNodes);
  const rest = canBeStarted
    ? "enough whole members are there to start"
    : `only ${count(...whole)} member(s) still have their data`;
  const summary = `no quorum: ${needed} voters are needed; ${rest}${isConfirmed ? "" : "; nodes that were not reached may still have one"}`;
  return { kind: "quorum-lost", summary, evidence, isConfirmed, canBeStarted };
}

/** How many voters the cluster has, by the longest list that any member shows, else as declared. */
function votersOf(etcd: EtcdDeclaration, views: readonly EtcdNodeView[]): number {
  return shownVoters(views) || Object.keys(etcd.members).length;
}

/** The voters of the longest list that any member shows; 0 when none does. */
function shownVoters(views: readonly EtcdNodeView[]): number {
  const shown = views.map((view) => (view.kind === "observed" ? (answered(view.etcd.members) ?? []) : []));
  return Math.max(0, ...shown.map((list) => list.filter((member) => !member.isLearner).length));
}

/** Does a member run that could not be asked? */
function runsUnasked(views: readonly EtcdNodeView[], members: readonly EtcdMemberState[]): boolean {
  const unasked = members.filter(({ condition }) => condition === "certificates" || condition === "tool-failure");
  return views.some(
    (view) =>
      view.kind === "observed" && view.etcd.service.hasProcess && unasked.some(({ node }) => node === view.node),
  );
}

/** Do all whole members hold data of one cluster? */
function areOneCluster(views: readonly EtcdNodeView[], nodes: readonly string[]): boolean {
  const ids = views.flatMap((view) => {
    if (view.kind !== "observed" || !nodes.includes(view.node)) return [];
    return [answered(view.etcd.status)?.clusterId ?? view.etcd.data.identity?.clusterId];
  });
  return ids.every((id) => isSameId(id, ids[0]));
}
