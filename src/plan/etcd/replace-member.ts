// Replaces one broken member while the quorum stands: stop, remove, archive, (member directory), add, start, promote.
// Each piece is planned only while the observation says that it is still to be done, so that a crash between any two
// effects leaves a state from which the next plan goes on.

import type { MemberId } from "../../model/etcd-member-id";
import type { EtcdObservation } from "../../model/etcd-observation";
import type { EtcdStep } from "../../model/etcd-step";
import type { EtcdMemberState, EtcdQuorum } from "../../model/etcd-verdict";
import {
  addMember,
  archiveData,
  condemnData,
  makeMemberDirectory,
  moveLeader,
  parkDefinition,
  promoteMember,
  removeMember,
  startInQuorum,
  stopMember,
  waitForMember,
} from "./make-steps";
import { isRefused } from "./member-blockers";
import { initialCluster, isStartedAs } from "./membership";
import {
  blocker,
  canRun,
  etcdOf,
  healthyVoters,
  isBlank,
  isOwnData,
  nothing,
  type Planning,
  type PlanPart,
  settingsOf,
} from "./planning";
import { preserve } from "./preserve";
import { roomBlocker } from "./room";
import { hasLearners } from "./version";

/** Plans the replacement of a member whose data cannot be trusted or is gone. */
export function replaceMember(planning: Planning, quorum: EtcdQuorum, member: EtcdMemberState): PlanPart {
  const etcd = etcdOf(planning, member.node);
  const [survivor] = healthyVoters(planning, member.node);
  if (etcd === undefined || survivor === undefined) return noSurvivor(member);
  const podBlocker = undeclaredPod(planning, member.node);
  if (podBlocker !== undefined) return { steps: [], blockers: [podBlocker] };
  const silent = silentVoters(planning, member);
  const refused = silent.filter((other) => isRefused(other.condition) || roomBlocker(planning, other) !== undefined);
  if (refused.length > 0) return { steps: [], blockers: [silentBlocker(member, refused)] };
  const isAnnounced = member.entry !== undefined && member.entry.name === "" && isBlank(etcd);
  const steps: EtcdStep[] = [...preserve(planning, quorum, member.node)];
  if (!isAnnounced) steps.push(...takeOut(planning, quorum, member, etcd, survivor.node));
  else if (canRun(etcd)) {
    if (isJoining(planning, quorum, member, etcd))
      return {
        steps: arrive(planning, member, survivor.node, member.entry?.isLearner === true, member.entry?.id),
        blockers: [],
      };
    const reason = `${member.node} may join only with the membership that this plan gives it`;
    steps.push(stopMember(planning, member.node, reason));
  }
  steps.push(...makeRoom(planning, member, etcd));
  if (!isAnnounced) steps.push(...clearTheWay(planning, quorum, silent, survivor.node));
  if (!isAnnounced) steps.push(addMember(planning, survivor.node, member.node, quorum.version));
  steps.push(...bringIn(planning, quorum, member, survivor.node, isAnnounced));
  return { steps, blockers: [] };
}

/** Marks the data that a member still holds as the member it was, unless it is marked already. */
export function condemnOwnData(planning: Planning, quorum: EtcdQuorum, member: EtcdMemberState): readonly EtcdStep[] {
  const { node, entry, condition } = member;
  const etcd = etcdOf(planning, node);
  if (etcd === undefined || entry?.id === undefined) return [];
  if (!isOwnData(etcd, quorum, member) || etcd.data.isCondemned) return [];
  return [condemnData(planning, node, entry.id, `its data is not to be used again: ${condition}`)];
}

/**
 * Other voters that do not answer. etcd adds nobody, not even a learner, while a listed voter is not connected.
 * Source: etcd server/etcdserver/server.go mayAddMember, isConnectedFullySince.
 */
function silentVoters(planning: Planning, member: EtcdMemberState): readonly EtcdMemberState[] {
  return planning.assessment.members.filter(
    (other) => other.node !== member.node && other.entry?.isLearner === false && !other.isCounted,
  );
}

/** Takes those out that are to be replaced anyway. Those that only have to be started are started before. */
function clearTheWay(
  planning: Planning,
  quorum: EtcdQuorum,
  silent: readonly EtcdMemberState[],
  survivor: string,
): readonly EtcdStep[] {
  return silent.flatMap((other) => {
    const etcd = etcdOf(planning, other.node);
    if (etcd === undefined || ["stopped", "starting"].includes(other.condition)) return [];
    return takeOut(planning, quorum, other, etcd, survivor);
  });
}

function silentBlocker(member: EtcdMemberState, silent: readonly EtcdMemberState[]) {
  const others = silent.map((other) => `${other.node} (${other.condition})`).join(", ");
  return blocker(
    "etcd-voter-silent",
    member.node,
    `${member.node} is not replaced yet: etcd adds no member while a listed voter does not answer, and ${others} does not`,
    `bring ${silent.map((other) => other.node).join(", ")} back first; if it is gone for good, take it out of the declared members and remove it by hand`,
  );
}

/** Starts a member whose data is its own, and waits for it. */
export function startOwnMember(
  planning: Planning,
  quorum: EtcdQuorum,
  member: EtcdMemberState,
  reason: string,
): PlanPart {
  const podBlocker = undeclaredPod(planning, member.node);
  if (podBlocker !== undefined) return { steps: [], blockers: [podBlocker] };
  const isVoter = member.entry?.isLearner !== true;
  const steps: EtcdStep[] = [
    startInQuorum(planning, member.node, quorum, undefined, reason),
    waitForMember(planning, member.node, isVoter, `${member.node} has to answer before anything else is done`),
  ];
  const [survivor] = healthyVoters(planning, member.node);
  if (!isVoter && survivor !== undefined)
    steps.push(promoteMember(planning, survivor.node, member.node, member.entry?.id));
  return { steps, blockers: [] };
}

/** Makes a learner that answers a voter, once it is in step with its leader. */
export function finishLearner(planning: Planning, quorum: EtcdQuorum, member: EtcdMemberState): PlanPart {
  const [survivor] = healthyVoters(planning, member.node);
  if (survivor === undefined) return noSurvivor(member);
  const own = etcdOf(planning, member.node)?.status;
  const ahead = quorum.nodes.flatMap((node) => {
    const status = etcdOf(planning, node)?.status;
    return status?.kind === "seen" ? [status.value.raftIndex] : [];
  });
  // Source: etcd server readyPercentThreshold, 0.9 of the leader's index.
  const isReady = own?.kind === "seen" && own.value.raftIndex >= 0.9 * Math.max(0, ...ahead);
  const wait = waitForMember(planning, member.node, false, `${member.node} is still catching up as a learner`);
  const promote = promoteMember(planning, survivor.node, member.node, member.entry?.id);
  return { steps: isReady ? [promote] : [wait, promote], blockers: [] };
}

/** Stops a member that is to be replaced, and hands its leadership over first. */
function stopForGood(
  planning: Planning,
  quorum: EtcdQuorum,
  member: EtcdMemberState,
  etcd: EtcdObservation,
): readonly EtcdStep[] {
  if (!canRun(etcd)) return [];
  const steps: EtcdStep[] = [];
  // Stopped, it would look like a member that only has to be started.
  steps.push(...condemnOwnData(planning, quorum, member));
  const handOver = member.isCounted && member.isLeader ? moveLeader(planning, member) : undefined;
  if (handOver !== undefined) steps.push(...holdBack(planning, member, etcd), handOver);
  return [...steps, stopMember(planning, member.node, `${member.node} is to be replaced: ${member.condition}`)];
}

/** A leader without its files must not come back with nothing while it is seen whether the others agree without it. */
function holdBack(planning: Planning, member: EtcdMemberState, etcd: EtcdObservation): readonly EtcdStep[] {
  const isPausable = planning.input.etcd.runner.kind !== "static-pod" && !etcd.service.isPaused;
  if (member.condition !== "wiped-running" || !isPausable) return [];
  const reason = `${member.node} leads without its files: should it end now, it must not vote again with nothing`;
  return [parkDefinition(planning, member.node, reason)];
}

/** Stop, then out of the membership, so that nothing waits for its vote while its data is moved. */
function takeOut(
  planning: Planning,
  quorum: EtcdQuorum,
  member: EtcdMemberState,
  etcd: EtcdObservation,
  survivor: string,
): readonly EtcdStep[] {
  const steps: EtcdStep[] = [...stopForGood(planning, quorum, member, etcd)];
  if (member.entry !== undefined) {
    const reason = `${member.name} cannot come back as the member it was, and a dead member blocks every other change`;
    steps.push(removeMember(planning, survivor, member.entry, reason));
  }
  return steps;
}

/**
 * Stops members of no cluster but their own, and, while somebody is to join, those that come up only to end. Such a one answers whoever joins with a member list that is not this cluster's,
 * so that the join fails. Source: etcd server/etcdserver/cluster_util.go getClusterFromRemotePeers: the first answer is taken.
 */
export function stopForks(planning: Planning, quorum: EtcdQuorum): PlanPart {
  const isJoining = quorum.members.some((entry) => entry.name === "");
  const isInTheWay = ({ node, condition, isCounted }: EtcdMemberState) =>
    !isCounted &&
    (condition === "forked" ||
      (isJoining && condition === "stale") ||
      (isJoining && condition === "crash-looping" && planning.input.definitionDrifts[node] === undefined));
  const steps = planning.assessment.members.filter(isInTheWay).flatMap((member) => {
    const etcd = etcdOf(planning, member.node);
    const [survivor] = healthyVoters(planning, member.node);
    if (etcd === undefined || survivor === undefined || roomBlocker(planning, member) !== undefined) return [];
    return stopForGood(planning, quorum, member, etcd);
  });
  return { steps, blockers: [] };
}

/**
 * Moves the data of members that were taken out aside, before another one is taken out: with fewer than half of the declared
 * members left on the list, nobody else may hold data that would make the cluster doubtful.
 */
export function clearUnlisted(planning: Planning, quorum: EtcdQuorum): PlanPart {
  const steps = planning.assessment.members.flatMap((member): readonly EtcdStep[] => {
    const etcd = etcdOf(planning, member.node);
    const [survivor] = healthyVoters(planning, member.node);
    if (etcd === undefined || survivor === undefined || member.entry !== undefined || isBlank(etcd)) return [];
    if (isRefused(member.condition) || roomBlocker(planning, member) !== undefined) return [];
    if (undeclaredPod(planning, member.node) !== undefined) return [];
    return [
      ...preserve(planning, quorum, member.node),
      ...takeOut(planning, quorum, member, etcd, survivor.node),
      ...makeRoom(planning, member, etcd),
    ];
  });
  return { steps, blockers: [] };
}

function makeRoom(planning: Planning, member: EtcdMemberState, etcd: EtcdObservation): readonly EtcdStep[] {
  const steps: EtcdStep[] = [];
  if (!isBlank(etcd))
    steps.push(archiveData(planning, member.node, "a member joins with an empty data directory; the old data is kept"));
  const isMonit = planning.input.etcd.runner.kind === "monit";
  if (isMonit && etcd.data.state !== "member-directory-only") steps.push(makeMemberDirectory(planning, member.node));
  return steps;
}

function bringIn(
  planning: Planning,
  quorum: EtcdQuorum,
  member: EtcdMemberState,
  survivor: string,
  isAnnounced: boolean,
): readonly EtcdStep[] {
  const { node } = member;
  // Announced as what it is listed as; a member still to be added becomes a learner where there are learners.
  const isLearner = isAnnounced ? member.entry?.isLearner === true : hasLearners(quorum.version);
  const without = isAnnounced ? undefined : member.entry?.id;
  const memberId = isAnnounced ? member.entry?.id : undefined;
  const reason = `${settingsOf(planning, node).name} joins the existing cluster`;
  return [
    startInQuorum(planning, node, quorum, without, reason),
    ...arrive(planning, member, survivor, isLearner, memberId),
  ];
}

function arrive(
  planning: Planning,
  { node }: EtcdMemberState,
  survivor: string,
  isLearner: boolean,
  memberId: MemberId | undefined,
): readonly EtcdStep[] {
  const wait = waitForMember(planning, node, !isLearner, `${node} has to answer before anything else is done`);
  return isLearner ? [wait, promoteMember(planning, survivor, node, memberId)] : [wait];
}

/** It was started with exactly this membership a moment ago, and has not written its first file. */
function isJoining(planning: Planning, quorum: EtcdQuorum, member: EtcdMemberState, etcd: EtcdObservation): boolean {
  const members = initialCluster(quorum.members, settingsOf(planning, member.node));
  const isFailing = etcd.service.state === "failed" || (etcd.service.restarts ?? 0) > 2;
  return !isFailing && isStartedAs(etcd.definition, members);
}

/** A static pod that is not declared cannot be started again. */
export function undeclaredPod(planning: Planning, node: string) {
  const { runner } = planning.input.etcd;
  if (runner.kind !== "static-pod" || planning.input.pods[node] !== undefined) return undefined;
  return blocker(
    "etcd-pod-undeclared",
    node,
    `etcd on ${node} is a static pod and its Pod is not declared, so that it could not be started again`,
    `declare staticPods["${runner.pod}"] for ${node}; \`quorate capture\` writes it from a healthy node`,
  );
}

function noSurvivor(member: EtcdMemberState): PlanPart {
  if (member.condition === "voting") return nothing;
  return {
    steps: [],
    blockers: [
      blocker(
        "etcd-quorum-would-be-lost",
        member.node,
        `${member.node} cannot be replaced: no other healthy voter is there to do it from`,
        "bring another voter back first",
      ),
    ],
  };
}
