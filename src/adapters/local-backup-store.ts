// Backups in a folder of this machine: one folder each, named by when it was taken, with backup.json beside its files. It is
// made under another name and renamed when all of it is on the disk, so that half of one never counts.

import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type BackupRecord, backupRecordSchema, type KeptBackup } from "../model/backup";
import { inputError } from "../model/errors";
import type { LocalFile } from "../model/transfer";
import type { BackupDraft, BackupStore } from "../ports/backup-store";
import { renderBackupGuide } from "../render/backup-guide";
import { localFiles, partMark, syncPath } from "./kept-file";

const recordName = "backup.json";
/** What a killed quorate has left is removed after so long: another one may be at work in the same folder. */
const draftHoursMax = 24;

/** The backups in a folder, which need not be there yet. */
export function localBackupStore(directory: string): BackupStore {
  return {
    list: async () => readBackups(directory),
    findDamage: async (folder, record) => {
      for (const file of record.files) {
        const found = await sumOf(join(folder, file.name));
        if (found instanceof Error) return describeUnreadable(file.name, found);
        if (found !== file.sha256) return `${file.name} has another content than was recorded`;
      }
      return undefined;
    },
    findSealDamage: async (file, dataSha256) => {
      const opened = await sumOfSealed(file);
      return opened === dataSha256 ? undefined : `${basename(file.path)} cannot be opened again: ${opened}`;
    },
    begin: async () => {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      removeOldDrafts(directory);
      const draft = join(directory, `${partMark}${randomBytes(6).toString("hex")}`);
      mkdirSync(draft, { mode: 0o700 });
      return draftIn(directory, draft);
    },
    remove: async (folder) => {
      // Renamed first: what is half removed must not be taken for a backup that is damaged.
      const gone = join(directory, `${partMark}${randomBytes(6).toString("hex")}`);
      try {
        renameSync(folder, gone);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        throw error;
      }
      rmSync(gone, { recursive: true, force: true });
      syncPath(directory);
    },
  };
}

function draftIn(directory: string, draft: string): BackupDraft {
  const write = async (name: string, text: string): Promise<void> => {
    const outcome = await localFiles.write(
      { path: join(draft, name) },
      (sink) => pipeline([text], sink).catch(() => undefined),
      () => true,
    );
    if (outcome.kind === "failed") throw new Error(outcome.message);
  };
  return {
    pathOf: (name) => join(draft, name),
    keep: async (record) => {
      await write("HOW-TO-OPEN.txt", renderBackupGuide(record));
      await write(recordName, `${JSON.stringify(record, undefined, 2)}\n`);
      syncPath(draft);
      const stamp = record.takenAt.replace(/[-:]|\.\d+/g, "");
      for (let count = 1; ; count += 1) {
        const folder = join(directory, count === 1 ? stamp : `${stamp}-${count}`);
        try {
          renameSync(draft, folder);
        } catch (error) {
          // Another operator was as fast: that one's backup stays too.
          if (["ENOTEMPTY", "EEXIST"].includes(String((error as NodeJS.ErrnoException).code))) continue;
          throw error;
        }
        syncPath(directory);
        return folder;
      }
    },
    discard: async () => rmSync(draft, { recursive: true, force: true }),
  };
}

function readBackups(directory: string): readonly KeptBackup[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map((entry) => entry.name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    const why = code === "ENOTDIR" ? "it is no directory" : String(code);
    throw inputError(`the backups in ${directory} cannot be read: ${why}`, {
      hint: "name a directory of your own as `directory`",
      cause: error,
    });
  }
  return names
    .map((name) => readBackup(join(directory, name)))
    .sort((a, b) => orderOf(b).localeCompare(orderOf(a)) || b.folder.localeCompare(a.folder));
}

function orderOf(backup: KeptBackup): string {
  return backup.kind === "recorded" ? backup.record.takenAt : "";
}

function readBackup(folder: string): KeptBackup {
  try {
    const record = backupRecordSchema.parse(JSON.parse(readFileSync(join(folder, recordName), "utf8")));
    return { kind: "recorded", folder, record };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const reason = isMissing ? `it has no ${recordName}` : `its ${recordName} cannot be read`;
    return { kind: "unreadable", folder, reason };
  }
}

function removeOldDrafts(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(partMark)) continue;
    const path = join(directory, name);
    try {
      const ageHours = (Date.now() - statSync(path).mtimeMs) / 3_600_000;
      if (ageHours > draftHoursMax) rmSync(path, { recursive: true, force: true });
    } catch (error) {
      // Its owner has just renamed or removed it.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

async function sumOf(path: string): Promise<string | NodeJS.ErrnoException> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  return hash.digest("hex");
}

// One that a bad disk does not give back must not stand in the way of the next one.
function describeUnreadable(name: string, { code, message }: NodeJS.ErrnoException): string {
  return code === "ENOENT" ? `${name} is missing` : `${name} cannot be read: ${message}`;
}

async function sumOfSealed(file: LocalFile): Promise<string> {
  const { data, sums } = localFiles.read(file);
  try {
    for await (const _chunk of data);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return sums().sha256;
}

/** The record of a backup's folder. @throws Error when there is none that can be read. */
export function readBackupRecord(folder: string): BackupRecord {
  const backup = readBackup(folder);
  if (backup.kind === "recorded") return backup.record;
  throw new Error(`${folder} is no backup: ${backup.reason}`);
}
