// Rehearses the repair of files and services on nodes: the real converge, cut off at every effect of its plan, crossed with
// one more fault, and gone on with by another operator; once more when the fault has ended.

import { type ConvergeResult, converge, observeAll, type Planner } from "../../converge/round";
import type { ControlPlaneDeclaration } from "../../model/declaration";
import { isEtcdStep } from "../../model/etcd-step";
import { isSettled, type Plan } from "../../model/plan";
import type { RehearsalSummary } from "../../model/rehearsal";
import { effectsOfKind, type NodeChangeStep, type Step, subjectOf } from "../../model/step";
import { planControlPlane } from "../../plan/control-plane";
import { advance } from "../advance";
import { checkRun } from "../checkers";
import { injectFault } from "../faults";
import { OperatorKilled, simulatedClock, simulatedNodes } from "../simulated-nodes";
import { nodeNames, type World } from "../world";
import { memoryWorld, type WorldHolder } from "../world-holder";
import type { Violation } from "./act-checkers";
import { describeNodeExtra, type NodeExtra, nodeExtras } from "./node-extras";
import { drawCases, type PlayedCase, type PlayedRehearsal, type PlayOptions } from "./played";

/** What is rehearsed beside the world. */
export interface NodeSubject {
  readonly plane: ControlPlaneDeclaration;
  readonly seed: string;
  /** The planner under test. Default: the real one. */
  readonly planner?: Planner;
  /** How a step is shown. Default: by its kind. */
  readonly show?: (step: Step) => { readonly title: string; readonly command?: string };
}

/** A moment of the plan. */
interface NodeMoment {
  /** Effects that have happened, in words. */
  readonly effects: readonly string[];
  /** As the step under way begins, or as the plan has ended. */
  readonly world: World;
  /** The step that is under way, and how many of its effects have happened; undefined behind the last one. */
  readonly under: { readonly step: NodeChangeStep; readonly done: number } | undefined;
}

const proof = [
  "proved: no act of the plan does harm that the faults alone would not have done; nothing is left in a manifest",
  "        directory that was neither there nor declared, and what is replaced is kept;",
  "        every round ends settled or with its reason, a node in trouble keeps no other from its repair, and all goes on",
  "        when the fault is over:",
];

// A quarter of an hour: longer than any wait of a converge and than the kubelet's longest back-off.
const quietSeconds = 900;
const roundsMax = 3;

/** See the head of this file. */
export async function rehearseNodes(
  subject: NodeSubject,
  start: World,
  options: PlayOptions = {},
): Promise<PlayedRehearsal> {
  const { plane, seed } = subject;
  const { moments, steps } = await walk(subject, start);
  const all = moments.flatMap((moment) =>
    nodeExtras(moment.world, moment.under?.step).map((extra) => ({ moment, extra })),
  );
  const { chosen, drawnBy } = drawCases(all, options);
  const cases: PlayedCase[] = [];
  for (const { moment, extra } of chosen) {
    options.onCase?.(cases.length, chosen.length);
    cases.push(await playCase(subject, moment, extra));
  }
  const plan = planOf(subject, await observeAll(plane, simulatedNodes(memoryWorld(start), { plane })));
  const count = nodeNames(start).length;
  const wrong = [
    ...plan.drifts.map(({ kind, node }) => `${kind} on ${node}`),
    ...plan.problems.map((one) => one.message),
  ];
  return {
    what: `control plane of ${count} node${count === 1 ? "" : "s"}: ${wrong.join("; ") || "all is as declared"}`,
    seed,
    steps,
    moments: moments.length,
    casesInAll: all.length,
    drawnBy,
    cases,
    proof,
    members: nodeNames(start).map((name) => {
      const own = plan.drifts.filter(({ node }) => node === name).map(({ kind }) => kind);
      return { name, health: own.length === 0 ? "up" : "down", detail: own.join("; ") || "as declared" };
    }),
  };
}

function planOf({ planner = planControlPlane, plane }: NodeSubject, observations: Parameters<Planner>[1]): Plan {
  return planner(plane, observations);
}

/** The run in which nothing more goes wrong, and its moments. */
async function walk(
  subject: NodeSubject,
  start: World,
): Promise<{ readonly moments: readonly NodeMoment[]; readonly steps: RehearsalSummary["steps"] }> {
  const holder = memoryWorld(start);
  const moments: NodeMoment[] = [];
  const steps: RehearsalSummary["steps"][number][] = [];
  const happened: string[] = [];
  await run(subject, holder, (step, outcome) => {
    const world = holder.read();
    const names = effectsOfKind[step.kind];
    if (outcome === undefined) {
      names.forEach((_, done) => {
        const before = names.slice(0, done).map((name) => `${name} on ${step.node}`);
        moments.push({ effects: [...happened, ...before], world, under: { step, done } });
      });
      return;
    }
    // A failing step's outcome begins with the effect that failed.
    const failedAt = names.findIndex((name) => outcome.startsWith(`${name}: `));
    const done = names.slice(0, failedAt === -1 ? names.length : failedAt);
    happened.push(...done.map((name) => `${name} on ${step.node}`));
    const shown = subject.show?.(step) ?? { title: `${step.kind} ${subjectOf(step)}` };
    const refusal = outcome === "" ? {} : { refusal: outcome };
    steps.push({ ...shown, node: step.node, reason: step.reason, effects: done, ...refusal });
  });
  moments.push({ effects: happened, world: holder.read(), under: undefined });
  return { moments, steps };
}

/** One converge to its end; undefined when its operator was killed on the way. `hear`: an outcome of "" is a success. */
async function run(
  subject: NodeSubject,
  holder: WorldHolder,
  hear: (step: NodeChangeStep, outcome: string | undefined) => void = () => {},
): Promise<ConvergeResult | undefined> {
  const { plane, planner = planControlPlane } = subject;
  try {
    return await converge({
      plane,
      nodes: simulatedNodes(holder, { plane }),
      clock: simulatedClock(holder),
      planner,
      onEvent: (event) => {
        if (event.kind !== "step-started" && event.kind !== "step-ended") return;
        // The etcd of such a world is not declared: its plan is searched by itself.
        if (isEtcdStep(event.step)) return;
        if (event.kind === "step-started") hear(event.step, undefined);
        else hear(event.step, event.outcome.kind === "done" ? "" : event.outcome.message);
      },
    });
  } catch (error) {
    if (error instanceof OperatorKilled) return undefined;
    throw error;
  }
}

async function playCase(subject: NodeSubject, moment: NodeMoment, extra: NodeExtra): Promise<PlayedCase> {
  const story: string[] = [];
  const tell = (step: NodeChangeStep, outcome: string | undefined) => {
    if (outcome !== undefined)
      story.push(`${step.kind} ${subjectOf(step)} on ${step.node}${outcome === "" ? "" : ` failed: ${outcome}`}`);
  };
  const before = await strike(subject, moment, extra);
  const holder = memoryWorld(before);
  const result = await run(subject, holder, tell);
  const second = await run(subject, holder, tell);
  if (result === undefined || second === undefined) return nobodyLeft(moment, extra, story);
  // What was set going does its harm some time after the round has ended.
  const after = advance(holder.read(), quietSeconds);
  const control = advance(before, (after.timeMs - before.timeMs) / 1000);
  const violations: Violation[] = checkRun({ plane: subject.plane, before, after, control, result, second }).map(
    ({ checker, message }) => ({ checker, text: message }),
  );
  violations.push(...checkBlame(result, extra));
  violations.push(...(await checkGoesOn(subject, after, extra, tell)));
  return { prefix: moment.effects, extra: describeNodeExtra(extra), story, end: endOf(result), violations };
}

function nobodyLeft(moment: NodeMoment, extra: NodeExtra, story: readonly string[]): PlayedCase {
  const violations = [{ checker: "goes-on", text: "an operator was killed whom nobody was to kill" }];
  return { prefix: moment.effects, extra: describeNodeExtra(extra), story, end: "stuck", violations };
}

/** The world after the prefix and the fault. A script that was under way goes on without its operator, unless the fault ends it. */
async function strike({ plane }: NodeSubject, { world, under }: NodeMoment, extra: NodeExtra): Promise<World> {
  const cut = async (how: "kill-operator" | "cut-link" | "lose-power", script: "dies" | "goes-on"): Promise<World> => {
    if (under === undefined) return world;
    const interruption = { node: under.step.node, afterEffects: under.done, skip: 0, how, script };
    const holder = memoryWorld(injectFault(world, { kind: "interruption", ...interruption }));
    try {
      await simulatedNodes(holder, { plane, operator: { holder: "first", host: "laptop" } }).apply(under.step);
    } catch (error) {
      if (!(error instanceof OperatorKilled)) throw error;
    }
    return holder.read();
  };
  switch (extra.kind) {
    case "nothing":
      return world;
    case "interrupted":
      return cut(extra.how, extra.script);
    case "fault":
      return injectFault(
        under === undefined || under.done === 0 ? world : await cut("cut-link", "goes-on"),
        extra.fault,
      );
  }
}

/** A refusal names the node that is in trouble, and what the trouble is. */
function checkBlame({ plan }: ConvergeResult, extra: NodeExtra): readonly Violation[] {
  const allowed = extra.kind === "nothing" ? [] : extra.reasons;
  const node = extra.kind === "nothing" ? "" : extra.node;
  return plan.blockers
    .filter((blocker) => blocker.node !== node || !allowed.includes(blocker.reason))
    .map(({ reason, node: blamed }) => ({
      checker: "right-reason",
      text: `${blamed} is refused by ${reason}, which the state does not give`,
    }));
}

/** When the fault is over, and what it broke is put right by whoever has to, all comes to be as declared. */
async function checkGoesOn(
  subject: NodeSubject,
  world: World,
  extra: NodeExtra,
  tell: Parameters<typeof run>[2],
): Promise<readonly Violation[]> {
  if (extra.kind === "fault" && extra.isLasting) return [];
  const heal = extra.kind === "nothing" ? undefined : extra.heal;
  const healed = heal === undefined ? world : injectFault(world, heal);
  const holder = memoryWorld({ ...healed, interruptions: [] });
  for (let round = 0; round < roundsMax; round += 1) {
    const result = await run(subject, holder, tell);
    await simulatedClock(holder).sleep(quietSeconds * 1000);
    // What was well a quarter of an hour later was well.
    if (result === undefined || !isSettled(result.plan)) continue;
    const { plane } = subject;
    const plan = planOf(subject, await observeAll(plane, simulatedNodes(holder, { plane })));
    if (isSettled(plan)) return [];
  }
  return [{ checker: "goes-on", text: `not as declared ${roundsMax} rounds after the fault was over` }];
}

function endOf({ plan, failures }: ConvergeResult): string {
  if (isSettled(plan) && failures.length === 0) return "restored";
  const reasons = [...new Set(plan.blockers.map(({ reason }) => reason))].sort();
  if (reasons.length > 0) return `refused: ${reasons.join(", ")}`;
  return failures.length > 0 ? "given up with its reason, for the next round" : "with what no step mends named";
}
