// Snapshots of etcd that are kept on the operator's machine: one folder a cluster, each file named by what is known of it.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { EtcdDeclaration } from "../model/etcd-declaration";
import { type EtcdBackup, parseBackupFileName } from "../model/etcd-verdict";

/**
 * The folder for a cluster's snapshots: declared, else below `${XDG_STATE_HOME:-~/.local/state}/quorate/snapshots`, by the
 * members' peer URLs, so that two clusters never share one.
 */
export function keptSnapshotsFolder(etcd: EtcdDeclaration, environment: NodeJS.ProcessEnv = process.env): string {
  if (etcd.keptSnapshots !== undefined) return etcd.keptSnapshots;
  const state = environment.XDG_STATE_HOME || join(homedir(), ".local/state");
  const urls = Object.values(etcd.members).map((member) => member.peerUrl);
  const cluster = createHash("sha256").update(urls.sort().join(" ")).digest("hex").slice(0, 16);
  return join(state, "quorate/snapshots", cluster);
}

/** The snapshots in a folder, newest first; none when there is no folder. */
export function listKeptSnapshots(folder: string): readonly EtcdBackup[] {
  const backups = fileNames(folder).flatMap((name): readonly EtcdBackup[] => {
    const known = parseBackupFileName(name);
    return known === undefined ? [] : [{ ...known, file: join(folder, name) }];
  });
  return backups.sort((a, b) => b.takenAtSeconds - a.takenAtSeconds || b.revision - a.revision);
}

/**
 * Puts snapshots with a higher revision than the cluster has after a restore into a folder of their own. They are kept, and
 * no longer say how far the cluster had come.
 */
export function retireKeptSnapshots(folder: string, revisionMax: number, restoreName: string): void {
  const newer = listKeptSnapshots(folder).filter((backup) => backup.revision > revisionMax);
  if (newer.length === 0) return;
  const retired = join(folder, `before-${restoreName}`);
  mkdirSync(retired, { recursive: true, mode: 0o700 });
  for (const { file } of newer) renameSync(file, join(retired, file.slice(folder.length + 1)));
}

function fileNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
