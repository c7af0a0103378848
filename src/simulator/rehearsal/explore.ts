// Random exploration: clusters of any size and kind, faults of kinds that are switched on and off from run to run, a rehearsal
// of each. A failing run is made smaller until nothing can be left out, and becomes a scenario.

import type { EtcdFault } from "../etcd/etcd-fault";
import { createPrng, type Prng } from "../prng";
import { type Scenario, scenarioSchema } from "../scenario";
import type { EtcdPlanner } from "./etcd-subject";
import { type ExtraFaultKind, extraFaultKinds } from "./extra-faults";
import { sceneOf } from "./scenario-subject";
import { type Rehearsal, rehearse } from "./search";

/** Kinds of faults that a run begins with, as switches. */
const beginningKinds = [
  "power-lost",
  "unreachable",
  "disk-lost",
  "disk-full",
  "disk-slow",
  "etcd-data-wiped",
  "etcd-data-damaged",
  "etcd-data-corrupt",
  "etcd-stopped",
  "etcd-full",
  "certificates",
  "tools",
  "links-cut",
] as const;
type BeginningKind = (typeof beginningKinds)[number];

const versions = ["3.3.27", "3.4.23", "3.4.35", "3.5.9", "3.5.21", "3.6.5"] as const;
const runners = ["monit", "systemd", "static-pod"] as const;

/** One random run. */
export interface ExploredRun {
  readonly scenario: Scenario;
  readonly rehearsal: Rehearsal;
  /** Kinds of one more fault that were switched on. */
  readonly kinds: readonly ExtraFaultKind[];
}

/** What an exploration found. */
export interface Exploration {
  readonly seed: string;
  readonly runs: number;
  readonly cases: number;
  readonly plans: number;
  /** The smallest scenario of each failing run, with what its rehearsal found. */
  readonly failures: readonly ExploredRun[];
  readonly verdicts: ReadonlyMap<string, number>;
  readonly steps: ReadonlyMap<string, number>;
  readonly reasons: ReadonlyMap<string, number>;
}

/** How to explore. */
export interface ExploreOptions {
  readonly seed: string;
  readonly runs: number;
  /** Cases of each run's search at most. Default 40. */
  readonly casesMax?: number;
  readonly onRun?: (run: number) => void;
  /** The planner under test. Default: the real one. */
  readonly planner?: EtcdPlanner;
}

/** Explores. The same seed gives the same runs. */
export function explore(options: ExploreOptions): Exploration {
  const failures: ExploredRun[] = [];
  const [verdicts, steps, reasons] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  let [cases, plans] = [0, 0];
  for (let run = 0; run < options.runs; run += 1) {
    const prng = createPrng(options.seed).fork(`run ${run}`);
    const scenario = drawScenario(prng.fork("scenario"), `run-${run}-of-${seedName(options.seed)}`, options.seed);
    const kinds = extraFaultKinds.filter((kind) => prng.fork(`switch ${kind}`).chance(1, 2));
    const { planner } = options;
    const limits = { casesMax: options.casesMax ?? 40, planner };
    const rehearsal = rehearseScenario(scenario, kinds, limits);
    cases += rehearsal.cases;
    plans += rehearsal.plans;
    count(verdicts, rehearsal.verdicts);
    count(steps, rehearsal.steps);
    count(reasons, rehearsal.reasons);
    if (rehearsal.failures.length > 0) failures.push(shrink({ scenario, rehearsal, kinds }, limits));
    options.onRun?.(run);
  }
  return { seed: options.seed, runs: options.runs, cases, plans, failures, verdicts, steps, reasons };
}

interface Limits {
  readonly casesMax: number;
  readonly planner: EtcdPlanner | undefined;
}

function rehearseScenario(
  scenario: Scenario,
  kinds: readonly ExtraFaultKind[],
  { casesMax, planner }: Limits,
): Rehearsal {
  const { subject, world } = sceneOf(scenario);
  return rehearse(planner === undefined ? subject : { ...subject, planner }, world, {
    kinds,
    failuresMax: 1,
    sample: { casesMax, seed: scenario.name },
  });
}

function drawScenario(prng: Prng, name: string, seed: string): Scenario {
  const members = prng.pick([1, 3, 3, 3, 4, 5, 5, 7]);
  const joining = prng.chance(1, 6) ? prng.integer(1, 2) : 0;
  const nodes = Array.from({ length: members + joining }, (_, index) => `cp-${index}`);
  const on = beginningKinds.filter((kind) => prng.fork(kind).chance(1, 2));
  const faults = Array.from({ length: prng.pick([0, 1, 1, 1, 2, 2, 3]) }, (_, index) => {
    const draw = prng.fork(`fault ${index}`);
    const [kind = "etcd-data-wiped", ...rest] = on;
    return { at: `${index + 1}m`, fault: drawFault(draw, draw.pick([kind, ...rest]), nodes) };
  });
  const survivor = prng.fork("survivor").integer(0, members - 1);
  const restores = prng.pick(["none", "none", "none", "survivor", "backup"]);
  const restore =
    restores === "none"
      ? {}
      : {
          restore: {
            name: "explored",
            source: restores === "survivor" ? { kind: "survivor", node: `cp-${survivor}` } : { kind: "backup" },
          },
        };
  return scenarioSchema.parse({
    version: 1,
    name,
    title: "A random run.",
    source: `exploration with seed ${seed}`,
    seed,
    topology: { kind: "etcd", runner: prng.pick(runners), members, joining, version: prng.pick(versions) },
    declaration: {
      repairSeveral: prng.chance(1, 2),
      ...restore,
      ...(restores === "backup" ? { backupAge: "1m" } : {}),
    },
    faults,
  });
}

function drawFault(prng: Prng, kind: BeginningKind, nodes: readonly string[]): EtcdFault {
  const [first = "cp-0", ...rest] = nodes;
  const node = prng.pick([first, ...rest]);
  switch (kind) {
    case "certificates":
      return { kind, node, state: prng.pick(["expired", "not-yet-valid", "foreign"]) };
    case "tools":
      return { kind, node, state: prng.pick(["missing", "hanging", "garbage"]) };
    case "links-cut": {
      const peers = nodes.filter((other) => other !== node && prng.chance(1, 2));
      const others = nodes.filter((other) => other !== node);
      return peers.length > 0 || others.length === 0
        ? { kind, node, peers: peers.length > 0 ? peers : [node] }
        : { kind, node, peers: others };
    }
    default:
      return { kind, node };
  }
}

/** Leaves out fault after fault, and opt-ins, as long as it still fails. */
function shrink(run: ExploredRun, limits: Limits): ExploredRun {
  let smallest = run;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const scenario of smallerThan(smallest.scenario)) {
      const rehearsal = rehearseScenario(scenario, smallest.kinds, { ...limits, casesMax: limits.casesMax * 25 });
      if (rehearsal.failures.length === 0) continue;
      smallest = { ...smallest, scenario, rehearsal };
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

function smallerThan(scenario: Scenario): readonly Scenario[] {
  const withoutFault = scenario.faults.map((_, index) => ({
    ...scenario,
    faults: scenario.faults.filter((_fault, position) => position !== index),
  }));
  const { topology, declaration } = scenario;
  const isUsed = (index: number) =>
    JSON.stringify([scenario.faults, declaration.restore ?? ""]).includes(`"cp-${index}"`);
  const last = topology.kind === "etcd" ? topology.members + topology.joining - 1 : 0;
  const fewer: Scenario[] = [];
  if (topology.kind === "etcd" && topology.joining > 0 && !isUsed(last))
    fewer.push({ ...scenario, topology: { ...topology, joining: topology.joining - 1 } });
  if (topology.kind === "etcd" && topology.joining === 0 && topology.members > 3 && !isUsed(last))
    fewer.push({ ...scenario, topology: { ...topology, members: topology.members - 1 } });
  const plainer = declaration.repairSeveral
    ? [{ ...scenario, declaration: { ...declaration, repairSeveral: false } }]
    : [];
  return [...withoutFault, ...fewer, ...plainer];
}

function count(marks: Map<string, number>, seen: ReadonlySet<string>): void {
  for (const mark of seen) marks.set(mark, (marks.get(mark) ?? 0) + 1);
}

/** A seed as part of a scenario's name. */
function seedName(seed: string): string {
  return (
    seed
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 40) || "seed"
  );
}
