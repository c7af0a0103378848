// Searches every prefix of a plan's effects crossed with one more fault. The prefixes are those of the run in which nothing
// more goes wrong; behind each fault the planner runs to its end, and once more when the fault has ended.

import type { EtcdChangeStep } from "../../model/etcd-step";
import { quorumOf } from "../../model/etcd-verdict";
import { endProcess } from "../etcd/boot";
import { effectsOfStep, pausedFields } from "../etcd/etcd-effects";
import { changeNode, type EtcdWorld, votersOf, worldNodes } from "../etcd/etcd-world";
import { injectEtcdFault } from "../etcd/inject-fault";
import type { Violation } from "./act-checkers";
import { type EtcdSubject, planWorld } from "./etcd-subject";
import { type ExtraFault, type ExtraFaultKind, extraFaults } from "./extra-faults";
import { drawCases } from "./played";
import { type RunEnd, Runner, type RunTrace } from "./run-to-end";
import { isQuorate, soundVoters, trueCluster } from "./truth";

/** A moment of the plan: after so many effects. */
export interface PlanPoint {
  /** Effects that have happened, in words. */
  readonly effects: readonly string[];
  readonly world: EtcdWorld;
  /** The step that is under way, and how many of its effects have happened; undefined between two steps. */
  readonly under: { readonly step: EtcdChangeStep; readonly done: number } | undefined;
}

/** A step of the run in which nothing more goes wrong. */
export interface WalkedStep {
  readonly step: EtcdChangeStep;
  /** Its effects that happened, in order. */
  readonly effects: readonly string[];
  /** Why the last of them was refused; undefined when it happened. */
  readonly refusal: string | undefined;
}

/** One case of the search. */
export interface RehearsedCase {
  readonly point: PlanPoint;
  readonly extra: ExtraFault;
  readonly end: RunEnd;
  /** How it ended once the fault had ended; undefined when it has no end. */
  readonly healed: RunEnd | undefined;
  readonly violations: readonly Violation[];
}

/** What a search found. */
export interface Rehearsal {
  readonly subject: EtcdSubject;
  readonly start: EtcdWorld;
  readonly points: readonly PlanPoint[];
  /** The plan's steps in the order in which they ran. */
  readonly walked: readonly WalkedStep[];
  readonly cases: number;
  /** How many cases there are, and the seed by which those that were run were drawn; undefined when all were. */
  readonly drawn: { readonly casesInAll: number; readonly seed: string } | undefined;
  readonly plans: number;
  readonly effects: number;
  /** Kinds of ends with the reasons for refusing, and how many cases came to them. */
  readonly ends: ReadonlyMap<string, number>;
  /** Cases in which a rule was broken, those with the shortest prefix first. */
  readonly failures: readonly RehearsedCase[];
  /** Revisions newer than the source of the restore; undefined when nothing is restored. */
  readonly lostRevisions: number | undefined;
  /** Kinds of steps that ran. */
  readonly steps: ReadonlySet<string>;
  /** Verdicts that were seen. */
  readonly verdicts: ReadonlySet<string>;
  /** Reasons for refusing that were seen. */
  readonly reasons: ReadonlySet<string>;
}

/** How to search. */
export interface SearchOptions {
  /** Kinds of one more fault. Default: all. */
  readonly kinds?: readonly ExtraFaultKind[];
  /** Failures after which the search ends. Default 20. */
  readonly failuresMax?: number;
  /** Draws so many cases in place of all. */
  readonly sample?: { readonly casesMax: number; readonly seed: string };
}

const hangRounds = 2;

/** Rehearses a subject from a world. */
export function rehearse(subject: EtcdSubject, start: EtcdWorld, options: SearchOptions = {}): Rehearsal {
  const runner = new Runner(subject, start);
  const marks = { steps: new Set<string>(), verdicts: new Set<string>(), reasons: new Set<string>() };
  const { points, walked } = walkPlan(runner, start, marks);
  const ends = new Map<string, number>();
  const failures: RehearsedCase[] = [];
  let cases = 0;
  const { chosen, drawn } = casesOf(points, options);
  for (const [point, extra] of chosen) {
    if (failures.length >= (options.failuresMax ?? 20)) break;
    const found = runCase(runner, point, extra);
    cases += 1;
    for (const end of [found.end, found.healed]) for (const reason of end?.reasons ?? []) marks.reasons.add(reason);
    const key = found.end.kind === "refused" ? `refused: ${found.end.reasons.join(", ")}` : found.end.kind;
    ends.set(key, (ends.get(key) ?? 0) + 1);
    if (found.violations.length > 0) failures.push(found);
  }
  const { plans, effects } = runner;
  const lostRevisions = lostBy(start, points.at(-1)?.world ?? start);
  return { subject, start, points, walked, cases, drawn, plans, effects, ends, failures, lostRevisions, ...marks };
}

/** Every prefix crossed with every one more fault, or as many of them as are asked for. */
function casesOf(
  points: readonly PlanPoint[],
  { kinds, sample }: SearchOptions,
): { readonly chosen: readonly (readonly [PlanPoint, ExtraFault])[]; readonly drawn: Rehearsal["drawn"] } {
  const all = points.flatMap((point) =>
    extraFaults(point.world, point.under !== undefined, kinds).map((extra) => [point, extra] as const),
  );
  const { chosen, drawnBy } = drawCases(all, sample === undefined ? {} : { sample });
  return { chosen, drawn: drawnBy === undefined ? undefined : { casesInAll: all.length, seed: drawnBy } };
}

/** The moments of the run in which nothing more goes wrong. */
function walkPlan(
  runner: Runner,
  start: EtcdWorld,
  marks: { readonly steps: Set<string>; readonly verdicts: Set<string>; readonly reasons: Set<string> },
): { readonly points: readonly PlanPoint[]; readonly walked: readonly WalkedStep[] } {
  const walked: WalkedStep[] = [];
  const points: PlanPoint[] = [{ effects: [], world: start, under: undefined }];
  const effects: string[] = [];
  const trace: RunTrace = {
    planned: (plan) => {
      marks.verdicts.add(plan.assessment.verdict.kind);
      for (const { reason } of plan.blockers) marks.reasons.add(reason);
    },
    acted: (step, index, world, refusal) => {
      const names = effectsOfStep(step);
      marks.steps.add(step.kind);
      const earlier = index === 0 ? undefined : walked.pop();
      walked.push({ step, effects: [...(earlier?.effects ?? []), names[index] ?? ""], refusal });
      effects.push(`${names[index]} on ${step.node}${refusal === undefined ? "" : ` (refused: ${refusal})`}`);
      const isUnder = refusal === undefined && index + 1 < names.length;
      points.push({ effects: [...effects], world, under: isUnder ? { step, done: index + 1 } : undefined });
    },
  };
  runner.run(start, undefined, trace);
  return { points, walked };
}

/** Runs one case; the same case gives the same result, so that a failing one can be run again to tell its story. */
export function runCase(runner: Runner, point: PlanPoint, extra: ExtraFault, trace?: RunTrace): RehearsedCase {
  const { under } = point;
  runner.firstSeen = runner.start;
  runner.struckNode = extra.kind === "fault" ? extra.fault.node : undefined;
  const violations: Violation[] = [];
  const run = (world: EtcdWorld, orphan?: Parameters<Runner["run"]>[1]): RunEnd => {
    const result = runner.run(world, orphan, trace);
    violations.push(...result.violations);
    return result.end;
  };
  const goOn = (world: EtcdWorld): EtcdWorld =>
    under === undefined
      ? world
      : runner.act(world, under.step, under.done, violations, trace, extra.kind === "fault").world;
  let end: RunEnd;
  let healed: RunEnd | undefined;
  switch (extra.kind) {
    case "nothing":
      end = run(goOn(point.world));
      break;
    case "operator-killed":
      end = run(point.world);
      break;
    case "script-orphaned":
      end = run(point.world, under === undefined ? undefined : { ...under, rounds: 0, ends: "completes" });
      break;
    case "step-hangs":
      end = run(point.world, under === undefined ? undefined : { ...under, rounds: hangRounds, ends: "dies" });
      break;
    case "fault": {
      // A disk is lost with what runs on it; every other script goes on.
      const isDead = extra.fault.kind === "disk-lost" && under?.step.node === extra.fault.node;
      const faulted = injectEtcdFault(point.world, extra.fault);
      // What a script does that could not know of the fault is the fault's.
      const struck = isDead ? faulted : goOn(faulted);
      if (point.effects.length === 0) runner.firstSeen = struck;
      end = run(struck);
      violations.push(...compareWithFaultAlone(runner.start, struck, extra, end, under !== undefined));
      if (extra.heal !== undefined) healed = run(injectEtcdFault(end.world, extra.heal));
      break;
    }
  }
  return { point, extra, end, healed, violations };
}

/** No quorum lost, and no harm done, that the faults alone would not have. */
function compareWithFaultAlone(
  start: EtcdWorld,
  struck: EtcdWorld,
  extra: Extract<ExtraFault, { kind: "fault" }>,
  end: RunEnd,
  isBlind: boolean,
): readonly Violation[] {
  // What is broken already is counted as lost: a member whose files are gone votes only until it next starts, and one that
  // comes up without them has forgotten what it voted for.
  const sound = new Set(soundVoters(start));
  const alone = worldNodes(start)
    .filter((node) => (node.isRunning || node.data.kind !== "present") && !sound.has(node.name))
    .reduce(
      (world, node) => changeNode(world, node.name, { ...endProcess(undefined), ...pausedFields(world, node) }),
      start,
    );
  const lone = injectEtcdFault(alone, extra.fault);
  const group = trueCluster(lone);
  const voters = Math.max(worldNodes(start).length, group === undefined ? 0 : votersOf(group).length);
  // A member that comes up with an empty disk under its old id has forgotten what it voted for: its vote proves nothing.
  const forgetful = extra.fault.kind === "disk-lost" ? extra.fault.node : undefined;
  const stands = soundVoters(lone).filter((name) => name !== forgetful).length >= quorumOf(voters);
  const found: Violation[] = [];
  if (stands && !isQuorate(end.world))
    found.push({ checker: "quorum-kept", text: "the fault alone would have left a quorum, and none is left" });
  const known = new Set(injectEtcdFault(start, extra.fault).harm.map((harm) => `${harm.kind} ${harm.node}`));
  // A machine that comes up with an empty disk does what its supervisor does, whoever was at work on it before.
  const since = extra.fault.kind === "disk-lost" || isBlind ? struck : start;
  for (const harm of end.world.harm.slice(since.harm.length))
    if (!known.has(`${harm.kind} ${harm.node}`))
      found.push({ checker: harm.kind === "writes-lost" ? "writes-kept" : "one-cluster", text: harm.text });
  return found;
}

function lostBy(start: EtcdWorld, end: EtcdWorld): number | undefined {
  const after = trueCluster(end);
  if (after?.origin !== "restored") return undefined;
  const acknowledged = trueCluster(start)?.revision ?? 0;
  const kept = Math.max(0, ...end.backups.map((backup) => backup.revision));
  return Math.max(0, acknowledged - kept);
}

/** Is anything to be done at all? */
export function isIdle(subject: EtcdSubject, world: EtcdWorld): boolean {
  const plan = planWorld(subject, world);
  return plan.steps.length === 0 && plan.blockers.length === 0;
}
