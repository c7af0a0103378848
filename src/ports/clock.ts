// The one way to read time and to wait. Production uses the wall clock, the simulator a virtual one.

/** Time as the core sees it; nothing in the core reads the wall clock or sets a timer itself. */
export interface Clock {
  /** Milliseconds since the Unix epoch. Never goes backwards within one run. */
  nowMs(): number;
  /** Resolves once `ms` milliseconds have passed on this clock; at once (but not synchronously) for zero or less. */
  sleep(ms: number): Promise<void>;
}
