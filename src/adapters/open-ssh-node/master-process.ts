// Starts ssh so that it goes into the background once it is connected, with nothing of ours attached to it but a file for
// its errors: execa would attach pipes and wait for them.

import { spawn } from "node:child_process";
import { sshEnvironment } from "./ssh-options";

/** How the foreground half of the process ended. */
export interface MasterStart {
  /** 0: connected, and the background half goes on. Undefined: killed. */
  readonly exitCode: number | undefined;
  readonly isTimedOut: boolean;
  /** Why it could not be started at all. */
  readonly failure: string | undefined;
}

/** Starts ssh with these arguments; resolves when it has gone into the background or has ended. */
export function startMaster(
  sshArguments: readonly string[],
  errorDescriptor: number,
  timeoutMs: number,
): Promise<MasterStart> {
  return new Promise((resolve) => {
    const child = spawn("ssh", [...sshArguments], {
      stdio: ["ignore", "ignore", errorDescriptor],
      detached: true,
      env: { ...process.env, ...sshEnvironment },
    });
    let isTimedOut = false;
    const timer = setTimeout(() => {
      isTimedOut = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    const end = (exitCode: number | undefined, failure?: string) => {
      clearTimeout(timer);
      resolve({ exitCode, isTimedOut, failure });
    };
    child.on("error", (error) => end(undefined, error.message));
    child.on("exit", (code) => end(code ?? undefined));
  });
}
