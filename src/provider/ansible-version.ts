// Asks an ansible-playbook for its version, before a recovery depends on it.

import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { inputError } from "../model/errors";

/**
 * What `ansible-playbook --version` prints.
 * @throws RecoveryError "input" when there is no such program, or it does not say.
 */
export function readAnsibleVersion(program: string): string {
  try {
    accessSync(program, constants.X_OK);
  } catch {
    throw inputError(`${program} is not there or cannot be run`, { hint: "name an ansible-playbook that can" });
  }
  try {
    // It starts a Python that may have to be compiled first.
    return execFileSync(program, ["--version"], {
      encoding: "utf8",
      timeout: 60_000,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (cause) {
    const lines = cause instanceof Error ? cause.message.trim().split("\n") : [String(cause)];
    throw inputError(`${program} --version fails: ${lines.at(-1)}`, {
      cause,
      hint: "name an ansible-playbook that works",
    });
  }
}
