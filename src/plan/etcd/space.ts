// A database at its quota: compact, defragment each member (leader last), disarm. Never restored: nothing is lost. What is
// still to be done is read from the members, so that a crash in between changes nothing.

import { answered } from "../../model/etcd-observation";
import type { EtcdStep } from "../../model/etcd-step";
import type { EtcdQuorum } from "../../model/etcd-verdict";
import {
  blocker,
  etcdOf,
  firstNode,
  healthyVoters,
  nothing,
  type Planning,
  type PlanPart,
  settingsOf,
} from "./planning";
import { preserve } from "./preserve";

import { isAtLeast } from "./version";

/** etcd's quota where none is set. Source: etcd server storage DefaultQuotaBytes, 2 GiB. */
const defaultQuotaBytes = 2 * 1024 ** 3;
/** Above this share of its quota a database is not given back to writers: it would be full again within the hour. */
const usedShareMax = 0.9;
/** Free pages below this share of the file are not worth stopping a member's writes for. */
const freeShareMax = 0.2;
/** Above this share a file at its quota was not defragmented since its history was dropped: afterwards next to nothing is free. */
const freeShareLeft = 0.05;

/** Plans what frees a full database. */
export function freeSpace(planning: Planning, quorum: EtcdQuorum): PlanPart {
  if (!quorum.alarms.some((alarm) => alarm.alarm === "NOSPACE")) return nothing;
  const voters = healthyVoters(planning);
  const [first] = voters;
  if (first === undefined) return nothing;
  const compacted = Math.max(0, ...voters.map((voter) => compactRevisionOf(planning, voter.node) ?? 0));
  const revision = compactionOf(planning, quorum);
  const mustCompact = revision - compacted > historyKept(quorum.revision);
  const defragmented = voters.filter((voter) => mustCompact || isFragmented(planning, voter.node));
  // A member that is replaced anyway is not defragmented, and would raise the alarm again at the next write. What its lag
  // keeps from being compacted is dropped when it is gone.
  const isFullBeside = planning.assessment.members.some((member) => member.isCounted && member.condition !== "voting");
  if (!mustCompact && defragmented.length === 0) {
    if (isFullBeside) return nothing;
    const full = voters.find((voter) => isStillFull(planning, voter.node));
    if (full !== undefined) return stillFull(planning, full.node);
  }
  const steps: EtcdStep[] = [...preserve(planning, quorum, undefined)];
  if (mustCompact) {
    const reason = `the history of ${quorum.revision - compacted} revisions fills the database`;
    const at = settingsOf(planning, first.node);
    steps.push({ kind: "etcdCompact", node: first.node, subject: String(revision), reason, at, revision });
  }
  for (const voter of defragmented) {
    const reason = `${voter.node} has to give the pages of dropped history back; it does not write meanwhile`;
    const at = settingsOf(planning, voter.node);
    const sizeMaxBytes = sizeKnownOnlyAfter(planning, voter.node);
    const bound = sizeMaxBytes === undefined ? {} : { sizeMaxBytes };
    steps.push({ kind: "etcdDefragment", node: voter.node, subject: at.name, reason, at, ...bound });
  }
  if (!isFullBeside)
    steps.push(
      disarmAlarms(planning, first.node, "there is room again, and the alarm keeps writes out until it is cleared"),
    );
  return { steps, blockers: [] };
}

/** Clears all alarms. */
export function disarmAlarms(planning: Planning, node: string, reason: string): EtcdStep {
  return { kind: "etcdDisarmAlarms", node, subject: "alarms", reason, at: settingsOf(planning, node) };
}

// Leases and watchers move the revision a little even while puts are refused; compacting for those again and again ends
// nowhere. A tenth, at most a thousand, is left.
function historyKept(revision: number): number {
  return Math.min(1000, Math.floor(revision / 10));
}

/** Just below the lowest revision that a counted voter has, so that one that lags can still be compared with the others. */
function compactionOf(planning: Planning, quorum: EtcdQuorum): number {
  const held = quorum.nodes.flatMap((node) => {
    const etcd = etcdOf(planning, node);
    return etcd === undefined ? [] : (answered(etcd.status)?.revision ?? []);
  });
  return Math.max(1, Math.min(quorum.revision, ...held) - 1);
}

function compactRevisionOf(planning: Planning, node: string): number | undefined {
  const etcd = etcdOf(planning, node);
  return etcd === undefined ? undefined : answered(etcd.hash)?.compactRevision;
}

function sizesOf(planning: Planning, node: string) {
  const etcd = etcdOf(planning, node);
  const status = etcd === undefined ? undefined : answered(etcd.status);
  if (etcd === undefined || status === undefined) return undefined;
  const quota = status.dbQuotaBytes ?? etcd.service.quotaBytes ?? defaultQuotaBytes;
  return { size: status.dbSizeBytes, inUse: status.dbSizeInUseBytes, quota, version: status.version };
}

function isFragmented(planning: Planning, node: string): boolean {
  const sizes = sizesOf(planning, node);
  if (sizes === undefined) return false;
  if (!saysWhatIsInUse(sizes)) return sizes.size > sizes.quota * usedShareMax;
  const free = sizes.size - sizes.inUse;
  const isAtQuota = sizes.size > sizes.quota * usedShareMax;
  return free > sizes.size * (isAtQuota ? freeShareLeft : freeShareMax);
}

/** Where a file near its quota can only be defragmented to see whether it is full: the size that it must not have then. */
function sizeKnownOnlyAfter(planning: Planning, node: string): number | undefined {
  const sizes = sizesOf(planning, node);
  return sizes === undefined || saysWhatIsInUse(sizes) ? undefined : Math.floor(sizes.quota * usedShareMax);
}

type Sizes = NonNullable<ReturnType<typeof sizesOf>>;

/** 3.3 does not say how much is in use, and 3.4 still says the old figure after a compaction. */
function saysWhatIsInUse(sizes: Sizes): sizes is Sizes & { readonly inUse: number } {
  return sizes.inUse !== undefined && isAtLeast(sizes.version, [3, 5, 0]);
}

function isStillFull(planning: Planning, node: string): boolean {
  const sizes = sizesOf(planning, node);
  return sizes !== undefined && (sizes.inUse ?? sizes.size) > sizes.quota * usedShareMax;
}

function stillFull(planning: Planning, node: string): PlanPart {
  const sizes = sizesOf(planning, node);
  const inUse = sizes === undefined ? "" : ` (${sizes.inUse ?? sizes.size} of ${sizes.quota} bytes)`;
  return {
    steps: [],
    blockers: [
      blocker(
        "etcd-still-full",
        node || firstNode(planning),
        `etcd on ${node} is full of live data${inUse}: compaction and defragmentation cannot free more`,
        "delete what fills it (often Events or a controller's objects), or raise --quota-backend-bytes on every member, one after the other",
      ),
    ],
  };
}
