// The wall clock, for production.

import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../ports/clock";

/** Real time. It starts from the wall clock and then follows the monotonic one, so that it never goes backwards. */
export function systemClock(): Clock {
  const startMs = Date.now() - performance.now();
  return {
    nowMs: () => startMs + performance.now(),
    sleep: (ms) => delay(Math.max(0, ms)),
  };
}
