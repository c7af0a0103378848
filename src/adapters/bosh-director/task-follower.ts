// Follows a task to its end: state first, then the event output from the byte where the last look ended, so that nothing
// is shown twice and nothing written before the final state is missed.

import { isTaskFinal, type TaskEvent, type TaskOutcome, taskOutcome } from "../../model/bosh-task";
import { RecoveryError } from "../../model/errors";
import type { Clock } from "../../ports/clock";
import type { TaskProgress } from "../../ports/director-access";
import type { DirectorSession } from "./director-session";
import { TaskEventReader } from "./task-events";

/** How a task is followed. */
export interface FollowLimits {
  /** Pause between looks. The bosh CLI takes 500 ms. */
  readonly pollMs: number;
  /** How long a task may take in all. */
  readonly taskTimeoutMs: number;
  /** Times that a read is tried while a task runs: long enough for a director that restarts (about ten minutes). */
  readonly readAttempts: number;
}

/** Defaults: a task of a large deployment may take hours. */
export const defaultFollowLimits: FollowLimits = { pollMs: 500, taskTimeoutMs: 4 * 3_600_000, readAttempts: 150 };

/**
 * Follows a task.
 * @throws RecoveryError `host-unreachable` when the director stays away, `command-failed` past the deadline. The task goes
 * on in both cases; the sentence names it.
 */
export async function followTask(
  session: DirectorSession,
  clock: Clock,
  limits: FollowLimits,
  taskId: number,
  onProgress: TaskProgress | undefined,
): Promise<TaskOutcome> {
  const reader = new TaskEventReader();
  const events: TaskEvent[] = [];
  const deadlineMs = clock.nowMs() + limits.taskTimeoutMs;
  for (;;) {
    const task = await session.readTask(taskId, limits.readAttempts);
    for (const event of await readNewEvents(session, limits, taskId, reader)) {
      events.push(event);
      onProgress?.(event, taskId);
    }
    if (isTaskFinal(task)) return taskOutcome(task, events);
    if (clock.nowMs() >= deadlineMs) {
      throw new RecoveryError({
        code: "command-failed",
        message: `task ${taskId} (${task.description}) on the director ${session.address} did not end in time`,
        nodeName: session.address,
        retriable: true,
        hint: `it still runs: follow it with \`bosh task ${taskId}\`; the next up waits for it`,
      });
    }
    await clock.sleep(limits.pollMs);
  }
}

async function readNewEvents(
  session: DirectorSession,
  limits: FollowLimits,
  taskId: number,
  reader: TaskEventReader,
): Promise<readonly TaskEvent[]> {
  const response = await session.read({
    path: `/tasks/${taskId}/output?type=event`,
    purpose: `read the progress of task ${taskId}`,
    statuses: [200, 204, 206, 416],
    headers: { range: `bytes=${reader.offset}-` },
    attempts: limits.readAttempts,
  });
  switch (response.status) {
    case 206:
      return reader.take(response.body);
    case 200:
      // Range ignored: the whole output again, of which the first part is known.
      return reader.take(response.body.subarray(reader.offset));
    default:
      return [];
  }
}
