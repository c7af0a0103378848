// The task engine of the simulated director: queue, workers, states, event output. A task's work is a generator that
// yields the milliseconds it waits; between two yields it is atomic, so a restart or a cancel can fall at each of them.
// Source: cloudfoundry/bosh director lib/bosh/director/job_runner.rb, api/task_helper.rb, event_log.rb.
import type { VirtualClock } from "../virtual-clock";

/** A task's work. Its return value is the short result text. */
export type TaskWork = Generator<number, string, void>;

/** A task of the simulated director. */
export interface SimulatedTask {
  readonly id: number;
  readonly type: string;
  readonly description: string;
  readonly deployment: string | undefined;
  readonly user: string;
  readonly contextId: string;
  state: "queued" | "processing" | "cancelling" | "done" | "error" | "cancelled" | "timeout";
  startedAtSecs: number | undefined;
  finishedAtSecs: number | undefined;
  /** Cut to 129 characters, as in the recordings. */
  result: string;
  /** NDJSON. */
  eventOutput: string;
  resultOutput: string;
  /** When its worker last said that it lives. */
  checkpointAtMs: number;
}

/** What is asked of the engine. */
export interface TaskRequest {
  readonly type: string;
  readonly description: string;
  readonly deployment: string | undefined;
  readonly user: string;
  readonly contextId: string;
  readonly work: (task: SimulatedTask) => TaskWork;
}

/** An error that ends a task, with the director's code. */
export class TaskError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

// A task whose worker has been silent for 30 s, six times, is taken for dead when it is read.
const checkpointSilenceMs = 180_000;
const resultCharactersMax = 129;

/** See the head of this file. */
export class TaskEngine {
  private readonly all = new Map<number, SimulatedTask>();
  private readonly waiting: { readonly task: SimulatedTask; readonly request: TaskRequest }[] = [];
  private busyWorkers = 0;
  /** Counts restarts of the director; work of an earlier life is dropped when it would go on. */
  private life = 0;

  constructor(
    private readonly clock: VirtualClock,
    private nextId: number,
    private readonly workers: number,
    private readonly queueMs: number,
  ) {}

  /** Queues a task. */
  start(request: TaskRequest): SimulatedTask {
    const { type, description, deployment, user, contextId } = request;
    const task: SimulatedTask = {
      id: this.nextId,
      type,
      description,
      deployment,
      user,
      contextId,
      state: "queued",
      startedAtSecs: undefined,
      finishedAtSecs: undefined,
      result: "",
      eventOutput: "",
      resultOutput: "",
      checkpointAtMs: this.clock.nowMs(),
    };
    this.nextId += 1;
    this.all.set(task.id, task);
    this.waiting.push({ task, request });
    this.clock.after(this.queueMs, () => this.dispatch());
    return task;
  }

  /** A task, brought up to date; undefined when there is none of that id. */
  find(id: number): SimulatedTask | undefined {
    const task = this.all.get(id);
    if (task !== undefined) this.expire(task);
    return task;
  }

  /** All tasks, newest first. */
  list(): readonly SimulatedTask[] {
    const tasks = [...this.all.values()].reverse();
    for (const task of tasks) this.expire(task);
    return tasks;
  }

  /** Asks a task to stop at its next chance. False when it had ended. */
  cancel(task: SimulatedTask): boolean {
    if (task.state !== "queued" && task.state !== "processing") return task.state === "cancelling";
    task.state = "cancelling";
    return true;
  }

  /** The director's processes die and start again: work under way is dropped as it stands, queued tasks stay queued. */
  restart(): void {
    this.life += 1;
    this.busyWorkers = 0;
    for (const task of this.all.values()) {
      if (this.isAlive(task.id)) task.checkpointAtMs = this.clock.nowMs();
    }
    this.clock.after(this.queueMs, () => this.dispatch());
  }

  /** Is the task being worked on by a worker that lives? */
  isAlive(taskId: number): boolean {
    const task = this.all.get(taskId);
    return task !== undefined && task.checkpointAtMs === Number.POSITIVE_INFINITY;
  }

  /** Appends one line to a task's events. */
  emit(task: SimulatedTask, event: object): void {
    task.eventOutput += `${JSON.stringify({ time: this.nowSecs(), ...event })}\n`;
  }

  private nowSecs(): number {
    return Math.floor(this.clock.nowMs() / 1000);
  }

  private expire(task: SimulatedTask): void {
    if (task.state !== "processing" && task.state !== "cancelling") return;
    if (this.clock.nowMs() - task.checkpointAtMs <= checkpointSilenceMs) return;
    task.state = "timeout";
    task.finishedAtSecs = this.nowSecs();
  }

  private dispatch(): void {
    while (this.busyWorkers < this.workers) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      if (next.task.state === "cancelling") {
        this.finish(
          next.task,
          "cancelled",
          "task was cancelled",
          new TaskError(10001, `Task ${next.task.id} cancelled`),
        );
        continue;
      }
      this.busyWorkers += 1;
      next.task.state = "processing";
      next.task.startedAtSecs = this.nowSecs();
      // While its worker lives a task checkpoints all the time; a restart sets a real time here.
      next.task.checkpointAtMs = Number.POSITIVE_INFINITY;
      this.advance(next.task, next.request.work(next.task), this.life);
    }
  }

  private advance(task: SimulatedTask, work: TaskWork, life: number): void {
    if (life !== this.life) return;
    let step: IteratorResult<number, string>;
    try {
      step = task.state === "cancelling" ? work.throw(new TaskError(10001, `Task ${task.id} cancelled`)) : work.next();
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      this.release(task, error.code === 10001 ? "cancelled" : "error", error.message, error);
      return;
    }
    if (step.done === true) {
      this.release(task, "done", step.value, undefined);
      return;
    }
    this.clock.after(step.value, () => this.advance(task, work, life));
  }

  private release(
    task: SimulatedTask,
    state: "done" | "error" | "cancelled",
    result: string,
    error: TaskError | undefined,
  ): void {
    this.finish(task, state, result, error);
    this.busyWorkers -= 1;
    this.dispatch();
  }

  private finish(
    task: SimulatedTask,
    state: "done" | "error" | "cancelled",
    result: string,
    error: TaskError | undefined,
  ): void {
    // All output is there before the state is final: a client reads the state first.
    if (error !== undefined) this.emit(task, { error: { code: error.code, message: error.message } });
    task.result = result.slice(0, resultCharactersMax);
    task.state = state;
    task.finishedAtSecs = this.nowSecs();
    task.checkpointAtMs = this.clock.nowMs();
  }
}
