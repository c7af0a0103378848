// The safety rules as checkers of what an operator asks of a director, and of the votes as they stand from moment to moment.
// Written from the rules and the truth of the world, not from the planner's own projections.

import type { BoshDeploymentDeclaration, QuorumGroup } from "../../model/bosh-plan";
import type { ProblemAnswer } from "../../model/bosh-problem";
import { quorumOf } from "../../model/etcd-verdict";
import type { InstanceChange } from "../../ports/director-access";
import type { SimulatedDirector } from "../director/simulated-director";
import { hasEtcdVote } from "../director/simulated-quorum";
import { type SimulatedDeployment, type SimulatedInstance, shortName } from "../director/world";
import type { Violation } from "./act-checkers";
import { isSound } from "./director-extras";

/** What is watched. */
export interface Watched {
  readonly director: SimulatedDirector;
  readonly deployment: SimulatedDeployment;
  readonly declaration: BoshDeploymentDeclaration;
  /** Short names of the instances that the faults have put out of order; grows when another one strikes. */
  readonly troubled: Set<string>;
  /** Snapshots that the operator at work has kept. */
  readonly snapshots: () => number;
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

  constructor(private readonly watched: Watched) {}

  /** A request that is about to be made, by its method in the port. */
  check(method: string, args: readonly unknown[]): void {
    const acts = this.actsOf(method, args);
    this.hasActed = this.hasActed || acts.length > 0 || method === "restartProcess";
    for (const { instance } of acts)
      if (this.isSpared(instance))
        this.blame("others-spared", `${method} on ${shortName(instance)}, which is in order`);
    for (const group of this.watched.declaration.quorumGroups) this.checkGroup(group, method, acts);
    if (method === "setResurrection")
      this.blame("paused-narrowly", "the resurrector is switched for every deployment of the director");
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
    if (group.hasEtcd && destroyed !== undefined && this.watched.snapshots() === 0)
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
