// Other designs of the same scenario, to be played side by side.

import { inputError } from "../../model/errors";
import { withZones } from "../foundation/topology";
import type { FoundationDrillScenario } from "./drill-scenario";
import type { EtcdDrillScenario } from "./etcd-drill-scenario";
import type { KubeadmDrillScenario } from "./kubeadm-drill-scenario";
import type { PksDrillScenario } from "./pks-drill-scenario";

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
      return withAndWithoutResurrector(scenario);
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

/** The same faults with three masters and with five. @throws RecoveryError "input" for what cannot be compared. */
export function etcdVariants(
  scenario: EtcdDrillScenario,
  comparison: string,
): readonly { readonly variant: string; readonly scenario: EtcdDrillScenario }[] {
  const { topology } = scenario;
  if (comparison !== "masters" || topology.kind !== "etcd")
    throw inputError(`a drill of etcd cannot be compared by "${comparison}"`, { hint: "one of: masters" });
  return [3, 5].map((members) => ({
    variant: `${members} masters`,
    scenario: { ...scenario, topology: { ...topology, members } },
  }));
}

/** The same faults with one control plane node and with three. @throws RecoveryError "input" for what cannot be compared. */
export function kubeadmVariants(
  scenario: KubeadmDrillScenario,
  comparison: string,
): readonly { readonly variant: string; readonly scenario: KubeadmDrillScenario }[] {
  if (comparison !== "masters")
    throw inputError(`a drill of kubeadm cannot be compared by "${comparison}"`, { hint: "one of: masters" });
  return [1, 3].map((nodes) => ({
    variant: `${nodes} ${nodes === 1 ? "master" : "masters"}`,
    scenario: { ...scenario, topology: { ...scenario.topology, nodes } },
  }));
}

/** Two designs of a PKS cluster, or two operators. @throws RecoveryError "input" for what cannot be compared. */
export function pksVariants(
  scenario: PksDrillScenario,
  comparison: string,
): readonly { readonly variant: string; readonly scenario: PksDrillScenario }[] {
  const { topology } = scenario;
  switch (comparison) {
    case "resurrector":
      return withAndWithoutResurrector(scenario);
    case "masters":
      return [3, 5].map((masters) => ({
        variant: `${masters} masters`,
        scenario: { ...scenario, topology: { ...topology, masters } },
      }));
    case "operator":
      if (scenario.byHand.length === 0)
        throw inputError(`the drill ${scenario.name} does not say what is done by hand`, {
          hint: "give it `byHand`, or compare by resurrector or masters",
        });
      return [
        { variant: "with quorate", scenario },
        // What was written down is compared with the scenario's own operator.
        { variant: "by hand", scenario: { ...scenario, operator: scenario.byHand, log: [] } },
      ];
    default:
      throw inputError(`a drill of a PKS cluster cannot be compared by "${comparison}"`, {
        hint: "one of: resurrector, masters, operator",
      });
  }
}

function withAndWithoutResurrector<Scenario extends FoundationDrillScenario | PksDrillScenario>(scenario: Scenario) {
  return [true, false].map((resurrector) => ({
    variant: `resurrector ${resurrector ? "on" : "off"}`,
    scenario: { ...scenario, topology: { ...scenario.topology, resurrector } },
  }));
}
