// Whose data differs. Hashes are comparable at one revision and one compaction only; a hash without revision says nothing.

import { isSameId } from "../../model/etcd-member-id";
import { answered } from "../../model/etcd-observation";
import type { EtcdNodeView, EtcdQuorum } from "../../model/etcd-verdict";

/** What comparing the counted voters' hashes says. */
export interface HashComparison {
  /** Nodes whose hash differs from the majority's, sorted. */
  readonly corrupt: readonly string[];
  /** They differ and no hash has a majority: nobody can say whose is right. */
  readonly isUndecided: boolean;
  /** Every counted voter's hash was seen at one revision, the newest of each or an earlier one. */
  readonly isCompared: boolean;
  /** Every counted voter's newest hash was comparable, and all were equal. */
  readonly isProvenEqual: boolean;
  /** Nodes whose newest hash is the majority's and that of another node whose data nobody has condemned, sorted. */
  readonly sound: readonly string[];
}

/** A hash of one node at one revision and one compaction. */
interface KnownHash {
  readonly node: string;
  readonly hash: string;
  readonly revision: number;
  readonly at: string;
  readonly isCondemned: boolean;
}

/**
 * Compares the hashes of the nodes that the quorum counts. Those at an earlier revision accuse only: what was equal then may
 * differ since, so that they prove nothing sound.
 */
export function compareHashes(views: readonly EtcdNodeView[], quorum: EtcdQuorum): HashComparison {
  const newest = groupHashes(knownHashes(views, quorum, false));
  const all = groupHashes([...knownHashes(views, quorum, false), ...knownHashes(views, quorum, true)]);
  // The first group that shows a difference decides, however the smaller and the older ones look.
  const [judged] = all.map(judgeGroup).filter((judgement) => judgement.differing.length > 0);
  const top = judgeGroup(newest[0] ?? []);
  const isUndecided = judged !== undefined && !judged.isDecided;
  const sound =
    judged === undefined || judged.isDecided
      ? top.agreeing.filter(({ node }) => top.agreeing.some((other) => other.node !== node && !other.isCondemned))
      : [];
  const corrupt = judged === undefined || isUndecided ? [] : judged.differing.map((entry) => entry.node);
  return {
    corrupt: [...corrupt].sort(),
    isUndecided,
    isCompared: all[0]?.length === quorum.nodes.length,
    isProvenEqual: judged === undefined && newest[0]?.length === quorum.nodes.length,
    sound: sound.map((entry) => entry.node).sort(),
  };
}

function knownHashes(views: readonly EtcdNodeView[], quorum: EtcdQuorum, isEarlier: boolean): readonly KnownHash[] {
  return views.flatMap((view) => {
    if (view.kind !== "observed" || !quorum.nodes.includes(view.node)) return [];
    const seen = answered(view.etcd.hash);
    const [hash, revision] = isEarlier ? [seen?.earlier?.hash, seen?.earlier?.revision] : [seen?.hash, seen?.revision];
    if (seen === undefined || hash === undefined || revision === undefined) return [];
    const { isCondemned } = view.etcd.data;
    return [{ node: view.node, hash, revision, at: `${revision} ${seen.compactRevision}`, isCondemned }];
  });
}

/** Hashes of one revision and compaction each, one a node, the largest group first, then the newest. */
function groupHashes(known: readonly KnownHash[]): readonly (readonly KnownHash[])[] {
  const groups = new Map<string, readonly KnownHash[]>();
  for (const entry of known) {
    const group = groups.get(entry.at) ?? [];
    if (!group.some(({ node }) => node === entry.node)) groups.set(entry.at, [...group, entry]);
  }
  return [...groups.values()].sort(
    (a, b) =>
      b.length - a.length ||
      (b[0]?.revision ?? 0) - (a[0]?.revision ?? 0) ||
      ((a[0]?.at ?? "") < (b[0]?.at ?? "") ? -1 : 1),
  );
}

/** Which hash has the majority of a group, and who has another. */
function judgeGroup(group: readonly KnownHash[]) {
  const [top] = sizesOf(group.map((entry) => entry.hash));
  const isDecided = top !== undefined && top[1] * 2 > group.length;
  return {
    isDecided,
    agreeing: isDecided ? group.filter((entry) => entry.hash === top[0]) : [],
    differing: group.filter((entry) => entry.hash !== top?.[0]),
  };
}

/**
 * Nodes that a CORRUPT alarm names. etcd 3.4 and 3.5 raise it for the member that found the difference as well as for the
 * one that differs, so that an alarm alone condemns nobody: it counts where the hashes agree with it or cannot be had.
 */
export function alarmedNodes(views: readonly EtcdNodeView[], quorum: EtcdQuorum): readonly string[] {
  const ids = quorum.alarms.filter((alarm) => alarm.alarm === "CORRUPT").map((alarm) => alarm.memberId);
  return views.flatMap((view) => {
    const status = view.kind === "observed" ? answered(view.etcd.status) : undefined;
    return ids.some((id) => isSameId(id, status?.memberId)) ? [view.node] : [];
  });
}

function sizesOf(keys: readonly string[]): readonly (readonly [string, number])[] {
  const sizes = new Map<string, number>();
  for (const key of keys) sizes.set(key, (sizes.get(key) ?? 0) + 1);
  return [...sizes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}
