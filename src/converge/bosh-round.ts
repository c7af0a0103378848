// Converges one BOSH deployment: observe, plan, apply ONE step (and the wait that belongs to it), observe again. A pause of
// the resurrector that this run set is taken back in every exit path; after a kill the next run finds and undoes it.
import type { BoshAttempt, BoshDeploymentDeclaration, BoshObservation, BoshPlan } from "../model/bosh-plan";
import type { BoshStep } from "../model/bosh-step";
import { isRecoveryError } from "../model/errors";
import { pauseConfigName } from "../plan/bosh-resurrection";
import { applyBoshStep, type BoshApplyOptions, type BoshStepOutcome } from "./bosh-apply";
import { observeBosh } from "./bosh-observe";

/** Makes a plan from an observation. */
export type BoshPlanner = (declaration: BoshDeploymentDeclaration, observation: BoshObservation) => BoshPlan;

/** What happens while a deployment converges, for progress. */
export type BoshConvergeEvent =
  | { readonly kind: "planned"; readonly plan: BoshPlan }
  | { readonly kind: "step-started"; readonly step: BoshStep }
  | { readonly kind: "step-ended"; readonly step: BoshStep; readonly outcome: BoshStepOutcome };

/** What a converge needs. */
export interface BoshConvergeOptions extends BoshApplyOptions {
  readonly declaration: BoshDeploymentDeclaration;
  readonly planner: BoshPlanner;
  /** True: finish the step that runs, start no other. Asked before every step. */
  readonly isCancelled?: () => boolean;
  readonly onEvent?: (event: BoshConvergeEvent) => void;
}

/** Where a converge ended. */
export interface BoshConvergeResult {
  readonly observation: BoshObservation;
  /** The plan over it: without steps and blockers when all is as declared. */
  readonly plan: BoshPlan;
  /** What was done, in order. */
  readonly attempts: readonly BoshAttempt[];
  /** Why the run was given up, one sentence each. */
  readonly failures: readonly string[];
  readonly isCancelled: boolean;
}

// A step of these kinds that fails has another remedy behind it; any other failure ends the run.
const fallibleKinds: ReadonlySet<BoshStep["kind"]> = new Set(["restartProcess", "recreateInstance", "resolveProblems"]);

// Enough for every remedy of the largest groups one by one; a planner that never ends is stopped by it.
const roundsMax = 500;

/** See the head of this file. */
export async function convergeBosh(options: BoshConvergeOptions): Promise<BoshConvergeResult> {
  const attempts: BoshAttempt[] = [];
  const failures: string[] = [];
  const pause = { isOurs: false };
  try {
    for (let round = 0; ; round += 1) {
      const observation = await observeBosh(options.declaration, options, {
        isPauseOurs: pause.isOurs,
        attempts: [...attempts],
      });
      const plan = options.planner(options.declaration, observation);
      options.onEvent?.({ kind: "planned", plan });
      const isCancelled = options.isCancelled?.() ?? false;
      const [step, next] = plan.steps;
      const repeated = step === undefined ? undefined : repetition(step, attempts, round);
      if (repeated !== undefined) failures.push(repeated);
      if (step === undefined || isCancelled || failures.length > 0)
        return { observation, plan, attempts, failures, isCancelled };
      const outcome = await run(step, options);
      if (step.kind === "pauseResurrection" && outcome.kind === "done") pause.isOurs = true;
      if (step.kind === "resumeResurrection" && outcome.kind === "done") pause.isOurs = false;
      attempts.push({
        step,
        isDone: outcome.kind === "done",
        message: outcome.kind === "failed" ? outcome.message : undefined,
      });
      if (outcome.kind === "failed" && !fallibleKinds.has(step.kind))
        failures.push(`${step.reason}: ${outcome.message}`);
      // A wait right behind a step belongs to it: planning anew before the step could work would only choose a worse one.
      if (next?.kind === "waitForInstance" && outcome.kind === "done") await run(next, options);
    }
  } finally {
    if (pause.isOurs) await takePauseBack(options);
  }
}

async function run(step: BoshStep, options: BoshConvergeOptions): Promise<BoshStepOutcome> {
  options.onEvent?.({ kind: "step-started", step });
  const outcome = await applyBoshStep(step, options);
  options.onEvent?.({ kind: "step-ended", step, outcome });
  return outcome;
}

async function takePauseBack({ director, declaration }: BoshConvergeOptions): Promise<void> {
  try {
    await director.removeConfig("resurrection", pauseConfigName(declaration.deployment));
  } catch (error) {
    // Whatever ended the run is the news; the pause that is left is drift for the next one.
    if (!isRecoveryError(error)) throw error;
  }
}

/** A planner that asks for what was done a moment ago has found something that changes it back. */
function repetition(step: BoshStep, attempts: readonly BoshAttempt[], round: number): string | undefined {
  if (round >= roundsMax) return `given up after ${roundsMax} rounds: ${step.reason}`;
  const key = stepKey(step);
  if (step.kind === "waitForTask" || !attempts.some((earlier) => stepKey(earlier.step) === key)) return undefined;
  if (step.kind === "waitForInstance") return `${step.reason} and does not come up`;
  return `${step.reason}, although that was done a moment ago; something else changes it back`;
}

function stepKey(step: BoshStep): string {
  const { reason: _reason, ...rest } = step;
  return JSON.stringify(rest);
}
