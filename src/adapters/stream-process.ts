// Runs one program whose input or output is too long to be held: it is streamed, and only its last words are kept.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ScriptRun } from "./script-run";

/** What flows through a program and how long it may take. */
export interface StreamOptions {
  /** Goes into its standard input first. */
  readonly head: string;
  /** Goes in behind it. */
  readonly input?: Readable;
  /** Takes its standard output, and is ended with it. Undefined: the end of it is in what comes back. */
  readonly output?: Writable;
  readonly timeoutMs: number;
  /** Added to our own environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** More than any result line and last words of a tool. */
const wordsCharactersMax = 64 * 1024;

/**
 * Runs a program in a session of its own, as {@link runProcess} does. Never throws: a program that cannot be started has no
 * exit code and says why on `stderr`. What goes wrong with `input` or `output` is theirs to tell: the program just ends.
 */
export async function streamProcess(
  file: string,
  words: readonly string[],
  options: StreamOptions,
): Promise<ScriptRun> {
  const child = spawn(file, [...words], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, ...options.environment },
  });
  const said = { stdout: "", stderr: "" };
  const listen = (name: "stdout" | "stderr") =>
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] = (said[name] + text).slice(-wordsCharactersMax);
    });
  listen("stderr");
  if (options.output === undefined) listen("stdout");
  let isTimedOut = false;
  const kill = () => child.kill("SIGKILL");
  const timer = setTimeout(() => {
    isTimedOut = true;
    kill();
  }, options.timeoutMs);
  // An ssh that shares a connection gives its pipes to the master. When it is killed they stay open there.
  child.once("exit", (_code, signal) => {
    if (signal === null) return;
    child.stdout.destroy();
    child.stderr.destroy();
  });
  const closed = once(child, "close").catch((error: unknown) => {
    said.stderr ||= error instanceof Error ? error.message : String(error);
  });
  const feeding = pipeline(Readable.from(joined(options.head, options.input)), child.stdin).catch(() => {
    // A program that ends before it has read everything says why itself. An input that fails is cut off: whoever reads it
    // must not take it for whole.
    if (options.input?.errored) kill();
  });
  const draining = options.output === undefined ? undefined : pipeline(child.stdout, options.output).catch(kill);
  await closed;
  clearTimeout(timer);
  options.input?.destroy();
  await Promise.all([feeding, draining]);
  return { stdout: Buffer.from(said.stdout), stderr: said.stderr, exitCode: child.exitCode ?? undefined, isTimedOut };
}

async function* joined(head: string, input: Readable | undefined): AsyncGenerator<Uint8Array> {
  yield Buffer.from(head);
  if (input !== undefined) yield* input;
}
