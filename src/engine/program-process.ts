// Runs the program as the Node language host does.
// Source: pulumi/pulumi sdk/nodejs/cmd/pulumi-language-nodejs/main.go (execNodejs).

import { createRequire } from "node:module";
import { join } from "node:path";
import { inputError } from "../model/errors";
import { type NodeChild, startNode } from "./child-process";
import { organization, type RunContext } from "./run-context";

/** The program ended with this when it has logged what is wrong itself. */
export const exitAfterLogging = 32;

function locateRunner(directory: string): string {
  try {
    return createRequire(join(directory, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  } catch (cause) {
    throw inputError(`@pulumi/pulumi is not installed for the program in ${directory}`, {
      cause,
      hint: "run `npm ci` in the project",
    });
  }
}

/** Old SDKs know keys as <namespace>:config:<name>; new ones take both. */
function renderConfig(values: Readonly<Record<string, string>>): string {
  const entries = Object.entries(values).map(([key, value]) => [key.replace(":", ":config:"), value]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** Starts the program. */
export function startProgram(
  context: RunContext,
  engineAddress: string,
  env: NodeJS.ProcessEnv,
  onLine: (stream: "stdout" | "stderr", line: string) => void,
): NodeChild {
  const { project, config } = context;
  const options: readonly (readonly [string, string])[] = [
    ["monitor", engineAddress],
    ["engine", engineAddress],
    ["organization", organization],
    ["project", project.name],
    ["root-directory", project.root],
    ["stack", context.stack],
    ["pwd", project.programDirectory],
  ];
  return startNode({
    args: [
      locateRunner(project.programDirectory),
      ...options.flatMap(([name, value]) => [`--${name}`, value]),
      ...(context.preview ? ["--dry-run"] : []),
      "--parallel",
      String(context.parallel),
      project.entryPoint,
    ],
    cwd: project.programDirectory,
    env: {
      ...env,
      PULUMI_CONFIG: renderConfig(config.values),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
      PULUMI_NODEJS_TYPESCRIPT: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    },
    onLine,
  });
}
