// Running a program to its end. (execa cannot be imported from CommonJS TypeScript under tsx.)

import { spawn } from "node:child_process";

/** How a program ended. */
export interface ProcessResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 124 when it was killed for running past `timeoutMs`, 128 when a signal ended it otherwise. */
  readonly exitCode: number;
}

/** What a program is given. */
export interface ProcessOptions {
  /** Text for its stdin; empty by default. */
  readonly input?: string;
  /** No limit by default. */
  readonly timeoutMs?: number;
}

/** Runs a program; a failure is a result, not an exception. */
export function runProcess(
  program: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    let isLate = false;
    const limit = options.timeoutMs;
    const alarm =
      limit === undefined
        ? undefined
        : setTimeout(() => {
            isLate = true;
            child.kill("SIGKILL");
          }, limit);
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // A program that ends without reading its input closes the pipe: its exit code tells, not this error.
    child.stdin.on("error", () => undefined).end(options.input ?? "");
    child.once("error", (error) => resolve({ stdout, stderr: error.message, exitCode: 127 }));
    child.once("close", (code) => {
      clearTimeout(alarm);
      resolve({ stdout, stderr, exitCode: isLate ? 124 : (code ?? 128) });
    });
  });
}

/** Runs a program that has to succeed and returns its output. */
export async function outputOf(
  program: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<string> {
  const result = await runProcess(program, args, options);
  if (result.exitCode !== 0) {
    const tail = `${result.stdout}${result.stderr}`.slice(-2000);
    throw new Error(`${program} ${args.join(" ")}: exit code ${result.exitCode}: ${tail}`);
  }
  return result.stdout;
}
