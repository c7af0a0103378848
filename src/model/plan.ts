// What is to be done, what stands in the way, and what is wrong that no step can mend.

import type { Drift, Note } from "./drift";
import type { EtcdBlockerReason } from "./etcd-plan";
import type { EtcdStep } from "./etcd-step";
import type { EtcdAssessment } from "./etcd-verdict";
import type { Step } from "./step";

/** Stable names of the reasons not to act. */
export type BlockerReason =
  | "node-unreachable"
  | "observation-unknown"
  | "etcd-data-empty"
  | "etcd-data-unknown"
  | "node-locked"
  | "rehearsal-failed"
  | "rehearsal-impossible"
  | EtcdBlockerReason;

/** A reason not to act on a node, with the smallest safe next step. */
export interface Blocker {
  readonly reason: BlockerReason;
  readonly node: string;
  /** The part of the observation that is missing, for "observation-unknown". */
  readonly section?: string;
  /** One sentence: what is refused and why. */
  readonly message: string;
  /** The smallest safe thing that the operator can do. */
  readonly nextStep: string;
}

/** Something wrong that no step can mend: a crash-looping pod whose manifest is right. */
export interface Problem {
  readonly node: string;
  /** The pod or service that it is about. */
  readonly subject: string;
  /** One sentence. */
  readonly message: string;
}

/** The whole plan over one observation of every node. */
export interface Plan {
  readonly drifts: readonly Drift[];
  /** In the order in which they would run. */
  readonly steps: readonly Step[];
  readonly blockers: readonly Blocker[];
  readonly problems: readonly Problem[];
  readonly notes: readonly Note[];
  /** What is known and planned of etcd; undefined where none is declared. */
  readonly etcd?: EtcdShare;
}

/** The etcd plan's share of a plan. */
export interface EtcdShare {
  readonly assessment: EtcdAssessment;
  /** Its steps, which are among the plan's: a chain, of which only the first may run before everything is observed again. */
  readonly chain: readonly EtcdStep[];
}

/** Nothing differs, nothing is to be done, nothing stands in the way. */
export function isSettled(plan: Plan): boolean {
  return (
    plan.drifts.length === 0 && plan.steps.length === 0 && plan.blockers.length === 0 && plan.problems.length === 0
  );
}
