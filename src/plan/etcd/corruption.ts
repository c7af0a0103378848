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
  /** Every counted voter's hash was comparable, and all were equal. */
  readonly isProvenEqual: boolean;
}

/** Compares the hashes of the nodes that the quorum counts. */
export function compareHashes(views: readonly EtcdNodeView[], quorum: EtcdQuorum): HashComparison {
  const known = views.flatMap((view) => {
    const hash = view.kind === "observed" && quorum.nodes.includes(view.node) ? answered(view.etcd.hash) : undefined;
    return hash?.revision === undefined
      ? []
      : [{ node: view.node, hash: hash.hash, at: `${hash.revision} ${hash.compactRevision}` }];
  });
  const largest = sizesOf(known.map((entry) => entry.at))[0]?.[0];
  const comparable = known.filter((entry) => entry.at === largest);
  const [top, second] = sizesOf(comparable.map((entry) => entry.hash));
  const isUndecided = top !== undefined && second !== undefined && top[1] * 2 <= comparable.length;
  const corrupt =
    isUndecided || top === undefined
      ? []
      : comparable.filter((entry) => entry.hash !== top[0]).map((entry) => entry.node);
  return {
    corrupt: [...corrupt].sort(),
    isUndecided,
    isProvenEqual: second === undefined && comparable.length > 0 && comparable.length === quorum.nodes.length,
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
