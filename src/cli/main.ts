// `quorate`: the one place that knows every command.

import * as fs from "node:fs";
import * as path from "node:path";
import { Command } from "commander";
import { isRecoveryError } from "../model/errors";
import { observeSite } from "../provider/observe-site";
import { registerCaptureCommand } from "./capture";
import { registerDoctorCommand } from "./doctor";
import { registerDrillCommand } from "./drill";
import { registerEngineCommands } from "./engine";
import { processContext } from "./engine/context";
import { registerInventoryCommand } from "./inventory";
import { registerRehearseCommand } from "./rehearse";
import { registerRestorePkiCommand } from "./restore-pki";
import { registerRunbookCommand } from "./runbook";
import { registerTrustCommand } from "./trust";

function createProgram(): Command {
  const program = new Command("quorate")
    .description(
      "control-plane recovery as code: preview what broke on the live nodes, up restores it one step at a time",
    )
    .version(packageVersion())
    .showHelpAfterError("(see --help)");
  registerEngineCommands(program, processContext());
  registerDoctorCommand(program);
  registerDrillCommand(program);
  registerCaptureCommand(program);
  registerInventoryCommand(program, { observe: observeSite });
  registerRestorePkiCommand(program);
  registerRunbookCommand(program, processContext());
  registerRehearseCommand(program, processContext());
  registerTrustCommand(program);
  return program;
}

function packageVersion(): string {
  const file = path.join(__dirname, "../../package.json");
  return (JSON.parse(fs.readFileSync(file, "utf8")) as { version: string }).version;
}

// One sentence, then each problem, then what to do. A stack trace is shown for our own bugs only.
function reportError(error: unknown): void {
  if (!isRecoveryError(error) || error.code === "invariant") {
    process.stderr.write(
      `error: this is a bug in quorate: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return;
  }
  const problems = error.problems.map((problem) => `  * ${problem}\n`).join("");
  const hint = error.hint === undefined ? "" : `  next: ${error.hint}\n`;
  process.stderr.write(`error: ${error.message}\n${problems}${hint}`);
}

createProgram()
  .parseAsync(process.argv)
  .catch((error: unknown) => {
    reportError(error);
    process.exitCode = 1;
  });
