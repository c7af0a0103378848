// Takes one backup: a snapshot through the cheapest healthy member, certificates and keys of every node, all of it checked
// and kept on the operator's machine before it counts. Changes nothing on a node but one snapshot file.

import type { BackupDeclaration, BackupFile, BackupRecord } from "../model/backup";
import { backupRecordVersion } from "../model/backup";
import type { EtcdSnapshot } from "../model/etcd-observation";
import type { LocalFile, TransferOutcome } from "../model/transfer";
import { type BackupPlan, chooseExpired, collectSnapshotOf, type VerifiedBackup } from "../plan/backup";
import type { BackupDraft, BackupStore } from "../ports/backup-store";
import type { Clock } from "../ports/clock";
import type { NodeAccess } from "../ports/node-access";

/** What taking a backup needs. */
export interface BackupRun {
  readonly declared: BackupDeclaration;
  readonly nodes: NodeAccess;
  readonly store: BackupStore;
  readonly clock: Clock;
  readonly plan: Extract<BackupPlan, { kind: "ready" }>;
  readonly isCancelled: () => boolean;
  /** Told of each part as it begins. */
  readonly onProgress: (text: string) => void;
}

/** What came of it. */
export type BackupOutcome =
  | {
      readonly kind: "kept";
      readonly folder: string;
      readonly record: BackupRecord;
      /** Why it is not all that it should be, one sentence each. */
      readonly failures: readonly string[];
    }
  | { readonly kind: "not-kept"; readonly message: string };

/** A cut link is tried again this often. */
const attemptsMax = 2;

/** Takes a backup. Whatever goes wrong, nothing that is half done is left to be counted. */
export async function takeBackup(run: BackupRun): Promise<BackupOutcome> {
  const draft = await run.store.begin();
  try {
    return await fillDraft(run, draft);
  } finally {
    await draft.discard();
  }
}

async function fillDraft(run: BackupRun, draft: BackupDraft): Promise<BackupOutcome> {
  const { plan, clock } = run;
  const takenAt = new Date(clock.nowMs()).toISOString();
  const snapshot = await bringSnapshot(run, draft);
  if (snapshot.kind === "failed") return { kind: "not-kept", message: snapshot.message };
  const pki: BackupFile[] = [];
  const failures: string[] = [];
  for (const step of plan.pki) {
    if (run.isCancelled()) return { kind: "not-kept", message: "stopped by the operator before the backup was whole" };
    run.onProgress(`${step.node}: archive certificates and keys`);
    const name = `pki-${step.node}.tar.gz${suffix(run)}`;
    const outcome = await carried(run, draft, name, (into) => run.nodes.collect(step, into));
    if (outcome.kind === "failed")
      failures.push(`node ${step.node}: its certificates are not in it: ${outcome.message}`);
    else pki.push({ ...outcome.file, role: "pki", node: step.node });
  }
  if (pki.length === 0) return { kind: "not-kept", message: failures.join("; ") };
  const archived = new Set(pki.map((file) => file.node));
  const record: BackupRecord = {
    version: backupRecordVersion,
    takenAt,
    clusterId: plan.clusterId,
    revision: snapshot.saved.revision ?? 0,
    ...(snapshot.saved.totalKeys === undefined ? {} : { totalKeys: snapshot.saved.totalKeys }),
    isEncrypted: run.declared.passphrase !== undefined,
    files: [{ ...snapshot.file, role: "snapshot", node: plan.snapshot.node }, ...pki],
    missingNodes: Object.keys(run.declared.nodes)
      .filter((node) => !archived.has(node))
      .sort(),
  };
  return { kind: "kept", folder: await draft.keep(record), record, failures };
}

interface Carried {
  readonly name: string;
  readonly sha256: string;
  readonly dataSha256: string;
  readonly bytes: number;
}

type CarriedOutcome =
  | { readonly kind: "carried"; readonly file: Carried }
  | { readonly kind: "failed"; readonly message: string };

async function bringSnapshot(run: BackupRun, draft: BackupDraft) {
  const { nodes, plan } = run;
  const { node, at, path } = plan.snapshot;
  const failed = (message: string) => ({ kind: "failed", message: `node ${node}: ${message}` }) as const;
  run.onProgress(`${node}: save a snapshot and verify it`);
  const outcome = await nodes.apply(plan.snapshot);
  if (outcome.kind !== "done") return failed(outcome.message);
  const seen = await nodes.observe(node);
  const etcd = seen.kind === "observed" && seen.etcd?.kind === "seen" ? seen.etcd.value : undefined;
  const saved: EtcdSnapshot | undefined = etcd?.snapshots.find((snapshot) => snapshot.path === path);
  if (saved === undefined) return failed(`the snapshot ${path} is not seen there after it was saved`);
  if (!saved.isVerified) return failed(`the snapshot ${path} cannot be read back there`);
  run.onProgress(`${node}: bring the snapshot here`);
  const step = collectSnapshotOf(plan.snapshot, at, saved.sha256);
  const carriedOver = await carried(run, draft, `snapshot.db${suffix(run)}`, (into) => nodes.collect(step, into));
  if (carriedOver.kind === "failed") return failed(carriedOver.message);
  // The script on the node has compared its own file; this is what has arrived.
  if (carriedOver.file.dataSha256 !== saved.sha256) return failed("the snapshot has not arrived as it was verified");
  return { ...carriedOver, saved };
}

// A file that is sealed is opened again at once: a passphrase that does not open it must not be noticed on the worst day.
async function carried(
  run: BackupRun,
  draft: BackupDraft,
  name: string,
  collect: (into: LocalFile) => Promise<TransferOutcome>,
): Promise<CarriedOutcome> {
  const { passphrase } = run.declared;
  const into: LocalFile = { path: draft.pathOf(name), ...(passphrase === undefined ? {} : { passphrase }) };
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await collect(into);
    if (outcome.kind === "interrupted" && attempt < attemptsMax && !run.isCancelled()) continue;
    if (outcome.kind !== "done") return { kind: "failed", message: outcome.message };
    const damage = passphrase === undefined ? undefined : await run.store.findSealDamage(into, outcome.sha256);
    if (damage !== undefined) return { kind: "failed", message: damage };
    const { sha256: dataSha256, fileSha256: sha256, bytes } = outcome;
    return { kind: "carried", file: { name, sha256, dataSha256, bytes } };
  }
}

function suffix(run: BackupRun): string {
  return run.declared.passphrase === undefined ? "" : ".enc";
}

/** What lies there: the verified ones, newest first, and what is wrong with the others. */
export interface BackupListing {
  readonly verified: readonly VerifiedBackup[];
  readonly troubles: readonly string[];
}

/** Looks for verified backups from the newest on, until `wanted` says that it has seen enough. */
export async function listBackups(
  store: BackupStore,
  wanted: (verified: readonly VerifiedBackup[]) => boolean,
): Promise<BackupListing> {
  const verified: VerifiedBackup[] = [];
  const troubles: string[] = [];
  for (const backup of await store.list()) {
    if (backup.kind === "unreadable") {
      troubles.push(`${backup.folder} is no backup: ${backup.reason}`);
      continue;
    }
    if (wanted(verified)) continue;
    const damage = await store.findDamage(backup.folder, backup.record);
    if (damage === undefined) verified.push(backup);
    else troubles.push(`${backup.folder} is damaged: ${damage}`);
  }
  return { verified, troubles };
}

/** Removes what is older than the newest verified ones of this cluster. Answers with the folders that are gone. */
export async function rotateBackups(
  store: BackupStore,
  clusterId: string,
  keep: number,
  nowMs: number,
): Promise<readonly string[]> {
  const all = await store.list();
  const ofCluster = all.filter((backup) => backup.kind === "recorded" && backup.record.clusterId === clusterId);
  if (ofCluster.length <= keep) return [];
  const { verified } = await listBackups(store, () => false);
  const expired = chooseExpired(verified, clusterId, keep, nowMs);
  for (const { folder } of expired) await store.remove(folder);
  return expired.map(({ folder }) => folder);
}
