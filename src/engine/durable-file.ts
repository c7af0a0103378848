// Replaces a file so that a crash at any moment leaves either the old or the new content, never half of one.

import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Makes a rename or removal in a folder last over a power cut. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Writes a file beside the old one, syncs it, and renames it over it; with `backup` the old one stays as `.bak`. */
export function replaceFile(path: string, content: string, options: { readonly backup: boolean }): void {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${process.pid}.tmp`);
  const handle = openSync(temporary, "w", 0o600);
  try {
    try {
      // Not writeSync: on a disk that is nearly full it writes what fits, and says no more than how much that was.
      writeFileSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (options.backup && existsSync(path)) {
    // A link and not a rename: at no moment may the stack's file be missing.
    rmSync(`${path}.bak`, { force: true });
    linkSync(path, `${path}.bak`);
  }
  renameSync(temporary, path);
  syncDirectory(directory);
}
