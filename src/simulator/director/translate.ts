// From the simulated director's own records to the model, for callers that do not go through HTTP.
// Source: (events) cloudfoundry/bosh director lib/bosh/director/event_log.rb.
import type { BoshInstance, InstancePlacement } from "../../model/bosh";
import type { DirectorTask, TaskEvent } from "../../model/bosh-task";
import type { SimulatedTask } from "./tasks";
import { isVmExpected, type SimulatedInstance } from "./world";

/** A task as the model has it. */
export function toTask(task: SimulatedTask): DirectorTask {
  const { id, state, description, deployment, user, result, contextId } = task;
  return {
    id,
    state,
    description,
    deployment,
    user,
    result,
    contextId,
    startedAtSecs: task.startedAtSecs,
    finishedAtSecs: task.finishedAtSecs,
  };
}

/** Where an instance is, by the director's database. */
export function toPlacement(instance: SimulatedInstance): InstancePlacement {
  const { group, id, index, zone, vm, address } = instance;
  return {
    instance: { group, id },
    index,
    zone,
    ips: vm === undefined ? [] : [address],
    vmCid: vm?.cid,
    agentId: vm?.agentId,
    expectsVm: isVmExpected(instance),
  };
}

interface FullRow {
  readonly job_name: string;
  readonly id: string;
  readonly index: number;
  readonly job_state: string | null;
  readonly processes: readonly { readonly name: string; readonly state: string }[];
  readonly state: string;
  readonly az: string;
  readonly ips: readonly string[];
  readonly vm_cid: string | null;
  readonly agent_id: string | null;
  readonly vm_type: string;
  readonly disk_cids: readonly string[];
  readonly bootstrap: boolean;
  readonly ignore: boolean;
}

/** One line of the full listing, which this simulator wrote itself. */
export function toBoshInstance(line: string): BoshInstance {
  const row = JSON.parse(line) as FullRow;
  return {
    instance: { group: row.job_name, id: row.id },
    index: row.index,
    jobState: row.job_state ?? undefined,
    processes: row.processes.map(({ name, state }) => ({ name, state })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    desiredState: row.state,
    zone: row.az,
    ips: row.ips,
    vmCid: row.vm_cid ?? undefined,
    agentId: row.agent_id ?? undefined,
    vmType: row.vm_type,
    diskCids: row.disk_cids,
    isBootstrap: row.bootstrap,
    isIgnored: row.ignore,
  };
}

interface EventRow {
  readonly time: number;
  readonly stage?: string;
  readonly tags?: readonly string[];
  readonly total?: number;
  readonly task?: string;
  readonly index?: number;
  readonly state?: string;
  readonly progress?: number;
  readonly data?: { readonly status?: string; readonly error?: string };
  readonly type?: string;
  readonly message?: string;
  readonly error?: { readonly code: number; readonly message: string };
}

/** One line of event output, which this simulator wrote itself; undefined for an empty one. */
export function decodeEvent(line: string): TaskEvent | undefined {
  if (line === "") return undefined;
  const row = JSON.parse(line) as EventRow;
  if (row.error !== undefined)
    return { kind: "error", timeSecs: row.time, code: row.error.code, text: row.error.message };
  if (row.type !== undefined) {
    const level = row.type === "deprecation" ? "deprecation" : "warning";
    return { kind: "message", timeSecs: row.time, level, text: row.message ?? "" };
  }
  return {
    kind: "progress",
    timeSecs: row.time,
    stage: row.stage ?? "",
    tags: row.tags ?? [],
    task: row.task ?? "",
    index: row.index ?? 0,
    total: row.total ?? 0,
    state: row.state ?? "",
    progress: row.progress ?? 0,
    status: row.data?.status,
    error: row.data?.error,
  };
}
