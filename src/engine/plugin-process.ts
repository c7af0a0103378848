// Starts a plugin that lies in the project, as the Node language host does, and learns the port it serves on.
// Source: pulumi/pulumi sdk/nodejs/cmd/pulumi-language-nodejs/main.go (RunPlugin).

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parse } from "yaml";
import { inputError, unsupportedError } from "../model/errors";
import { startNode, typescriptHook } from "./child-process";
import { gzipDetailsVariable } from "./grpc-call";
import { type ProjectPlugin, readRuntimeName } from "./project";

/** How long a plugin may take to serve. Generous: a cold disk and a type check of a big plugin. */
const startTimeoutMs = 120_000;

/** What a plugin is started with. */
export interface PluginStart {
  readonly plugin: ProjectPlugin;
  /** Folder that the plugin runs in: the program's. */
  readonly cwd: string;
  readonly engineAddress: string;
  readonly env: NodeJS.ProcessEnv;
  /** Called for each line that the plugin prints, except the port. */
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
}

/** A plugin that serves. */
export interface PluginProcess {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * What node is given to run the plugin: the folder's own program `pulumi-resource-<name>`, or the SDK's runner with the folder.
 * Source: pulumi/pulumi sdk/go/common/resource/plugin/plugin.go (ExecPlugin).
 */
function pluginWords(plugin: ProjectPlugin): readonly string[] {
  const program = join(plugin.directory, `pulumi-resource-${plugin.name}`);
  if (existsSync(program)) {
    const [first = ""] = readFileSync(program, "utf8").split("\n", 1);
    if (/^#!.*\bnode$/.test(first)) return [program];
    throw unsupportedError(`plugin ${plugin.name}: ${program} is no node program; use the pulumi CLI for this stack`);
  }
  checkPluginFolder(plugin);
  return ["--require", typescriptHook, locateRunner(plugin), plugin.directory];
}

function checkPluginFolder(plugin: ProjectPlugin): void {
  const file = join(plugin.directory, "PulumiPlugin.yaml");
  if (!existsSync(file)) {
    throw inputError(`plugin ${plugin.name}: ${file} does not exist`, {
      hint: "correct plugins.providers in Pulumi.yaml",
    });
  }
  const parsed = parse(readFileSync(file, "utf8")) as { readonly runtime?: unknown } | null;
  const name = readRuntimeName(parsed?.runtime);
  if (name !== "nodejs") {
    throw unsupportedError(`plugin ${plugin.name}: runtime ${name} is not nodejs; use the pulumi CLI for this stack`);
  }
}

function locateRunner(plugin: ProjectPlugin): string {
  try {
    return createRequire(join(plugin.directory, "package.json")).resolve("@pulumi/pulumi/cmd/run-plugin");
  } catch (cause) {
    throw inputError(`plugin ${plugin.name}: @pulumi/pulumi is not installed for ${plugin.directory}`, {
      cause,
      hint: "run `npm ci` in the project",
    });
  }
}

/**
 * Starts a plugin and waits for its port, the first line it prints.
 *
 * @throws RecoveryError "input" with what the plugin printed when it does not come up.
 */
export async function startPlugin(start: PluginStart): Promise<PluginProcess> {
  const words = pluginWords(start.plugin);
  const printed: string[] = [];
  let announce: (port: number) => void = () => undefined;
  const announced = new Promise<number>((resolve) => {
    announce = resolve;
  });
  let port: number | undefined;
  const child = startNode({
    args: [...words, start.engineAddress],
    cwd: start.cwd,
    // The SDK's runner would check the types of a plugin folder for seconds; this keeps its compiler off all files.
    env: { ...start.env, TS_NODE_IGNORE: ".*", [gzipDetailsVariable]: "1" },
    onLine: (stream, line) => {
      if (port === undefined && stream === "stdout" && /^\d{1,5}$/.test(line.trim())) {
        port = Number(line.trim());
        announce(port);
        return;
      }
      if (port === undefined) printed.push(line);
      start.onLine(stream, line);
    },
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), startTimeoutMs);
  });
  const first = await Promise.race([announced, child.ended.then((code) => `ended with ${code}`), late]);
  clearTimeout(timer);
  if (typeof first === "number") return { port: first, stop: () => child.stop() };
  await child.stop();
  const why = first === "late" ? `did not serve within ${startTimeoutMs / 1000} s` : first;
  throw inputError(`plugin ${start.plugin.name} ${why}: ${printed.slice(0, 3).join(" ").trim()}`, {
    hint: `start it by hand to see more: node ${words.join(" ")} 127.0.0.1:1`,
  });
}
