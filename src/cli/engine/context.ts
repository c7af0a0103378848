// What the engine's commands need of the process they run in. Tests give their own.

import { createInterface } from "node:readline/promises";
import { inputError, isRecoveryError } from "../../model/errors";

/** A stream that text goes to. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** Where and how the commands run. */
export interface EngineCommandContext {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Called once, with the exit code of the command. */
  readonly exit: (code: number) => void;
  /** Calls back on each signal that asks to end, until the returned function is called. */
  readonly onInterrupt: (callback: () => void) => () => void;
}

/** Signals that end a run gently: ^C, a request to stop, and the loss of the terminal's connection. */
const interruptSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The process itself as the context of its commands. */
export function processContext(): EngineCommandContext {
  // A reader that has gone away (`| head`, a lost connection) must not end a run half way.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return {
    cwd: process.cwd(),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    exit: (code) => {
      process.exitCode = code;
    },
    onInterrupt: (callback) => {
      for (const signal of interruptSignals) process.on(signal, callback);
      return () => {
        for (const signal of interruptSignals) process.off(signal, callback);
      };
    },
  };
}

/** Options that every command has. */
export interface LocationOptions {
  readonly stack?: string;
  readonly cwd?: string;
}

/** One sentence, and what to do. Never a stack trace for what can be expected. */
export function renderError(error: unknown): string {
  if (!isRecoveryError(error))
    return `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
  const problems = error.problems.map((problem) => `  * ${problem}\n`).join("");
  const hint = error.hint === undefined ? "" : `  ${error.hint}\n`;
  return `error: ${error.message}\n${problems}${hint}`;
}

/** Runs a command; an error is printed and becomes exit code 1. */
export async function runCommand(context: EngineCommandContext, command: () => Promise<number>): Promise<void> {
  try {
    context.exit(await command());
  } catch (error) {
    context.stderr.write(renderError(error));
    context.exit(1);
  }
}

/** Asks a question on the terminal; only "yes" is a yes. */
export async function confirm(context: EngineCommandContext, question: string): Promise<boolean> {
  const reader = createInterface({ input: context.stdin });
  try {
    context.stdout.write(`${question} [yes/no] `);
    const { value } = (await reader[Symbol.asyncIterator]().next()) as IteratorResult<string, undefined>;
    return typeof value === "string" && /^\s*y(es)?\s*$/i.test(value);
  } finally {
    reader.close();
  }
}

/** Refuses to go on when nobody can be asked and nobody has agreed beforehand. */
export function requireConsent(context: EngineCommandContext, isAgreed: boolean, what: string): void {
  if (isAgreed || (context.stdin.isTTY === true && context.stdout.isTTY === true)) return;
  throw inputError(`${what} changes things and there is no terminal to ask on`, {
    hint: "agree beforehand with --yes",
  });
}
