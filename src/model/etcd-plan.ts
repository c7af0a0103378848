// What the etcd planner answers: the chain of steps, why it holds back, and what is not as declared.

import type { EtcdStep } from "./etcd-step";
import type { EtcdAssessment, EtcdCondition } from "./etcd-verdict";

/** Stable names of the reasons not to change etcd. */
export type EtcdBlockerReason =
  | "etcd-node-unreachable"
  | "etcd-unknown"
  | "etcd-revision-went-back"
  | "etcd-tool-failure"
  | "etcd-certificates"
  | "etcd-forked"
  | "etcd-member-isolated"
  | "etcd-voter-silent"
  | "etcd-member-unknown"
  | "etcd-member-undeclared"
  | "etcd-corrupt-no-majority"
  | "etcd-quorum-lost"
  | "etcd-quorum-would-be-lost"
  | "etcd-growth-needs-learners"
  | "etcd-restore-node"
  | "etcd-restore-tool"
  | "etcd-restore-source"
  | "etcd-restore-used"
  | "etcd-still-full"
  | "etcd-disk-full"
  | "etcd-pod-undeclared"
  | "several-nodes-down";

/** A reason not to change etcd, with the smallest safe next step. */
export interface EtcdBlocker {
  readonly reason: EtcdBlockerReason;
  /** The node it is about; for the cluster as a whole the first declared member's. */
  readonly node: string;
  /** One sentence: what is refused and why. */
  readonly message: string;
  /** The smallest safe thing that the operator can do. */
  readonly nextStep: string;
}

/** What is not as declared about etcd. */
export type EtcdDrift =
  | {
      readonly kind: "etcd-member";
      readonly node: string;
      readonly member: string;
      readonly observed: EtcdCondition;
      readonly detail: string;
    }
  | { readonly kind: "etcd-stray-member"; readonly node: string; readonly member: string; readonly detail: string }
  | { readonly kind: "etcd-peer-url"; readonly node: string; readonly observed: string; readonly desired: string }
  | { readonly kind: "etcd-alarm"; readonly node: string; readonly alarm: string }
  | { readonly kind: "etcd-paused"; readonly node: string; readonly detail: string };

/** Something to know that nothing acts on. */
export interface EtcdNote {
  readonly node: string;
  readonly text: string;
  readonly command?: string;
}

/** The etcd plan over one observation of every node. */
export interface EtcdPlan {
  readonly assessment: EtcdAssessment;
  /** A chain: only the first may run before the nodes are observed again; the others are a forecast. */
  readonly steps: readonly EtcdStep[];
  readonly blockers: readonly EtcdBlocker[];
  readonly drifts: readonly EtcdDrift[];
  readonly notes: readonly EtcdNote[];
  /**
   * Node -> the step to take before anything starts what would start etcd there (kubelet, monit, unit). A node that is not
   * here may have its kubelet started.
   */
  readonly parks: Readonly<Record<string, EtcdStep>>;
  /** Nodes where nobody but this plan may write or start the etcd definition, sorted. */
  readonly held: readonly string[];
  /** True: what writes to etcd (the API servers) must not be started or written now. */
  readonly mustHoldWriters: boolean;
}
