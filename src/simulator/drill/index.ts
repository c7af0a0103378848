// The drills' public face.

import { inputError } from "../../model/errors";
import { parseScenario } from "../scenario";
import { foundationDrillSchema } from "./drill-scenario";
import { EtcdDrill } from "./etcd-drill";
import { etcdDrillSchema } from "./etcd-drill-scenario";
import { FoundationDrill } from "./foundation-drill";
import { kubeadmDrillSchema } from "./kubeadm-drill-scenario";
import type { DrillFile } from "./load";
import { openKubeadmDrill, openPksDrill } from "./open-planned";
import { pksDrillSchema } from "./pks-drill-scenario";
import type { DrillOptions, DrillSession } from "./session";
import { etcdVariants, foundationVariants, kubeadmVariants, pksVariants } from "./variants";

export { clockText } from "./compare-log";
export { type DrillFile, findDrills, listDrills } from "./load";
export { type DrillChoice, type DrillOptions, type DrillSession, playDrill } from "./session";

/**
 * Opens a drill, or both designs of a comparison. @throws RecoveryError "input" for a file that is no drill.
 */
export function openDrills(file: DrillFile, options: DrillOptions, comparison?: string): readonly DrillSession[] {
  switch (file.kind) {
    case "cloud-foundry": {
      const scenario = parseScenario(file.text, file.path, foundationDrillSchema);
      if (comparison === undefined) return [new FoundationDrill(scenario, options)];
      return foundationVariants(scenario, comparison).map(
        (one) => new FoundationDrill(one.scenario, options, one.variant),
      );
    }
    case "etcd": {
      const scenario = parseScenario(file.text, file.path, etcdDrillSchema);
      if (comparison === undefined) return [new EtcdDrill(scenario, options)];
      return etcdVariants(scenario, comparison).map((one) => new EtcdDrill(one.scenario, options, one.variant));
    }
    case "kubeadm": {
      const scenario = parseScenario(file.text, file.path, kubeadmDrillSchema);
      if (comparison === undefined) return [openKubeadmDrill(scenario, options, "")];
      return kubeadmVariants(scenario, comparison).map((one) => openKubeadmDrill(one.scenario, options, one.variant));
    }
    case "pks": {
      const scenario = parseScenario(file.text, file.path, pksDrillSchema);
      if (comparison === undefined) return [openPksDrill(scenario, options, "")];
      return pksVariants(scenario, comparison).map((one) => openPksDrill(one.scenario, options, one.variant));
    }
    default:
      // Whatever else is wrong with the file is told too.
      parseScenario(file.text, file.path, foundationDrillSchema);
      throw inputError(`${file.path}: there is no topology of the kind "${file.kind}"`);
  }
}
