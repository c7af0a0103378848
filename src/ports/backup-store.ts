// Where backups are kept on the operator's machine, at the level of meaning.

import type { BackupRecord, KeptBackup } from "../model/backup";
import type { LocalFile } from "../model/transfer";

/** A backup that is being taken: nobody counts it before it is kept. */
export interface BackupDraft {
  /** The path of a file of this name in the draft. */
  pathOf(name: string): string;
  /** Records it and gives it its place; answers with its folder. @throws Error when the disk does not take it. */
  keep(record: BackupRecord): Promise<string>;
  /** Removes it with all that is in it. Safe after `keep`. */
  discard(): Promise<void>;
}

/** The backups in one folder. */
export interface BackupStore {
  /** All of them, newest first. Drafts do not count. @throws Error when the folder cannot be read. */
  list(): Promise<readonly KeptBackup[]>;
  /** What is wrong with the files of a backup; undefined: all are there with the content that was recorded. */
  findDamage(folder: string, record: BackupRecord): Promise<string | undefined>;
  /** Does the file open with its passphrase to this content? The reason why not. */
  findSealDamage(file: LocalFile, dataSha256: string): Promise<string | undefined>;
  /** Begins one. @throws Error when the disk does not take it. */
  begin(): Promise<BackupDraft>;
  /** Removes a backup. */
  remove(folder: string): Promise<void>;
}
