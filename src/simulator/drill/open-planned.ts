// Opens the drills of planned repairs: a scenario's figures chosen, its scene made, its acts put in time.

import { chooseSeconds, describeSeconds } from "./drill-parts";
import { type KubeadmDrillScenario, type KubeadmFault, kubeadmParameters } from "./kubeadm-drill-scenario";
import { KubeadmScene, type KubeadmSceneAction } from "./kubeadm-scene";
import { type PksDrillScenario, type PksFault, pksParameters } from "./pks-drill-scenario";
import { PksScene, type PksSceneAction } from "./pks-scene";
import { PlannedDrill } from "./planned-drill";
import type { When } from "./schedule";
import type { DrillOptions, DrillSession } from "./session";

/** A drill of a kubeadm control plane. @throws RecoveryError "input" for nodes and parameters that there are not. */
export function openKubeadmDrill(scenario: KubeadmDrillScenario, options: DrillOptions, variant: string): DrillSession {
  const parameters = chooseSeconds(kubeadmParameters, { ...scenario.parameters, ...options.parameters });
  const scene = new KubeadmScene(scenario, parameters, options.seed ?? scenario.seed, options.renderStep);
  const played = { ...scenario, operator: withReaction(scenario.operator, parameters.reaction) };
  return new PlannedDrill<KubeadmFault, KubeadmSceneAction>(played, scene, {
    ...options,
    variant,
    parameters,
    shownParameters: describeSeconds(kubeadmParameters, parameters),
    wholeServices: ["redundancy"],
  });
}

/** A drill of a PKS cluster. @throws RecoveryError "input" for instances and parameters that there are not. */
export function openPksDrill(scenario: PksDrillScenario, options: DrillOptions, variant: string): DrillSession {
  const parameters = chooseSeconds(pksParameters, { ...scenario.parameters, ...options.parameters });
  const scene = new PksScene(scenario, parameters, options.seed ?? scenario.seed, options.renderBoshStep);
  return new PlannedDrill<PksFault, PksSceneAction>(scenario, scene, {
    ...options,
    variant,
    parameters,
    shownParameters: describeSeconds(pksParameters, parameters),
    wholeServices: ["redundancy", "jobs"],
  });
}

/** Whoever acts on an event needs a while to, unless the scenario knows better. */
function withReaction<Act extends When>(acts: readonly Act[], reaction: number): readonly Act[] {
  return acts.map((act) =>
    act.after === undefined || act.plus !== undefined ? act : { ...act, plus: `${Math.round(reaction)}s` },
  );
}
