// Asks an ansible-playbook for its version, and whether that will do, before a recovery depends on it.

import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { ansibleViolation } from "../inventory/ansible-bound";
import { inputError } from "../model/errors";
import type { KubesprayTree, Violation } from "../model/inventory-recovery";

/**
 * Why the ansible-playbook that is named cannot be used with a tag; undefined when it can, or when either is not known.
 * @throws RecoveryError "input" when there is no such program, or it does not say its version.
 */
export function findAnsibleFault(tree: KubesprayTree | undefined, program: string | undefined): Violation | undefined {
  if (tree === undefined || program === undefined) return undefined;
  return ansibleViolation(tree, program, readAnsibleVersion(program));
}

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
