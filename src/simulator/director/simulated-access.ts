// The simulated director behind the same port as the real one, without HTTP: for rehearsals and drills. Time passes on the
// virtual clock while a task is followed.
import {
  type BoshInstance,
  compareInstances,
  type DeploymentSummary,
  type DirectorInfo,
  type InstancePlacement,
  type InstanceRef,
} from "../../model/bosh";
import type { BoshProblem, ProblemAnswer } from "../../model/bosh-problem";
import {
  type DirectorLock,
  type DirectorTask,
  isTaskFinal,
  type TaskEvent,
  type TaskOutcome,
  taskOutcome,
} from "../../model/bosh-task";
import { inputError } from "../../model/errors";
import type {
  ConfigWriteOutcome,
  DirectorAccess,
  DirectorConfig,
  InstanceChange,
  InstancesOutcome,
  ScanOutcome,
  ShellOutcome,
  TaskFilter,
  TaskProgress,
} from "../../ports/director-access";
import { RequestError, type Requester, type SimulatedDirector } from "./simulated-director";
import type { SimulatedTask } from "./tasks";
import { decodeEvent, toBoshInstance, toPlacement, toTask } from "./translate";
import type { SimulatedInstance } from "./world";

const pollMs = 500;

/** DirectorAccess to a simulated director, for an operator of that name. */
export class SimulatedDirectorAccess implements DirectorAccess {
  private started = 0;

  constructor(
    private readonly director: SimulatedDirector,
    private readonly user = "operator",
  ) {}

  async observeDirector(): Promise<DirectorInfo> {
    const { name, uuid, version } = this.director;
    return { name, uuid, version, user: this.user, cpi: "simulated", authentication: { kind: "basic" } };
  }

  async observeDeployments(): Promise<readonly DeploymentSummary[]> {
    return this.director.world.deployments
      .map(({ name, releases, stemcells }) => ({
        name,
        releases,
        stemcells,
        locked: this.director.locks.isDeploymentLocked(name),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async observePlacements(deployment: string): Promise<readonly InstancePlacement[]> {
    const found = ask(() => this.director.deployment(deployment));
    return found.instances.map(toPlacement).sort((a, b) => compareInstances(a.instance, b.instance));
  }

  async observeInstances(deployment: string, onProgress?: TaskProgress): Promise<InstancesOutcome> {
    const task = ask(() => this.director.startListing(deployment, false, this.requester()));
    const outcome = await this.followTask(task.id, onProgress);
    if (outcome.kind !== "done") return { kind: "not-listed", outcome };
    const instances: BoshInstance[] = this.director.task(task.id).resultOutput.trim().split("\n").map(toBoshInstance);
    return { kind: "listed", instances: instances.sort((a, b) => compareInstances(a.instance, b.instance)) };
  }

  async observeManifest(deployment: string): Promise<string> {
    return ask(() => this.director.deployment(deployment)).manifest;
  }

  async observeLocks(): Promise<readonly DirectorLock[]> {
    return this.director.locks.list().map(({ type, resource, taskId, expiresAtMs }) => ({
      type,
      resource: [resource],
      taskId,
      expiresAtSecs: expiresAtMs / 1000,
    }));
  }

  async observeTasks(filter: TaskFilter): Promise<readonly DirectorTask[]> {
    return this.director.tasks
      .list()
      .map(toTask)
      .filter(({ deployment }) => filter.deployment === undefined || deployment === filter.deployment)
      .filter(({ state }) => filter.states === undefined || filter.states.includes(state))
      .slice(0, filter.limit);
  }

  async followTask(taskId: number, onProgress?: TaskProgress): Promise<TaskOutcome> {
    const events: TaskEvent[] = [];
    let offset = 0;
    for (;;) {
      const found = ask(() => this.director.task(taskId));
      const task = toTask(found);
      const output = found.eventOutput;
      for (const line of output.slice(offset).split("\n")) {
        const event = decodeEvent(line);
        if (event === undefined) continue;
        events.push(event);
        onProgress?.(event, taskId);
      }
      offset = output.length;
      if (isTaskFinal(task)) return this.withHolder(taskOutcome(task, events));
      await this.director.clock.sleep(pollMs);
    }
  }

  async cancelTask(taskId: number): Promise<boolean> {
    return this.director.tasks.cancel(ask(() => this.director.task(taskId)));
  }

  async scanProblems(deployment: string, onProgress?: TaskProgress): Promise<ScanOutcome> {
    const outcome = await this.run(() => this.director.startScan(deployment, this.requester()), onProgress);
    if (outcome.kind !== "done") return { kind: "not-scanned", outcome };
    return { kind: "scanned", task: outcome.task, problems: await this.observeProblems(deployment) };
  }

  async observeProblems(deployment: string): Promise<readonly BoshProblem[]> {
    ask(() => this.director.deployment(deployment));
    return this.director.problems.open(deployment).map(({ id, type, description, resolutions, instance }) => ({
      id,
      type,
      description,
      resolutions,
      group: instance.group,
    }));
  }

  applyResolutions(
    deployment: string,
    answers: readonly ProblemAnswer[],
    onProgress?: TaskProgress,
  ): Promise<TaskOutcome> {
    const byId = Object.fromEntries(answers.map(({ problemId, resolution }) => [String(problemId), resolution]));
    return this.run(() => this.director.startAnswers(deployment, byId, this.requester()), onProgress);
  }

  changeInstance(deployment: string, change: InstanceChange, onProgress?: TaskProgress): Promise<TaskOutcome> {
    return this.run(() => {
      const instance = this.find(deployment, change.instance);
      if (change.scope === "one-instance") {
        const { action, hard, fix } = change;
        const single = { instance, action, isHard: hard === true, isUnresponsiveIgnored: fix === true };
        return this.director.startSingleChange(deployment, single, this.requester());
      }
      const stopped = change.hard === true ? ("detached" as const) : ("stopped" as const);
      const states = { start: "started", stop: stopped, restart: "restart", recreate: "recreate" } as const;
      return this.director.startConverge(
        deployment,
        {
          isTarget: (candidate) => candidate === instance,
          state: states[change.action],
          isFix: change.fix === true,
          isDryRun: false,
        },
        this.requester(),
      );
    }, onProgress);
  }

  deleteVm(vmCid: string, onProgress?: TaskProgress): Promise<TaskOutcome> {
    return this.run(() => this.director.startDeleteVm(vmCid, this.requester()), onProgress);
  }

  async setIgnored(deployment: string, instance: InstanceRef, isIgnored: boolean): Promise<void> {
    ask(() => this.find(deployment, instance)).isIgnored = isIgnored;
  }

  async isResurrectionOn(): Promise<boolean> {
    return this.director.isResurrectionOn;
  }

  async setResurrection(isOn: boolean): Promise<void> {
    this.director.isResurrectionOn = isOn;
  }

  async observeConfigs(type: string): Promise<readonly DirectorConfig[]> {
    return this.director.configs.latest({ type }).map(({ id, name, content }) => ({ id, type, name, content }));
  }

  async writeConfig(config: Omit<DirectorConfig, "id">, expectedLatestId: string): Promise<ConfigWriteOutcome> {
    const outcome = this.director.configs.store({ ...config, expectedLatestId, nowMs: this.director.clock.nowMs() });
    if (outcome.kind === "conflict") return { kind: "changed-meanwhile", latestId: outcome.latestId };
    return { kind: "written", config: { ...config, id: outcome.config.id } };
  }

  async removeConfig(type: string, name: string): Promise<boolean> {
    return this.director.configs.remove(type, name);
  }

  async createShellUser(
    deployment: string,
    instance: InstanceRef,
    user: string,
    publicKey: string,
  ): Promise<ShellOutcome> {
    const command = { kind: "setup" as const, user, publicKey };
    const task = ask(() =>
      this.director.startShellCommand(deployment, [this.find(deployment, instance)], command, this.requester()),
    );
    const outcome = await this.followTask(task.id);
    if (outcome.kind !== "done") return { kind: "not-ready", message: outcome.message };
    const found = this.find(deployment, instance);
    const hostPublicKey = this.director.world.hostPublicKeyOf(found);
    return { kind: "ready", user: { instance, ip: found.address, hostPublicKey, gateway: undefined } };
  }

  removeShellUsers(deployment: string, instance: InstanceRef, userPattern: string): Promise<TaskOutcome> {
    const command = { kind: "cleanup" as const, userPattern: new RegExp(userPattern) };
    return this.run(
      () => this.director.startShellCommand(deployment, [this.find(deployment, instance)], command, this.requester()),
      undefined,
    );
  }

  private async run(start: () => SimulatedTask, onProgress: TaskProgress | undefined): Promise<TaskOutcome> {
    return this.followTask(ask(start).id, onProgress);
  }

  private requester(): Requester {
    this.started += 1;
    return { user: this.user, contextId: `quorate-simulated-${this.started}` };
  }

  private find(deployment: string, { group, id }: InstanceRef): SimulatedInstance {
    return this.director.instance(deployment, group, id);
  }

  private withHolder(outcome: TaskOutcome): TaskOutcome {
    if (outcome.kind !== "locked" || outcome.holderTaskId !== undefined) return outcome;
    const lock = this.director.locks
      .list()
      .find(({ type, resource }) => type === "deployment" && resource === outcome.task.deployment);
    return { ...outcome, holderTaskId: lock?.taskId };
  }
}

/** A request that the director refuses becomes the error that the HTTPS client would throw. */
function ask<Result>(request: () => Result): Result {
  try {
    return request();
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    throw inputError(`the director refuses (${error.status}): ${error.message}`);
  }
}
