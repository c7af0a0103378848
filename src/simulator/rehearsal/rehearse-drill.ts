// A drill's beginning as what is rehearsed: all its faults have struck, nobody has acted yet. Each kind of topology goes to
// the search that is meant for it.

import type { BoshStep } from "../../model/bosh-step";
import { inputError } from "../../model/errors";
import type { EtcdStep } from "../../model/etcd-step";
import type { RehearsalSummary } from "../../model/rehearsal";
import type { Step } from "../../model/step";
import { advance } from "../advance";
import { createWorld } from "../create-world";
import { cutZonePower, restoreZonePower, shortName } from "../director/world";
import { chooseSeconds } from "../drill/drill-parts";
import { type FoundationDrillScenario, foundationDrillSchema } from "../drill/drill-scenario";
import { etcdDrillSchema } from "../drill/etcd-drill-scenario";
import { checkZones } from "../drill/foundation-faults";
import { checkNodes, declarationOf, declareNodes } from "../drill/kubeadm-declared";
import { type KubeadmDrillScenario, kubeadmDrillSchema, kubeadmParameters } from "../drill/kubeadm-drill-scenario";
import type { DrillFile } from "../drill/load";
import { type PksDrillScenario, pksDrillSchema, pksParameters } from "../drill/pks-drill-scenario";
import { createPksWorld, pksDeclaration, strikeInstance } from "../drill/pks-world";
import type { When } from "../drill/schedule";
import { injectFault } from "../faults";
import { createDirector } from "../foundation/create-parts";
import { chooseParameters } from "../foundation/parameters";
import { layOutFoundation } from "../foundation/topology";
import { kubeadmTopology } from "../kubeadm-topology";
import { createPrng } from "../prng";
import { parseScenario, type Scenario, scenarioSchema, secondsUntil } from "../scenario";
import { VirtualClock } from "../virtual-clock";
import { rehearseDirector } from "./director-rehearsal";
import type { DirectorBeginning, DirectorSubject } from "./director-round";
import { type NodeSubject, rehearseNodes } from "./node-rehearsal";
import { type PlayOptions, summarisePlayed } from "./played";
import { sceneOf } from "./scenario-subject";
import { rehearse } from "./search";
import { summariseRehearsal } from "./summarise";

type Shown = { readonly title: string; readonly command?: string };

/** How the steps of each kind are shown. */
export interface ShowSteps {
  readonly etcd: (step: EtcdStep) => Shown;
  readonly node: (step: Step) => Shown;
  readonly bosh: (step: BoshStep) => Shown;
}

/** Rehearses a drill, or a scenario of an etcd cluster. @throws RecoveryError "input" for a file that is neither. */
export async function rehearseDrill(
  file: DrillFile,
  show: ShowSteps,
  options: PlayOptions = {},
): Promise<RehearsalSummary> {
  switch (file.kind) {
    case "kubeadm": {
      const scenario = parseScenario(file.text, file.path, kubeadmDrillSchema);
      const { subject, world } = nodesOf(scenario);
      const played = await rehearseNodes({ ...subject, show: show.node }, world, options);
      return summarisePlayed(scenario.name, scenario.title, played);
    }
    case "pks": {
      const scenario = parseScenario(file.text, file.path, pksDrillSchema);
      const played = await rehearseDirector({ ...pksSubject(scenario), show: show.bosh }, options);
      return summarisePlayed(scenario.name, scenario.title, played);
    }
    case "cloud-foundry": {
      const scenario = parseScenario(file.text, file.path, foundationDrillSchema);
      checkZones(scenario);
      const played = await rehearseDirector({ ...foundationSubject(scenario), show: show.bosh }, options);
      return summarisePlayed(scenario.name, scenario.title, played);
    }
    default: {
      const scenario = etcdScenario(file);
      const { subject, world } = sceneOf(scenario);
      return summariseRehearsal(scenario.name, scenario.title, rehearse(subject, world, options), show.etcd);
    }
  }
}

/** A drill has promises and advice beside its scenario. */
function etcdScenario({ text, path, kind }: DrillFile): Scenario {
  const isDrill = kind === "etcd" && /^objective:/m.test(text);
  if (!isDrill) return parseScenario(text, path);
  const drill = parseScenario(text, path, etcdDrillSchema);
  // What ends by itself or by somebody's hand comes after the repair that is rehearsed.
  return scenarioSchema.strip().parse({ ...drill, faults: drill.faults.filter(({ given }) => !given) });
}

/** The nodes of a drill after its faults. */
export function nodesOf(scenario: KubeadmDrillScenario): {
  readonly subject: NodeSubject;
  readonly world: Parameters<typeof rehearseNodes>[1];
} {
  const declared = declareNodes(scenario.topology.nodes);
  checkNodes(
    scenario,
    declared.map(({ name }) => name),
  );
  const parameters = chooseSeconds(kubeadmParameters, scenario.parameters);
  const healthy = createWorld(kubeadmTopology(declared), scenario.seed);
  const struck = inTime(scenario).reduce(
    (world, { waitSeconds, fault }) => injectFault(advance(world, waitSeconds), fault),
    healthy,
  );
  // Somebody has to notice before somebody looks.
  const world = advance(struck, parameters.reaction);
  return { subject: { plane: declarationOf(declared, parameters.containerStart), seed: scenario.seed }, world };
}

/** The director of a PKS drill after its faults. */
export function pksSubject(scenario: PksDrillScenario): DirectorSubject {
  const parameters = chooseSeconds(pksParameters, scenario.parameters);
  const open = (): DirectorBeginning => {
    const { clock, director, deployment } = createPksWorld(scenario, parameters, scenario.seed);
    for (const { waitSeconds, fault } of inTime(scenario)) {
      clock.advance(waitSeconds * 1000);
      strikeInstance(deployment, fault);
    }
    clock.advance(parameters.agentTimeout * 1000);
    return { director, deployment };
  };
  return { open, declaration: pksDeclaration(open().deployment), seed: scenario.seed, leftOut: [] };
}

// Any day does. A clock that is in the past of nothing else.
const dayMs = Date.UTC(2020, 7, 5);
const warmUpSeconds = 300;
/** Groups of a Cloud Foundry that lose their data's majority with it. Source: docs.pivotal.io p-mysql, diego-release. */
const quorumGroups = ["mysql", "diego_database"];

/** The director of a foundation after the faults of its drill that a director can see: power of zones and VMs. */
export function foundationSubject(scenario: FoundationDrillScenario): DirectorSubject {
  const { topology, seed } = scenario;
  const parameters = chooseParameters(scenario.parameters);
  const open = (): DirectorBeginning => {
    const prng = createPrng(seed);
    const clock = new VirtualClock(dayMs);
    const deployment = layOutFoundation(topology, dayMs - 86_400_000, prng.fork("layout"));
    const director = createDirector(topology, parameters, clock, deployment, prng);
    clock.advance(warmUpSeconds * 1000);
    for (const { waitSeconds, fault } of inTime(scenario)) {
      clock.advance(waitSeconds * 1000);
      if (fault.kind === "zone-power-lost") cutZonePower(director.world, fault.zone);
      if (fault.kind === "zone-power-back") restoreZonePower(director.world, fault.zone);
      if (fault.kind !== "vms-lost") continue;
      for (const { vm } of deployment.instances.filter((one) => fault.instances.includes(shortName(one))))
        if (vm !== undefined) vm.isPoweredOn = false;
    }
    clock.advance(parameters.agentTimeout * 1000);
    return { director, deployment };
  };
  const isZoneLost = scenario.faults.some(({ fault }) => fault.kind === "zone-power-lost");
  const isStillDark = [...open().director.world.zonesDown].length > 0;
  if (isStillDark)
    throw inputError(`the drill ${scenario.name} leaves a zone dark`, {
      hint: "a rehearsal begins when the faults of the drill are over: give it a zone-power-back",
    });
  return {
    open,
    declaration: {
      deployment: topology.deployment,
      quorumGroups: quorumGroups
        .filter((group) => topology.groups[group] !== undefined)
        .map((group) => ({ group, hasEtcd: false })),
      mustRun: [],
      repairSeveral: false,
      isMassRecovery: isZoneLost,
    },
    seed,
    leftOut: unseenByDirector(scenario),
  };
}

/** What of a foundation's drill no director can see. */
function unseenByDirector({ faults, topology }: FoundationDrillScenario): readonly string[] {
  const seen = ["zone-power-lost", "zone-power-back", "vms-lost"];
  const kinds = faults.map(({ fault }) => fault.kind).filter((kind) => !seen.includes(kind));
  const isDirectorLost = faults.some(
    ({ fault }) => fault.kind === "zone-power-lost" && fault.zone === topology.directorZone,
  );
  return [...new Set(kinds), ...(isDirectorLost ? ["that the director itself was lost"] : [])];
}

/** Faults in their order, with the seconds between them. One `after` an event comes right behind the one before it. */
function inTime<Fault>({
  faults,
  startsAt,
}: {
  readonly faults: readonly (When & { readonly fault: Fault })[];
  readonly startsAt?: string | undefined;
}): readonly { readonly waitSeconds: number; readonly fault: Fault }[] {
  let nowSeconds = 0;
  return faults.map(({ at, plus, fault }) => {
    const then = at === undefined ? nowSeconds + secondsUntil(plus ?? "0s", undefined) : secondsUntil(at, startsAt);
    const waitSeconds = Math.max(0, then - nowSeconds);
    nowSeconds += waitSeconds;
    return { waitSeconds, fault };
  });
}
