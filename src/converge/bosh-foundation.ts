// Reads what the Foundation's rules are judged by: the synchronous listing and the resurrector. No task, no agent asked.
import type { FoundationObservation } from "../model/bosh-foundation";
import { isGroupResurrected } from "../plan/bosh-resurrection";
import type { DirectorAccess } from "../ports/director-access";
import { observeResurrection } from "./bosh-observe";

/** Observes a foundation; errands and instances without an expected VM do not count. */
export async function observeFoundation(director: DirectorAccess, deployment: string): Promise<FoundationObservation> {
  const placements = await director.observePlacements(deployment);
  const { isOn, configs } = await observeResurrection(director);
  const instances = placements
    .filter(({ expectsVm }) => expectsVm)
    .map(({ instance, zone }) => ({ group: instance.group, zone }));
  const groups = [...new Set(instances.map(({ group }) => group))].sort();
  return {
    instances,
    isResurrectionOn: isOn,
    groupsNotResurrected: groups.filter((group) => !isGroupResurrected(configs, deployment, group)),
  };
}
