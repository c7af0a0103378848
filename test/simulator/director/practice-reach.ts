// All that a converge needs, on a simulated director: the port in process, the inside of the instances, the etcd's votes.
import type { BoshReach } from "../../../src/converge/bosh-observe";
import type { GroupQuorum } from "../../../src/model/bosh-plan";
import type { DirectorAccess, QuorumAccess, SnapshotOutcome } from "../../../src/ports/director-access";
import { SimulatedDirectorAccess } from "../../../src/simulator/director/simulated-access";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { SimulatedInstanceAccess } from "../../../src/simulator/director/simulated-instances";
import { doesAgentAnswer } from "../../../src/simulator/director/world";

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
        isHealthy:
          doesAgentAnswer(this.director.world, instance) &&
          instance.vm?.processes.some(({ name, state }) => name === "etcd" && state === "running") === true,
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

/** Reaches a director in process unless another access is given. */
export function practiceReach(
  director: SimulatedDirector,
  access?: DirectorAccess,
): BoshReach & { readonly quorum: SimulatedQuorum } {
  return {
    director: access ?? new SimulatedDirectorAccess(director),
    instances: new SimulatedInstanceAccess(director),
    quorum: new SimulatedQuorum(director),
  };
}
