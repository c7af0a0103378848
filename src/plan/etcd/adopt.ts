// The first look at a single member: with no peer and nothing recorded, an empty store cannot be told from the real one.

import { answered } from "../../model/etcd-observation";
import type { NodeObservation } from "../../model/node-observation";
import type { Plan } from "../../model/plan";

/** The revision to record for a single member that was never seen before; undefined when there is nothing to adopt. */
export function adoptableRevision(plan: Plan, observations: readonly NodeObservation[]): number | undefined {
  const verdict = plan.etcd?.assessment.verdict;
  if (verdict?.kind !== "unknown" || verdict.reason !== "no-recorded-revision") return undefined;
  const [only] = plan.etcd?.assessment.members ?? [];
  const observation = observations.find((candidate) => candidate.node === only?.node);
  if (observation?.kind !== "observed" || observation.etcd?.kind !== "seen") return undefined;
  const { status, keyCount } = observation.etcd.value;
  const revision = answered(status)?.revision;
  return revision === undefined || isEmptyStore(revision, answered(keyCount)) ? undefined : revision;
}

/** Has nothing ever been written to it? */
export function isEmptyStore(revision: number, keys: number | undefined): boolean {
  return revision <= 1 && keys === 0;
}
