// The votes of a simulated deployment's etcd: a master votes while its VM answers and its etcd runs.

import type { GroupQuorum } from "../../model/bosh-plan";
import type { QuorumAccess, SnapshotOutcome } from "../../ports/director-access";
import type { SimulatedDirector } from "./simulated-director";
import { doesAgentAnswer, type SimulatedInstance, type SimulatedWorld } from "./world";

/** Has this instance a vote at this moment? */
export function hasEtcdVote(world: SimulatedWorld, instance: SimulatedInstance): boolean {
  return (
    doesAgentAnswer(world, instance) &&
    instance.vm?.processes.some(({ name, state }) => name === "etcd" && state === "running") === true
  );
}

/** A member votes while its VM answers and its etcd runs. Snapshots are counted. */
export class SimulatedQuorum implements QuorumAccess {
  /** Masters that had a healthy vote when each snapshot was taken. */
  readonly snapshots: number[] = [];
  /** The fewest healthy votes ever seen. */
  fewestVotes = Number.POSITIVE_INFINITY;

  constructor(private readonly director: SimulatedDirector) {}

  async observeQuorum(deployment: string, group: string): Promise<GroupQuorum> {
    const voters = this.director
      .deployment(deployment)
      .instances.filter((instance) => instance.group === group)
      .map((instance) => ({
        instance: { group, id: instance.id },
        isHealthy: hasEtcdVote(this.director.world, instance),
      }));
    this.fewestVotes = Math.min(this.fewestVotes, voters.filter(({ isHealthy }) => isHealthy).length);
    return { kind: "known", voters, leader: voters[0]?.instance, hasVerifiedSnapshot: this.snapshots.length > 0 };
  }

  async takeSnapshot(deployment: string, group: string): Promise<SnapshotOutcome> {
    const quorum = await this.observeQuorum(deployment, group);
    this.snapshots.push(quorum.kind === "known" ? quorum.voters.filter(({ isHealthy }) => isHealthy).length : 0);
    return { kind: "kept" };
  }
}
