// The safety rules as checkers of what an operator asks of a director, and of the votes as they stand from moment to moment.
// Written from the rules and the truth of the world, not from the planner's own projections.

import type { InstanceRef } from "../../model/bosh";
import type { BoshBlockerReason, BoshDeploymentDeclaration, QuorumGroup } from "../../model/bosh-plan";
import type { ProblemAnswer } from "../../model/bosh-problem";
import { quorumOf } from "../../model/etcd-verdict";
import type { InstanceChange } from "../../ports/director-access";
import type { SimulatedDirector } from "../director/simulated-director";
import { hasEtcdVote } from "../director/simulated-quorum";
import { type SimulatedDeployment, type SimulatedInstance, shortName } from "../director/world";
import type { Violation } from "./act-checkers";
import { type DirectorExtra, isSound, reasonsGivenBy } from "./director-extras";
import type { DirectorBeginning, RoundEnd } from "./director-round";

/** What is watched. */
export interface Watched {
  readonly director: SimulatedDirector;
  readonly deployment: SimulatedDeployment;
  readonly declaration: BoshDeploymentDeclaration;
  /** Short names of the instances that the faults have put out of order; grows when another one strikes. */
  readonly troubled: Set<string>;
}

/** What one request does to an instance. */
interface Act {
  readonly instance: SimulatedInstance;
  /** It is without its VM for a while, or for good. */
  readonly losesVm: boolean;
  /** What is on the VM is gone. */
  readonly isDestructive: boolean;
}

/** See the head of this file. */
export class DirectorWatch {
  readonly violations: Violation[] = [];
  /** Has anything been asked that changes an instance? */
  hasActed = false;

  /** `snapshots`: how many the operator at work has kept. */
  constructor(
    private readonly watched: Watched,
    private readonly snapshots: () => number,
  ) {}

  /** A request that is about to be made, by its method in the port. */
  check(method: string, args: readonly unknown[]): void {
    const acts = this.actsOf(method, args);
    this.hasActed = this.hasActed || acts.length > 0;
    for (const { instance } of acts)
      if (this.isSpared(instance))
        this.blame("others-spared", `${method} on ${shortName(instance)}, which is in order`);
    for (const group of this.watched.declaration.quorumGroups) this.checkGroup(group, method, acts);
  }

  /** The votes as they stand now. */
  look(): void {
    for (const group of this.watched.declaration.quorumGroups) {
      const members = this.membersOf(group);
      const votes = members.filter((member) => this.hasVote(group, member)).length;
      // What is out of order counts as lost: its vote may go at any moment without anybody's doing.
      const left = members.filter((member) => !this.watched.troubled.has(shortName(member))).length;
      if (votes < quorumOf(members.length) && left >= quorumOf(members.length))
        this.blame(
          "quorum-kept",
          `${group.group} has ${votes} of ${members.length} votes, and the faults leave ${left}`,
        );
    }
  }

  private checkGroup(group: QuorumGroup, method: string, acts: readonly Act[]): void {
    const members = this.membersOf(group);
    const hit = acts.filter(({ instance, losesVm }) => losesVm && members.includes(instance));
    if (hit.length > 1) this.blame("one-at-a-time", `${method} on ${hit.length} of ${group.group} at once`);
    const voting = members.filter((member) => this.hasVote(group, member));
    const taken = hit.filter(({ instance }) => voting.includes(instance)).length;
    if (taken > 0 && voting.length - taken < quorumOf(members.length))
      this.blame("quorum-kept", `${method} leaves ${group.group} ${voting.length - taken} of ${members.length} votes`);
    const destroyed = hit.find(({ isDestructive }) => isDestructive);
    if (group.hasEtcd && destroyed !== undefined && this.snapshots() === 0)
      this.blame("preserve-first", `${method} on ${shortName(destroyed.instance)} with no snapshot kept`);
  }

  private actsOf(method: string, args: readonly unknown[]): readonly Act[] {
    const { director, deployment } = this.watched;
    switch (method) {
      case "changeInstance": {
        const { instance, action } = args[1] as InstanceChange;
        const found = deployment.instances.find(({ group, id }) => group === instance.group && id === instance.id);
        const isRecreate = action === "recreate";
        if (found === undefined) return [];
        return [{ instance: found, losesVm: action !== "start", isDestructive: isRecreate && found.vm !== undefined }];
      }
      case "restartProcess": {
        const { group, id } = args[1] as InstanceRef;
        const found = deployment.instances.find((instance) => instance.group === group && instance.id === id);
        return found === undefined ? [] : [{ instance: found, losesVm: false, isDestructive: false }];
      }
      case "deleteVm": {
        const found = deployment.instances.find(({ vm }) => vm?.cid === args[0]);
        return found === undefined ? [] : [{ instance: found, losesVm: true, isDestructive: true }];
      }
      case "applyResolutions": {
        const answers = new Map(
          (args[1] as readonly ProblemAnswer[]).map(({ problemId, resolution }) => [problemId, resolution]),
        );
        return director.problems.open(deployment.name).flatMap(({ id, instance }) => {
          const answer = answers.get(id) ?? "ignore";
          if (answer === "ignore") return [];
          const isDestructive = answer !== "reboot_vm" && instance.vm?.existsInIaas === true;
          return [{ instance, losesVm: true, isDestructive }];
        });
      }
      default:
        return [];
    }
  }

  private isSpared(instance: SimulatedInstance): boolean {
    return !this.watched.troubled.has(shortName(instance)) && isSound(this.watched.director, instance);
  }

  private membersOf({ group }: QuorumGroup): readonly SimulatedInstance[] {
    return this.watched.deployment.instances.filter((instance) => instance.group === group);
  }

  private hasVote({ hasEtcd }: QuorumGroup, instance: SimulatedInstance): boolean {
    const { director } = this.watched;
    return hasEtcd ? hasEtcdVote(director.world, instance) : isSound(director, instance);
  }

  private blame(checker: string, text: string): void {
    if (!this.violations.some((known) => known.checker === checker && known.text === text))
      this.violations.push({ checker, text });
  }
}

const changingRequests: ReadonlySet<string> = new Set([
  "applyResolutions",
  "changeInstance",
  "deleteVm",
  "removeConfig",
  "restartProcess",
  "scanProblems",
  "takeSnapshot",
  "writeConfig",
]);

/** Does a request of the port change something, or hold something while it lasts? */
export function isChangingRequest(method: string): boolean {
  return changingRequests.has(method);
}

/** Names of the resurrection configs that are there. */
export function configNames(director: SimulatedDirector): readonly string[] {
  return director.configs.latest({ type: "resurrection" }).map(({ name }) => name);
}

/** Whoever ended by itself has taken back what kept the resurrector away, and nothing that was there before. */
export function checkPause(
  round: RoundEnd,
  director: SimulatedDirector,
  before: readonly string[],
): readonly Violation[] {
  if (round.kind === "broken") return [];
  const now = configNames(director);
  const left = now
    .filter((name) => !before.includes(name))
    .map((name) => `${name} is left behind by a round that ended`);
  const gone = before.filter((name) => !now.includes(name)).map((name) => `${name}, which was there before, is gone`);
  return [...left, ...gone].map((text) => ({ checker: "pause-taken-back", text }));
}

const quorumReasons: readonly BoshBlockerReason[] = ["several-nodes-down", "quorum-unknown", "quorum-would-be-lost"];

/** Quorum groups of which more than one member is out of order: they give reasons of their own, and may be lost. */
function unsureGroups({ declaration, deployment, troubled }: Watched): readonly string[] {
  return declaration.quorumGroups
    .map(({ group }) => group)
    .filter(
      (name) => deployment.instances.filter((one) => one.group === name && troubled.has(shortName(one))).length > 1,
    );
}

/** A round that saw the fault whole ends restored, or with reasons that the state gives. */
export function checkReasons(
  round: RoundEnd,
  extra: DirectorExtra,
  watched: Watched,
  hasSeenIt: boolean,
  { director, deployment }: DirectorBeginning,
): readonly Violation[] {
  if (round.kind === "broken") {
    const isGiven = !hasSeenIt && (extra.kind === "operator-killed" || extra.kind === "link-cut");
    return isGiven ? [] : [{ checker: "right-reason", text: `a round broke off by ${round.reason}` }];
  }
  const { plan, failures, attempts } = round.result;
  const unsure = unsureGroups(watched);
  const given = reasonsGivenBy(extra);
  const wrong = plan.blockers.filter(
    ({ reason, instance }) =>
      !given.includes(reason) &&
      !(
        quorumReasons.includes(reason) && (instance === undefined ? unsure.length > 0 : unsure.includes(instance.group))
      ),
  );
  const found = wrong.map(({ reason, message }) => ({
    checker: "right-reason",
    text: `refused by ${reason}, which the state does not give: ${message}`,
  }));
  const isNamed = plan.blockers.length + plan.putOff.length + failures.length > 0;
  const left = deployment.instances.filter((instance) => !isSound(director, instance)).map(shortName);
  if (hasSeenIt && left.length > 0 && !isNamed)
    found.push({
      checker: "named-reason",
      text: `ended after ${attempts.length} steps with ${left.join(", ")} out of order and no word of it`,
    });
  return found;
}

/** Restored in the end, or refused for the groups alone of which the faults have taken more than one member. */
export function checkEnd(
  round: RoundEnd,
  watched: Watched,
  { director, deployment }: DirectorBeginning,
): readonly Violation[] {
  const unsure = unsureGroups(watched);
  const left = deployment.instances.filter(
    (instance) => !isSound(director, instance) && !unsure.includes(instance.group),
  );
  const refused = round.kind === "ended" ? round.result.plan.blockers : [];
  const why =
    round.kind === "broken" ? round.reason : [...refused.map(({ reason }) => reason), ...round.result.failures];
  const words = `rounds after the fault was over (${why})`;
  const found: Violation[] = [];
  if (left.length > 0)
    found.push({ checker: "goes-on", text: `${left.map(shortName).join(", ")} not restored ${words}` });
  const isUnsureLeft = deployment.instances.some((one) => !isSound(director, one) && unsure.includes(one.group));
  if (isUnsureLeft && !refused.some(({ reason }) => quorumReasons.includes(reason)))
    found.push({ checker: "goes-on", text: `${unsure.join(", ")} neither restored nor refused ${words}` });
  return found;
}
