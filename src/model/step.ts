// A step is one change of one node, as a value: shown, rehearsed and run from the same data. Its effects are the atomic
// changes that it makes, in order; templates/steps/<kind>.hbs renders each as one marked line.

import { type EtcdChangeStep, type EtcdStep, type EtcdWaitStep, etcdEffectsOfKind, isEtcdStep } from "./etcd-step";
import type { JsonObject } from "./json";
import type { CollectStep, DeliverStep } from "./transfer";

/** The atomic changes of a node. A crash can fall between any two of them. */
export type EffectKind =
  | "stageManifest"
  | "archiveManifest"
  | "installManifest"
  | "moveManifestToArchive"
  | "setManifestOwner"
  | "startService"
  | "restartService";

interface StepBase {
  /** The node it changes. */
  readonly node: string;
  /** Why, in the operator's words, one sentence. */
  readonly reason: string;
}

/** Writes a manifest: staged outside the directory, synced, the old one archived, renamed in. */
export interface WriteManifestStep extends StepBase {
  readonly kind: "writeManifest";
  readonly pod: string;
  readonly fileName: string;
  readonly manifestDirectory: string;
  readonly archiveDirectory: string;
  readonly manifest: JsonObject;
  /** user:group of the new file. */
  readonly owner: string;
  /** Octal mode of the new file. */
  readonly mode: string;
}

/** Moves a file that the kubelet would read as one more pod out of the manifest directory. */
export interface ArchiveStrayManifestStep extends StepBase {
  readonly kind: "archiveStrayManifest";
  readonly fileName: string;
  readonly manifestDirectory: string;
  readonly archiveDirectory: string;
}

/** Gives a manifest its declared owner. */
export interface SetManifestOwnerStep extends StepBase {
  readonly kind: "setManifestOwner";
  readonly pod: string;
  readonly fileName: string;
  readonly manifestDirectory: string;
  readonly owner: string;
}

/** Starts a service that does not run. */
export interface StartServiceStep extends StepBase {
  readonly kind: "startService";
  readonly service: string;
  readonly manager: "systemd" | "monit";
}

/** Restarts a service. */
export interface RestartServiceStep extends StepBase {
  readonly kind: "restartService";
  readonly service: string;
  readonly manager: "systemd" | "monit";
}

/** Waits until a service runs. Changes nothing. */
export interface WaitForServiceStep extends StepBase {
  readonly kind: "waitForService";
  readonly service: string;
  readonly manager: "systemd" | "monit";
  readonly timeoutSeconds: number;
}

/** Waits until every container of a static pod runs what the manifest says. Changes nothing. */
export interface WaitForPodStep extends StepBase {
  readonly kind: "waitForPod";
  readonly pod: string;
  readonly fileName: string;
  readonly manifestDirectory: string;
  readonly timeoutSeconds: number;
}

/** One change of one node's files and services, or one wait for it. */
export type NodeStep =
  | WriteManifestStep
  | ArchiveStrayManifestStep
  | SetManifestOwnerStep
  | StartServiceStep
  | RestartServiceStep
  | WaitForServiceStep
  | WaitForPodStep;

/** A step that changes a node's files or services. */
export type NodeChangeStep = Exclude<NodeStep, WaitForServiceStep | WaitForPodStep>;

/** One change of one node, or one wait for it. */
export type Step = NodeStep | EtcdStep;

/** A step that only waits: converge observes until it holds. */
export type WaitStep = WaitForServiceStep | WaitForPodStep | EtcdWaitStep;

/** A step that changes a node: a NodeAccess applies it. */
export type ChangeStep = NodeChangeStep | EtcdChangeStep;

/** A change that needs nothing but the node itself: the others carry a snapshot between it and the operator's machine. */
export type AppliedStep = Exclude<ChangeStep, CollectStep | DeliverStep>;

/** The effects of every kind of step on files and services, in the order in which they happen; etcd's are its own. */
export const effectsOfKind: Readonly<Record<NodeStep["kind"], readonly EffectKind[]>> = {
  writeManifest: ["stageManifest", "archiveManifest", "installManifest"],
  archiveStrayManifest: ["moveManifestToArchive"],
  setManifestOwner: ["setManifestOwner"],
  startService: ["startService"],
  restartService: ["restartService"],
  waitForService: [],
  waitForPod: [],
};

/** Does it wait for what may be an API server, a pod or a process of monit, which runs only once etcd does? */
export function isWaitForServer(step: Step): step is WaitForPodStep | WaitForServiceStep {
  return step.kind === "waitForPod" || (step.kind === "waitForService" && step.manager === "monit");
}

/** Does it only wait? */
export function isWait(step: Step): step is WaitStep {
  return (isEtcdStep(step) ? etcdEffectsOfKind[step.kind] : effectsOfKind[step.kind]).length === 0;
}

/** What a step is about on its node: a manifest, a service, a member. With kind and node it tells two steps apart. */
export function subjectOf(step: Step): string {
  if (isEtcdStep(step)) return step.subject;
  return "fileName" in step ? step.fileName : step.service;
}

/**
 * A step that has not ended by itself is ended on the node after this many seconds. systemd gives a unit 90 to start and
 * as many to stop.
 */
export const stepSecondsMax = 240;

/** What came of applying one step to a node. */
export type StepOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string }
  /** The connection was lost while it ran: what it did is not known until the node is observed again. */
  | { readonly kind: "interrupted"; readonly message: string }
  /** Another operator's script runs on the node. */
  | { readonly kind: "locked"; readonly message: string };
