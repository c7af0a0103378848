// `quorate rehearse`: runs the real planner against a simulated copy and searches every prefix of its effects crossed with one
// more fault; or explores random clusters and faults by a seed.

import * as fs from "node:fs";
import * as path from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { stringify } from "yaml";
import { inputError } from "../model/errors";
import { type Exploration, explore } from "../simulator/rehearsal/explore";
import { sceneOf } from "../simulator/rehearsal/scenario-subject";
import { type Rehearsal, rehearse } from "../simulator/rehearsal/search";
import { describeExploration, describeRehearsal, summariseFailure } from "../simulator/rehearsal/words";
import { parseScenario, type Scenario } from "../simulator/scenario";

interface RehearseOptions {
  readonly runs?: number;
  readonly seed?: string;
  readonly save?: string;
  readonly json?: boolean;
}

/** Adds `rehearse` to the program. It ends with 0 when all is proved, 2 when a rule is broken, 1 for an error. */
export function registerRehearseCommand(program: Command): void {
  program
    .command("rehearse")
    .description("prove a plan in the simulator: every prefix of its effects crossed with one more fault")
    .argument("[scenario]", "a scenario file (YAML) that says what stands and what is broken")
    .option("--runs <number>", "explore so many random clusters and faults instead", parseRuns)
    .option("--seed <text>", "seed of the exploration; the same seed gives the same runs (default: quorate)")
    .option("--save <directory>", "write the smallest scenario of each failing run there")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  quorate rehearse lost-member.yaml\n  quorate rehearse --runs 500 --seed tonight",
    )
    .action((file: string | undefined, options: RehearseOptions) => {
      if ((file === undefined) === (options.runs === undefined))
        throw inputError("rehearse takes either a scenario file or --runs", { hint: "see `quorate rehearse --help`" });
      if (file === undefined) exploreRuns(options);
      else rehearseFile(file, options);
    });
}

function rehearseFile(file: string, options: RehearseOptions): void {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (cause) {
    throw inputError(`the scenario ${file} cannot be read`, { hint: "give the path of a YAML file", cause });
  }
  const scenario = parseScenario(text, file);
  const { subject, world } = sceneOf(scenario);
  const rehearsal = rehearse(subject, world);
  const isProved = rehearsal.failures.length === 0;
  print(options, [`${scenario.name}: ${scenario.title}`, ...describeRehearsal(rehearsal)], {
    scenario: scenario.name,
    isProved,
    ...figuresOf(rehearsal),
  });
  process.exitCode = isProved ? 0 : 2;
}

function exploreRuns(options: RehearseOptions): void {
  const exploration = explore({
    seed: options.seed ?? "quorate",
    runs: options.runs ?? 1,
    onRun: (run) => {
      if (process.stderr.isTTY && options.json !== true) process.stderr.write(`\rrun ${run + 1}`);
    },
  });
  if (options.save !== undefined) saveFailures(exploration, options.save);
  const isProved = exploration.failures.length === 0;
  print(options, describeExploration(exploration), {
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
  process.exitCode = isProved ? 0 : 2;
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

function print(options: RehearseOptions, lines: readonly string[], value: object): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value, undefined, 2)}\n` : `${lines.join("\n")}\n`);
}

function parseRuns(text: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw new InvalidArgumentError("must be a whole number from 1 on");
  return Number(text);
}
