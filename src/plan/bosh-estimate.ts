// How long a mass recovery takes, so that nobody interrupts one that is merely long.
import type { BoshStep, ProblemTarget } from "../model/bosh-step";

/** What the estimate is made of; each figure can be replaced by one's own. */
export interface RecoveryPace {
  /** One VM rebooted until its agent answers. Seed 004: 16 VMs in 26 minutes, one after the other. */
  readonly rebootMs: number;
  /** One VM created anew with its jobs up. Seed 000: 2 min 11 s and 4 min 21 s. */
  readonly recreateMs: number;
  /** VMs at a time; the deployments of the seeds have max_in_flight 1. */
  readonly atATime: number;
}

/** The pace of the seeds. */
export const seedPace: RecoveryPace = { rebootMs: 97_000, recreateMs: 392_000, atATime: 1 };

/** Expected duration of answering so many problems. */
export function estimateRecoveryMs(
  counts: { readonly rebooted: number; readonly recreated: number },
  pace: RecoveryPace = seedPace,
): number {
  const workMs = counts.rebooted * pace.rebootMs + counts.recreated * pace.recreateMs;
  // The last VM cannot be shared out, so it never gets faster than the slowest single one.
  const longestMs = Math.max(counts.recreated > 0 ? pace.recreateMs : 0, counts.rebooted > 0 ? pace.rebootMs : 0);
  return Math.max(longestMs, Math.ceil(workMs / Math.max(1, pace.atATime)));
}

// Deleting a VM took half a minute in seed 000.
const deleteVmMs = 30_000;

/** Expected duration of a plan's steps. A wait of ours ends when what it waits for is there, so it counts for nothing. */
export function estimatePlanMs(steps: readonly BoshStep[], pace: RecoveryPace = seedPace): number {
  return steps.map((step) => estimateStepMs(step, pace)).reduce((sum, stepMs) => sum + stepMs, 0);
}

function estimateStepMs(step: BoshStep, pace: RecoveryPace): number {
  switch (step.kind) {
    case "waitForMonitor":
      return step.waitMs;
    case "deleteVm":
      return deleteVmMs;
    case "startInstance":
    case "recreateInstance":
      return pace.recreateMs;
    case "resolveProblems": {
      // Which of its answers is given is known after the scan; the first that a silent agent gets decides here.
      const isReboot = (target: ProblemTarget): boolean =>
        target.preferences.some(({ type, names }) => type === "unresponsive_agent" && names[0] === "reboot_vm");
      const rebooted = step.targets.filter(isReboot).length;
      return estimateRecoveryMs({ rebooted, recreated: step.targets.length - rebooted }, pace);
    }
    default:
      return 0;
  }
}
