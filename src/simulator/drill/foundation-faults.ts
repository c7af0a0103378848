// What a scenario's faults do to a foundation.

import { inputError, unreachable } from "../../model/errors";
import type { Foundation } from "../foundation/foundation";
import type { FoundationDrillScenario, FoundationFault } from "./drill-scenario";

/** Makes it so; the event's id and what there is to say. */
export function strikeFoundation(
  foundation: Foundation,
  fault: FoundationFault,
  given: string | undefined,
): { readonly id: string; readonly text: string } {
  switch (fault.kind) {
    case "zone-power-lost":
      foundation.cutPower(fault.zone, fault.network);
      return {
        id: "power-lost",
        text: `zone ${fault.zone} loses power: ${foundation.silentVms(fault.zone).length} VMs`,
      };
    case "zone-network-back":
      foundation.restoreNetwork(fault.zone);
      return { id: "network-back", text: `zone ${fault.zone} has its network back` };
    case "zone-power-back":
      foundation.restorePower(fault.zone);
      return { id: "power-back", text: `zone ${fault.zone} has power back` };
    case "service-held-down":
      foundation.held.set(fault.service, given ?? "held down by the scenario");
      return { id: `${fault.service}-held`, text: `${fault.service} is down until zone ${fault.zone} is back` };
    case "vms-lost":
      foundation.loseVms(fault.instances);
      return { id: "vms-lost", text: `${fault.instances.join(", ")} are lost` };
    case "entry-switched":
      foundation.isEntrySwitched = true;
      return { id: "entry-switched", text: "traffic is led around the HAProxy" };
    case "blobstore-restored":
      foundation.isBlobstoreRestored = true;
      return { id: "blobstore-restored", text: "the blobstore answers again, in another zone" };
    default:
      return unreachable(fault);
  }
}

/** @throws RecoveryError "input" for zones that the foundation does not have. */
export function checkZones({ name, topology, faults }: FoundationDrillScenario): void {
  const named = [
    ["topology.directorZone", topology.directorZone] as const,
    ...topology.apps.flatMap(({ zone }, index) =>
      zone === undefined ? [] : [[`topology.apps.${index}.zone`, zone] as const],
    ),
    ...faults.flatMap(({ fault }, index) =>
      "zone" in fault ? [[`faults.${index}.fault.zone`, fault.zone] as const] : [],
    ),
  ];
  const problems = [
    ...named
      .filter(([, zone]) => !topology.zones.includes(zone))
      .map(([path, zone]) => `${path}: there is no zone ${zone}`),
    ...faults.flatMap(({ fault }, index) => (fault.kind === "vms-lost" ? lostProblems(topology, fault, index) : [])),
  ];
  if (problems.length > 0)
    throw inputError(`the drill ${name} cannot be played`, {
      problems,
      hint: `its zones are ${topology.zones.join(", ")}`,
    });
}

function lostProblems(
  { groups }: FoundationDrillScenario["topology"],
  { instances }: Extract<FoundationFault, { kind: "vms-lost" }>,
  index: number,
): readonly string[] {
  return instances.flatMap((instance) => {
    const [group = "", number = ""] = instance.split("/");
    const count = (groups[group] ?? []).reduce((sum, inZone) => sum + inZone, 0);
    return Number(number) < count ? [] : [`faults.${index}.fault.instances: there is no instance ${instance}`];
  });
}
