// What happens to single VMs: stopping their jobs, deleting, creating, starting, rebooting.
// Source: cloudfoundry/bosh director lib/bosh/director/{stopper,vm_creator,vm_deleter}.rb; cloudfoundry/bosh-agent agent/action/stop.go.
import { type DirectorContext, drawUuid } from "./context";
import { TaskError } from "./tasks";
import {
  doesAgentAnswer,
  nameOf,
  type SimulatedDeployment,
  type SimulatedInstance,
  type SimulatedVm,
  unstoppableProcesses,
} from "./world";

/** Stops an instance's jobs through its agent. Fails at once when monit has an errored service, as the agent does. */
export function* stopJobs(context: DirectorContext, instance: SimulatedInstance): Generator<number, void, void> {
  const { vm } = instance;
  if (vm === undefined) return;
  if (!doesAgentAnswer(context.world, instance)) {
    yield context.timings.converseTimeoutMs;
    throw agentTimeout(instance, "stop");
  }
  const errored = unstoppableProcesses(vm);
  if (errored.length > 0) {
    yield context.timings.stopErrorMs;
    const agentTask = drawUuid(context.prng.fork(`agent-task-${context.clock.nowMs()}`));
    throw new TaskError(
      450001,
      `Action Failed get_task: Task ${agentTask} result: Stopping Monitored Services: Stopping services '[${errored.join(" ")}]' errored`,
    );
  }
  yield* wait(context.timings.stopMs);
  vm.isStopped = true;
}

/** Deletes an instance's VM in the IaaS and in the director's database; its disks stay. */
export function* deleteVmOf(context: DirectorContext, instance: SimulatedInstance): Generator<number, void, void> {
  const { vm } = instance;
  if (vm === undefined) return;
  yield* wait(context.timings.deleteVmMs);
  // Somebody else may have deleted it meanwhile and made a new one: that one is not ours to take away.
  if (instance.vm === vm) instance.vm = undefined;
  vm.existsInIaas = false;
  context.vmHooks.deleted(instance);
  for (const disk of instance.disks) disk.isMounted = false;
}

/** Creates an instance's VM and waits for its agent; its jobs do not run yet. */
export function* createVmFor(
  context: DirectorContext,
  deployment: SimulatedDeployment,
  instance: SimulatedInstance,
): Generator<number, void, void> {
  yield* wait(context.timings.createVmMs);
  if (context.world.zonesDown.has(instance.zone)) {
    yield context.timings.agentWaitMs;
    throw new TaskError(
      100,
      `Unknown CPI error 'Unknown' with message 'no host in zone ${instance.zone}' in 'create_vm' CPI method`,
    );
  }
  const cid = context.newVmCid(deployment, instance);
  instance.vm = {
    cid,
    agentId: drawUuid(context.prng.fork(`agent-${cid}`)),
    createdAtMs: context.clock.nowMs(),
    existsInIaas: true,
    isPoweredOn: true,
    isAgentAlive: true,
    processes: instance.jobs.map((name) => ({ name, state: "unknown", hasJobDirectory: true })),
    isStopped: true,
    shellUsers: [],
  };
  for (const disk of instance.disks) disk.isMounted = disk.isActive && disk.existsInIaas;
  context.vmHooks.created(instance);
}

/** Brings the jobs of an instance's VM up. */
export function* startJobs(context: DirectorContext, instance: SimulatedInstance): Generator<number, void, void> {
  const vm = answeringVm(context, instance, "start");
  vm.isStopped = false;
  for (const process of vm.processes) process.state = process.hasJobDirectory ? "starting" : "failing";
  // monit goes on starting them even if the director dies now.
  context.clock.after(context.timings.updateVmMs, () => settleProcesses(vm));
  yield* wait(context.timings.updateVmMs);
  settleProcesses(vm);
  const broken = vm.processes.filter(({ state }) => state !== "running").map(({ name }) => name);
  if (broken.length > 0) {
    throw new TaskError(
      400007,
      `'${nameOf(instance)} (${instance.index})' is not running after update. Review logs for failed jobs: ${broken.join(", ")}`,
    );
  }
}

/** Reboots an instance's VM through the IaaS and waits for its agent. */
export function* rebootVm(context: DirectorContext, instance: SimulatedInstance): Generator<number, void, void> {
  const { vm } = instance;
  yield* wait(context.timings.rebootVmMs);
  const canReboot = vm?.existsInIaas === true && !context.world.zonesDown.has(instance.zone);
  if (vm === undefined || !canReboot) {
    yield context.timings.agentWaitMs;
    throw new TaskError(100, "Agent still unresponsive after reboot");
  }
  vm.isPoweredOn = true;
  vm.isAgentAlive = true;
  vm.isStopped = false;
  settleProcesses(vm);
}

/** The error of an agent that does not answer. */
export function agentTimeout(instance: SimulatedInstance, method: string): TaskError {
  const agentId = instance.vm?.agentId ?? "";
  return new TaskError(
    450002,
    `Timed out sending '${method}' to instance: '${nameOf(instance)}', agent-id: '${agentId}' after 45 seconds`,
  );
}

function answeringVm(context: DirectorContext, instance: SimulatedInstance, method: string): SimulatedVm {
  if (instance.vm === undefined || !doesAgentAnswer(context.world, instance)) throw agentTimeout(instance, method);
  return instance.vm;
}

function settleProcesses(vm: SimulatedVm): void {
  if (vm.isStopped) return;
  for (const process of vm.processes) process.state = process.hasJobDirectory ? "running" : "failing";
}

function* wait(ms: number): Generator<number, void, void> {
  if (ms > 0) yield ms;
}
