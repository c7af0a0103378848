// The lock on a stack: a file for each holder, in the form of the Pulumi CLI, so that either tool keeps the other out.
// Source: pulumi/pulumi pkg/backend/diy/lock.go.

import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { lockedError } from "../model/errors";
import { replaceFile } from "./durable-file";
import type { FileBackend } from "./file-backend";

/** Who holds a lock. Field names are those of the file. */
export interface LockHolder {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

interface FoundLock {
  readonly path: string;
  /** Undefined when the file is not readable as a lock. */
  readonly holder: LockHolder | undefined;
}

/** A lock that this process holds. */
export interface StackLock {
  /** What was done to take it, one sentence each: locks of dead processes that were removed. */
  readonly notes: readonly string[];
  /** Gives it back. May be called twice. */
  release(): void;
}

function lockDirectory(backend: FileBackend, project: string, stack: string): string {
  return join(backend.root, ".pulumi", "locks", "organization", project, stack);
}

function readHolder(path: string): LockHolder | undefined {
  try {
    const fields = JSON.parse(readFileSync(path, "utf8")) as Partial<LockHolder>;
    if (typeof fields.pid !== "number" || typeof fields.hostname !== "string") return undefined;
    return {
      pid: fields.pid,
      username: fields.username ?? "unknown",
      hostname: fields.hostname,
      timestamp: fields.timestamp ?? "an unknown time",
    };
  } catch {
    return undefined;
  }
}

function findLocks(directory: string): readonly FoundLock[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(".json") && !name.startsWith("."))
    .sort()
    .map((name) => ({ path: join(directory, name), holder: readHolder(join(directory, name)) }));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A killed process stays in the table until its parent has asked for it, which in a container may be never. */
function isZombie(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    return /^[ZX]/.test(status.slice(status.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

function isAbandoned(holder: LockHolder | undefined): holder is LockHolder {
  return holder !== undefined && holder.hostname === hostname() && !isRunning(holder.pid);
}

function describe({ path, holder }: FoundLock): string {
  if (holder === undefined) return `an unreadable lock file ${path}`;
  return `${holder.username}@${holder.hostname} (pid ${holder.pid}) since ${holder.timestamp}`;
}

function refuse(stack: string, locks: readonly FoundLock[]): never {
  throw lockedError(`stack ${stack} is locked by ${locks.map(describe).join(" and ")}`, {
    hint: "wait until that run ends; if it is certain that it no longer runs, remove the lock with `quorate cancel`",
  });
}

/**
 * Takes the lock of a stack. A lock of a process that no longer runs on this host is removed, with a note.
 *
 * @throws RecoveryError "locked" naming the holder.
 */
export function takeLock(backend: FileBackend, project: string, stack: string): StackLock {
  const directory = lockDirectory(backend, project, stack);
  const notes: string[] = [];
  for (const { path, holder } of findLocks(directory)) {
    if (!isAbandoned(holder)) continue;
    rmSync(path, { force: true });
    notes.push(
      `took over the lock of ${holder.username}@${holder.hostname} (pid ${holder.pid}), which no longer runs; ` +
        "it was interrupted, and this run goes on from what it left",
    );
  }
  const held = findLocks(directory);
  if (held.length > 0) refuse(stack, held);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const own = join(directory, `${randomUUID()}.json`);
  const holder: LockHolder = {
    pid: process.pid,
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date().toISOString(),
  };
  replaceFile(own, JSON.stringify(holder), { backup: false });
  // Two processes may have looked at the same moment: both see the other's file now and both step back.
  const others = findLocks(directory).filter(({ path }) => path !== own);
  if (others.length > 0) {
    rmSync(own, { force: true });
    refuse(stack, others);
  }
  return { notes, release: () => rmSync(own, { force: true }) };
}

/** Removes every lock of a stack and says whose they were. */
export function removeLocks(backend: FileBackend, project: string, stack: string): readonly string[] {
  return findLocks(lockDirectory(backend, project, stack)).map((lock) => {
    rmSync(lock.path, { force: true });
    return describe(lock);
  });
}
