// `quorate rehearse`: runs the real planner against a simulated copy and searches every prefix of its effects crossed with one
// more fault: on a copy of live nodes, or of a scenario; or explores random clusters and faults by a seed.

import { type Command, InvalidArgumentError } from "commander";
import { inputError } from "../model/errors";
import { type EngineCommandContext, runCommand } from "./engine";
import { checkWritable } from "./file-fault";

/** The words of the command. */
export interface RehearseOptions {
  readonly runs?: number;
  readonly cases?: number;
  readonly seed?: string;
  readonly save?: string;
  readonly stack?: string;
  readonly cwd?: string;
  readonly report?: string;
  readonly json?: boolean;
}

/** Adds `rehearse` to the program. It ends with 0 when all is proved, 2 when a rule is broken, 1 for an error. */
export function registerRehearseCommand(program: Command, context: EngineCommandContext): void {
  program
    .command("rehearse")
    .description("prove a plan in the simulator: every prefix of its effects crossed with one more fault")
    .argument("[scenario]", "a drill by its name, or a YAML file: a drill, or a scenario of an etcd cluster")
    .option("-s, --stack <name>", "observe the live nodes of this stack, and rehearse its plan on their copy")
    .option("-C, --cwd <dir>", "run as if started in this folder")
    .option("--runs <number>", "explore so many random clusters and faults instead", parseRuns)
    .option("--cases <number>", "play so many cases, drawn by the seed (default: all)", parseRuns)
    .option(
      "--seed <text>",
      "seed of the exploration and of what is drawn; the same seed gives the same (default: quorate)",
    )
    .option("--save <directory>", "write the smallest scenario of each failing run there")
    .option("--report <file>", "write it as one HTML file too")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  quorate rehearse --stack prod\n  quorate rehearse seed-000\n  quorate rehearse lost-member.yaml\n  quorate rehearse --runs 500 --seed tonight",
    )
    .action((file: string | undefined, options: RehearseOptions) => {
      const given = [file, options.stack, options.runs].filter((one) => one !== undefined);
      if (given.length !== 1)
        throw inputError("rehearse takes either a drill or a scenario file, --stack or --runs", {
          hint: "see `quorate rehearse --help`",
        });
      if (options.cases !== undefined && file === undefined)
        throw inputError("--cases is for a drill or a scenario file", {
          hint: "leave it out: --runs draws its own cases, and the plan of a stack is searched whole",
        });
      checkWritable(options.report);
      // The simulator is loaded when it is asked for: it takes as long as the start of any other command.
      const run = require("./rehearse-run") as typeof import("./rehearse-run");
      if (options.stack !== undefined) return runCommand(context, () => run.rehearseStack(context, options));
      if (file !== undefined)
        return run.rehearseScenario(file, options).then((code) => {
          process.exitCode = code;
        });
      process.exitCode = run.exploreRuns(options);
      return undefined;
    });
}

function parseRuns(text: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw new InvalidArgumentError("must be a whole number from 1 on");
  return Number(text);
}
