// Locks of the simulated director. A lock lives as long as its holder renews it and 241 seconds more, so that a lock of a
// worker that died lapses by itself. Source: cloudfoundry/bosh director lib/bosh/director/lock.rb.
import type { VirtualClock } from "../virtual-clock";
import { type SimulatedTask, TaskError } from "./tasks";

/** A lock held now. */
export interface SimulatedLock {
  readonly type: "deployment" | "vm";
  readonly resource: string;
  readonly taskId: number;
  readonly expiresAtMs: number;
}

interface HeldLock {
  readonly type: "deployment" | "vm";
  readonly resource: string;
  readonly task: SimulatedTask;
  readonly takenAtMs: number;
}

const lifetimeMs = 241_000;
const renewalMs = 120_000;
const retryMs = 500;

/** The lock table. */
export class LockTable {
  private readonly held = new Map<string, HeldLock>();

  constructor(
    private readonly clock: VirtualClock,
    private readonly isAlive: (taskId: number) => boolean,
    /** Stands in for the random id in the director's sentence. */
    private readonly newUid: () => string,
  ) {}

  /** All locks that have not lapsed, sorted by name. */
  list(): readonly SimulatedLock[] {
    return [...this.held.values()]
      .map((lock) => ({ ...lock, taskId: lock.task.id, expiresAtMs: this.expiryOf(lock) }))
      .filter((lock) => lock.expiresAtMs > this.clock.nowMs())
      .map(({ type, resource, taskId, expiresAtMs }) => ({ type, resource, taskId, expiresAtMs }))
      .sort((a, b) => (`${a.type}:${a.resource}` < `${b.type}:${b.resource}` ? -1 : 1));
  }

  /** Does a task hold the deployment? */
  isDeploymentLocked(deployment: string): boolean {
    return this.list().some(({ type, resource }) => type === "deployment" && resource === deployment);
  }

  /** Work done under a lock; waits for it up to `waitMs`. */
  *whileHolding(
    task: SimulatedTask,
    type: "deployment" | "vm",
    resource: string,
    waitMs: number,
    work: () => Generator<number, string, void>,
  ): Generator<number, string, void> {
    const key = `lock:${type}:${resource}`;
    const deadlineMs = this.clock.nowMs() + waitMs;
    for (let holder = this.holderOf(key); holder !== undefined; holder = this.holderOf(key)) {
      if (this.clock.nowMs() >= deadlineMs) throw this.refusal(key, holder, waitMs);
      yield Math.min(retryMs, deadlineMs - this.clock.nowMs());
    }
    this.held.set(key, { type, resource, task, takenAtMs: this.clock.nowMs() });
    try {
      return yield* work();
    } finally {
      this.held.delete(key);
    }
  }

  private holderOf(key: string): HeldLock | undefined {
    const lock = this.held.get(key);
    return lock !== undefined && this.expiryOf(lock) > this.clock.nowMs() ? lock : undefined;
  }

  private expiryOf(lock: HeldLock): number {
    const lastSeenMs = this.isAlive(lock.task.id) ? this.clock.nowMs() : lock.task.checkpointAtMs;
    const renewals = Math.floor((lastSeenMs - lock.takenAtMs) / renewalMs);
    return lock.takenAtMs + renewals * renewalMs + lifetimeMs;
  }

  private refusal(key: string, holder: HeldLock, waitMs: number): TaskError {
    // A scan does not wait and says less.
    if (waitMs === 0) {
      return new TaskError(100, "Unable to get deployment lock, maybe a deployment is in progress. Try again later.");
    }
    const { id, description } = holder.task;
    return new TaskError(
      100,
      `Failed to acquire lock for ${key} uid: ${this.newUid()}. Locking task id is ${id}, description: '${description}'`,
    );
  }
}
