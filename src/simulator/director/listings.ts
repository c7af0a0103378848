// The listings of the simulated director: rows as they stand in a task's result, and the synchronous ones.
// Source: cloudfoundry/bosh director lib/bosh/director/jobs/vm_state.rb, api/controllers/deployments_controller.rb.
import type { DirectorContext } from "./context";
import type { SimulatedTask, TaskWork } from "./tasks";
import { doesAgentAnswer, isVmExpected, jobState, type SimulatedDeployment, type SimulatedInstance } from "./world";

// Agents are asked in batches. Source: vm_state.rb, ThreadPool of 32.
const batchSize = 32;

/** The work of `instances` and `vms` in full format: every agent is asked; a silent one costs three times five seconds. */
export function* listFully(
  context: DirectorContext,
  deployment: SimulatedDeployment,
  task: SimulatedTask,
  isVmsOnly: boolean,
): TaskWork {
  const listed = byGroupName(deployment.instances).filter(({ vm }) => !isVmsOnly || vm !== undefined);
  for (let start = 0; start < listed.length; start += batchSize) {
    const batch = listed.slice(start, start + batchSize).filter(({ vm }) => vm !== undefined);
    const isSilent = batch.some((instance) => !doesAgentAnswer(context.world, instance));
    yield isSilent ? context.timings.listingTimeoutMs : context.timings.agentAnswerMs;
  }
  const rows = listed.map((instance) => JSON.stringify(fullRow(context, deployment, instance)));
  task.resultOutput = rows.map((row) => `${row}\n`).join("");
  return "";
}

/** The synchronous listing: the database only. */
export function placementRows(deployment: SimulatedDeployment): readonly object[] {
  return byGroupName(deployment.instances).map((instance) => ({
    agent_id: instance.vm?.agentId ?? null,
    cid: instance.vm?.cid ?? null,
    job: instance.group,
    index: instance.index,
    id: instance.id,
    az: instance.zone,
    ips: addresses(instance),
    vm_created_at: instance.vm === undefined ? null : isoSeconds(instance.vm.createdAtMs),
    expects_vm: isVmExpected(instance),
  }));
}

/** The synchronous listing of VMs. */
export function vmRows(deployment: SimulatedDeployment): readonly object[] {
  return byGroupName(deployment.instances).flatMap(({ vm, group, index, id, zone, address }) =>
    vm === undefined
      ? []
      : [
          {
            agent_id: vm.agentId,
            cid: vm.cid,
            job: group,
            index,
            id,
            az: zone,
            ips: [address],
            vm_created_at: isoSeconds(vm.createdAtMs),
            active: true,
          },
        ],
  );
}

function fullRow(context: DirectorContext, deployment: SimulatedDeployment, instance: SimulatedInstance): object {
  const { vm } = instance;
  const doesAnswer = doesAgentAnswer(context.world, instance);
  const stemcell = deployment.stemcells[0];
  const activeDisks = instance.disks.filter(({ isActive }) => isActive).map(({ cid }) => cid);
  return {
    vm_cid: vm?.cid ?? null,
    active: vm === undefined ? null : true,
    vm_created_at: vm === undefined ? null : isoSeconds(vm.createdAtMs),
    cloud_properties: {},
    disk_cid: activeDisks[0] ?? null,
    disk_cids: activeDisks,
    ips: addresses(instance),
    agent_id: vm?.agentId ?? null,
    job_name: instance.group,
    index: instance.index,
    job_state: vm === undefined ? null : doesAnswer ? jobState(vm) : "unresponsive agent",
    state: instance.state,
    vm_type: instance.vmType,
    vitals: vm === undefined || !doesAnswer ? null : vitals(context, vm.createdAtMs, activeDisks.length > 0),
    processes:
      vm === undefined || !doesAnswer
        ? []
        : vm.processes.map(({ name, state }) => processRow(context, name, state, vm.createdAtMs)),
    az: instance.zone,
    id: instance.id,
    bootstrap: instance.isBootstrap,
    ignore: instance.isIgnored,
    stemcell:
      vm === undefined
        ? { name: null, version: null, api_version: null }
        : { name: stemcell?.name ?? null, version: stemcell?.version ?? null, api_version: 2 },
  };
}

/** Strings, but for the uptime: numbers break the bosh CLI's reading of the whole listing. */
function vitals(context: DirectorContext, bootedAtMs: number, hasDisk: boolean): object {
  const disk = {
    system: { inode_percent: "30", percent: "45" },
    ephemeral: { inode_percent: "2", percent: "8" },
    ...(hasDisk ? { persistent: { inode_percent: "1", percent: "4" } } : {}),
  };
  return {
    cpu: { sys: "0.3", user: "1.1", wait: "0.0" },
    load: ["0.10", "0.12", "0.09"],
    mem: { kb: "512000", percent: "12" },
    swap: { kb: "0", percent: "0" },
    uptime: { secs: uptimeSecs(context, bootedAtMs) },
    disk,
  };
}

function processRow(context: DirectorContext, name: string, state: string, bootedAtMs: number): object {
  const isUp = state === "running";
  return {
    name,
    state,
    uptime: { secs: isUp ? uptimeSecs(context, bootedAtMs) : 0 },
    mem: { kb: isUp ? 20480 : 0, percent: isUp ? 0.5 : 0 },
    cpu: { total: isUp ? 0.1 : 0 },
  };
}

function uptimeSecs(context: DirectorContext, bootedAtMs: number): number {
  return Math.max(0, Math.floor((context.clock.nowMs() - bootedAtMs) / 1000));
}

/** Addresses come from the database: an unresponsive VM keeps them, a deleted one has given them back. */
function addresses(instance: SimulatedInstance): readonly string[] {
  return instance.vm === undefined ? [] : [instance.address];
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function byGroupName(instances: readonly SimulatedInstance[]): readonly SimulatedInstance[] {
  return [...instances].sort((a, b) => (a.group === b.group ? a.index - b.index : a.group < b.group ? -1 : 1));
}
