// What `quorate rehearse` does once its words are understood.

import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { inputError } from "../model/errors";
import type { RehearsalSummary } from "../model/rehearsal";
import { rehearsalFolderVariable } from "../provider/rehearse-plane";
import { renderBoshStep } from "../render/bosh-step-command";
import { renderEtcdStep } from "../render/etcd-step-command";
import { reportOfRehearsal } from "../render/rehearsal-report";
import { renderReport } from "../render/report";
import { renderStep } from "../render/step-command";
import { guideStep } from "../render/step-guidance";
import { findDrills } from "../simulator/drill";
import { type Exploration, explore } from "../simulator/rehearsal/explore";
import { rehearseDrill, type ShowSteps } from "../simulator/rehearsal/rehearse-drill";
import type { Rehearsal } from "../simulator/rehearsal/search";
import { describeExploration, summariseFailure } from "../simulator/rehearsal/words";
import type { Scenario } from "../simulator/scenario";
import type { EngineCommandContext } from "./engine";
import type { Output } from "./engine/context";
import { previewIntoFolder } from "./preview-folder";
import type { RehearseOptions } from "./rehearse";

/**
 * Rehearses a scenario file, a drill's file, or a drill by its name, and shows what was found; the exit code.
 * @throws RecoveryError "input" for what is none of these.
 */
export async function rehearseScenario(name: string, options: RehearseOptions): Promise<number> {
  const summaries = [];
  const isTold = process.stderr.isTTY && options.json !== true;
  const sample =
    options.cases === undefined ? {} : { sample: { casesMax: options.cases, seed: options.seed ?? "quorate" } };
  // A file is taken whatever its name.
  for (const file of findDrills(isFile(name) ? path.resolve(name) : name)) {
    const onCase = (played: number, inAll: number) => {
      if (isTold) process.stderr.write(`\r${file.name}: case ${played + 1} of ${inAll}`);
    };
    try {
      summaries.push(await rehearseDrill(file, showSteps, { onCase, ...sample }));
    } finally {
      if (isTold) process.stderr.write("\r\u001b[K");
    }
  }
  return show(summaries, options, process.stdout);
}

function isFile(name: string): boolean {
  return fs.statSync(name, { throwIfNoEntry: false })?.isFile() === true;
}

const showSteps: ShowSteps = {
  etcd: (step) => ({ title: guideStep(step).title, command: renderEtcdStep(step) }),
  node: (step) => ({ title: guideStep(step).title, command: renderStep(step) }),
  bosh: (step) => ({ title: step.kind, command: renderBoshStep(step) }),
};

/** Has the nodes of a stack observed by a preview, which leaves the summary of each rehearsal in a folder of ours. */
export async function rehearseStack(context: EngineCommandContext, options: RehearseOptions): Promise<number> {
  const { texts } = await previewIntoFolder(context, options, rehearsalFolderVariable);
  if (texts.length === 0)
    throw inputError("the stack declares no control plane with etcd, so that there is nothing to rehearse", {
      hint: "`quorate preview` shows what it declares",
    });
  const summaries = texts.map((text) => JSON.parse(text) as RehearsalSummary);
  return show(summaries, options, context.stdout);
}

function show(summaries: readonly RehearsalSummary[], options: RehearseOptions, stdout: Output): number {
  if (options.report !== undefined) fs.writeFileSync(options.report, renderReport(summaries.map(reportOfRehearsal)));
  const isProved = summaries.every(({ kind }) => kind === "proved" || kind === "nothing-planned");
  const lines = summaries.flatMap(({ name, title, words }) => [`${name}: ${title}`, ...words]);
  print(stdout, options, lines, { isProved, rehearsals: summaries });
  return isProved ? 0 : 2;
}

/** Explores random clusters and faults; the exit code. */
export function exploreRuns(options: RehearseOptions): number {
  const exploration = explore({
    seed: options.seed ?? "quorate",
    runs: options.runs ?? 1,
    onRun: (run) => {
      if (process.stderr.isTTY && options.json !== true) process.stderr.write(`\rrun ${run + 1}`);
    },
  });
  if (options.save !== undefined) saveFailures(exploration, options.save);
  const isProved = exploration.failures.length === 0;
  print(process.stdout, options, describeExploration(exploration), {
    seed: exploration.seed,
    runs: exploration.runs,
    cases: exploration.cases,
    plans: exploration.plans,
    isProved,
    verdicts: Object.fromEntries(exploration.verdicts),
    steps: Object.fromEntries(exploration.steps),
    refusals: Object.fromEntries(exploration.reasons),
    failures: exploration.failures.map(({ scenario, rehearsal }) => ({ scenario, ...figuresOf(rehearsal) })),
  });
  return isProved ? 0 : 2;
}

function figuresOf(rehearsal: Rehearsal) {
  return {
    prefixes: rehearsal.points.length,
    cases: rehearsal.cases,
    plans: rehearsal.plans,
    ends: Object.fromEntries(rehearsal.ends),
    ...(rehearsal.lostRevisions === undefined ? {} : { lostRevisions: rehearsal.lostRevisions }),
    failures: rehearsal.failures.map((failure) => summariseFailure(rehearsal, failure)),
  };
}

function saveFailures(exploration: Exploration, directory: string): void {
  fs.mkdirSync(directory, { recursive: true });
  for (const { scenario } of exploration.failures)
    fs.writeFileSync(path.join(directory, `${scenario.name}.yaml`), stringify(scenario satisfies Scenario));
}

function print(stdout: Output, options: RehearseOptions, lines: readonly string[], value: object): void {
  stdout.write(options.json === true ? `${JSON.stringify(value, undefined, 2)}\n` : `${lines.join("\n")}\n`);
}
