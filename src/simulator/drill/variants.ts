// Other designs of the same scenario, to be played side by side.

import { inputError } from "../../model/errors";
import { withZones } from "../foundation/topology";
import type { FoundationDrillScenario } from "./drill-scenario";

/** Designs that can be compared for a foundation. */
export const foundationComparisons = ["resurrector", "zones"] as const;

/** Two designs of a foundation, each with its name. @throws RecoveryError "input" for what cannot be compared. */
export function foundationVariants(
  scenario: FoundationDrillScenario,
  comparison: string,
): readonly { readonly variant: string; readonly scenario: FoundationDrillScenario }[] {
  const { topology } = scenario;
  switch (comparison) {
    case "resurrector":
      return [true, false].map((resurrector) => ({
        variant: `resurrector ${resurrector ? "on" : "off"}`,
        scenario: { ...scenario, topology: { ...topology, resurrector } },
      }));
    case "zones":
      if (topology.zones.length < 3)
        throw inputError("a foundation of fewer than 3 zones cannot be compared with one of 2");
      return [2, topology.zones.length].map((zones) => ({
        variant: `${zones} zones`,
        scenario: zones === topology.zones.length ? scenario : { ...scenario, topology: withZones(topology, zones) },
      }));
    default:
      throw inputError(`a drill of a foundation cannot be compared by "${comparison}"`, {
        hint: `one of: ${foundationComparisons.join(", ")}`,
      });
  }
}
