// What a repair of a BOSH deployment is planned from and what comes out.
import type { BoshInstance, InstancePlacement, InstanceRef } from "./bosh";
import type { DiagnosedInstance } from "./bosh-condition";
import type { MonitObservation } from "./bosh-monit";
import type { BoshProblem } from "./bosh-problem";
import type { ResurrectionState } from "./bosh-resurrection";
import type { BoshStep } from "./bosh-step";
import type { DirectorTask } from "./bosh-task";

/** A group whose instances form a quorum: etcd masters, a Galera cluster. */
export interface QuorumGroup {
  readonly group: string;
  /** True when its members run an etcd that a snapshot can be taken of. */
  readonly hasEtcd: boolean;
}

/** What is declared about one deployment. */
export interface BoshDeploymentDeclaration {
  readonly deployment: string;
  readonly quorumGroups: readonly QuorumGroup[];
  /** Instances that have to run even if somebody stopped them; all others may be stopped on purpose. */
  readonly mustRun: readonly InstanceRef[];
  /** Repair although more than one member of a quorum group is down; still one after the other. */
  readonly repairSeveral: boolean;
  /** How often the health monitor reads resurrection configs; undefined: once a minute. */
  readonly monitorIntervalSeconds?: number;
  /** A zone or more is out: nothing is asked of each VM; one scan finds who is silent and all are answered at once. */
  readonly isMassRecovery: boolean;
}

/** How the members of a quorum group stand, by their own votes and not by what the director says. */
export type GroupQuorum =
  | { readonly kind: "unknown"; readonly why: string }
  | {
      readonly kind: "known";
      /** Every voter; a voter that no instance stands behind has an undefined instance. */
      readonly voters: readonly { readonly instance: InstanceRef | undefined; readonly isHealthy: boolean }[];
      readonly leader: InstanceRef | undefined;
      /** A snapshot was taken and verified in this run, and is kept off every member. */
      readonly hasVerifiedSnapshot: boolean;
    };

/** A step that was taken in this run, and whether it did what it should. */
export interface BoshAttempt {
  readonly step: BoshStep;
  readonly isDone: boolean;
  /** The director's sentence when it failed; undefined otherwise. */
  readonly message: string | undefined;
}

/** All that a plan is made of. */
export interface BoshObservation {
  /** The synchronous listing. */
  readonly placements: readonly InstancePlacement[];
  /** The full listing; undefined when the director was spared it or did not finish it. */
  readonly instances: readonly BoshInstance[] | undefined;
  /** Why there is no full listing, completing "because ..."; undefined when there is one. */
  readonly notListed: string | undefined;
  /** Problems on record: those of the last scan, whoever made it, so they may be old news. */
  readonly problems: readonly BoshProblem[];
  /** What monit says, by "group/uuid"; only for instances that were looked at. */
  readonly monit: ReadonlyMap<string, MonitObservation>;
  /** By group; a quorum group without an entry counts as unknown. */
  readonly quorums: ReadonlyMap<string, GroupQuorum>;
  /** Tasks of the deployment that are queued or under way and not mere looks. */
  readonly tasks: readonly DirectorTask[];
  readonly resurrection: ResurrectionState;
  /** Did this very run set the pause that is in force? A pause of anybody else was left behind. */
  readonly isPauseOurs: boolean;
  /** What was done so far in this run, oldest first. */
  readonly attempts: readonly BoshAttempt[];
}

/** Stable names of the reasons not to act. */
export type BoshBlockerReason =
  | "several-nodes-down"
  | "quorum-unknown"
  | "quorum-would-be-lost"
  | "disk-needs-a-decision"
  | "zone-down"
  | "not-observed"
  | "repair-under-way"
  | "remedies-exhausted";

/** A reason not to act, with the smallest safe next step. */
export interface BoshBlocker {
  readonly reason: BoshBlockerReason;
  readonly deployment: string;
  /** Undefined when it concerns no single instance. */
  readonly instance: InstanceRef | undefined;
  /** One sentence: what is refused and why. */
  readonly message: string;
  /** The smallest safe thing that the operator can do. */
  readonly nextStep: string;
}

/** The whole plan for one deployment. */
export interface BoshPlan {
  /** Every instance, sorted by name. */
  readonly diagnoses: readonly DiagnosedInstance[];
  /** In the order in which they would run. Only the first is run before all is observed again. */
  readonly steps: readonly BoshStep[];
  readonly blockers: readonly BoshBlocker[];
  /** What waits for the etcd of other members, which the plan of their ControlPlane mends: no reason to keep that from running. */
  readonly putOff: readonly BoshBlocker[];
  /** What an operator should know and nothing acts on. */
  readonly notes: readonly string[];
}
