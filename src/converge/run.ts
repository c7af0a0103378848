// What one converge remembers from round to round, and which step it takes next: one node at a time, nothing twice, nothing
// more on a node that was given up.

import { manifestFileName } from "../model/declaration";
import { isEtcdStep } from "../model/etcd-step";
import type { NodeObservation } from "../model/node-observation";
import type { Plan } from "../model/plan";
import {
  type ChangeStep,
  isWait,
  isWaitForServer,
  type Step,
  type StepOutcome,
  subjectOf,
  type WaitForPodStep,
  type WriteManifestStep,
} from "../model/step";
import { hasProved, isPodRunning, provenAfterSeconds } from "../plan/pod-proof";
import type { ConvergeOptions } from "./round";

/** More steps than this for each node are no repair: a kubeadm node has four pods, two services and a handful of files. */
const stepsPerNodeMax = 40;

/** A lost connection is tried again this often for each node before the node is given up. */
const interruptionsMax = 2;

/**
 * How long another's lock on a node is waited for, seconds. The script of a run that was killed goes on to its end, which most
 * reach within this; who holds the lock longer is at work there, or takes or defragments a large database.
 */
const lockWaitSeconds = 60;

/**
 * The same step of the etcd plan may be right again: a member that is started to have its snapshot taken, and later to join.
 * More often than this on one node it is a loop.
 */
const etcdRepetitionsMax = 3;

/** What one converge remembers between its rounds: only what keeps it from repeating itself. */
export class Run {
  readonly applied: ChangeStep[] = [];
  readonly failures: string[] = [];
  private readonly givenUp = new Set<string>();
  private readonly interruptions = new Map<string, number>();
  /** Steps that failed and stand in nobody's way, by key. */
  private readonly skipped = new Set<string>();
  /** Manifests that this run wrote and whose pods have not yet proved themselves, by step key. */
  private readonly unproven = new Map<string, { readonly step: WriteManifestStep; readonly sinceMs: number }>();
  /** Pod -> the node on which its new manifest was not taken up. */
  private readonly untaken = new Map<string, string>();
  /** Node -> since when, in milliseconds of the clock, another's lock on it has been waited for. */
  private readonly lockedSinceMs = new Map<string, number>();
  private etcdChangedAtMs = Number.NEGATIVE_INFINITY;
  private waitingFor: { readonly key: string; readonly sinceMs: number; readonly limitSeconds: number } | undefined;

  constructor(private readonly options: ConvergeOptions) {}

  isCancelled(): boolean {
    return this.options.isCancelled?.() ?? false;
  }

  chooseStep(plan: Plan, observations: readonly NodeObservation[]): Step | undefined {
    const stepsMax = stepsPerNodeMax * Object.keys(this.options.plane.nodes).length;
    if (this.applied.length >= stepsMax) {
      this.fail(`gave up after ${stepsMax} steps, with the control plane still not as declared`);
      return undefined;
    }
    this.proveWritten(plan, observations);
    // What etcd was changed for holds only once its chain has come to its end.
    if (this.applied.some(isEtcdStep) && ((plan.etcd?.chain.length ?? 0) > 0 || isWithoutQuorum(plan)))
      this.etcdChangedAtMs = this.options.clock.nowMs();
    const distrusted = this.distrustedPods(plan);
    const held = [...this.unproven.values()][0]?.step;
    // A chain: what comes after its first step is a forecast, also when that step's node was given up.
    const forecast = new Set<Step>(plan.etcd?.chain.slice(1) ?? []);
    for (const step of this.deferLocked(plan.steps)) {
      if (this.givenUp.has(step.node) || this.skipped.has(stepKey(step)) || forecast.has(step)) continue;
      // One node at a time: no other is changed before what was written last runs and goes on running. No API server runs
      // on without its etcd, so that etcd does not wait for that.
      if (held !== undefined && step.node !== held.node && !isEtcdStep(step)) continue;
      if (this.isDistrusted(step, distrusted, observations)) continue;
      if (!isWait(step) && this.isRepeated(step)) {
        this.giveUpStep(
          step,
          `node ${step.node}: ${step.reason}, although that was mended a moment ago; something else on the node changes it back`,
        );
        continue;
      }
      return step;
    }
    // Without a quorum no API server comes to run, whatever its manifest says.
    if (isWithoutQuorum(plan)) return undefined;
    return held === undefined ? this.waitForRevival(plan) : this.waitForProof(held);
  }

  // A node whose lock was in the way is tried after what is to be changed on the others, and before a pod is waited for: that
  // may come to run only by what is to be done there.
  private deferLocked(steps: readonly Step[]): readonly Step[] {
    const ordered: Step[] = [];
    const deferred: Step[] = [];
    for (const step of steps) {
      if (this.lockedSinceMs.has(step.node)) {
        deferred.push(step);
        continue;
      }
      if (isWaitForServer(step)) ordered.push(...deferred.splice(0));
      ordered.push(step);
    }
    return [...ordered, ...deferred];
  }

  /** Who holds a node that may still be waited for; undefined when there is none. */
  findLock(plan: Plan): { readonly message: string; readonly waitedSeconds: number } | undefined {
    for (const { reason, node, message } of plan.blockers) {
      if (reason !== "node-locked" || this.givenUp.has(node)) continue;
      const waitedSeconds = this.lockWaitedSeconds(node);
      if (waitedSeconds <= lockWaitSeconds) return { message, waitedSeconds };
    }
    return undefined;
  }

  private lockWaitedSeconds(node: string): number {
    const nowMs = this.options.clock.nowMs();
    const sinceMs = this.lockedSinceMs.get(node) ?? nowMs;
    this.lockedSinceMs.set(node, sinceMs);
    return Math.round((nowMs - sinceMs) / 1000);
  }

  private isRepeated(step: ChangeStep): boolean {
    const count = this.applied.filter((earlier) => stepKey(earlier) === stepKey(step)).length;
    return count >= (isEtcdStep(step) ? etcdRepetitionsMax : 1);
  }

  /** Strikes off what has proved itself; gives up what has had its time. */
  private proveWritten(plan: Plan, observations: readonly NodeObservation[]): void {
    const isEtcdUnderRepair = (plan.etcd?.chain.length ?? 0) > 0 || isWithoutQuorum(plan);
    const timeoutSeconds = this.options.plane.containerStartTimeoutSeconds + provenAfterSeconds;
    for (const [key, { step, sinceMs }] of this.unproven) {
      const observation = observations.find((candidate) => candidate.node === step.node);
      if (isEtcdUnderRepair) this.unproven.set(key, { step, sinceMs: this.options.clock.nowMs() });
      const isLate = !isEtcdUnderRepair && this.options.clock.nowMs() - sinceMs > timeoutSeconds * 1000;
      if (this.givenUp.has(step.node)) this.unproven.delete(key);
      else if (observation?.kind === "observed" && hasProved(observation, step.pod, step.fileName))
        this.unproven.delete(key);
      else if (isLate) {
        this.unproven.delete(key);
        this.untaken.set(step.pod, step.node);
        this.giveUp(
          step.node,
          `node ${step.node}: ${step.pod} has not come to run from its new manifest for ${provenAfterSeconds} s on end within ${timeoutSeconds} s`,
        );
      }
    }
  }

  private waitForProof(step: WriteManifestStep): WaitForPodStep {
    return {
      kind: "waitForPod",
      node: step.node,
      pod: step.pod,
      fileName: step.fileName,
      manifestDirectory: step.manifestDirectory,
      timeoutSeconds: this.options.plane.containerStartTimeoutSeconds + provenAfterSeconds,
      reason: `${step.pod} has to run from its new manifest, and go on running, before anything else is changed`,
    };
  }

  // An API server that was without its etcd is ready some time after that is; by its own age it has had its time.
  private waitForRevival(plan: Plan): WaitForPodStep | undefined {
    const { plane, clock } = this.options;
    const timeoutSeconds = plane.containerStartTimeoutSeconds;
    if (clock.nowMs() - this.etcdChangedAtMs > timeoutSeconds * 1000) return undefined;
    const problem = plan.problems.find(
      ({ node, subject }) => !this.givenUp.has(node) && plane.nodes[node]?.staticPods[subject] !== undefined,
    );
    if (problem === undefined) return undefined;
    return {
      kind: "waitForPod",
      node: problem.node,
      pod: problem.subject,
      fileName: manifestFileName(problem.subject),
      manifestDirectory: plane.manifestDirectory,
      timeoutSeconds,
      reason: `${problem.subject} has to run again after the change of etcd`,
    };
  }

  // A manifest that did not work on one node is not spread to a node where the pod still runs.
  private isDistrusted(
    step: Step,
    distrusted: ReadonlyMap<string, string>,
    observations: readonly NodeObservation[],
  ): boolean {
    if (step.kind !== "writeManifest" && step.kind !== "waitForPod") return false;
    const failedOn = distrusted.get(step.pod);
    if (failedOn === undefined || failedOn === step.node || !isPodRunning(observations, step.node, step.pod))
      return false;
    const isWritten = this.applied.some(
      (earlier) => earlier.kind === "writeManifest" && earlier.node === step.node && earlier.pod === step.pod,
    );
    if (isWritten) return false;
    this.fail(
      `node ${step.node}: ${step.pod} is left as it is, because it runs there and did not come up on ${failedOn} with the manifest that is declared`,
    );
    return true;
  }

  hasWaitedTooLong(step: Step): boolean {
    const key = stepKey(step);
    const nowMs = this.options.clock.nowMs();
    if (this.waitingFor?.key !== key) {
      // The whole time that a pod has: what is left of it shrinks from look to look, and would end the wait half-way.
      const timeoutSeconds = "timeoutSeconds" in step ? step.timeoutSeconds : 0;
      const limitSeconds = Math.max(timeoutSeconds, this.options.plane.containerStartTimeoutSeconds);
      this.waitingFor = { key, sinceMs: nowMs, limitSeconds };
    }
    const waitedSeconds = Math.round((nowMs - this.waitingFor.sinceMs) / 1000);
    this.options.onEvent?.({ kind: "waiting", step, waitedSeconds });
    // A wait for a pod ends itself by the node's own clock; this bound is for a node whose clock stands still.
    if (waitedSeconds <= this.waitingFor.limitSeconds + 30) return false;
    this.giveUpStep(step, `node ${step.node}: waited ${waitedSeconds} s in vain: ${step.reason}`);
    return true;
  }

  record(step: ChangeStep, outcome: StepOutcome): void {
    // What was waited for before a change starts anew after it: a kubelet that was restarted has its whole time again.
    this.waitingFor = undefined;
    if (outcome.kind !== "locked") this.lockedSinceMs.delete(step.node);
    switch (outcome.kind) {
      case "done":
        this.applied.push(step);
        if (isEtcdStep(step)) this.etcdChangedAtMs = this.options.clock.nowMs();
        if (step.kind === "writeManifest") {
          this.unproven.set(stepKey(step), { step, sinceMs: this.options.clock.nowMs() });
        }
        // A kubelet that was restarted has its whole time again.
        for (const [key, { step: written }] of this.unproven) {
          if (written.node === step.node) {
            this.unproven.set(key, { step: written, sinceMs: this.options.clock.nowMs() });
          }
        }
        return;
      case "interrupted": {
        const count = (this.interruptions.get(step.node) ?? 0) + 1;
        this.interruptions.set(step.node, count);
        if (count >= interruptionsMax) this.giveUp(step.node, `node ${step.node}: ${outcome.message}`);
        return;
      }
      case "failed":
        this.giveUpStep(step, `node ${step.node}: ${outcome.message}`);
        return;
      case "locked":
        if (this.lockWaitedSeconds(step.node) > lockWaitSeconds)
          this.giveUp(step.node, `node ${step.node}: ${outcome.message}`);
        return;
    }
  }

  /** Pods that this run wrote and that then did not come up, with the node where. */
  private distrustedPods(plan: Plan): ReadonlyMap<string, string> {
    const written = this.applied.filter((step) => step.kind === "writeManifest");
    const failed = written.filter((step) =>
      plan.problems.some((problem) => problem.node === step.node && problem.subject === step.pod),
    );
    return new Map([...this.untaken, ...failed.map((step) => [step.pod, step.node] as const)]);
  }

  // A stray file that cannot be moved stands in nobody's way, nor does a process of monit, each of which stands by itself;
  // after any other step the node is not what was planned for.
  private giveUpStep(step: Step, message: string): void {
    const isProcess = !isEtcdStep(step) && "manager" in step && step.manager === "monit";
    if (step.kind !== "archiveStrayManifest" && !isProcess) {
      this.giveUp(step.node, message);
      return;
    }
    this.skipped.add(stepKey(step));
    // What could not be started is not waited for.
    if (isProcess) this.skipped.add(`waitForService ${step.node} ${subjectOf(step)}`);
    this.fail(message);
  }

  private giveUp(node: string, message: string): void {
    this.givenUp.add(node);
    this.fail(message);
  }

  private fail(message: string): void {
    if (!this.failures.includes(message)) this.failures.push(message);
  }
}

function isWithoutQuorum(plan: Plan): boolean {
  return plan.etcd !== undefined && plan.etcd.assessment.quorum === undefined;
}

/** What makes two steps the same step, whatever the wording of their reasons and their remaining time. */
function stepKey(step: Step): string {
  return `${step.kind} ${step.node} ${subjectOf(step)}`;
}
