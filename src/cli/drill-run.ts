// What `quorate drill` does once its words are understood.

import * as fs from "node:fs";
import { inputError } from "../model/errors";
import { renderBoshStep } from "../render/bosh-step-command";
import { reportOfDrill } from "../render/drill-report";
import { describeComparison, describeDrill } from "../render/drill-text";
import { renderReport } from "../render/report";
import { renderStep } from "../render/step-command";
import { type DrillFile, type DrillOptions, findDrills, listDrills, openDrills, playDrill } from "../simulator/drill";
import type { DrillCommandOptions, DrillPorts } from "./drill";
import { serveDrillDirector } from "./drill-director";
import { playInteractively } from "./drill-practice";
import { checkWritable } from "./file-fault";

/** Plays what the words name, and sets the exit code. @throws RecoveryError "input" for a drill that is not there. */
export async function drill(name: string, options: DrillCommandOptions, ports: DrillPorts): Promise<void> {
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
  checkWritable(options.report);
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
