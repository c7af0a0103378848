// May a member of a quorum group be taken away for a while? Judged by votes as they would stand after the step.
import { type InstanceRef, instanceName, isSameInstance } from "../model/bosh";
import type {
  BoshBlocker,
  BoshDeploymentDeclaration,
  BoshObservation,
  GroupQuorum,
  QuorumGroup,
} from "../model/bosh-plan";

/** The declared quorum group that an instance belongs to; undefined for none. */
export function quorumGroupOf(declaration: BoshDeploymentDeclaration, instance: InstanceRef): QuorumGroup | undefined {
  return declaration.quorumGroups.find(({ group }) => group === instance.group);
}

/** Why a member may not be operated on now; undefined when it may, as instances of other groups always may. */
export function quorumBlocker(
  declaration: BoshDeploymentDeclaration,
  observation: Pick<BoshObservation, "quorums">,
  instance: InstanceRef,
): BoshBlocker | undefined {
  const group = quorumGroupOf(declaration, instance);
  if (group === undefined) return undefined;
  // Nobody can ask a Galera cluster for its votes here: such groups are kept to one instance at a time, no more.
  if (!group.hasEtcd && !observation.quorums.has(group.group)) return undefined;
  const quorum: GroupQuorum = observation.quorums.get(group.group) ?? {
    kind: "unknown",
    why: "nobody asked its members",
  };
  const { deployment } = declaration;
  const name = instanceName(instance);
  if (quorum.kind === "unknown") {
    return {
      reason: "quorum-unknown",
      deployment,
      instance,
      message: `${name} is not touched: how the quorum of '${group.group}' stands is not known (${quorum.why})`,
      nextStep: "give access to the members' etcd and look again",
    };
  }
  const down = quorum.voters.filter(({ isHealthy }) => !isHealthy);
  const healthyAfter = quorum.voters.filter(
    (voter) => voter.isHealthy && (voter.instance === undefined || !isSameInstance(voter.instance, instance)),
  ).length;
  const needed = Math.floor(quorum.voters.length / 2) + 1;
  if (healthyAfter < needed) {
    return {
      reason: "quorum-would-be-lost",
      deployment,
      instance,
      message: `${name} is not touched: ${healthyAfter} of ${quorum.voters.length} voters would be left, ${needed} are needed`,
      nextStep: "bring another member back first, or restore the lost quorum from a named snapshot",
    };
  }
  const othersDown = down.filter((voter) => voter.instance === undefined || !isSameInstance(voter.instance, instance));
  if (othersDown.length > 0 && !declaration.repairSeveral) {
    return {
      reason: "several-nodes-down",
      deployment,
      instance,
      message: `${name} is not touched: another member of '${group.group}' is down too`,
      nextStep: "set `repairSeveral` to repair them one after the other",
    };
  }
  return undefined;
}
