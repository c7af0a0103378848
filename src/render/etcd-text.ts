// What the etcd planner found and would do, as lines for a person.

import { unreachable } from "../model/errors";
import { answered } from "../model/etcd-observation";
import type { EtcdDrift } from "../model/etcd-plan";
import type { EtcdStep } from "../model/etcd-step";
import type { EtcdAssessment } from "../model/etcd-verdict";
import type { NodeObservation } from "../model/node-observation";

/** The verdict as one line; nothing while all is well. */
export function renderVerdict({ verdict }: EtcdAssessment): string {
  return verdict.kind === "healthy" ? "" : `etcd: ${verdict.kind}: ${verdict.summary}`;
}

/** One thing about etcd that is not as declared. */
export function renderEtcdDrift(drift: EtcdDrift): string {
  switch (drift.kind) {
    case "etcd-member":
      return `${drift.node} etcd member ${drift.member}: ${drift.observed} => voting\n    ${drift.detail}`;
    case "etcd-stray-member":
      return `etcd lists member ${drift.member} (${drift.detail}), which is not declared`;
    case "etcd-peer-url":
      return `${drift.node} etcd: its peers look for it at ${drift.observed} => ${drift.desired}`;
    case "etcd-alarm":
      return `etcd: alarm ${drift.alarm} is active`;
    case "etcd-paused":
      return `${drift.node} etcd runs, and nothing would start it again${drift.detail === "" ? "" : ` (${drift.detail})`}`;
    default:
      return unreachable(drift);
  }
}

/** What a step does, without why. */
export function describeEtcdStep(step: EtcdStep): string {
  switch (step.kind) {
    case "etcdSaveSnapshot":
      return `save a snapshot to ${step.path} and verify it`;
    case "etcdCollectSnapshot":
      return `copy ${step.path} to ${step.localFile ?? "a file"} on this machine`;
    case "etcdDeliverSnapshot":
      return `copy the snapshot ${step.localFile || "that was collected"} from this machine to ${step.path}`;
    case "etcdCondemnData":
      return `mark the data of member ${step.memberId} as not to be started again`;
    case "etcdStopMember":
      return "stop etcd so that nothing starts it again";
    case "etcdRemoveMember":
      return `take member ${step.memberId}${step.memberName === "" ? "" : ` (${step.memberName})`} out of the cluster`;
    case "etcdArchiveData":
      return `move the old data from ${step.at.dataDirectory} to ${step.at.archiveDirectory}`;
    case "etcdMakeMemberDirectory":
      return `make the empty directory ${step.at.dataDirectory}/member`;
    case "etcdAddMember":
      return `add member ${step.memberName} at ${step.peerUrl}${step.isLearner ? " as a learner" : ""}`;
    case "etcdStartMember":
      return `start etcd as one of ${step.initialCluster.map((member) => member.name).join(", ")}`;
    case "etcdPromoteMember":
      return `make ${step.subject} a voter and compare what it holds`;
    case "etcdMoveLeader":
      return `hand the leadership to ${step.subject}`;
    case "etcdUpdatePeerUrl":
      return `tell the peers that member ${step.memberId} is at ${step.peerUrl}`;
    case "etcdCompact":
      return `drop the history up to revision ${step.revision}`;
    case "etcdDefragment":
      return "give free pages of the database back";
    case "etcdDisarmAlarms":
      return "clear the alarms";
    case "etcdRestoreSnapshot":
      return `make the data of a new cluster from ${step.path}`;
    case "etcdParkDefinition":
      return "put what would start etcd out of reach";
    case "etcdResumeService":
      return "let etcd be watched again";
    case "etcdStopWriters":
      return "stop what writes to etcd";
    case "etcdWaitForMember":
      return `wait until etcd answers as a ${step.isVoter ? "voter" : "learner"}, ${step.timeoutSeconds} s at most`;
    default:
      return unreachable(step);
  }
}

/** Every endpoint's own status, one line a node, as `endpoint status` shows it; the leader is named in the last line. */
export function renderEndpoints(assessment: EtcdAssessment, observations: readonly NodeObservation[]): string {
  const rows = assessment.members.map((member) => {
    const observation = observations.find((candidate) => candidate.node === member.node);
    const etcd =
      observation?.kind === "observed" && observation.etcd?.kind === "seen" ? observation.etcd.value : undefined;
    const status = etcd === undefined ? undefined : answered(etcd.status);
    if (status === undefined) return [member.node, member.name, "-", "-", "-", "-", "-", "-", member.condition];
    const hash = etcd === undefined ? undefined : answered(etcd.hash);
    return [
      member.node,
      member.name,
      status.memberId,
      status.version,
      member.isLeader ? "true" : "false",
      String(status.raftTerm),
      String(status.revision),
      hash?.hash ?? "-",
      member.condition,
    ];
  });
  const head = ["NODE", "MEMBER", "ID", "VERSION", "IS LEADER", "RAFT TERM", "REVISION", "HASH", "STATE"];
  const widths = head.map((word, column) => Math.max(word.length, ...rows.map((row) => (row[column] ?? "").length)));
  const lines = [head, ...rows].map((row) => row.map((word, column) => word.padEnd(widths[column] ?? 0)).join("  "));
  const leader = assessment.members.find((member) => member.isLeader);
  const { summary } = assessment.verdict;
  const last = `etcd is ${assessment.verdict.kind}: ${summary}${leader === undefined ? "" : `, which is ${leader.node}`}`;
  return [...lines.map((line) => line.trimEnd()), last].join("\n");
}
