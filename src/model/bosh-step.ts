// A step of a BOSH repair as a value: shown, rehearsed and run from the same data. Its effects are the atomic changes that
// it makes, in order; a crash can fall between any two of them.
import type { InstanceRef } from "./bosh";
import type { ProblemType } from "./bosh-problem";

interface StepBase {
  readonly deployment: string;
  /** Why, in the operator's words, one sentence. */
  readonly reason: string;
}

interface InstanceStepBase extends StepBase {
  readonly instance: InstanceRef;
}

/** For one kind of problem, the answers to give: the first one that the director offers wins. */
export interface ResolutionPreference {
  readonly type: ProblemType;
  readonly names: readonly string[];
}

/** One instance and how its problem is to be answered. */
export interface ProblemTarget {
  readonly instance: InstanceRef;
  readonly preferences: readonly ResolutionPreference[];
}

/** Takes back a pause of the resurrector that an interrupted run left behind. */
export interface UndoPauseStep extends StepBase {
  readonly kind: "undoPause";
  readonly configName: string;
}

/** Keeps the resurrector off one deployment, by a resurrection config of its own name, while it is operated on. */
export interface PauseResurrectionStep extends StepBase {
  readonly kind: "pauseResurrection";
  readonly configName: string;
}

/** Waits until the health monitor has read the resurrection configs again. Changes nothing. */
export interface WaitForMonitorStep extends StepBase {
  readonly kind: "waitForMonitor";
  readonly waitMs: number;
}

/** Takes our pause back. */
export interface ResumeResurrectionStep extends StepBase {
  readonly kind: "resumeResurrection";
  readonly configName: string;
}

/** Waits for a task of somebody else (or of an interrupted run of ours) to end. Changes nothing. */
export interface WaitForTaskStep extends StepBase {
  readonly kind: "waitForTask";
  readonly taskId: number;
}

/** Waits for an instance that is starting. Changes nothing. */
export interface WaitForInstanceStep extends InstanceStepBase {
  readonly kind: "waitForInstance";
  readonly timeoutMs: number;
}

/** `monit restart PROCESS` on the instance. */
export interface RestartProcessStep extends InstanceStepBase {
  readonly kind: "restartProcess";
  readonly process: string;
}

/** Starts an instance that is declared to run and was stopped. */
export interface StartInstanceStep extends InstanceStepBase {
  readonly kind: "startInstance";
}

/** Takes a verified snapshot of the etcd that the group's members run, kept off the instance to be operated on. */
export interface TakeEtcdSnapshotStep extends InstanceStepBase {
  readonly kind: "takeEtcdSnapshot";
}

/** Stops, deletes and creates one instance's VM. */
export interface RecreateInstanceStep extends InstanceStepBase {
  readonly kind: "recreateInstance";
  /** "converge" brings the whole deployment to its manifest on the way. */
  readonly scope: "converge" | "one-instance";
}

/** Deletes a VM without asking its agent. */
export interface DeleteVmStep extends InstanceStepBase {
  readonly kind: "deleteVm";
  /** From the observation that the plan was made of; read again right before the deletion, another one stops it. */
  readonly vmCid: string;
}

/** Scans the deployment and answers the problems of these instances; all others are left alone. */
export interface ResolveProblemsStep extends StepBase {
  readonly kind: "resolveProblems";
  /** Sorted by instance. */
  readonly targets: readonly ProblemTarget[];
  /** Groups of which one instance only is answered, whatever the scan finds. */
  readonly oneOfGroups: readonly string[];
}

/** One step. */
export type BoshStep =
  | UndoPauseStep
  | PauseResurrectionStep
  | WaitForMonitorStep
  | ResumeResurrectionStep
  | WaitForTaskStep
  | WaitForInstanceStep
  | RestartProcessStep
  | StartInstanceStep
  | TakeEtcdSnapshotStep
  | RecreateInstanceStep
  | DeleteVmStep
  | ResolveProblemsStep;

/** The atomic changes that steps are made of. */
export type BoshEffectKind =
  | "removeResurrectionConfig"
  | "writeResurrectionConfig"
  | "restartProcess"
  | "stopJobs"
  | "detachDisks"
  | "deleteVm"
  | "createVm"
  | "startJobs"
  | "saveSnapshot"
  | "verifySnapshot"
  | "scanProblems"
  | "applyResolutions";

/** A step's effects in order; empty for a step that only waits. */
export function boshEffects(step: BoshStep): readonly BoshEffectKind[] {
  return effectsByKind[step.kind];
}

const effectsByKind: Readonly<Record<BoshStep["kind"], readonly BoshEffectKind[]>> = {
  undoPause: ["removeResurrectionConfig"],
  pauseResurrection: ["writeResurrectionConfig"],
  waitForMonitor: [],
  resumeResurrection: ["removeResurrectionConfig"],
  waitForTask: [],
  waitForInstance: [],
  restartProcess: ["restartProcess"],
  startInstance: ["createVm", "startJobs"],
  takeEtcdSnapshot: ["saveSnapshot", "verifySnapshot"],
  recreateInstance: ["stopJobs", "detachDisks", "deleteVm", "createVm", "startJobs"],
  deleteVm: ["deleteVm"],
  resolveProblems: ["scanProblems", "applyResolutions"],
};

/** Instances that a step changes, sorted as given. */
export function changedInstances(step: BoshStep): readonly InstanceRef[] {
  switch (step.kind) {
    case "restartProcess":
    case "startInstance":
    case "recreateInstance":
    case "deleteVm":
      return [step.instance];
    case "resolveProblems":
      return step.targets.map(({ instance }) => instance);
    default:
      return [];
  }
}

/** Can the step lose what is on a VM? Such a step needs what is worth keeping to be kept elsewhere first. */
export function isBoshSurgery(step: BoshStep): boolean {
  return step.kind === "recreateInstance" || step.kind === "deleteVm" || step.kind === "resolveProblems";
}
