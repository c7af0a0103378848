// A directory for control sockets and pinned host keys that nobody else can look into.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory of our own, mode 0700. */
export interface PrivateDirectory {
  readonly path: string;
  /** Removes it with all that is in it. */
  remove(): void;
}

// A socket's path may have 104 bytes on BSD and macOS, 108 on Linux. Behind the directory come "/99-", 40 digits of %C and
// the 17 characters that ssh adds while it binds.
const directoryBytesMax = 104 - 1 - 4 - 40 - 17;

/** Makes a private directory. In /tmp where the usual place has a path that is too long, or has what ssh would expand. */
export function privateDirectory(): PrivateDirectory {
  const usual = join(tmpdir(), "quorate-");
  const isUsable = Buffer.byteLength(usual) + 6 <= directoryBytesMax && /^[A-Za-z0-9/._-]+$/.test(usual);
  const path = mkdtempSync(isUsable ? usual : "/tmp/quorate-");
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
