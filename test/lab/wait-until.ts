// Waiting on a condition of the real world. The lab watches real machines, so here, and only here, time is real.

import { setTimeout as delay } from "node:timers/promises";

const pollEveryMs = 100;

/** Time allowed and what to say when it is used up. */
export interface WaitOptions {
  /** Default 60 s: a kubelet takes up to 20 s to see a changed manifest. */
  readonly deadlineMs?: number;
}

/**
 * Asks again and again until the answer is a value, and returns it. An answer of `undefined` or `false`, or an error,
 * means "not yet".
 *
 * @throws Error naming `what` and the last answer or error, once the deadline has passed.
 */
export async function waitUntil<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  options: WaitOptions = {},
): Promise<T> {
  const deadlineMs = options.deadlineMs ?? 60_000;
  const end = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= end) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`${what}: not within ${deadlineMs / 1000} s, last seen: ${seen}`);
    }
    await delay(pollEveryMs);
  }
}
