// Runs the program as the Node language host does.
// Source: pulumi/pulumi sdk/nodejs/cmd/pulumi-language-nodejs/main.go (execNodejs).

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { inputError, unsupportedError } from "../model/errors";
import { deferredModulesHook, type NodeChild, startNode, typescriptHook } from "./child-process";
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

/** Type of the modules of the package that a folder belongs to. Source: nodejs.org/api/packages.html#type. */
function moduleTypeOf(directory: string): unknown {
  for (let folder = directory; ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file)) return (JSON.parse(readFileSync(file, "utf8")) as { readonly type?: unknown }).type;
    if (dirname(folder) === folder) return undefined;
  }
}

/** TypeScript is compiled when it is required, and an ES module is not required. Node 22.18 and later runs it without that. */
function refuseTypeScriptModules(directory: string, entryPoint: string): void {
  const main = join(directory, entryPoint);
  const isTypeScript = main.endsWith(".ts") || existsSync(join(main, "index.ts"));
  if (!isTypeScript || "typescript" in process.features || moduleTypeOf(directory) !== "module") return;
  throw unsupportedError(
    `the program in ${directory} is TypeScript as ES modules ("type": "module" in package.json), which needs Node.js 22.18`,
    { hint: "leave the type out of package.json, or use a newer Node.js" },
  );
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
  refuseTypeScriptModules(project.programDirectory, project.entryPoint);
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
      "--require",
      typescriptHook,
      "--require",
      deferredModulesHook,
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
      // The runner's own compiler takes a second to load; types were checked when the program was written.
      PULUMI_NODEJS_TYPESCRIPT: "false",
    },
    onLine,
  });
}
