// The only code that changes a node: observe, plan, apply ONE step, observe again, until nothing is left to do. The plan
// is made anew after every step, so nothing is assumed from the one before and a crash at any point loses nothing.

import type { ControlPlaneDeclaration } from "../model/declaration";
import { invariantError } from "../model/errors";
import { isEtcdStep } from "../model/etcd-step";
import type { NodeObservation } from "../model/node-observation";
import type { Plan } from "../model/plan";
import { type ChangeStep, isWait, isWaitForServer, type Step, type StepOutcome } from "../model/step";
import type { Clock } from "../ports/clock";
import type { NodeAccess } from "../ports/node-access";
import { Run } from "./run";

/** Makes a plan from one observation of every node. */
export type Planner = (plane: ControlPlaneDeclaration, observations: readonly NodeObservation[]) => Plan;

/** What happens while a control plane converges, for progress. */
export type ConvergeEvent =
  | { readonly kind: "planned"; readonly plan: Plan; readonly observations: readonly NodeObservation[] }
  | { readonly kind: "step-started"; readonly step: ChangeStep }
  | { readonly kind: "step-ended"; readonly step: ChangeStep; readonly outcome: StepOutcome }
  | { readonly kind: "waiting"; readonly step: Step; readonly waitedSeconds: number }
  | { readonly kind: "waiting-for-lock"; readonly message: string; readonly waitedSeconds: number };

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

const defaultPollMs = 2000;

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

/** Applies one step; a snapshot is carried to or from the file that the step names. */
async function applyStep(nodes: NodeAccess, step: ChangeStep): Promise<StepOutcome> {
  if (step.kind === "etcdDeliverSnapshot") return nodes.deliver(step, { path: step.localFile });
  if (step.kind === "etcdCollectSnapshot") {
    if (step.localFile === undefined) throw invariantError(`no file is named for the snapshot of ${step.node}`);
    return nodes.collect(step, { path: step.localFile });
  }
  return nodes.apply(step);
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
    options.onEvent?.({ kind: "planned", plan, observations });
    const step = run.isCancelled() ? undefined : run.chooseStep(plan, observations);
    if (step === undefined && isPartlyOld) {
      observations = await observeAll(plane, nodes);
      isPartlyOld = false;
      continue;
    }
    // No server is waited for that may come to run only by what is to be done on a node whose lock is about to be let go.
    const mayWaitForLock = !run.isCancelled() && (step === undefined || isWaitForServer(step));
    const lock = mayWaitForLock ? run.findLock(plan) : undefined;
    if (lock !== undefined) {
      options.onEvent?.({ kind: "waiting-for-lock", ...lock });
      await clock.sleep(options.pollMs ?? defaultPollMs);
      observations = await observeAll(plane, nodes);
      isPartlyOld = false;
      continue;
    }
    if (step === undefined) {
      return { observations, plan, applied: run.applied, failures: run.failures, isCancelled: run.isCancelled() };
    }
    if (isWait(step)) {
      if (run.hasWaitedTooLong(step)) continue;
      await clock.sleep(options.pollMs ?? defaultPollMs);
      // A member is one among its peers: its state follows from what all of them say at one moment.
      if (isEtcdStep(step)) {
        observations = await observeAll(plane, nodes);
        isPartlyOld = false;
        continue;
      }
      const waited = await nodes.observe(step.node);
      observations = observations.map((observation) => (observation.node === step.node ? waited : observation));
      isPartlyOld = true;
      continue;
    }
    options.onEvent?.({ kind: "step-started", step });
    const outcome = await applyStep(nodes, step);
    options.onEvent?.({ kind: "step-ended", step, outcome });
    run.record(step, outcome);
    if (outcome.kind === "locked") await clock.sleep(options.pollMs ?? defaultPollMs);
    observations = await observeAll(plane, nodes);
    isPartlyOld = false;
  }
}
