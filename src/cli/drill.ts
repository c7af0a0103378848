// `quorate drill`: a scenario in the simulator. Its time line, what was away for how long, and what to do when.

import { type Command, InvalidArgumentError } from "commander";
import type { Conversation } from "./drill-practice";

/** The words of the command. */
export interface DrillCommandOptions {
  readonly set: Readonly<Record<string, number>>;
  readonly seed?: string;
  readonly compare?: string;
  readonly interactive?: boolean;
  readonly report?: string;
  readonly serveDirector?: number;
  readonly speed: number;
  readonly json?: boolean;
}

/** What the command reaches outside its own process. */
export interface DrillPorts {
  readonly conversation: Conversation;
  readonly setExitCode: (code: number) => void;
}

const processPorts: DrillPorts = {
  conversation: { input: process.stdin, output: process.stdout },
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

/** Adds `drill` to the program. It ends with 0 when every promise was kept, 2 when one was not, 1 for an error. */
export function registerDrillCommand(program: Command, ports = processPorts): void {
  program
    .command("drill")
    .description("play an outage in the simulator: time line, recovery times against the objective, what to do when")
    .argument("<name>", "a drill, a YAML file of your own, or `list`")
    .option("--set <parameter=value>", "another value for a parameter of the model; repeat it", collectValue, {})
    .option("--seed <text>", "of all chance in it (default: the scenario's)")
    .option("--compare <design>", "two designs side by side: resurrector, zones, masters or operator")
    .option("--interactive", "stop at each event and choose what to do")
    .option("--report <file>", "write it as one HTML file too")
    .option("--serve-director <port>", "serve the scenario's BOSH director for the bosh CLI, until ^C", parsePort)
    .option("--speed <times>", "how much faster than real time the served director is", parseSpeed, 1)
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  quorate drill list\n  quorate drill seed-004 --report drill.html\n  quorate drill seed-004-outage-2 --set cellsAllocated=70\n  quorate drill lost-two-masters --compare masters\n  quorate drill seed-000 --serve-director 25555\n",
    )
    .action((name: string, options: DrillCommandOptions) => {
      // The simulator is loaded when it is asked for: it takes as long as the start of any other command.
      const { drill } = require("./drill-run") as typeof import("./drill-run");
      return drill(name, options, ports);
    });
}

function collectValue(text: string, all: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const match = /^([A-Za-z]+)=(-?[0-9.]+)$/.exec(text);
  const [, name, value] = match ?? [];
  if (name === undefined || value === undefined || Number.isNaN(Number(value)))
    throw new InvalidArgumentError("write it as PARAMETER=NUMBER, for example vmReboot=60");
  return { ...all, [name]: Number(value) };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^[0-9]+$/.test(text) || port > 65_535) throw new InvalidArgumentError("write a port from 0 to 65535");
  return port;
}

function parseSpeed(text: string): number {
  const speed = Number(text);
  if (!Number.isFinite(speed) || speed <= 0) throw new InvalidArgumentError("write a number above 0, such as 10");
  return speed;
}
