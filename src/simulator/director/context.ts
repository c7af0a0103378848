// What every part of the simulated director is given: time, the world, tasks, locks and names for new things.
import type { Prng } from "../prng";
import type { VirtualClock } from "../virtual-clock";
import type { LockTable } from "./locks";
import type { SimulatedTask, TaskEngine } from "./tasks";
import type { DirectorTimings } from "./timings";
import type { SimulatedDeployment, SimulatedInstance, SimulatedWorld } from "./world";

/** See the head of this file. */
export interface DirectorContext {
  readonly clock: VirtualClock;
  readonly world: SimulatedWorld;
  readonly timings: DirectorTimings;
  readonly tasks: TaskEngine;
  readonly locks: LockTable;
  /** Where ids of agents, VMs and agent tasks are drawn from. */
  readonly prng: Prng;
  /** Names a new VM in the IaaS. */
  readonly newVmCid: (deployment: SimulatedDeployment, instance: SimulatedInstance) => string;
  readonly vmHooks: VmHooks;
}

/** Told of VMs that come and go, so that a real host in place of a simulated one can follow. */
export interface VmHooks {
  readonly deleted: (instance: SimulatedInstance) => void;
  readonly created: (instance: SimulatedInstance) => void;
}

/** Nobody follows. */
export const noVmHooks: VmHooks = { deleted: () => {}, created: () => {} };

/** Draws text in the form of a version 4 UUID. */
export function drawUuid(prng: Prng): string {
  const digits = drawHex(prng, 32);
  const parts = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `a${digits.slice(17, 20)}`,
    digits.slice(20),
  ];
  return parts.join("-");
}

/** Draws so many hex digits. */
export function drawHex(prng: Prng, digits: number): string {
  return Array.from({ length: digits }, () => prng.integer(0, 15).toString(16)).join("");
}

/** Source: cloudfoundry/bosh director lib/bosh/director/event_log.rb. One piece of a stage: `started`, then the work, then `finished` or `failed`. */
export function* tracked(
  context: DirectorContext,
  task: SimulatedTask,
  piece: {
    readonly stage: string;
    readonly name: string;
    readonly index: number;
    readonly total: number;
    readonly tags?: readonly string[];
  },
  work: () => Generator<number, void, void>,
): Generator<number, void, void> {
  const { stage, name, index, total, tags } = piece;
  const event = { stage, tags: tags ?? [], total, task: name, index };
  context.tasks.emit(task, { ...event, state: "started", progress: 0 });
  try {
    yield* work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    context.tasks.emit(task, { ...event, state: "failed", progress: 100, data: { error: message } });
    throw error;
  }
  context.tasks.emit(task, { ...event, state: "finished", progress: 100 });
}

/** Work that only takes time. */
export function* pause(ms: number): Generator<number, void, void> {
  if (ms > 0) yield ms;
}
