// `quorate runbook`: the plan of a stack as a document that an engineer can follow by hand.

import * as fs from "node:fs";
import * as path from "node:path";
import type { Command } from "commander";
import { inputError } from "../model/errors";
import { runbookFolderVariable, runbookSecretsVariable } from "../provider/keep-runbook";
import { type EngineCommandContext, runCommand } from "./engine";
import { previewIntoFolder } from "./preview-folder";

interface RunbookOptions {
  readonly stack?: string;
  readonly cwd?: string;
  readonly output?: string;
  readonly showSecrets?: boolean;
}

/** Adds `runbook` to the program. */
export function registerRunbookCommand(program: Command, context: EngineCommandContext): void {
  program
    .command("runbook")
    .description("print every step that up would take, to be followed by hand; changes nothing")
    .option("-s, --stack <name>", "the stack; else PULUMI_STACK, else the selected one")
    .option("-C, --cwd <dir>", "run as if started in this folder")
    .option("-o, --output <file>", "write it to a file, mode 0600, instead of the terminal")
    .option("--show-secrets", "print commands that hold secret values too")
    .addHelpText("after", "\nExample:\n  quorate runbook --stack prod > tonight.md")
    .action((options: RunbookOptions) => runCommand(context, () => printRunbook(context, options)));
}

async function printRunbook(context: EngineCommandContext, options: RunbookOptions): Promise<number> {
  const secrets = { [runbookSecretsVariable]: options.showSecrets === true ? "1" : "0" };
  const { result, texts } = await previewIntoFolder(context, options, runbookFolderVariable, secrets);
  const text = texts.length === 0 ? withoutSteps(result.hasChanges) : texts.join("\n\n");
  if (options.output === undefined) context.stdout.write(text);
  else writePrivately(path.resolve(context.cwd, options.output), text);
  return 0;
}

// Only control planes and what lies beside them have a runbook; a backup that is due, or a deployment, has none.
function withoutSteps(hasChanges: boolean): string {
  return hasChanges
    ? "# Runbook\n\nWhat is not as declared here cannot be followed by hand: `quorate preview` shows it, `quorate up` mends it.\n"
    : "# Runbook\n\nAll is as declared: there is nothing to do.\n";
}

// A file that was there already may be readable by everyone.
function writePrivately(file: string, text: string): void {
  try {
    const handle = fs.openSync(file, "w", 0o600);
    try {
      if (fs.fstatSync(handle).isFile()) fs.fchmodSync(handle, 0o600);
      fs.writeFileSync(handle, text);
    } finally {
      fs.closeSync(handle);
    }
  } catch (error) {
    throw inputError(`the runbook cannot be written: ${error instanceof Error ? error.message : String(error)}`, {
      hint: "name another file by --output",
    });
  }
}
