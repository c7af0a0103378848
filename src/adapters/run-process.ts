// Runs one program to its end. execa does it; it is an ES module whose dependencies cannot be required, so it is imported
// when it is first needed.

import type { Options } from "execa";
import type { ScriptRun } from "./script-run";

/** What a program gets and how long it may take. */
export interface ProcessOptions {
  /** Its standard input; none when not given. */
  readonly input?: string;
  readonly timeoutMs: number;
  /** Added to our own environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs a program in a session of its own: it finds no terminal to ask at, a ^C that is meant for quorate does not reach
 * it, and it is not ended when quorate is. Never throws: a program that cannot be started has no exit code and says why on
 * `stderr`.
 */
export async function runProcess(file: string, words: readonly string[], options: ProcessOptions): Promise<ScriptRun> {
  const { execa } = await import("execa");
  const settings = {
    reject: false,
    encoding: "buffer",
    detached: true,
    cleanup: false,
    timeout: options.timeoutMs,
    killSignal: "SIGKILL",
    env: { ...options.environment },
    ...(options.input === undefined ? { stdin: "ignore" } : { input: options.input }),
  } as const satisfies Options;
  const running = execa(file, [...words], settings);
  // An ssh that shares a connection gives its pipes to the master. When it is killed they stay open there, as long as the
  // command on the node runs; nothing more comes from them.
  running.once("exit", (_code, signal) => {
    if (signal === null) return;
    running.stdout?.destroy();
    running.stderr?.destroy();
  });
  const result = await running;
  const stderr = Buffer.from(result.stderr ?? []).toString("utf8");
  return {
    stdout: result.stdout ?? new Uint8Array(),
    stderr: result.exitCode === undefined && stderr === "" ? String(result.shortMessage) : stderr,
    exitCode: result.exitCode,
    isTimedOut: result.timedOut,
  };
}

/** What a program printed, as text. */
export function textOf(run: ScriptRun): string {
  return Buffer.from(run.stdout).toString("utf8");
}
