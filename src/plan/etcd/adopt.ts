// The first look at a single member: with no peer and nothing recorded, an empty store cannot be told from the real one.

import { answered } from "../../model/etcd-observation";
import type { EtcdAssessment, EtcdNodeView } from "../../model/etcd-verdict";

/** The revision to record for a single member that was never seen before; undefined when there is nothing to adopt. */
export function adoptableRevision(assessment: EtcdAssessment, views: readonly EtcdNodeView[]): number | undefined {
  const { verdict, members } = assessment;
  if (verdict.kind !== "unknown" || verdict.reason !== "no-recorded-revision") return undefined;
  const [only] = members;
  const view = views.find((candidate) => candidate.node === only?.node);
  if (view?.kind !== "observed") return undefined;
  const { status, keyCount } = view.etcd;
  const revision = answered(status)?.revision;
  return revision === undefined || isEmptyStore(revision, answered(keyCount)) ? undefined : revision;
}

/** Has nothing ever been written to it? Keys that could not be counted are none: etcd counts revisions from 1 on. */
export function isEmptyStore(revision: number, keys: number | undefined): boolean {
  return revision <= 1 && (keys ?? 0) === 0;
}
