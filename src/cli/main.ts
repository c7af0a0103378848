// `quorate`: the one place that knows every command. Only what the command at hand needs is loaded.

import { Command } from "commander";
import { isRecoveryError } from "../model/errors";
import { packageVersion } from "../model/package-folder";
import { type CommandGroup, commandGroups } from "./command-groups";
import { fileFaultOf } from "./file-fault";

function createProgram(groups: readonly CommandGroup[]): Command {
  const program = new Command("quorate")
    .description(
      "control-plane recovery as code: preview what broke on the live nodes, up restores it one step at a time",
    )
    .version(packageVersion())
    .showHelpAfterError("(see --help)");
  for (const group of groups) group.register(program);
  return program;
}

/** The group of the command that is asked for; all of them for a list, a suggestion or a mistake. */
function groupsFor([first = "--help"]: readonly string[]): readonly CommandGroup[] {
  if (first === "--version" || first === "-V") return [];
  const group = commandGroups.find(({ commands }) => commands.includes(first));
  return group === undefined ? commandGroups : [group];
}

// One sentence, then each problem, then what to do. A stack trace is shown for our own bugs only.
function reportError(thrown: unknown): void {
  const error = fileFaultOf(thrown) ?? thrown;
  if (!isRecoveryError(error) || error.code === "invariant") {
    // A stack is put into words when it is first asked for: from here on in the lines of the sources.
    (require("source-map-support") as { install(): void }).install();
    process.stderr.write(
      `error: this is a bug in quorate: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return;
  }
  const problems = error.problems.map((problem) => `  * ${problem}\n`).join("");
  const hint = error.hint === undefined ? "" : `  next: ${error.hint}\n`;
  process.stderr.write(`error: ${error.message}\n${problems}${hint}`);
}

createProgram(groupsFor(process.argv.slice(2)))
  .parseAsync(process.argv)
  .catch((error: unknown) => {
    reportError(error);
    process.exitCode = 1;
  });
