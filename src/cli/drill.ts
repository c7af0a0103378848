// `quorate drill`: a scenario in the simulator. Its time line, what was away for how long, and what to do when.

import * as fs from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { inputError } from "../model/errors";
import { renderBoshStep } from "../render/bosh-step-command";
import { reportOfDrill } from "../render/drill-report";
import { describeComparison, describeDrill } from "../render/drill-text";
import { renderReport } from "../render/report";
import { renderStep } from "../render/step-command";
import { type DrillFile, type DrillOptions, findDrills, listDrills, openDrills, playDrill } from "../simulator/drill";
import { serveDrillDirector } from "./drill-director";
import { type Conversation, playInteractively } from "./drill-practice";

interface DrillCommandOptions {
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
    .action((name: string, options: DrillCommandOptions) => drill(name, options, ports));
}

async function drill(name: string, options: DrillCommandOptions, ports: DrillPorts): Promise<void> {
  const { output } = ports.conversation;
  if (name === "list") return list(options.json === true, output);
  // A director has scenarios of its own, some of which are no outage to be played in time.
  if (options.serveDirector !== undefined)
    return serveDrillDirector(name, options.serveDirector, options.speed, options.seed);
  const files = findDrills(name);
  const [first] = files;
  const played: DrillOptions = {
    isScripted: options.interactive !== true,
    parameters: options.set,
    seed: options.seed,
    renderStep,
    renderBoshStep,
  };
  if (options.interactive === true) {
    if (first === undefined || files.length > 1 || options.compare !== undefined || options.json === true)
      throw inputError(`--interactive plays one drill: ${files.map((file) => file.name).join(", ")}`, {
        hint: "name one of them, without --compare and --json",
      });
  }
  const results = [];
  for (const file of files) {
    for (const session of openDrills(file, played, options.compare)) {
      results.push(
        options.interactive === true ? await playInteractively(session, ports.conversation) : await playDrill(session),
      );
    }
  }
  if (options.report !== undefined) fs.writeFileSync(options.report, renderReport(results.map(reportOfDrill)));
  if (options.json === true) output.write(`${JSON.stringify({ drills: results }, undefined, 2)}\n`);
  else if (options.compare !== undefined) output.write(describePairs(results));
  else output.write(results.map(describeDrill).join("\n"));
  if (options.report !== undefined && options.json !== true) output.write(`\nwrote ${options.report}\n`);
  const isKept = results.every(({ isRecovered, figures }) => isRecovered && figures.every(({ isMet }) => isMet));
  ports.setExitCode(isKept ? 0 : 2);
}

function describePairs(results: Parameters<typeof describeComparison>[0]): string {
  const names = [...new Set(results.map(({ name }) => name))];
  return names.map((name) => describeComparison(results.filter((result) => result.name === name))).join("\n");
}

function list(isJson: boolean, output: NodeJS.WritableStream): void {
  const drills = listDrills();
  if (isJson) {
    const shown = drills.map(({ name, title, kind }: DrillFile) => ({ name, title, kind }));
    output.write(`${JSON.stringify({ drills: shown }, undefined, 2)}\n`);
    return;
  }
  const width = Math.max(...drills.map(({ name }) => name.length));
  output.write(drills.map(({ name, title }) => `${name.padEnd(width)}  ${title}\n`).join(""));
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
