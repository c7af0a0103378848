// DirectorAccess over HTTPS, as the `bosh` CLI talks to a director and without its traps.
// Source: cloudfoundry/bosh-cli director/, cloudfoundry/bosh director lib/bosh/director/api/controllers.
import { randomUUID } from "node:crypto";
import type { DeploymentSummary, DirectorInfo, InstancePlacement, InstanceRef } from "../../model/bosh";
import type { BoshProblem, ProblemAnswer } from "../../model/bosh-problem";
import type { DirectorLock, DirectorTask, TaskOutcome } from "../../model/bosh-task";
import { inputError } from "../../model/errors";
import type { Clock } from "../../ports/clock";
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
import { changeRequest, checkedName, deploymentPath, shellRequest } from "./director-paths";
import {
  parseConfig,
  parseConfigs,
  parseDeployments,
  parseInstances,
  parseLatestConfigId,
  parseLocks,
  parseManifest,
  parsePlacements,
  parseProblems,
  parseResurrection,
  parseShellItems,
  parseTasks,
} from "./director-responses";
import { DirectorSession, defaultSessionLimits, type SessionLimits, type WriteRequest } from "./director-session";
import type { DirectorSettings } from "./director-settings";
import { type HttpTransport, httpsTransport } from "./https-transport";
import { shellOutcome, shellTarget } from "./shell-request";
import { defaultFollowLimits, type FollowLimits, followTask } from "./task-follower";

/** What a client may be given besides its settings. */
export interface DirectorClientOptions {
  readonly clock: Clock;
  /** Defaults to real HTTPS with a minute of patience for each request. */
  readonly transport?: HttpTransport;
  /** Makes the mark of a task; defaults to one that nobody else can make. */
  readonly newContextId?: () => string;
  readonly sessionLimits?: Partial<SessionLimits>;
  readonly followLimits?: Partial<FollowLimits>;
}

const requestTimeoutMs = 60_000;

/** A client of one director. Nothing is sent before the first call. */
export function connectDirector(settings: DirectorSettings, options: DirectorClientOptions): DirectorAccess {
  const transport =
    options.transport ?? httpsTransport({ caCertificate: settings.caCertificate, idleTimeoutMs: requestTimeoutMs });
  const newContextId = options.newContextId ?? (() => `quorate-${randomUUID()}`);
  const limits = { ...defaultSessionLimits, ...options.sessionLimits };
  const session = new DirectorSession(settings, transport, options.clock, limits, newContextId);
  return new DirectorClient(session, options.clock, { ...defaultFollowLimits, ...options.followLimits });
}

class DirectorClient implements DirectorAccess {
  constructor(
    private readonly session: DirectorSession,
    private readonly clock: Clock,
    private readonly limits: FollowLimits,
  ) {}

  observeDirector(): Promise<DirectorInfo> {
    return this.session.readInfo(true);
  }

  async observeDeployments(): Promise<readonly DeploymentSummary[]> {
    const path = "/deployments?exclude_configs=true";
    return parseDeployments(await this.session.readText(path, "list the deployments"));
  }

  async observePlacements(deployment: string): Promise<readonly InstancePlacement[]> {
    const path = `${deploymentPath(deployment)}/instances`;
    return parsePlacements(await this.session.readText(path, `list the instances of ${deployment}`));
  }

  async observeInstances(deployment: string, onProgress?: TaskProgress): Promise<InstancesOutcome> {
    const taskId = await this.session.startTask({
      method: "GET",
      path: `${deploymentPath(deployment)}/instances?format=full`,
      purpose: `list the instances of ${deployment} with their processes`,
    });
    const outcome = await this.followTask(taskId, onProgress);
    if (outcome.kind !== "done") return { kind: "not-listed", outcome };
    return { kind: "listed", instances: parseInstances(await this.readResult(taskId)) };
  }

  async observeManifest(deployment: string): Promise<string> {
    return parseManifest(await this.session.readText(deploymentPath(deployment), `read the manifest of ${deployment}`));
  }

  async observeLocks(): Promise<readonly DirectorLock[]> {
    return parseLocks(await this.session.readText("/locks", "list the locks"));
  }

  async observeTasks(filter: TaskFilter): Promise<readonly DirectorTask[]> {
    // verbose=2 because the director hides cck, ssh and delete-vm tasks otherwise.
    const query = new URLSearchParams({ verbose: "2" });
    if (filter.deployment !== undefined) query.set("deployment", filter.deployment);
    if (filter.states !== undefined) query.set("state", filter.states.join(","));
    if (filter.limit !== undefined) query.set("limit", String(filter.limit));
    const tasks = parseTasks(await this.session.readText(`/tasks?${query.toString()}`, "list the tasks"));
    return [...tasks].sort((a, b) => b.id - a.id);
  }

  async followTask(taskId: number, onProgress?: TaskProgress): Promise<TaskOutcome> {
    const outcome = await followTask(this.session, this.clock, this.limits, taskId, onProgress);
    return outcome.kind === "locked" && outcome.holderTaskId === undefined ? this.withHolder(outcome) : outcome;
  }

  async cancelTask(taskId: number): Promise<boolean> {
    // Singular "/task": the director knows the deletion under this path only.
    const asked = { method: "DELETE" as const, path: `/task/${taskId}`, purpose: `cancel task ${taskId}` };
    const response = await this.session.writeIdempotently(asked, [204, 200, 400]);
    return response.status !== 400;
  }

  async scanProblems(deployment: string, onProgress?: TaskProgress): Promise<ScanOutcome> {
    const outcome = await this.run(
      {
        method: "POST",
        path: `${deploymentPath(deployment)}/scans`,
        contentType: "application/json",
        purpose: `scan ${deployment} for problems`,
      },
      onProgress,
    );
    if (outcome.kind !== "done") return { kind: "not-scanned", outcome };
    return { kind: "scanned", task: outcome.task, problems: await this.observeProblems(deployment) };
  }

  async observeProblems(deployment: string): Promise<readonly BoshProblem[]> {
    const path = `${deploymentPath(deployment)}/problems`;
    return parseProblems(await this.session.readText(path, `list the problems of ${deployment}`));
  }

  async applyResolutions(
    deployment: string,
    answers: readonly ProblemAnswer[],
    onProgress?: TaskProgress,
  ): Promise<TaskOutcome> {
    const resolutions = Object.fromEntries(answers.map(({ problemId, resolution }) => [String(problemId), resolution]));
    return this.run(
      {
        method: "PUT",
        path: `${deploymentPath(deployment)}/problems`,
        contentType: "application/json",
        body: JSON.stringify({ resolutions }),
        purpose: `answer ${answers.length} problem(s) of ${deployment}`,
      },
      onProgress,
    );
  }

  async changeInstance(deployment: string, change: InstanceChange, onProgress?: TaskProgress): Promise<TaskOutcome> {
    return this.run(changeRequest(deployment, change), onProgress);
  }

  async deleteVm(vmCid: string, onProgress?: TaskProgress): Promise<TaskOutcome> {
    if (vmCid === "") throw inputError("no VM is named to be deleted");
    const path = `/vms/${encodeURIComponent(vmCid)}`;
    return this.run({ method: "DELETE", path, purpose: `delete VM ${vmCid}` }, onProgress);
  }

  async setIgnored(deployment: string, instance: InstanceRef, isIgnored: boolean): Promise<void> {
    const name = checkedName(instance);
    const group = encodeURIComponent(instance.group);
    await this.session.writeIdempotently(
      {
        method: "PUT",
        path: `${deploymentPath(deployment)}/instance_groups/${group}/${instance.id}/ignore`,
        contentType: "application/json",
        body: JSON.stringify({ ignore: isIgnored }),
        purpose: `${isIgnored ? "ignore" : "unignore"} ${name}`,
      },
      [200, 204],
    );
  }

  async isResurrectionOn(): Promise<boolean> {
    return parseResurrection(await this.session.readText("/resurrection", "read whether the resurrector is on"));
  }

  async setResurrection(isOn: boolean): Promise<void> {
    await this.session.writeIdempotently(
      {
        method: "PUT",
        path: "/resurrection",
        contentType: "application/json",
        body: JSON.stringify({ resurrection_paused: !isOn }),
        purpose: `turn the resurrector ${isOn ? "on" : "off"}`,
      },
      [200, 204],
    );
  }

  async observeConfigs(type: string): Promise<readonly DirectorConfig[]> {
    const query = new URLSearchParams({ latest: "true", type });
    return parseConfigs(await this.session.readText(`/configs?${query.toString()}`, `read the ${type} configs`));
  }

  async writeConfig(config: Omit<DirectorConfig, "id">, expectedLatestId: string): Promise<ConfigWriteOutcome> {
    const { type, name, content } = config;
    const response = await this.session.writeIdempotently(
      {
        method: "POST",
        path: "/configs",
        contentType: "application/json",
        body: JSON.stringify({ type, name, content, expected_latest_id: expectedLatestId }),
        purpose: `write the ${type} config '${name}'`,
      },
      [200, 201, 412],
    );
    const text = response.body.toString("utf8");
    if (response.status !== 412) return { kind: "written", config: parseConfig(text) };
    // After a lost answer the second try meets our own write: the newest version says whose it is.
    const latest = (await this.observeConfigs(type)).find((candidate) => candidate.name === name);
    if (latest !== undefined && latest.content === content) return { kind: "written", config: latest };
    return { kind: "changed-meanwhile", latestId: parseLatestConfigId(text) };
  }

  async removeConfig(type: string, name: string): Promise<boolean> {
    const query = new URLSearchParams({ name, type });
    const asked = {
      method: "DELETE" as const,
      path: `/configs?${query.toString()}`,
      purpose: `remove the ${type} config '${name}'`,
    };
    return (await this.session.writeIdempotently(asked, [200, 204, 404])).status !== 404;
  }

  async createShellUser(
    deployment: string,
    instance: InstanceRef,
    user: string,
    publicKey: string,
  ): Promise<ShellOutcome> {
    const name = checkedName(instance);
    const body = {
      command: "setup",
      deployment_name: deployment,
      target: shellTarget(instance),
      params: { user, public_key: publicKey },
    };
    const taskId = await this.session.startTask({
      ...shellRequest(deployment, body),
      purpose: `ask for a user on ${name}`,
    });
    const outcome = await this.followTask(taskId);
    if (outcome.kind !== "done") return { kind: "not-ready", message: outcome.message };
    return shellOutcome(instance, parseShellItems(await this.readResult(taskId)));
  }

  async removeShellUsers(deployment: string, instance: InstanceRef, userPattern: string): Promise<TaskOutcome> {
    const name = checkedName(instance);
    const body = {
      command: "cleanup",
      deployment_name: deployment,
      target: shellTarget(instance),
      params: { user_regex: userPattern },
    };
    return this.run({ ...shellRequest(deployment, body), purpose: `remove our user from ${name}` }, undefined);
  }

  private async run(asked: WriteRequest, onProgress: TaskProgress | undefined): Promise<TaskOutcome> {
    return this.followTask(await this.session.startTask(asked), onProgress);
  }

  private async readResult(taskId: number): Promise<string> {
    const path = `/tasks/${taskId}/output?type=result`;
    const response = await this.session.read({
      path,
      purpose: `read the result of task ${taskId}`,
      statuses: [200, 204],
    });
    return response.body.toString("utf8");
  }

  /** Scans are refused without a word on who holds the lock; the list of locks knows. */
  private async withHolder(outcome: Extract<TaskOutcome, { kind: "locked" }>): Promise<TaskOutcome> {
    const deployment = outcome.task.deployment;
    const lock = (await this.observeLocks()).find(
      ({ type, resource }) => type === "deployment" && deployment !== undefined && resource.includes(deployment),
    );
    return { ...outcome, holderTaskId: lock?.taskId };
  }
}
