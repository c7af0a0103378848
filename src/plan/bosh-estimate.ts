// How long a mass recovery takes, so that nobody interrupts one that is merely long.

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
