// What the simulated director's world consists of: deployments, instances, VMs, disks and zones. It is mutable on
// purpose: the simulator is the one place where a world changes. Behaviour is in the files beside this one.
// Source: cloudfoundry/bosh director lib/bosh/director/models/instance.rb; what the loss of a zone is:
// cloudfoundry/docs-cloudfoundry-concepts high-availability.

/** One monit process on a VM. */
export interface SimulatedProcess {
  readonly name: string;
  state: "running" | "failing" | "starting" | "unknown";
  /** False once somebody removed /var/vcap/jobs/NAME: monit can neither stop nor start it then. */
  hasJobDirectory: boolean;
  /** True when restarting it does not help, as with a corrupt disk cache; a new VM does. */
  isStuck?: boolean;
}

/** A VM as the director knows it; whether it exists in the IaaS is another matter. */
export interface SimulatedVm {
  readonly cid: string;
  readonly agentId: string;
  readonly createdAtMs: number;
  /** False once it is gone from the IaaS behind the director's back. */
  existsInIaas: boolean;
  /** False while powered off; a power cut of its zone switches it off, and only a reboot switches it on again. */
  isPoweredOn: boolean;
  /** False while the agent hangs or cannot be reached although the VM runs. */
  isAgentAlive: boolean;
  readonly processes: SimulatedProcess[];
  /** True after the director stopped its jobs. */
  isStopped: boolean;
  /** Users made by ssh tasks. */
  readonly shellUsers: { readonly name: string; readonly publicKey: string }[];
}

/** A persistent disk. */
export interface SimulatedDisk {
  readonly cid: string;
  readonly sizeMb: number;
  existsInIaas: boolean;
  /** False for a disk that the instance no longer uses. */
  isActive: boolean;
  /** Is it mounted where it belongs? */
  isMounted: boolean;
}

/** An instance. */
export interface SimulatedInstance {
  readonly group: string;
  readonly id: string;
  readonly index: number;
  readonly zone: string;
  readonly address: string;
  readonly vmType: string;
  readonly lifecycle: "service" | "errand";
  /** Names of the processes that a new VM of it gets. */
  readonly jobs: readonly string[];
  readonly isBootstrap: boolean;
  state: "started" | "stopped" | "detached";
  isIgnored: boolean;
  vm: SimulatedVm | undefined;
  readonly disks: SimulatedDisk[];
}

/** A deployment. */
export interface SimulatedDeployment {
  readonly name: string;
  readonly releases: readonly { readonly name: string; readonly version: string }[];
  readonly stemcells: readonly { readonly name: string; readonly version: string }[];
  readonly manifest: string;
  /** In the manifest's order of groups, then by index. */
  readonly instances: SimulatedInstance[];
}

/** All that the director looks after. */
export interface SimulatedWorld {
  readonly deployments: SimulatedDeployment[];
  /** Zones without power. */
  readonly zonesDown: Set<string>;
  /** What the agents report as the host key of a VM, and how they are reached; undefined when they tell none. */
  hostPublicKeyOf: (instance: SimulatedInstance) => string | undefined;
}

/** Does the instance's agent answer? */
export function doesAgentAnswer(world: SimulatedWorld, instance: SimulatedInstance): boolean {
  const { vm } = instance;
  return vm?.existsInIaas === true && vm.isPoweredOn && vm.isAgentAlive && !world.zonesDown.has(instance.zone);
}

/** Does the director expect it to have a VM? */
export function isVmExpected(instance: SimulatedInstance): boolean {
  return instance.lifecycle === "service" && instance.state !== "detached";
}

/** The agent's word for all processes together. Source: cloudfoundry/bosh-agent jobsupervisor/monit_job_supervisor.go. */
export function jobState(vm: SimulatedVm): "running" | "failing" | "starting" | "stopped" {
  if (vm.isStopped) return "stopped";
  if (vm.processes.some(({ state }) => state === "starting")) return "starting";
  return vm.processes.every(({ state }) => state === "running") ? "running" : "failing";
}

/** Processes that monit cannot stop: their control script is gone. */
export function unstoppableProcesses(vm: SimulatedVm): readonly string[] {
  return vm.processes.filter(({ hasJobDirectory }) => !hasJobDirectory).map(({ name }) => name);
}

/** Cuts the power of a zone: its VMs go off and stay off when the power returns. */
export function cutZonePower(world: SimulatedWorld, zone: string): void {
  world.zonesDown.add(zone);
  for (const instance of world.deployments.flatMap(({ instances }) => instances)) {
    if (instance.zone === zone && instance.vm !== undefined) instance.vm.isPoweredOn = false;
  }
}

/** Gives a zone its power back; its VMs stay off until somebody reboots them. */
export function restoreZonePower(world: SimulatedWorld, zone: string): void {
  world.zonesDown.delete(zone);
}

/** "group/uuid". */
export function nameOf(instance: SimulatedInstance): string {
  return `${instance.group}/${instance.id}`;
}

/** "group/index", as people call it. */
export function shortName({ group, index }: SimulatedInstance): string {
  return `${group}/${index}`;
}

/** "group/uuid (index)", as it stands in events and descriptions. */
export function labelOf(instance: SimulatedInstance): string {
  return `${nameOf(instance)} (${instance.index})`;
}
