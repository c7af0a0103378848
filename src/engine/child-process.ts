// Starts the program and plugins as children that cannot outlive the engine, and hands on what they print by lines.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** How long a child may take to end after being asked. */
const endGraceMs = 2_000;

/** What is run. */
export interface ChildOptions {
  /** Arguments of node: the script and its own. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Called for each whole line. */
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
}

/** A running child. */
export interface NodeChild {
  readonly pid: number | undefined;
  /** Resolves with the exit code, or the signal's name, when the child has ended and all it printed was handed on. */
  readonly ended: Promise<number | string>;
  /** Asks it to end, and ends it after a grace period. */
  stop(): Promise<void>;
}

function readLines(stream: Readable | null, onLine: (line: string) => void): Promise<void> {
  if (stream === null) return Promise.resolve();
  const reader = createInterface({ input: stream });
  reader.on("line", onLine);
  return new Promise((resolve) => reader.once("close", resolve));
}

function waitForExit(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
}

/** Preloaded: runs TypeScript files as they are. */
export const typescriptHook = join(__dirname, "typescript.js");

/** Preloaded into programs: keeps the SDK from loading what they hardly ever need. */
export const deferredModulesHook = join(__dirname, "deferred-modules.js");

/** Starts node with descriptor 3 as its tie to this process. */
export function startNode(options: ChildOptions): NodeChild {
  const child = spawn(process.execPath, ["--require", join(__dirname, "parent-watch.js"), ...options.args], {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // A group of its own: ^C on the terminal is for the engine alone, which lets running operations finish.
    detached: true,
  });
  const exit = waitForExit(child);
  const printed = Promise.all([
    readLines(child.stdout, (line) => options.onLine("stdout", line)),
    readLines(child.stderr, (line) => options.onLine("stderr", line)),
  ]);
  // A grandchild may hold the pipes open after the child has ended; its output is not waited for long.
  const drained = exit.then(async (code) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, endGraceMs);
    });
    await Promise.race([printed, late]);
    clearTimeout(timer);
    return code;
  });
  return { pid: child.pid, ended: drained, stop: () => stopChild(child, exit) };
}

async function stopChild(child: ChildProcess, exit: Promise<number | string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => killGroup(child), endGraceMs);
  await exit;
  clearTimeout(timer);
}

/** Ends the child with everything that it has started. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended in this very moment.
  }
}
