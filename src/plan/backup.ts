// What is to be done about the backups of a control plane. Pure: from what lies on the operator's machine and what the members
// of etcd said of themselves.

import { type BackupDeclaration, type BackupRecord, type KeptBackup, pkiPlaces } from "../model/backup";
import { answered } from "../model/etcd-observation";
import type { EtcdMemberSettings } from "../model/etcd-settings";
import type { EtcdSaveSnapshotStep } from "../model/etcd-step";
import type { EtcdNodeView } from "../model/etcd-verdict";
import type { CollectPkiStep } from "../model/transfer";
import { adoptableRevision } from "./etcd/adopt";
import { saveSnapshot } from "./etcd/make-steps";
import { healthyVoters, type Planning } from "./etcd/planning";
import { planningOver } from "./etcd/views";

/** A backup whose files are what was recorded. */
export type VerifiedBackup = Extract<KeptBackup, { kind: "recorded" }>;

/** A clock that was wrong may have dated a backup into the future; so much is let pass, hours. */
const futureHoursMax = 1;

/** Why a backup is due; undefined: the newest verified one is young enough. */
export interface Overdue {
  /** When the newest verified one was taken, or "none". */
  readonly newest: string;
  /** One clause. */
  readonly because: string;
}

/** What a backup is compared with. */
export interface BackupNeed {
  /** Of the cluster that answers; undefined: none does. */
  readonly clusterId: string | undefined;
  /** Declared nodes that answer. */
  readonly answering: readonly string[];
  readonly maxAgeHours: number;
  readonly nowMs: number;
}

/** Is a backup due? One that was taken while a node did not answer is not enough once that node does. */
export function judgeNewest(
  newest: VerifiedBackup | undefined,
  { clusterId, answering, maxAgeHours, nowMs }: BackupNeed,
): Overdue | undefined {
  if (newest === undefined) return { newest: "none", because: "there is no verified backup" };
  const { takenAt } = newest.record;
  const ageHours = (nowMs - Date.parse(takenAt)) / 3_600_000;
  const overdue = (because: string): Overdue => ({ newest: takenAt, because });
  if (clusterId !== undefined && newest.record.clusterId !== clusterId) {
    return overdue(`it is of cluster ${newest.record.clusterId}, and cluster ${clusterId} answers now`);
  }
  if (isFromFuture(newest, nowMs)) return overdue("it is dated into the future: a clock was wrong");
  if (ageHours > maxAgeHours) return overdue(`it is older than ${maxAgeHours} h`);
  const without = answering.filter((node) => !nodesIn(newest.record).includes(node));
  if (without.length > 0) return overdue(`it is without the certificates and keys of ${without.join(", ")}`);
  return undefined;
}

/** Was it dated by a clock that was wrong? Such a one stays the newest for as long as its date lies ahead. */
export function isFromFuture({ record }: VerifiedBackup, nowMs: number): boolean {
  return Date.parse(record.takenAt) - nowMs > futureHoursMax * 3_600_000;
}

/**
 * Backups that may go: of this cluster and older than the `keep` newest verified ones. `verified` are newest first. None of
 * another cluster, none that is damaged or dated into the future, and no newest one with the certificates of some node is
 * ever in it: those may be all that is left of something.
 */
export function chooseExpired(
  verified: readonly VerifiedBackup[],
  clusterId: string,
  keep: number,
  nowMs: number,
): readonly VerifiedBackup[] {
  const own = verified.filter((backup) => backup.record.clusterId === clusterId && !isFromFuture(backup, nowMs));
  const held = new Set<string>();
  return own.filter(({ record }, index) => {
    const isLast = nodesIn(record).some((node) => !held.has(node));
    if (index >= Math.max(keep, 1) && !isLast) return true;
    for (const node of nodesIn(record)) held.add(node);
    return false;
  });
}

/**
 * Judges the members of which a backup is to be taken. What the newest verified one holds must still be there: a wiped member
 * that answers healthy would push the good ones out. A single member of which there is no backup is taken as it is, unless
 * its store is empty.
 */
export function judgeMembers(
  declared: BackupDeclaration,
  views: readonly EtcdNodeView[],
  newest: VerifiedBackup | undefined,
): Planning {
  const answering = views.flatMap((view) => {
    const status = view.kind === "observed" ? answered(view.etcd.status) : undefined;
    return status === undefined ? [] : [status.clusterId];
  });
  // A cluster under another id was rebuilt on purpose, from an older revision maybe.
  const isOfAnother = answering.length > 0 && !answering.some((id) => id === newest?.record.clusterId);
  const floor = isOfAnother ? undefined : newest?.record.revision;
  const planning = planningOver(declared.etcd, views, floor);
  const adopted = floor === undefined ? adoptableRevision(planning.assessment, views) : undefined;
  return adopted === undefined ? planning : planningOver(declared.etcd, views, adopted);
}

/** The snapshot and where it comes from, or why there can be none. */
export type BackupPlan =
  | {
      readonly kind: "ready";
      readonly clusterId: string;
      readonly snapshot: EtcdSaveSnapshotStep;
      readonly pki: readonly CollectPkiStep[];
      /** One sentence on the choice of the member. */
      readonly source: string;
    }
  | { readonly kind: "blocked"; readonly message: string; readonly nextStep: string };

/** Plans a backup through the cheapest healthy member: a follower before the leader. */
export function planBackup(declared: BackupDeclaration, planning: Planning): BackupPlan {
  const { quorum, verdict } = planning.assessment;
  const [source] = healthyVoters(planning);
  if (quorum === undefined || source === undefined) {
    return {
      kind: "blocked",
      message: `no snapshot can be taken: no healthy member of etcd answers in a quorum (${verdict.summary})`,
      nextStep: "repair etcd first; what is kept already stays",
    };
  }
  // One name for all routine snapshots: at most one of them lies on a node. It begins with the cluster's id, so that it also
  // serves as the one that is preserved before surgery while it is young.
  const reason = "a verified snapshot is kept off the nodes";
  const { paths, excluded } = pkiPlaces(declared);
  return {
    kind: "ready",
    clusterId: quorum.clusterId,
    snapshot: saveSnapshot(planning, source.node, `${quorum.clusterId}-routine.db`, reason),
    pki: Object.keys(declared.nodes)
      .sort()
      .map((node) => ({
        kind: "collectPki",
        node,
        reason: "without the certificate authorities' keys every certificate of the cluster would have to be made anew",
        paths,
        excluded,
      })),
    source: `snapshot through ${source.node}, ${source.isLeader ? "the leader, as no follower is healthy" : "a healthy follower"}`,
  };
}

/** The step that brings a saved snapshot to the operator's machine. */
export function collectSnapshotOf(save: EtcdSaveSnapshotStep, at: EtcdMemberSettings, sha256: string) {
  const { node, subject, path } = save;
  const reason = "a snapshot that lies on a member only is lost with it";
  return { kind: "etcdCollectSnapshot", node, subject, reason, at, path, sha256 } as const;
}

/** What a person would act on, of the newest verified backup. Stable: it changes when another one is the newest. */
export function describeNewest(backup: VerifiedBackup | undefined) {
  if (backup === undefined) return undefined;
  const { record, folder } = backup;
  const snapshot = record.files.find((file) => file.role === "snapshot");
  return {
    folder,
    takenAt: record.takenAt,
    clusterId: record.clusterId,
    revision: String(record.revision),
    snapshotSha256: snapshot?.dataSha256 ?? "",
    isEncrypted: record.isEncrypted,
    nodes: nodesIn(record),
  };
}

/** The nodes whose certificates and keys a backup holds, sorted. */
export function nodesIn(record: BackupRecord): readonly string[] {
  return record.files
    .filter((file) => file.role === "pki")
    .map((file) => file.node)
    .sort();
}
