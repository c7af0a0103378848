// The project file, Pulumi.yaml: what program and plugins there are, and which stack was selected for it.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { inputError, unsupportedError } from "../model/errors";

/** A plugin that lies in the project, as `plugins.providers` names it. */
export interface ProjectPlugin {
  readonly name: string;
  /** Absolute path of its folder. */
  readonly directory: string;
}

/** What Pulumi.yaml says. */
export interface Project {
  readonly name: string;
  /** Absolute path of the folder of Pulumi.yaml. */
  readonly root: string;
  /** Absolute path of Pulumi.yaml. */
  readonly file: string;
  /** Absolute path of the program's folder. */
  readonly programDirectory: string;
  /** What is run in that folder: "." for the folder itself, else a file name. */
  readonly entryPoint: string;
  /** Absolute path of the folder of Pulumi.<stack>.yaml. */
  readonly stackConfigDirectory: string;
  /** True when every operation reads the live state of everything first. */
  readonly refreshAlways: boolean;
  readonly plugins: readonly ProjectPlugin[];
  /** URL of the state backend; undefined when the file names none. */
  readonly backendUrl: string | undefined;
}

const fileNames = ["Pulumi.yaml", "Pulumi.yml"];
const useTheCli = "use the pulumi CLI for this stack";

function findProjectFile(start: string): string {
  for (let directory = resolve(start); ; directory = dirname(directory)) {
    for (const name of fileNames) if (existsSync(join(directory, name))) return join(directory, name);
    if (dirname(directory) === directory) break;
  }
  throw inputError(`no Pulumi.yaml in ${resolve(start)} or any folder above it`, {
    hint: "run the command in the project's folder or name it with --cwd",
  });
}

type Json = Readonly<Record<string, unknown>>;

function asObject(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** The name in a `runtime` of Pulumi.yaml or PulumiPlugin.yaml, which is written alone or beside its options. */
export function readRuntimeName(runtime: unknown): string {
  return String(typeof runtime === "string" ? runtime : asObject(runtime).name);
}

function checkRuntime(fields: Json, file: string): void {
  const name = readRuntimeName(fields.runtime);
  if (name !== "nodejs") throw unsupportedError(`${file}: runtime "${name}" is not nodejs; ${useTheCli}`);
}

function parsePlugins(fields: Json, root: string, file: string): readonly ProjectPlugin[] {
  const providers = asObject(fields.plugins).providers;
  if (providers === undefined) return [];
  if (!Array.isArray(providers)) throw inputError(`${file}: plugins.providers is not a list`);
  return providers.map((item, index) => {
    const { name, path } = asObject(item);
    if (typeof name !== "string" || typeof path !== "string") {
      throw inputError(`${file}: plugins.providers[${index}] needs a name and a path`);
    }
    return { name, directory: resolve(root, path) };
  });
}

/** Splits `main` into the folder that the program runs in and what is run there. */
function parseMain(main: unknown, root: string): { readonly programDirectory: string; readonly entryPoint: string } {
  if (typeof main !== "string" || main === "") return { programDirectory: root, entryPoint: "." };
  const path = resolve(root, main);
  const isFile = existsSync(path) ? readFileKind(path) === "file" : /\.[cm]?[jt]s$/.test(path);
  return isFile
    ? { programDirectory: dirname(path), entryPoint: path.slice(dirname(path).length + 1) }
    : { programDirectory: path, entryPoint: "." };
}

function readFileKind(path: string): "file" | "directory" {
  try {
    readFileSync(path);
    return "file";
  } catch {
    return "directory";
  }
}

/**
 * Reads the project that a folder belongs to.
 *
 * @throws RecoveryError "input" when there is none or it is wrong, "unsupported" when its runtime is not nodejs.
 */
export function readProject(start: string): Project {
  const file = findProjectFile(start);
  const root = dirname(file);
  let fields: Json;
  try {
    fields = asObject(parse(readFileSync(file, "utf8")));
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    throw inputError(`${file} is not YAML: ${reason}`, { cause });
  }
  const { name } = fields;
  if (typeof name !== "string" || !/^[\w.-]{1,100}$/.test(name)) {
    throw inputError(`${file}: name has to be 1 to 100 letters, digits, "_", "-" or "."`);
  }
  checkRuntime(fields, file);
  const configDirectory = fields.stackConfigDir;
  const backend = asObject(fields.backend).url;
  return {
    name,
    root,
    file,
    ...parseMain(fields.main, root),
    stackConfigDirectory: typeof configDirectory === "string" ? resolve(root, configDirectory) : root,
    refreshAlways: asObject(fields.options).refresh === "always",
    plugins: parsePlugins(fields, root, file),
    backendUrl: typeof backend === "string" ? backend : undefined,
  };
}

/** Where the Pulumi CLI keeps what belongs to the user: PULUMI_HOME, else ~/.pulumi. */
export function pulumiHome(env: NodeJS.ProcessEnv): string {
  const home = env.PULUMI_HOME;
  return home !== undefined && home !== "" ? home : join(env.HOME ?? homedir(), ".pulumi");
}

function selectionFile(project: Project, env: NodeJS.ProcessEnv): string {
  const digest = createHash("sha1").update(project.file).digest("hex");
  return join(pulumiHome(env), "workspaces", `${project.name}-${digest}-workspace.json`);
}

/** The stack selected by this tool or by the Pulumi CLI; undefined when none is. */
export function readSelectedStack(project: Project, env: NodeJS.ProcessEnv): string | undefined {
  try {
    const { stack } = asObject(JSON.parse(readFileSync(selectionFile(project, env), "utf8")));
    return typeof stack === "string" && stack !== "" ? stack.slice(stack.lastIndexOf("/") + 1) : undefined;
  } catch {
    return undefined;
  }
}

/** Records the selected stack where the Pulumi CLI looks for it. */
export function writeSelectedStack(project: Project, env: NodeJS.ProcessEnv, stack: string | undefined): void {
  const path = selectionFile(project, env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `${JSON.stringify(stack === undefined ? {} : { stack }, undefined, 4)}\n`, { mode: 0o600 });
}

/** A stack name has to fit into a file name. */
export function checkStackName(name: string): string {
  if (/^[\w.-]{1,100}$/.test(name) && name !== "." && name !== "..") return name;
  throw inputError(`${JSON.stringify(name)} is not a stack name: 1 to 100 letters, digits, "_", "-" or "."`);
}
