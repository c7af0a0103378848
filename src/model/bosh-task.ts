// Tasks and locks of a BOSH director. A failed task is an expected outcome, so it is a value and no error.

/** Life of a task. The last four are final. */
export type TaskState = "queued" | "processing" | "cancelling" | "done" | "error" | "cancelled" | "timeout";

/** One task as the director lists it. */
export interface DirectorTask {
  readonly id: number;
  readonly state: TaskState;
  /** What it does, such as "create deployment" or "scan and fix". */
  readonly description: string;
  /** Undefined for tasks of no deployment; `delete vm` tasks are such. */
  readonly deployment: string | undefined;
  readonly user: string | undefined;
  /** Short text, cut by the director at about 128 characters; the whole error is in the events. */
  readonly result: string;
  /** The mark that the starter of the task gave it; "" when none. */
  readonly contextId: string;
  /** Seconds since the epoch; undefined while queued. */
  readonly startedAtSecs: number | undefined;
  /** Seconds since the epoch; undefined while not final. */
  readonly finishedAtSecs: number | undefined;
}

/** One line of a task's event output. */
export type TaskEvent =
  | {
      readonly kind: "progress";
      readonly timeSecs: number;
      /** Such as "Updating instance". */
      readonly stage: string;
      readonly tags: readonly string[];
      /** Such as "master/UUID (2) (canary)". */
      readonly task: string;
      readonly index: number;
      readonly total: number;
      readonly state: "started" | "in_progress" | "finished" | "failed" | (string & {});
      /** Percent. */
      readonly progress: number;
      /** What is being done now, such as "executing drain"; undefined when not told. */
      readonly status: string | undefined;
      /** Why it failed; undefined when it did not. */
      readonly error: string | undefined;
    }
  | {
      readonly kind: "message";
      readonly timeSecs: number;
      readonly level: "warning" | "deprecation";
      readonly text: string;
    }
  | { readonly kind: "error"; readonly timeSecs: number; readonly code: number; readonly text: string };

/** A lock that a task holds. */
export interface DirectorLock {
  /** "deployment", "vm", "release", "stemcells", "compile" or "networks". */
  readonly type: string;
  /** What is locked, such as the deployment's name. */
  readonly resource: readonly string[];
  /** The task that holds it; undefined when the director does not say. */
  readonly taskId: number | undefined;
  /** When it lapses unless renewed, seconds since the epoch. */
  readonly expiresAtSecs: number;
}

/** How a task ended. */
export type TaskOutcome =
  | { readonly kind: "done"; readonly task: DirectorTask; readonly events: readonly TaskEvent[] }
  | {
      /** It did nothing because another task holds the deployment: try again later, the remedy itself did not fail. */
      readonly kind: "locked";
      readonly task: DirectorTask;
      readonly events: readonly TaskEvent[];
      /** The director's sentence. */
      readonly message: string;
      /** The task that holds the lock; undefined when the director does not say. */
      readonly holderTaskId: number | undefined;
    }
  | {
      readonly kind: "failed";
      readonly task: DirectorTask;
      readonly events: readonly TaskEvent[];
      /** The director's sentence in full. */
      readonly message: string;
      /** The director's error code; undefined when the task ended without telling one. */
      readonly code: number | undefined;
    }
  | {
      /** Stopped by somebody (`cancelled`), or its worker died, as when the director restarts (`timeout`). */
      readonly kind: "interrupted";
      readonly task: DirectorTask;
      readonly events: readonly TaskEvent[];
      readonly message: string;
    };

const finalStates: ReadonlySet<TaskState> = new Set(["done", "error", "cancelled", "timeout"]);

/** Has it ended, one way or another? */
export function isTaskFinal(task: DirectorTask): boolean {
  return finalStates.has(task.state);
}

/** The error that a task wrote as its last event; undefined when it wrote none. */
export function findTaskError(
  events: readonly TaskEvent[],
): { readonly code: number; readonly text: string } | undefined {
  for (const event of [...events].reverse()) {
    if (event.kind === "error") return { code: event.code, text: event.text };
  }
  return undefined;
}

// Scans give up at once, other tasks after ten seconds; both sentences mean "later".
// Source: cloudfoundry/bosh director lib/bosh/director/lock_helper.rb and lock.rb.
const lockRefusals = [/^Unable to get deployment lock/, /Failed to acquire lock for lock:/];

/** Turns a final task and its events into its outcome. */
export function taskOutcome(task: DirectorTask, events: readonly TaskEvent[]): TaskOutcome {
  if (task.state === "done") return { kind: "done", task, events };
  const error = findTaskError(events);
  const message = error?.text ?? (task.result === "" ? `task ${task.id} ended as '${task.state}'` : task.result);
  if (task.state !== "error") return { kind: "interrupted", task, events, message };
  if (lockRefusals.some((refusal) => refusal.test(message))) {
    const holder = /Locking task id is (\d+)/.exec(message)?.[1];
    return { kind: "locked", task, events, message, holderTaskId: holder === undefined ? undefined : Number(holder) };
  }
  return { kind: "failed", task, events, message, code: error?.code };
}
