// The verdict over all nodes, by votes, with evidence.

import type { EtcdDeclaration } from "../../model/etcd-declaration";
import { isSameId } from "../../model/etcd-member-id";
import { answered } from "../../model/etcd-observation";
import { settleMembers } from "../../model/etcd-settings";
import type {
  EtcdAssessment,
  EtcdEvidence,
  EtcdHistory,
  EtcdMemberState,
  EtcdNodeView,
  EtcdQuorum,
  EtcdVerdict,
} from "../../model/etcd-verdict";
import { entryOf, judgeMember } from "./condition";
import { alarmedNodes, compareHashes, type HashComparison } from "./corruption";
import { judgeLostQuorum } from "./lost-verdict";
import { findQuorum, type QuorumFinding } from "./quorum";

/** The state of the cluster and of every declared member. Pure: the same views give the same answer. */
export function assessEtcd(
  etcd: EtcdDeclaration,
  views: readonly EtcdNodeView[],
  history: EtcdHistory,
): EtcdAssessment {
  const settings = settleMembers(etcd);
  const finding = findQuorum(etcd, views, history);
  const quorum = finding.kind === "found" ? finding.quorum : undefined;
  const hashes = quorum === undefined ? undefined : compareHashes(views, quorum);
  const corrupt = new Set(quorum === undefined || hashes === undefined ? [] : corruptNodes(views, quorum, hashes));
  const members = settings.map((member) =>
    judgeMember(
      member,
      settings,
      views.find((view) => view.node === member.node),
      quorum,
      corrupt,
      new Set(hashes?.sound),
    ),
  );
  const own = settings.map((member) => (quorum === undefined ? undefined : entryOf(member, settings, quorum.members)));
  const strays = (quorum?.members ?? []).filter((entry) => !own.some((known) => isSameId(known?.id, entry.id)));
  if (quorum === undefined || hashes === undefined) {
    const verdict = judgeWithoutQuorum(etcd, views, members, finding);
    return { verdict, quorum, members, strays };
  }
  return { verdict: judgeQuorum(quorum, members, strays.length, hashes), quorum, members, strays };
}

function corruptNodes(views: readonly EtcdNodeView[], quorum: EtcdQuorum, hashes: HashComparison): readonly string[] {
  if (hashes.corrupt.length > 0) return hashes.corrupt;
  // Equal hashes at one revision outweigh an alarm of the past; without them one alarmed member is believed, two are not.
  const alarmed = hashes.isProvenEqual || hashes.isUndecided ? [] : alarmedNodes(views, quorum);
  return alarmed.length === 1 ? alarmed : [];
}

function judgeQuorum(
  quorum: EtcdQuorum,
  members: readonly EtcdMemberState[],
  strays: number,
  hashes: HashComparison,
): EtcdVerdict {
  const evidence = evidenceOf(members);
  const named = (...conditions: readonly string[]) =>
    members.filter((member) => conditions.includes(member.condition)).map((member) => member.node);
  const base = { quorum, evidence };
  const votes = `${quorum.nodes.length} of ${quorum.members.filter((member) => !member.isLearner).length} voters agree`;
  const forked = named("forked");
  if (forked.length > 0) {
    const summary = `${list(forked)} serves a cluster of its own; ${votes} on cluster ${quorum.clusterId}`;
    return { kind: "forked", summary, ...base };
  }
  const isAlarmed = quorum.alarms.some((alarm) => alarm.alarm === "CORRUPT");
  if (hashes.isUndecided)
    return {
      kind: "corrupt",
      summary: `the voters' data differ and no version of it has a majority; ${votes}`,
      ...base,
    };
  const corrupt = named("corrupt");
  if (corrupt.length > 0 || isAlarmed) {
    const who =
      corrupt.length > 0 ? `the data of ${list(corrupt)} differs from the others'` : "a CORRUPT alarm is active";
    return { kind: "corrupt", summary: `${who}; ${votes}`, ...base };
  }
  if (quorum.alarms.some((alarm) => alarm.alarm === "NOSPACE"))
    return { kind: "full", summary: `the database is at its quota: reads work, writes are refused; ${votes}`, ...base };
  const certificates = named("certificates");
  if (certificates.length > 0)
    return { kind: "certificates", summary: `${list(certificates)}: certificates keep it out; ${votes}`, ...base };
  const failed = named("tool-failure");
  if (failed.length > 0)
    return { kind: "tool-failure", summary: `etcd on ${list(failed)} could not be asked; ${votes}`, ...base };
  const broken = members.filter((member) => member.condition !== "voting").map((member) => member.node);
  if (broken.length > 0)
    return { kind: "minority-lost", summary: `${list(broken)} is no healthy voter; ${votes}`, ...base };
  if (strays > 0)
    return {
      kind: "minority-lost",
      summary: `the member list holds ${strays} undeclared member(s); ${votes}`,
      ...base,
    };
  return { kind: "healthy", summary: `${votes}, leader ${quorum.leaderId}`, ...base };
}

function judgeWithoutQuorum(
  etcd: EtcdDeclaration,
  views: readonly EtcdNodeView[],
  members: readonly EtcdMemberState[],
  finding: QuorumFinding,
): EtcdVerdict {
  const evidence = evidenceOf(members);
  if (finding.kind !== "doubtful") return judgeLostQuorum(etcd, views, members, evidence);
  const { reason, text, nodes } = finding;
  const doubt: EtcdEvidence[] = [{ node: nodes[0], text }, ...evidence];
  if (reason === "newer-elsewhere" || reason === "several") {
    const summary = `${list(nodes)} answer as a cluster that cannot be told to be the true one: ${text}`;
    return { kind: "forked", summary, quorum: undefined, evidence: doubt };
  }
  // When every node was seen, nobody is left who could vouch for it. A cluster that lists most of the declared members is
  // another matter: it may have been restored by hand.
  const isAllSeen = members.every((member) => !["unreachable", "tool-failure"].includes(member.condition));
  const isMinority = !finding.listsMajority || members.length === 1;
  if (isAllSeen && isMinority && (reason === "revision-went-back" || reason === "too-few-declared-members")) {
    const summary = `${list(nodes)} answers as a cluster that nobody vouches for: ${text}`;
    return { kind: "forked", summary, quorum: undefined, evidence: doubt };
  }
  const summary = `${list(nodes)} answer, and it is not known whether that is the cluster: ${text}`;
  return { kind: "unknown", summary, reason, evidence: doubt };
}

function evidenceOf(members: readonly EtcdMemberState[]): readonly EtcdEvidence[] {
  return members.flatMap((member) =>
    member.evidence.map((text) => ({ node: member.node, text: `${member.condition}: ${text}` })),
  );
}

function list(nodes: readonly string[]): string {
  return nodes.join(", ");
}

/** The node's own status; undefined when it gave none. */
export function statusOf(views: readonly EtcdNodeView[], node: string) {
  const view = views.find((candidate) => candidate.node === node);
  return view?.kind === "observed" ? answered(view.etcd.status) : undefined;
}
