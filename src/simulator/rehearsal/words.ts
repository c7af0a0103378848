// A rehearsal in words: what was searched, what was proved, and for a failure the shortest sequence that shows it.

import { worldNodes } from "../etcd/etcd-world";
import { planWorld } from "./etcd-subject";
import type { Exploration } from "./explore";
import { describeExtra } from "./extra-faults";
import { Runner } from "./run-to-end";
import { type Rehearsal, type RehearsedCase, runCase } from "./search";

/** The outcome of a rehearsal as lines. */
export function describeRehearsal(rehearsal: Rehearsal): readonly string[] {
  const { points, cases, failures, start, subject, lostRevisions } = rehearsal;
  const members = worldNodes(start).length;
  const plan = planWorld(subject, start);
  const effects = points.length - 1;
  const lines = [
    `etcd of ${members} member${members === 1 ? "" : "s"}: ${plan.assessment.verdict.summary}`,
    `searched: ${points.length} prefixes of a plan of ${effects} effect${effects === 1 ? "" : "s"}, each crossed with one more fault: ${cases} cases${describeDraw(rehearsal)} (${rehearsal.plans} plans made)`,
  ];
  if (failures.length > 0) return [...lines, ...describeFailures(failures, rehearsal)];
  const ends = [...rehearsal.ends]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([end, count]) => `  ${count} ${wordOfEnd(end)}`);
  return [
    ...lines,
    "proved: no act of the plan loses a quorum or an acknowledged write that the faults alone would not have lost;",
    "        no empty cluster is begun, nothing is taken away that is not kept, and what is paused is put back;",
    "        every case ends restored, or refused with a reason that its state gives, and goes on when the fault is over:",
    ...ends,
    ...(lostRevisions === undefined
      ? []
      : [
          `the restore that is asked for gives up ${lostRevisions} acknowledged revision${lostRevisions === 1 ? "" : "s"} newer than its source`,
        ]),
  ];
}

function describeDraw({ drawn }: Rehearsal): string {
  return drawn === undefined ? "" : `, drawn from ${drawn.casesInAll} with seed ${drawn.seed}`;
}

function wordOfEnd(end: string): string {
  if (end === "restored") return "cases end restored";
  if (end === "stuck") return "cases end waiting for a node that is out of order, and go on when it is mended";
  return `cases end ${end.replace("refused: ", "refused by ")}`;
}

function describeFailures(failures: readonly RehearsedCase[], rehearsal: Rehearsal): readonly string[] {
  const [shortest] = [...failures].sort((a, b) => a.point.effects.length - b.point.effects.length);
  if (shortest === undefined) return [];
  const rules = [...new Set(failures.flatMap((failure) => failure.violations.map((one) => one.checker)))].sort();
  return [
    `FAILED: ${failures.length} case${failures.length === 1 ? "" : "s"} break ${rules.join(", ")}`,
    "the shortest:",
    ...tellCase(rehearsal, shortest).map((line) => `  ${line}`),
  ];
}

/** One case step by step: the prefix, the fault, what followed, and what is wrong with it. */
export function tellCase(rehearsal: Rehearsal, found: RehearsedCase): readonly string[] {
  const lines: string[] = [...found.point.effects, `* ${describeExtra(found.extra)}`];
  runCase(new Runner(rehearsal.subject, rehearsal.start), found.point, found.extra, {
    planned: (plan) => {
      if (plan.steps.length === 0)
        lines.push(
          `the plan ends: ${plan.assessment.verdict.kind}, ${plan.blockers.map((one) => one.reason).join(", ") || "no blocker"}`,
        );
    },
    acted: (step, index, _world, refusal) =>
      void lines.push(
        `${step.kind}.${index + 1} on ${step.node}${refusal === undefined ? "" : ` (refused: ${refusal})`}`,
      ),
  });
  return [...lines.slice(0, 60), ...found.violations.slice(0, 5).map((one) => `=> ${one.checker}: ${one.text}`)];
}

/** The outcome of an exploration as lines. */
export function describeExploration(exploration: Exploration): readonly string[] {
  const marks = (name: string, counted: ReadonlyMap<string, number>) =>
    `${name}: ${
      [...counted]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([mark, count]) => `${mark} ${count}`)
        .join(", ") || "none"
    }`;
  return [
    `seed ${exploration.seed}: ${exploration.runs} runs, ${exploration.cases} cases, ${exploration.plans} plans made`,
    marks("verdicts", exploration.verdicts),
    marks("steps", exploration.steps),
    marks("refusals", exploration.reasons),
    ...exploration.failures.flatMap(({ scenario, rehearsal }) => [
      `FAILED: ${scenario.name}: ${describeScene(scenario)}`,
      ...rehearsal.failures.slice(0, 1).flatMap((one) => tellCase(rehearsal, one).map((line) => `  ${line}`)),
    ]),
    exploration.failures.length === 0
      ? "no rule was broken"
      : `${exploration.failures.length} runs broke a rule; again: quorate rehearse --runs ${exploration.runs} --seed ${exploration.seed}`,
  ];
}

function describeScene({ topology, faults, declaration }: Exploration["failures"][number]["scenario"]): string {
  const what = faults.map(({ fault }) => `${fault.kind} ${fault.node}`).join(", ") || "no fault";
  const stands =
    topology.kind === "etcd"
      ? `${topology.members}+${topology.joining} ${topology.runner} ${topology.version}`
      : topology.kind;
  return `${stands}; ${what}; ${declaration.repairSeveral ? "repairSeveral; " : ""}${declaration.restore === undefined ? "no restore" : "restore"}`;
}

/** A failing case as data. */
export function summariseFailure(rehearsal: Rehearsal, found: RehearsedCase) {
  return {
    sequence: tellCase(rehearsal, found),
    rules: [...new Set(found.violations.map((one) => one.checker))].sort(),
  };
}
