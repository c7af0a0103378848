// Writes a proven recovery to a folder: everything or nothing. The site's own variables are copied as they are, vaulted
// files unopened, because Ansible reads them from beside the inventory.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { inputError } from "../model/errors";
import type { RenderedFile } from "../model/inventory-recovery";

/** First line of a PROOF.md of ours: a folder that holds one may be replaced. */
const proofMark = "# Proof of the recovery inventory";

/**
 * Folders that belong to an inventory. kubespray keeps generated secrets in `credentials` beside it and would make new
 * ones, among them the key of the encryption at rest, in a folder without it.
 */
export const siblingFolders: readonly string[] = ["group_vars", "host_vars", "credentials", "patches"];

/**
 * Writes the files and copies what stood beside the original inventory. The folder appears complete or not at all.
 * @throws RecoveryError "input" when the folder exists and is not an earlier recovery.
 */
export function writeRecovery(folder: string, files: readonly RenderedFile[], originalFolder: string): void {
  const target = resolve(folder);
  refuseForeignFolder(target);
  mkdirSync(dirname(target), { recursive: true });
  // Beside the target, so that the rename stays on one file system.
  const temporary = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  try {
    for (const name of siblingFolders) {
      const from = join(originalFolder, name);
      if (existsSync(from))
        cpSync(from, join(temporary, name), { recursive: true, dereference: true, preserveTimestamps: true });
    }
    for (const file of files) {
      writeFileSync(join(temporary, file.path), file.text, { mode: file.isExecutable ? 0o700 : 0o600 });
    }
    const old = `${temporary}-old`;
    const isReplaced = existsSync(target);
    if (isReplaced) renameSync(target, old);
    renameSync(temporary, target);
    if (isReplaced) rmSync(old, { recursive: true });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/**
 * May the folder be written? It may be absent, or an earlier recovery that was not started.
 * @throws RecoveryError "input" otherwise.
 */
export function refuseForeignFolder(folder: string): void {
  const target = resolve(folder);
  if (!existsSync(target)) return;
  const proof = join(target, "PROOF.md");
  const isOurs = existsSync(proof) && readFileSync(proof, "utf8").startsWith(proofMark);
  const hasKept = existsSync(join(target, "preserved")) || existsSync(join(target, "started"));
  if (isOurs && !hasKept) return;
  throw inputError(
    hasKept
      ? `${target} holds a recovery that was started`
      : `${target} exists and is not an earlier recovery of quorate's`,
    { hint: "name another output folder; nothing was written" },
  );
}
