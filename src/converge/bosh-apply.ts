// Carries out one step of a BOSH repair. A step that the director could not begin because of somebody's lock is tried
// again after that task has ended; a step that failed is reported, never repeated here.
import { instanceName, isSameInstance } from "../model/bosh";
import type { PauseHolder } from "../model/bosh-resurrection";
import type { BoshStep, DeleteVmStep, PauseResurrectionStep, ResolveProblemsStep } from "../model/bosh-step";
import type { TaskOutcome } from "../model/bosh-task";
import { isRecoveryError, unreachable } from "../model/errors";
import { chooseAnswers } from "../plan/bosh-resolution";
import { renderPause } from "../plan/bosh-resurrection";
import type { Clock } from "../ports/clock";
import type { TaskProgress } from "../ports/director-access";
import type { BoshReach } from "./bosh-observe";

/** What came of a step. */
export type BoshStepOutcome =
  | {
      readonly kind: "done" /** What else should be known, one sentence; undefined for nothing. */;
      readonly note?: string;
    }
  | { readonly kind: "failed"; readonly message: string };

/** What a step needs. */
export interface BoshApplyOptions extends BoshReach {
  readonly clock: Clock;
  /** This run, for the pause that it sets; undefined: the pause does not say who holds it. */
  readonly holder?: Omit<PauseHolder, "sinceMs"> | undefined;
  readonly onProgress?: TaskProgress | undefined;
}

const done: BoshStepOutcome = { kind: "done" };

// How often a held deployment is tried again, and how long to wait when the holder is not known.
const lockRetriesMax = 10;
const lockPauseMs = 30_000;

/** See the head of this file. */
export async function applyBoshStep(step: BoshStep, options: BoshApplyOptions): Promise<BoshStepOutcome> {
  try {
    return await apply(step, options);
  } catch (error) {
    // What the director or a node refuses is an outcome of the step; whoever plans next decides what it means.
    if (!isRecoveryError(error) || error.code === "invariant") throw error;
    return { kind: "failed", message: error.message };
  }
}

async function apply(step: BoshStep, options: BoshApplyOptions): Promise<BoshStepOutcome> {
  const { director, onProgress } = options;
  switch (step.kind) {
    case "undoPause":
    case "resumeResurrection":
      await director.removeConfig("resurrection", step.configName);
      return done;
    case "pauseResurrection":
      return pause(step, options);
    case "waitForMonitor":
      await options.clock.sleep(step.waitMs);
      return done;
    case "waitForTask":
      // However it ends, it is out of the way, and all is observed again.
      await director.followTask(step.taskId, onProgress);
      return done;
    case "waitForInstance":
      return waitForInstance(step.deployment, step, options);
    case "restartProcess":
      await options.instances.restartProcess(step.deployment, step.instance, step.process);
      return done;
    case "startInstance":
      return whenFree(step, options, () =>
        director.changeInstance(
          step.deployment,
          { instance: step.instance, action: "start", scope: "one-instance" },
          onProgress,
        ),
      );
    case "takeEtcdSnapshot": {
      const outcome = await options.quorum?.takeSnapshot(step.deployment, step.instance.group, step.instance);
      if (outcome?.kind === "kept") return done;
      return {
        kind: "failed",
        message: `no snapshot was kept: ${outcome?.message ?? "nothing gives access to the etcd"}`,
      };
    }
    case "recreateInstance":
      return whenFree(step, options, () =>
        director.changeInstance(
          step.deployment,
          { instance: step.instance, action: "recreate", scope: step.scope },
          onProgress,
        ),
      );
    case "deleteVm":
      return deleteVm(step, options);
    case "resolveProblems":
      return resolveProblems(step, options);
    default:
      return unreachable(step);
  }
}

async function pause(
  step: PauseResurrectionStep,
  { director, holder, clock }: BoshApplyOptions,
): Promise<BoshStepOutcome> {
  const held = holder === undefined ? undefined : { ...holder, sinceMs: clock.nowMs() };
  const content = renderPause(step.deployment, held);
  const written = await director.writeConfig({ type: "resurrection", name: step.configName, content }, "0");
  if (written.kind === "written") return done;
  return { kind: "failed", message: `somebody else paused the resurrector for '${step.deployment}' just now` };
}

async function deleteVm(step: DeleteVmStep, options: BoshApplyOptions): Promise<BoshStepOutcome> {
  const { director, onProgress } = options;
  // The id is read again: deleting needs no lock, and an unknown id would count as deleted.
  const placements = await director.observePlacements(step.deployment);
  const vmCid = placements.find(({ instance }) => isSameInstance(instance, step.instance))?.vmCid;
  if (vmCid !== step.vmCid) {
    const now = vmCid === undefined ? "has no VM" : `has another VM, ${vmCid}`;
    return {
      kind: "failed",
      message: `${instanceName(step.instance)} ${now} by now, so ${step.vmCid} was not deleted`,
    };
  }
  return fromTask(await director.deleteVm(vmCid, onProgress));
}

async function resolveProblems(step: ResolveProblemsStep, options: BoshApplyOptions): Promise<BoshStepOutcome> {
  const { director, onProgress, clock } = options;
  for (let attempt = 1; ; attempt += 1) {
    const scan = await director.scanProblems(step.deployment, onProgress);
    if (scan.kind === "scanned") {
      const { answers, unanswered } = chooseAnswers(scan.problems, step.targets, step.oneOfGroups);
      const left = unanswered.filter(({ why }) => why === "not-offered").map(({ instance }) => instanceName(instance));
      if (left.length > 0) {
        return {
          kind: "failed",
          message: `the director offers no safe answer for ${left.join(", ")}; nothing was answered`,
        };
      }
      if (answers.every(({ resolution }) => resolution === "ignore"))
        return { kind: "done", note: "nobody was silent any more" };
      return whenFree(step, options, () => director.applyResolutions(step.deployment, answers, onProgress));
    }
    if (scan.outcome.kind !== "locked" || attempt >= lockRetriesMax) return fromTask(scan.outcome);
    await waitForHolder(scan.outcome.holderTaskId, options, clock);
  }
}

/** Runs a task of ours as soon as nobody else's holds the deployment. */
async function whenFree(
  step: BoshStep,
  options: BoshApplyOptions,
  run: () => Promise<TaskOutcome>,
): Promise<BoshStepOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await run();
    if (outcome.kind !== "locked" || attempt >= lockRetriesMax || step.kind === "resolveProblems")
      return fromTask(outcome);
    await waitForHolder(outcome.holderTaskId, options, options.clock);
  }
}

async function waitForHolder(
  holderTaskId: number | undefined,
  { director }: BoshApplyOptions,
  clock: Clock,
): Promise<void> {
  if (holderTaskId === undefined) await clock.sleep(lockPauseMs);
  else await director.followTask(holderTaskId);
}

function fromTask(outcome: TaskOutcome): BoshStepOutcome {
  switch (outcome.kind) {
    case "done":
      return done;
    case "locked": {
      const holder = outcome.holderTaskId === undefined ? "another task" : `task ${outcome.holderTaskId}`;
      return { kind: "failed", message: `${holder} holds the deployment: ${outcome.message}` };
    }
    default:
      return { kind: "failed", message: `task ${outcome.task.id}: ${outcome.message}` };
  }
}

// The listing asks every agent, so it is not asked for too often.
const lookMs = 15_000;

async function waitForInstance(
  deployment: string,
  step: Extract<BoshStep, { kind: "waitForInstance" }>,
  { director, clock }: BoshApplyOptions,
): Promise<BoshStepOutcome> {
  const deadlineMs = clock.nowMs() + step.timeoutMs;
  for (;;) {
    const listing = await director.observeInstances(deployment);
    const found =
      listing.kind === "listed"
        ? listing.instances.find(({ instance }) => isSameInstance(instance, step.instance))
        : undefined;
    if (found?.jobState === "running") return done;
    if (clock.nowMs() >= deadlineMs) {
      const name = instanceName(step.instance);
      return { kind: "done", note: `${name} is not running after ${Math.round(step.timeoutMs / 1000)} s` };
    }
    await clock.sleep(lookMs);
  }
}
