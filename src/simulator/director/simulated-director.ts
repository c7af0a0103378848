// The simulated director as a whole: requests come in as method calls, become tasks, and end in the world. The HTTPS face
// and the in-process DirectorAccess both stand on this and add nothing of their own.
import { defaultMeltdownLimits, type MeltdownLimits, type ResurrectionState } from "../../model/bosh-resurrection";
import { isRecoveryError } from "../../model/errors";
import { parseRules } from "../../plan/bosh-resurrection";
import type { Prng } from "../prng";
import type { VirtualClock } from "../virtual-clock";
import { ConfigBook } from "./configs";
import { type DirectorContext, drawHex, drawUuid, noVmHooks, type VmHooks } from "./context";
import { converge, type WantedState } from "./converge";
import { deleteVmByCid } from "./delete-vm";
import { HealthMonitor, type MonitorTimings, realMonitorTimings } from "./health-monitor";
import { listFully } from "./listings";
import { LockTable } from "./locks";
import { type BlobStore, fetchLogs } from "./logs";
import { ProblemBook } from "./problems";
import { type Answers, applyAnswers, scanAndFix } from "./resolutions";
import { scanAll } from "./scan";
import { type ProposedGateway, runShellCommand, type ShellCommand, type ShellHooks } from "./shells";
import { changeSingle, type SingleChange } from "./single-instance";
import { type SimulatedTask, TaskEngine, type TaskWork } from "./tasks";
import { type DirectorTimings, realTimings } from "./timings";
import type { SimulatedDeployment, SimulatedInstance, SimulatedWorld } from "./world";

/** A request that the director refuses at once, without a task. */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    description: string,
  ) {
    super(description);
  }
}

/** Who asks, and the mark put on the task. */
export interface Requester {
  readonly user: string;
  readonly contextId: string;
}

/** How a director is made. */
export interface SimulatedDirectorOptions {
  readonly clock: VirtualClock;
  readonly prng: Prng;
  readonly deployments: SimulatedDeployment[];
  readonly name?: string;
  readonly uuid?: string;
  readonly version?: string;
  readonly timings?: DirectorTimings;
  /** Id of the first task. */
  readonly firstTaskId?: number;
  readonly workers?: number;
  readonly isResurrectorDeployed?: boolean;
  readonly meltdownLimits?: MeltdownLimits;
  readonly monitorTimings?: MonitorTimings;
  /** What this release calls "recreate without waiting". */
  readonly withoutWaitName?: string;
  readonly newVmCid?: DirectorContext["newVmCid"];
  readonly gateway?: ProposedGateway;
  readonly shellHooks?: ShellHooks;
  readonly vmHooks?: VmHooks;
  readonly hostPublicKeyOf?: SimulatedWorld["hostPublicKeyOf"];
}

const noHooks: ShellHooks = { created: () => {}, removed: () => {} };

/** See the head of this file. */
export class SimulatedDirector {
  readonly name: string;
  readonly uuid: string;
  readonly version: string;
  readonly world: SimulatedWorld;
  readonly tasks: TaskEngine;
  readonly locks: LockTable;
  readonly problems: ProblemBook;
  readonly configs = new ConfigBook();
  readonly blobs: BlobStore = new Map();
  readonly monitor: HealthMonitor;
  readonly clock: VirtualClock;
  /** The global switch. */
  isResurrectionOn = true;
  private readonly context: DirectorContext;
  private readonly gateway: ProposedGateway | undefined;
  private readonly hooks: ShellHooks;

  constructor(options: SimulatedDirectorOptions) {
    const { clock, prng } = options;
    const timings = options.timings ?? realTimings;
    const fresh = prng.fork("director");
    this.clock = clock;
    this.name = options.name ?? "simulated";
    this.uuid = options.uuid ?? drawUuid(fresh.fork("uuid"));
    this.version = options.version ?? "280.1.0 (00000000)";
    this.world = {
      deployments: options.deployments,
      zonesDown: new Set(),
      hostPublicKeyOf: options.hostPublicKeyOf ?? (() => undefined),
    };
    this.tasks = new TaskEngine(clock, options.firstTaskId ?? 1, options.workers ?? 3, timings.queueMs);
    const lockIds = fresh.fork("locks");
    this.locks = new LockTable(
      clock,
      (taskId) => this.tasks.isAlive(taskId),
      () => drawUuid(lockIds),
    );
    this.problems = new ProblemBook(options.withoutWaitName ?? "recreate_vm_without_wait");
    const cids = fresh.fork("vms");
    this.context = {
      clock,
      world: this.world,
      timings,
      tasks: this.tasks,
      locks: this.locks,
      prng: fresh.fork("agents"),
      vmHooks: options.vmHooks ?? noVmHooks,
      newVmCid:
        options.newVmCid ??
        ((deployment, { group }) => `${group}_${deployment.name.replaceAll("_", "-")}_${drawHex(cids, 12)}`),
    };
    this.gateway = options.gateway;
    this.hooks = options.shellHooks ?? noHooks;
    this.monitor = new HealthMonitor(
      clock,
      this.world,
      options.meltdownLimits ?? defaultMeltdownLimits,
      {
        scanAndFix: (deployment, instances) => {
          if (this.isResurrectionOn) this.startScanAndFix(deployment.name, instances, { user: "hm", contextId: "" });
        },
        isScanAndFixUnderWay: ({ name }) => this.isScanAndFixUnderWay(name),
        isLocked: ({ name }) => this.locks.isDeploymentLocked(name),
        resurrectionState: () => this.resurrectionState(),
      },
      options.isResurrectorDeployed ?? true,
      options.monitorTimings ?? realMonitorTimings,
    );
    this.monitor.start();
  }

  /** A deployment by name. */
  deployment(name: string): SimulatedDeployment {
    const found = this.world.deployments.find((deployment) => deployment.name === name);
    if (found === undefined) throw new RequestError(404, 70000, `Deployment '${name}' doesn't exist`);
    return found;
  }

  /** An instance by group and index or UUID. */
  instance(deployment: string, group: string, idOrIndex: string): SimulatedInstance {
    const isIndex = /^\d+$/.test(idOrIndex);
    if (!isIndex && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(idOrIndex)) {
      throw new RequestError(400, 70002, `Invalid instance index or id: '${idOrIndex}'`);
    }
    const found = this.deployment(deployment).instances.find(
      (instance) =>
        instance.group === group && (isIndex ? instance.index === Number(idOrIndex) : instance.id === idOrIndex),
    );
    if (found === undefined) throw new RequestError(404, 70001, `'${deployment}/${group}/${idOrIndex}' doesn't exist`);
    return found;
  }

  /** A task by id. */
  task(id: number): SimulatedTask {
    const task = this.tasks.find(id);
    if (task === undefined) throw new RequestError(404, 10000, `Task ${id} not found`);
    return task;
  }

  /** The full listing of instances, or of VMs only. */
  startListing(deployment: string, isVmsOnly: boolean, requester: Requester): SimulatedTask {
    const listed = this.deployment(deployment);
    return this.start("vms", "retrieve vm-stats", deployment, requester, (task) =>
      listFully(this.context, listed, task, isVmsOnly),
    );
  }

  /** A cloud check's scan. */
  startScan(deployment: string, requester: Requester): SimulatedTask {
    const scanned = this.deployment(deployment);
    return this.start("cck_scan", "scan cloud", deployment, requester, (task) =>
      scanAll(this.context, this.problems, scanned, task),
    );
  }

  /** A cloud check's answers. */
  startAnswers(deployment: string, answers: Answers, requester: Requester): SimulatedTask {
    const mended = this.deployment(deployment);
    return this.start("cck_apply", "apply resolutions", deployment, requester, (task) =>
      applyAnswers(this.context, this.problems, mended, task, answers),
    );
  }

  /** What the resurrector asks for; refused while it is paused. */
  startScanAndFix(deployment: string, instances: readonly SimulatedInstance[], requester: Requester): SimulatedTask {
    if (!this.isResurrectionOn) throw new RequestError(400, 410004, "Resurrector is paused");
    const fixed = this.deployment(deployment);
    return this.start("cck_scan_and_fix", "scan and fix", deployment, requester, (task) =>
      scanAndFix(this.context, this.problems, fixed, task, instances),
    );
  }

  /** A job-state change that converges. */
  startConverge(
    deployment: string,
    change: {
      readonly isTarget: (instance: SimulatedInstance) => boolean;
      readonly state: WantedState;
      readonly isFix: boolean;
      readonly isDryRun: boolean;
    },
    requester: Requester,
  ): SimulatedTask {
    const converged = this.deployment(deployment);
    const description = change.isDryRun ? "create deployment (dry run)" : "create deployment";
    return this.start("update_deployment", description, deployment, requester, (task) =>
      converge(this.context, task, { deployment: converged, ...change }),
    );
  }

  /** A change of one instance only. */
  startSingleChange(deployment: string, change: Omit<SingleChange, "deployment">, requester: Requester): SimulatedTask {
    const changed = this.deployment(deployment);
    return this.start("update_instance", `${change.action} instance`, deployment, requester, (task) =>
      changeSingle(this.context, task, { deployment: changed, ...change }),
    );
  }

  /** Deletes a VM by its id in the IaaS; the task belongs to no deployment. */
  startDeleteVm(cid: string, requester: Requester): SimulatedTask {
    return this.start("delete_vm", `delete vm ${cid}`, undefined, requester, (task) =>
      deleteVmByCid(this.context, task, cid),
    );
  }

  /** Makes or removes users on instances. */
  startShellCommand(
    deployment: string,
    instances: readonly SimulatedInstance[],
    command: ShellCommand,
    requester: Requester,
  ): SimulatedTask {
    const reached = this.deployment(deployment);
    const target = JSON.stringify(instances.map(({ group, id }) => `${group}/${id}`));
    return this.start("ssh", `ssh: ${command.kind}:${target}`, deployment, requester, (task) =>
      runShellCommand(this.context, task, {
        deployment: reached,
        instances,
        command,
        gateway: this.gateway,
        hooks: this.hooks,
      }),
    );
  }

  /** Packs the logs of instances. */
  startLogs(deployment: string, instances: readonly SimulatedInstance[], requester: Requester): SimulatedTask {
    return this.start("fetch_logs", "fetch logs", deployment, requester, (task) =>
      fetchLogs(this.context, task, instances, this.blobs),
    );
  }

  /** The switch and the rules, as the monitor sees them: a config that cannot be read counts as none. */
  resurrectionState(): ResurrectionState {
    const configs = this.configs.latest({ type: "resurrection" }).flatMap(({ name, id, content }) => {
      try {
        return [{ name, id, rules: parseRules(name, content) }];
      } catch (error) {
        if (isRecoveryError(error)) return [];
        throw error;
      }
    });
    return { isOn: this.isResurrectionOn, configs };
  }

  /** The director's processes die and come back: tasks under way are lost as they stand. */
  restart(): void {
    this.tasks.restart();
  }

  private isScanAndFixUnderWay(deployment: string): boolean {
    return this.tasks
      .list()
      .some(
        (task) =>
          task.deployment === deployment &&
          task.description === "scan and fix" &&
          (task.state === "queued" || task.state === "processing"),
      );
  }

  private start(
    type: string,
    description: string,
    deployment: string | undefined,
    requester: Requester,
    work: (task: SimulatedTask) => TaskWork,
  ): SimulatedTask {
    return this.tasks.start({ type, description, deployment, ...requester, work });
  }
}
