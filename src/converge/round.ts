// The only code that changes a node: observe, plan, apply ONE step, observe again, until nothing is left to do. The plan
// is made anew after every step, so nothing is assumed from the one before and a crash at any point loses nothing.

import type { ControlPlaneDeclaration } from "../model/declaration";
import type { NodeObservation } from "../model/node-observation";
import type { Plan } from "../model/plan";
import {
  type ChangeStep,
  isWait,
  type Step,
  type StepOutcome,
  type WaitForPodStep,
  type WriteManifestStep,
} from "../model/step";
import { hasProved, isPodRunning, provenAfterSeconds } from "../plan/pod-proof";
import type { Clock } from "../ports/clock";
import type { NodeAccess } from "../ports/node-access";

/** Makes a plan from one observation of every node. */
export type Planner = (plane: ControlPlaneDeclaration, observations: readonly NodeObservation[]) => Plan;

/** What happens while a control plane converges, for progress. */
export type ConvergeEvent =
  | { readonly kind: "planned"; readonly plan: Plan }
  | { readonly kind: "step-started"; readonly step: ChangeStep }
  | { readonly kind: "step-ended"; readonly step: ChangeStep; readonly outcome: StepOutcome }
  | { readonly kind: "waiting"; readonly step: Step; readonly waitedSeconds: number };

/** What a converge needs. */
export interface ConvergeOptions {
  readonly plane: ControlPlaneDeclaration;
  readonly nodes: NodeAccess;
  readonly clock: Clock;
  readonly planner: Planner;
  /** True: finish the step that runs, start no other. Asked before every step and every poll. */
  readonly isCancelled?: () => boolean;
  readonly onEvent?: (event: ConvergeEvent) => void;
  /** Between two looks at a node that is waited for, milliseconds. Default 2000: a probe costs a node about 200 ms. */
  readonly pollMs?: number;
}

/** Where a converge ended. */
export interface ConvergeResult {
  /** The last observation of every declared node, sorted by name. */
  readonly observations: readonly NodeObservation[];
  /** The plan over it: empty when all is as declared. */
  readonly plan: Plan;
  readonly applied: readonly ChangeStep[];
  /** Why nodes were given up, one sentence each. */
  readonly failures: readonly string[];
  readonly isCancelled: boolean;
}

/** More steps than this for each node are no repair: a kubeadm node has four pods, two services and a handful of files. */
const stepsPerNodeMax = 40;

/** A lost connection is tried again this often for each node before the node is given up. */
const interruptionsMax = 2;

/** Observes every declared node, all in parallel, sorted by name. */
export async function observeAll(
  plane: ControlPlaneDeclaration,
  nodes: NodeAccess,
): Promise<readonly NodeObservation[]> {
  return Promise.all(
    Object.keys(plane.nodes)
      .sort()
      .map((node) => nodes.observe(node)),
  );
}

/** Brings the control plane to what is declared, as far as that can be done, one step at a time. */
export async function converge(options: ConvergeOptions): Promise<ConvergeResult> {
  const { plane, nodes, clock, planner } = options;
  const run = new Run(options);
  let observations = await observeAll(plane, nodes);
  // While one node is waited for, the others are seen as they were when the wait began.
  let isPartlyOld = false;
  for (;;) {
    const plan = planner(plane, observations);
    options.onEvent?.({ kind: "planned", plan });
    const step = run.isCancelled() ? undefined : run.chooseStep(plan, observations);
    if (step === undefined && isPartlyOld) {
      observations = await observeAll(plane, nodes);
      isPartlyOld = false;
      continue;
    }
    if (step === undefined) {
      return { observations, plan, applied: run.applied, failures: run.failures, isCancelled: run.isCancelled() };
    }
    if (isWait(step)) {
      if (run.hasWaitedTooLong(step)) continue;
      await clock.sleep(options.pollMs ?? 2000);
      const waited = await nodes.observe(step.node);
      observations = observations.map((observation) => (observation.node === step.node ? waited : observation));
      isPartlyOld = true;
      continue;
    }
    options.onEvent?.({ kind: "step-started", step });
    const outcome = await nodes.apply(step);
    options.onEvent?.({ kind: "step-ended", step, outcome });
    run.record(step, outcome);
    observations = await observeAll(plane, nodes);
    isPartlyOld = false;
  }
}

/** What one converge remembers between its rounds: only what keeps it from repeating itself. */
class Run {
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
    this.proveWritten(observations);
    const distrusted = this.distrustedPods(plan);
    const held = [...this.unproven.values()][0]?.step;
    for (const step of plan.steps) {
      if (this.givenUp.has(step.node) || this.skipped.has(stepKey(step))) continue;
      // One node at a time: no other is changed before what was written last runs and goes on running.
      if (held !== undefined && step.node !== held.node) continue;
      if (this.isDistrusted(step, distrusted, observations)) continue;
      if (!isWait(step) && this.applied.some((earlier) => stepKey(earlier) === stepKey(step))) {
        this.giveUpStep(
          step,
          `node ${step.node}: ${step.reason}, although that was mended a moment ago; something else on the node changes it back`,
        );
        continue;
      }
      return step;
    }
    return held === undefined ? undefined : this.waitForProof(held);
  }

  /** Strikes off what has proved itself; gives up what has had its time. */
  private proveWritten(observations: readonly NodeObservation[]): void {
    const timeoutSeconds = this.options.plane.containerStartTimeoutSeconds + provenAfterSeconds;
    for (const [key, { step, sinceMs }] of this.unproven) {
      const observation = observations.find((candidate) => candidate.node === step.node);
      const isLate = this.options.clock.nowMs() - sinceMs > timeoutSeconds * 1000;
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
    this.giveUp(step.node, `node ${step.node}: waited ${waitedSeconds} s in vain: ${step.reason}`);
    return true;
  }

  record(step: ChangeStep, outcome: StepOutcome): void {
    // What was waited for before a change starts anew after it: a kubelet that was restarted has its whole time again.
    this.waitingFor = undefined;
    switch (outcome.kind) {
      case "done":
        this.applied.push(step);
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

  // A stray file that cannot be moved stands in nobody's way; after any other step the node is not what was planned for.
  private giveUpStep(step: Step, message: string): void {
    if (step.kind !== "archiveStrayManifest") {
      this.giveUp(step.node, message);
      return;
    }
    this.skipped.add(stepKey(step));
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

/** What makes two steps the same step, whatever the wording of their reasons and their remaining time. */
function stepKey(step: Step): string {
  const subject = "fileName" in step ? step.fileName : step.service;
  return `${step.kind} ${step.node} ${subject}`;
}
