// Runs a command of the engine in this process, in a workspace.

import { Readable } from "node:stream";
import { Command } from "commander";
import { registerEngineCommands } from "../../src/cli/engine";
import type { Workspace } from "./workspace";

/** What it printed, and its exit code in words. */
export async function quorate(workspace: Workspace, args: readonly string[]): Promise<string> {
  let printed = "";
  const program = new Command("quorate");
  registerEngineCommands(program, {
    cwd: workspace.project,
    env: workspace.env,
    stdin: Readable.from([]),
    stdout: { write: (text) => (printed += text) },
    stderr: { write: (text) => (printed += text) },
    exit: (code) => (printed += `exit code ${code}\n`),
    onInterrupt: () => () => undefined,
  });
  await program.parseAsync(args, { from: "user" });
  return printed;
}
