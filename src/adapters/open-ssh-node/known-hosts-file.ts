// Writes an accepted host key into the operator's file of known hosts, in place of the old ones of the same host.

import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { commandFailedError, inputError } from "../../model/errors";
import { runProcess, textOf } from "../run-process";
import type { HostKey, HostKeySource } from "./host-key";

/**
 * Replaces the keys of a host by one: in each of the operator's files the old ones go, into the first one the new one
 * comes. Certificate authorities and revoked keys stay. Each file is written anew beside the old one, which is kept as
 * `<file>.old`. Returns the file that holds the key now.
 * @throws RecoveryError code "command-failed" when ssh-keygen cannot edit a file.
 */
export async function replaceKnownKey(source: HostKeySource, key: HostKey): Promise<string> {
  const [first] = source.files;
  if (first === undefined) throw inputError(`ssh is configured to keep no known hosts for ${source.name}`);
  // The new key first: cut off in between, ssh still finds it.
  await rewrite(first, source.name, `${source.name} ${key.type} ${key.base64}\n`);
  for (const file of source.files.slice(1).filter((path) => existsSync(path))) await rewrite(file, source.name, "");
  return first;
}

async function rewrite(file: string, name: string, addition: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Where the file is a symbolic link, what it leads to is replaced, not the link.
  const path = existsSync(file) ? realpathSync(file) : file;
  const draft = `${path}.quorate-${process.pid}`;
  try {
    if (existsSync(path)) {
      copyFileSync(path, draft);
      await removeName(draft, name);
    }
    const descriptor = openSync(draft, "a", 0o600);
    const hasLastNewline = !existsSync(draft) || /(^|\n)$/.test(readFileSync(draft, "utf8"));
    writeFileSync(descriptor, hasLastNewline ? addition : `\n${addition}`);
    fsyncSync(descriptor);
    closeSync(descriptor);
    if (existsSync(path)) copyFileSync(path, `${path}.old`);
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
    rmSync(`${draft}.old`, { force: true });
  }
}

// ssh-keygen knows hashed names, several names on a line, and markers.
async function removeName(file: string, name: string): Promise<void> {
  const found = await runProcess("ssh-keygen", ["-F", name, "-f", file], { timeoutMs: 10_000 });
  if (textOf(found).trim() === "") return;
  const removal = await runProcess("ssh-keygen", ["-R", name, "-f", file], { timeoutMs: 10_000 });
  if (removal.exitCode === 0) return;
  throw commandFailedError(`ssh-keygen cannot remove the old key of ${name}`, {
    exitCode: removal.exitCode,
    stderrTail: removal.stderr.slice(-300),
    timedOut: removal.isTimedOut,
  });
}
