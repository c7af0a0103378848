// What the views of all nodes add up to: the state of the cluster, and of each declared member. Made in src/plan/etcd.

import type { MemberId } from "./etcd-member-id";
import type { EtcdAlarm, EtcdMember, EtcdObservation } from "./etcd-observation";

/** What one node let us see of its etcd. */
export type EtcdNodeView =
  | { readonly kind: "unreachable"; readonly node: string; readonly reason: string }
  /** The node answered; its etcd sections could not be read. */
  | { readonly kind: "unseen"; readonly node: string; readonly reason: string }
  | {
      readonly kind: "observed";
      readonly node: string;
      /** The node's clock, Unix seconds. */
      readonly timeSeconds: number;
      readonly etcd: EtcdObservation;
    };

/** A verified snapshot that is kept off the nodes. */
export interface EtcdBackup {
  readonly revision: number;
  readonly sha256: string;
  /** Unix seconds. */
  readonly takenAtSeconds: number;
  /** File on the operator's machine. */
  readonly file: string;
}

/** What is known from before: without it an empty store of a single node cannot be told from a young one. */
export interface EtcdHistory {
  /** The recorded floor `etcd.lastRevision`; undefined before the first run. */
  readonly lastRevision: number | undefined;
  /** The cluster that it was recorded of; undefined when that is not known. */
  readonly lastClusterId?: MemberId;
  /** `etcd.acceptRevision` as it was declared then: what it allowed has happened. */
  readonly acceptedRevision?: number;
  readonly backups: readonly EtcdBackup[];
  /** Folder on the operator's machine for snapshots that are collected. Default: the working directory. */
  readonly directory?: string;
}

/** The file name of a kept snapshot: all that is known of it, so that no list can be lost or be of another file. */
export function backupFileName(backup: Omit<EtcdBackup, "file">): string {
  return `r${backup.revision}-${backup.takenAtSeconds}-${backup.sha256}.db`;
}

/** What a kept snapshot's file name says; undefined when it is not one. */
export function parseBackupFileName(name: string): Omit<EtcdBackup, "file"> | undefined {
  const match = /^r([0-9]{1,15})-([0-9]{1,12})-([0-9a-f]{64})[.]db$/.exec(name);
  const [, revision, takenAtSeconds, sha256] = match ?? [];
  if (revision === undefined || takenAtSeconds === undefined || sha256 === undefined) return undefined;
  return { revision: Number(revision), takenAtSeconds: Number(takenAtSeconds), sha256 };
}

/**
 * The state of one declared member.
 * - voting: a healthy voter. learning: a learner that answers, not yet a voter.
 * - wiped-running: it answers and votes, and its files are gone; it dies at its next start.
 * - behind: it answers as a member, with a store that is not its peers'. corrupt: its data differs from the majority's.
 * - forked: it serves a cluster of its own. isolated: it runs and sees no leader.
 * - stopped: its data is whole, no process. starting: a process that does not answer yet.
 * - crash-looping: its data is there and it does not stay up. damaged: only some of its files are there.
 * - condemned: its data was found bad, it is to be replaced, and nothing since has shown that its data is its peers'.
 * - empty: no data. stale: data of a membership that ended or of another cluster.
 * - certificates, tool-failure, unreachable, unknown: nothing can be said of the member, for that reason.
 */
export type EtcdCondition =
  | "voting"
  | "learning"
  | "wiped-running"
  | "behind"
  | "corrupt"
  | "forked"
  | "isolated"
  | "stopped"
  | "starting"
  | "crash-looping"
  | "damaged"
  | "condemned"
  | "empty"
  | "stale"
  | "certificates"
  | "tool-failure"
  | "unreachable"
  | "unknown";

/** One declared member and what is known of it. */
export interface EtcdMemberState {
  readonly node: string;
  /** Its etcd name. */
  readonly name: string;
  readonly condition: EtcdCondition;
  /** Its entry in the quorum's member list; undefined when it has none, or when there is no quorum. */
  readonly entry: EtcdMember | undefined;
  readonly isLeader: boolean;
  /** One vote that the quorum counts at this moment, healthy or not. */
  readonly isCounted: boolean;
  /** Sentences that say from what the condition follows. */
  readonly evidence: readonly string[];
}

/** The quorum: voters that share one cluster id, one leader and one member list, and that are enough of that list. */
export interface EtcdQuorum {
  readonly clusterId: MemberId;
  readonly leaderId: MemberId;
  /** The member list that they share, ordered by id. */
  readonly members: readonly EtcdMember[];
  /** Nodes that were counted, sorted. */
  readonly nodes: readonly string[];
  /** The highest revision among them. */
  readonly revision: number;
  /** The lowest server version among them. */
  readonly version: string;
  readonly alarms: readonly EtcdAlarm[];
  /** It is the cluster that the declared restore makes. */
  readonly isRestored: boolean;
}

/** One piece of evidence. */
export interface EtcdEvidence {
  /** undefined: about the cluster. */
  readonly node: string | undefined;
  readonly text: string;
}

/** Kinds of verdict. */
export type EtcdVerdictKind =
  | "healthy"
  | "minority-lost"
  | "quorum-lost"
  | "forked"
  | "full"
  | "corrupt"
  | "certificates"
  | "tool-failure"
  | "unknown";

/** Why a verdict is unknown: what would have to be known. */
export type EtcdUnknownReason =
  | "nothing-seen"
  | "votes-not-countable"
  | "no-recorded-revision"
  | "revision-went-back"
  | "too-few-declared-members";

interface VerdictBase {
  /** One sentence in the operator's words. */
  readonly summary: string;
  readonly evidence: readonly EtcdEvidence[];
}

/** The state of the cluster. */
export type EtcdVerdict =
  | (VerdictBase & { readonly kind: "healthy"; readonly quorum: EtcdQuorum })
  | (VerdictBase & { readonly kind: "minority-lost"; readonly quorum: EtcdQuorum })
  | (VerdictBase & { readonly kind: "full"; readonly quorum: EtcdQuorum })
  /** `quorum` undefined: no side can be told to be the true one. */
  | (VerdictBase & { readonly kind: "forked"; readonly quorum: EtcdQuorum | undefined })
  | (VerdictBase & { readonly kind: "corrupt"; readonly quorum: EtcdQuorum | undefined })
  | (VerdictBase & { readonly kind: "certificates"; readonly quorum: EtcdQuorum | undefined })
  | (VerdictBase & { readonly kind: "tool-failure"; readonly quorum: EtcdQuorum | undefined })
  | (VerdictBase & {
      readonly kind: "quorum-lost";
      /** No quorum can exist even among nodes that were not reached. */
      readonly isConfirmed: boolean;
      /** Enough whole members are there: starting them brings the quorum back. */
      readonly canBeStarted: boolean;
    })
  | (VerdictBase & { readonly kind: "unknown"; readonly reason: EtcdUnknownReason });

/** The verdict and what it rests on. */
export interface EtcdAssessment {
  readonly verdict: EtcdVerdict;
  readonly quorum: EtcdQuorum | undefined;
  /** Every declared member, sorted by node. */
  readonly members: readonly EtcdMemberState[];
  /** Entries of the quorum's member list that no declared node accounts for. */
  readonly strays: readonly EtcdMember[];
}

/** How many voters have to agree. */
export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}
