// The file:// state backend, laid out as the Pulumi CLI lays it out, so that either tool can go on from the other's
// state. Source: pulumi/pulumi pkg/backend/diy.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { inputError, stateError, unsupportedError } from "../model/errors";
import { replaceFile, syncDirectory } from "./durable-file";
import { type Project, pulumiHome } from "./project";

const filePrefix = "file://";
const useTheCli = "use the pulumi CLI for this stack";

/** Where the state of a project's stacks lies. */
export interface FileBackend {
  /** As the user wrote it; shown in messages. */
  readonly url: string;
  /** Absolute path of the folder that holds `.pulumi`. */
  readonly root: string;
}

function readLoginUrl(env: NodeJS.ProcessEnv): string | undefined {
  try {
    const text = readFileSync(join(pulumiHome(env), "credentials.json"), "utf8");
    const current: unknown = (JSON.parse(text) as Record<string, unknown>).current;
    return typeof current === "string" && current !== "" ? current : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Finds the backend: PULUMI_BACKEND_URL, else `backend.url` of Pulumi.yaml, else where the user last logged in with the
 * Pulumi CLI, else file://~. A relative path is relative to the working folder, as it is for the Pulumi CLI.
 *
 * @throws RecoveryError "unsupported" when it is not a file:// URL.
 */
export function findBackend(project: Project, cwd: string, env: NodeJS.ProcessEnv): FileBackend {
  const fromEnv = env.PULUMI_BACKEND_URL;
  const url = (fromEnv === "" ? undefined : fromEnv) ?? project.backendUrl ?? readLoginUrl(env) ?? "file://~";
  if (!url.startsWith(filePrefix)) {
    throw unsupportedError(`the state backend ${url} is not a folder (file://...); ${useTheCli}`, {
      hint: "set PULUMI_BACKEND_URL to a file:// URL to keep this stack's state in a folder",
    });
  }
  const path = url.slice(filePrefix.length).split("?")[0] ?? "";
  const expanded = path.startsWith("~") ? join(env.HOME ?? homedir(), path.slice(1)) : path;
  return { url, root: resolve(cwd, expanded) };
}

/** The state file of a stack. */
export function stateFile(backend: FileBackend, project: string, stack: string): string {
  return join(backend.root, ".pulumi", "stacks", project, `${stack}.json`);
}

/**
 * Makes the backend's folders and its layout file if it is new.
 *
 * @throws RecoveryError "unsupported" when it uses another layout.
 */
export function openBackend(backend: FileBackend): void {
  const meta = join(backend.root, ".pulumi", "meta.yaml");
  if (existsSync(meta)) {
    const version: unknown = (parse(readFileSync(meta, "utf8")) as Record<string, unknown> | null)?.version;
    if (version === 1) return;
    throw unsupportedError(`${meta}: layout version ${String(version)} is not 1; ${useTheCli}`);
  }
  const stacks = join(backend.root, ".pulumi", "stacks");
  const legacy = existsSync(stacks) && readdirSync(stacks).some((name) => name.endsWith(".json"));
  if (legacy) {
    throw unsupportedError(`${stacks} has the old layout without projects; ${useTheCli}`, {
      hint: "`pulumi state upgrade` converts it",
    });
  }
  if (!existsSync(backend.root)) {
    throw inputError(`the state folder ${backend.root} does not exist`, {
      hint: `make it (mkdir -p ${backend.root}) or set PULUMI_BACKEND_URL to another one`,
    });
  }
  mkdirSync(dirname(meta), { recursive: true, mode: 0o700 });
  writeFileSync(meta, "version: 1\n");
}

/** Names of a project's stacks, sorted. */
export function listStacks(backend: FileBackend, project: string): readonly string[] {
  const directory = dirname(stateFile(backend, project, "any"));
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(".json") && !name.startsWith("."))
    .map((name) => name.slice(0, -".json".length))
    .sort();
}

/** Text of a stack's state file; undefined when there is no such stack. */
export function readState(backend: FileBackend, project: string, stack: string): string | undefined {
  const path = stateFile(backend, project, stack);
  for (const extension of [".gz", ".zst"]) {
    if (existsSync(`${path}${extension}`)) {
      throw unsupportedError(`${path}${extension} is compressed; ${useTheCli}`);
    }
  }
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw stateError(`the state file ${path} cannot be read`, { cause, hint: "check the file's owner and mode" });
  }
}

/** Replaces a stack's state file; the one before stays as `.bak`. */
export function writeState(backend: FileBackend, project: string, stack: string, text: string): void {
  const path = stateFile(backend, project, stack);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  replaceFile(path, text, { backup: true });
}

/** Removes a stack; its last state stays as `.bak`. */
export function removeState(backend: FileBackend, project: string, stack: string): void {
  const path = stateFile(backend, project, stack);
  replaceFile(`${path}.bak`, readFileSync(path, "utf8"), { backup: false });
  rmSync(path);
  syncDirectory(dirname(path));
}
