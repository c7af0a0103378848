// How long the simulated director, its agents and its IaaS take. All in milliseconds.

/** Durations; each default names where it comes from. */
export interface DirectorTimings {
  /** A queued task waits so long for a worker at least. */
  readonly queueMs: number;
  /** An agent that answers. Seed 000: 4 VMs scanned in 7 s, not all at once. */
  readonly agentAnswerMs: number;
  /** A listing gives a silent agent 5 s, three times. Source: cloudfoundry/bosh director vm_state and agent client. */
  readonly listingTimeoutMs: number;
  /** A scan gives it 10 s, once. Source: problem_scanner/vm_scan_stage.rb. */
  readonly scanTimeoutMs: number;
  /** Other calls: 45 s, three times for get_state. */
  readonly converseTimeoutMs: number;
  /** Asking the IaaS for one disk. Seed 000: 4 disks in 41 s. */
  readonly diskCheckMs: number;
  /** Seed 000: 1 s, 9 s and 2 s. */
  readonly prepareMs: number;
  readonly renderMs: number;
  readonly compileMs: number;
  /** A stop that works. */
  readonly stopMs: number;
  /** A stop that errors. Seed 000: 41 s. */
  readonly stopErrorMs: number;
  /** Seed 000: 30 s. */
  readonly deleteVmMs: number;
  /** Seed 000: 2 min 11 s. */
  readonly createVmMs: number;
  /** Bringing a new VM's jobs up. Seed 000: 4 min 21 s. */
  readonly updateVmMs: number;
  /** Reboot until the agent answers. Seed 004: 16 VMs in 26 min, one after the other. */
  readonly rebootVmMs: number;
  /** Longest wait for an agent after a reboot or a creation. Source: agent_client wait_until_ready, 600 s. */
  readonly agentWaitMs: number;
  /** How long most tasks wait for a deployment's lock. Source: lock_helper.rb. */
  readonly lockWaitMs: number;
}

/** Real time, by the seeds and the source. */
export const realTimings: DirectorTimings = {
  queueMs: 200,
  agentAnswerMs: 1_750,
  listingTimeoutMs: 15_000,
  scanTimeoutMs: 10_000,
  converseTimeoutMs: 135_000,
  diskCheckMs: 10_250,
  prepareMs: 1_000,
  renderMs: 9_500,
  compileMs: 1_000,
  stopMs: 20_000,
  stopErrorMs: 41_000,
  deleteVmMs: 30_000,
  createVmMs: 131_000,
  updateVmMs: 261_000,
  rebootVmMs: 97_000,
  agentWaitMs: 600_000,
  lockWaitMs: 10_000,
};

/** The same world in a hurry, for practice and for comparing with recordings: every duration times `factor`. */
export function scaleTimings(timings: DirectorTimings, factor: number): DirectorTimings {
  const scaled = Object.entries(timings).map(
    ([name, ms]: [string, number]) => [name, Math.round(ms * factor)] as const,
  );
  return { ...timings, ...Object.fromEntries(scaled) };
}
