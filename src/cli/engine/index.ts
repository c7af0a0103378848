// The embedded engine's commands: preview, up, refresh, destroy, cancel, stack ..., config ....

import type { Command } from "commander";
import { addConfigCommands } from "./config-commands";
import type { EngineCommandContext } from "./context";
import { addDeployCommands } from "./deploy-commands";
import { addStackCommands } from "./stack-commands";

export { type EngineCommandContext, processContext, renderError, runCommand } from "./context";

/** Adds the engine's commands to the program. Names of options and exit codes are those of the Pulumi CLI. */
export function registerEngineCommands(program: Command, context: EngineCommandContext): void {
  addDeployCommands(program, context);
  addStackCommands(program, context);
  addConfigCommands(program, context);
}
