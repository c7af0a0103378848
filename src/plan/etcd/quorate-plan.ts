// What to do while a quorum stands: put back what was paused, free space, tidy the membership, mend one member after the
// other (the leader last). Every part is projected on what the parts before it leave, and a part that would cost the
// quorum is refused with its reason.

import { isSameId } from "../../model/etcd-member-id";
import type { EtcdBlocker } from "../../model/etcd-plan";
import type { EtcdStep } from "../../model/etcd-step";
import type { EtcdMemberState, EtcdQuorum } from "../../model/etcd-verdict";
import { quorumOf } from "../../model/etcd-verdict";
import { compareHashes } from "./corruption";
import { moveLeader, startInQuorum, startMember, waitForMember } from "./make-steps";
import { isRefused, memberBlocker, memberBlockers } from "./member-blockers";
import { announced, initialCluster, type Listed } from "./membership";
import { blocker, etcdOf, healthyVoters, nothing, type Planning, type PlanPart, settingsOf } from "./planning";
import { type Ballot, ballotOf, firstLoss, projectAll } from "./projection";
import {
  clearUnlisted,
  condemnOwnData,
  finishLearner,
  replaceMember,
  startOwnMember,
  stopForks,
} from "./replace-member";
import { roomBlocker } from "./room";
import { disarmAlarms, freeSpace } from "./space";
import { correctPeerUrls, removeStrays } from "./tidy-membership";

/** Plans a cluster that has a quorum. */
export function planQuorate(planning: Planning, quorum: EtcdQuorum): PlanPart {
  const resumed = resumePaused(planning);
  const refusals = memberBlockers(planning);
  const several = severalDown(planning, quorum);
  if (several !== undefined) return { steps: resumed, blockers: [several, ...refusals] };
  const hashes = compareHashes(planning.input.views, quorum);
  if (hashes.isUndecided) return { steps: resumed, blockers: [noMajority(planning), ...refusals] };
  const targets = planning.assessment.members.filter((member) => !isRefused(member.condition)).sort(byUrgency);
  const parts = [
    () => freeSpace(planning, quorum),
    () => stopForks(planning, quorum),
    () => clearUnlisted(planning, quorum),
    () => removeStrays(planning, quorum),
    () => correctPeerUrls(planning, quorum),
    // A start that only adds a vote waits for nothing; the mark comes before anything is taken apart.
    ...targets.filter((member) => rank(member) === 0).map((member) => () => mend(planning, quorum, member)),
    () => condemnCorrupt(planning, quorum, hashes.corrupt),
    ...targets.filter((member) => rank(member) > 0).map((member) => () => mend(planning, quorum, member)),
    () => rewriteDefinitions(planning, quorum),
    () => clearCorruptAlarm(planning, quorum, hashes.isProvenEqual),
  ];
  let chain: readonly EtcdStep[] = resumed;
  let ballot = ballotOf(quorum);
  const blockers: EtcdBlocker[] = [...refusals];
  for (const make of parts) {
    const part = make();
    blockers.push(...part.blockers);
    const steps = part.steps.filter((step) => !isPlanned(chain, step));
    const loss = refuseLoss(planning, quorum, steps, ballot);
    if (loss !== undefined) {
      blockers.push(loss);
      continue;
    }
    chain = [...chain, ...steps];
    ballot = projectAll(steps, quorum, planning.assessment.members, ballot);
  }
  return { steps: exactMemberships(planning, quorum, chain), blockers };
}

/** Every start with the members that are listed when its turn comes: what the steps before it remove and add included. */
function exactMemberships(planning: Planning, quorum: EtcdQuorum, chain: readonly EtcdStep[]): readonly EtcdStep[] {
  let list: readonly Listed[] = quorum.members;
  return chain.map((step) => {
    if (step.kind === "etcdRemoveMember")
      list = list.filter((entry) => entry.id === undefined || !isSameId(entry.id, step.memberId));
    if (step.kind === "etcdAddMember") list = [...list, announced(step.memberName, step.peerUrl, step.isLearner)];
    if (step.kind !== "etcdStartMember") return step;
    const members = initialCluster(list, settingsOf(planning, step.node));
    return startMember(planning, step.node, members, step.token, step.reason);
  });
}

/** What is to be done about one member. */
function mend(planning: Planning, quorum: EtcdQuorum, member: EtcdMemberState): PlanPart {
  const drift = planning.input.definitionDrifts[member.node];
  const full = roomBlocker(planning, member);
  if (full !== undefined) return { steps: [], blockers: [full] };
  switch (member.condition) {
    case "voting":
      return nothing;
    case "learning":
      return finishLearner(planning, quorum, member);
    case "stopped":
      return startOwnMember(planning, quorum, member, `${member.node} has its data and does not run`);
    case "starting": {
      // A process that cannot come up, because what starts it is not as declared, would be waited for in vain.
      if (drift !== undefined && (etcdOf(planning, member.node)?.service.restarts ?? 0) > 0)
        return startOwnMember(planning, quorum, member, `${member.node} does not come up, and ${drift}`);
      const isVoter = member.entry?.isLearner !== true;
      return {
        steps: [waitForMember(planning, member.node, isVoter, `${member.node} is starting`)],
        blockers: [],
      };
    }
    case "crash-looping":
      // What starts it is mended before its data is blamed.
      return drift === undefined
        ? replaceMember(planning, quorum, member)
        : startOwnMember(planning, quorum, member, `${member.node} does not stay up, and ${drift}`);
    case "wiped-running":
    case "behind":
    case "corrupt":
    case "forked":
    case "damaged":
    case "condemned":
    case "empty":
    case "stale":
      return replaceMember(planning, quorum, member);
    default: {
      const refusal = memberBlocker(planning, member);
      return { steps: [], blockers: refusal === undefined ? [] : [refusal] };
    }
  }
}

/**
 * Beside another that is down, what the hashes say of bad data is written down before anything is taken apart: should the quorum
 * be lost on the way, nobody can tell by hashes any more, and the data would count as whole.
 */
function condemnCorrupt(planning: Planning, quorum: EtcdQuorum, corrupt: readonly string[]): PlanPart {
  const down = planning.assessment.members.filter((member) => member.condition !== "voting");
  if (down.length < 2) return nothing;
  const known = down.filter(({ node }) => corrupt.includes(node));
  const steps = known.flatMap((member) => condemnOwnData(planning, quorum, member));
  return { steps, blockers: [] };
}

// What only has to run is brought back first, because etcd adds nobody while a voter is silent; then a member whose surgery
// is under way. Then those that do not vote, so that a mistake costs no vote; the
// leader last.
function byUrgency(a: EtcdMemberState, b: EtcdMemberState): number {
  return rank(a) - rank(b) || (a.node < b.node ? -1 : 1);
}

function rank(member: EtcdMemberState): number {
  if (["learning", "starting", "stopped"].includes(member.condition)) return 0;
  if (member.entry?.name === "" || member.condition === "condemned") return 1;
  if (!member.isCounted) return 2;
  return member.isLeader ? 4 : 3;
}

/** Puts running members back under the eyes of what restarts them. A kill of an earlier run may have left them out. */
function resumePaused(planning: Planning): readonly EtcdStep[] {
  return planning.assessment.members.flatMap((member) => {
    const etcd = etcdOf(planning, member.node);
    // A static pod that runs is not parked; the start of a stopped member lifts its pause itself.
    if (member.condition !== "voting" || etcd?.service.isPaused !== true) return [];
    if (planning.input.etcd.runner.kind === "static-pod") return [];
    const reason = `etcd on ${member.node} runs, and nothing would start it again (${etcd.service.detail || "paused"})`;
    const at = settingsOf(planning, member.node);
    return [{ kind: "etcdResumeService" as const, node: member.node, subject: at.name, reason, at }];
  });
}

function severalDown(planning: Planning, quorum: EtcdQuorum): EtcdBlocker | undefined {
  const down = planning.assessment.members.filter((member) => member.condition !== "voting");
  const [first] = down;
  // A declared restore is a word given for all of its nodes.
  if (first === undefined || down.length < 2 || planning.input.repairSeveral || quorum.isRestored) return undefined;
  const nodes = down.map((member) => `${member.node} (${member.condition})`).join(", ");
  const unreachable = down.filter((member) => member.condition === "unreachable");
  return blocker(
    "several-nodes-down",
    first.node,
    `${down.length} members are down at once: ${nodes}; the same cause may reach the next one while they are repaired`,
    unreachable.length > 0
      ? `bring ${unreachable.map((member) => member.node).join(", ")} back, or find the cause and set repairSeveral: true`
      : "find the common cause, then set repairSeveral: true; they are then repaired one after the other",
  );
}

function noMajority(planning: Planning): EtcdBlocker {
  const { verdict } = planning.assessment;
  return blocker(
    "etcd-corrupt-no-majority",
    planning.settings[0]?.node ?? "",
    `${verdict.summary}: replacing any member could destroy the one whose data is right`,
    "save a snapshot from every member, find out which is right, then declare etcd.restore with it",
  );
}

/** One member at a time is restarted for what its definition says, and only where the others can do without it. */
function rewriteDefinitions(planning: Planning, quorum: EtcdQuorum): PlanPart {
  const { members } = planning.assessment;
  const voters = healthyVoters(planning).filter((voter) => planning.input.definitionDrifts[voter.node] !== undefined);
  const [next] = voters;
  if (next === undefined || members.some((member) => member.condition !== "voting")) return nothing;
  const steps = voters.flatMap((voter) => [
    ...(voter.isLeader ? [moveLeader(planning, voter) ?? []].flat() : []),
    startInQuorum(planning, voter.node, quorum, undefined, planning.input.definitionDrifts[voter.node] ?? ""),
    waitForMember(planning, voter.node, true, `${voter.node} has to vote again before the next one is touched`),
  ]);
  return { steps, blockers: [] };
}

function clearCorruptAlarm(planning: Planning, quorum: EtcdQuorum, isProvenEqual: boolean): PlanPart {
  const [first] = healthyVoters(planning);
  const isAlarmed = quorum.alarms.some((alarm) => alarm.alarm === "CORRUPT");
  if (!isAlarmed || first === undefined) return nothing;
  // While one still differs, the alarm is what keeps writes off it.
  if (planning.assessment.members.some((member) => member.condition === "corrupt")) return nothing;
  if (isProvenEqual)
    return { steps: [disarmAlarms(planning, first.node, "all voters hold the same data")], blockers: [] };
  return {
    steps: [],
    blockers: [
      blocker(
        "etcd-corrupt-no-majority",
        first.node,
        "a CORRUPT alarm is active and the voters' hashes could not be compared at one revision, so that it is not cleared",
        "run preview again; while the alarm stands nothing writes, so that the revisions come together",
      ),
    ],
  };
}

function refuseLoss(
  planning: Planning,
  quorum: EtcdQuorum,
  steps: readonly EtcdStep[],
  ballot: Ballot,
): EtcdBlocker | undefined {
  const loss = firstLoss(steps, quorum, planning.assessment.members, ballot);
  if (loss === undefined) return undefined;
  // The only member has no peer to fall back on: restarting it interrupts it, and loses nothing.
  const isOnlyMember = quorum.members.length === 1 && loss.step.kind === "etcdStartMember";
  if (isOnlyMember) return undefined;
  const { voters, voting } = loss.ballot;
  const counts = `${voting.size} of ${voters} voters would be left, and ${quorumOf(voters)} are needed`;
  if (loss.step.kind === "etcdAddMember")
    return blocker(
      "etcd-growth-needs-learners",
      loss.step.subject,
      `${loss.step.subject} is not added: etcd ${quorum.version} has no learners, and until it votes ${counts}`,
      "upgrade etcd to 3.4 first, or restore all members from one snapshot",
    );
  return blocker(
    "etcd-quorum-would-be-lost",
    loss.step.node,
    `${loss.step.kind} on ${loss.step.node} is refused: ${counts}`,
    "bring another voter back first; what is refused then becomes possible",
  );
}

function isPlanned(chain: readonly EtcdStep[], step: EtcdStep): boolean {
  return chain.some((other) => other.kind === step.kind && other.node === step.node && other.subject === step.subject);
}
