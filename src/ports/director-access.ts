// How the core reaches a BOSH director, at the level of meaning. The HTTPS client and the simulated director both
// implement it and are held to one contract suite. URLs, headers and ranges belong to the client.
import type { BoshInstance, DeploymentSummary, DirectorInfo, InstancePlacement, InstanceRef } from "../model/bosh";
import type { MonitObservation } from "../model/bosh-monit";
import type { GroupQuorum } from "../model/bosh-plan";
import type { BoshProblem, ProblemAnswer } from "../model/bosh-problem";
import type { DirectorLock, DirectorTask, TaskEvent, TaskOutcome, TaskState } from "../model/bosh-task";

/** Told of each event of a task as soon as it is read, in order, each once. */
export type TaskProgress = (event: TaskEvent, taskId: number) => void;

/** Which tasks to list. */
export interface TaskFilter {
  /** Undefined: of every deployment and of none. */
  readonly deployment?: string;
  /** Undefined: in any state. */
  readonly states?: readonly TaskState[];
  /** How many at most, newest first; undefined: as many as the director tells. */
  readonly limit?: number;
}

/** What can be done to one instance. */
export type InstanceAction = "start" | "stop" | "restart" | "recreate";

/** How to do it. */
export interface InstanceChange {
  readonly instance: InstanceRef;
  readonly action: InstanceAction;
  /**
   * "converge" lets the director bring the whole deployment to its manifest on the way: it asks every agent, creates every
   * missing VM and updates other failing instances too. "one-instance" touches this instance only.
   */
  readonly scope: "converge" | "one-instance";
  /** Go on although agents are silent. With "converge" ALL silent instances of the deployment are recreated. */
  readonly fix?: boolean;
  /** Leave out pre-stop and drain scripts; the stop itself still happens. */
  readonly skipDrain?: boolean;
  /** For "stop": delete the VM too. */
  readonly hard?: boolean;
}

/** What a scan found. */
export type ScanOutcome =
  | { readonly kind: "scanned"; readonly task: DirectorTask; readonly problems: readonly BoshProblem[] }
  | { readonly kind: "not-scanned"; readonly outcome: Exclude<TaskOutcome, { kind: "done" }> };

/** A listing that had to ask every agent. */
export type InstancesOutcome =
  | { readonly kind: "listed"; readonly instances: readonly BoshInstance[] }
  | { readonly kind: "not-listed"; readonly outcome: Exclude<TaskOutcome, { kind: "done" }> };

/** A stored config of any type: resurrection, cloud, runtime, cpi. */
export interface DirectorConfig {
  /** The director's id of this version, a decimal string. */
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** YAML text. */
  readonly content: string;
}

/** What became of writing a config. */
export type ConfigWriteOutcome =
  | { readonly kind: "written"; readonly config: DirectorConfig }
  | { readonly kind: "changed-meanwhile" /** The id that is now the newest. */; readonly latestId: string };

/** A user made on one instance for us, and how to reach it. */
export interface ShellUser {
  readonly instance: InstanceRef;
  /** Address of the VM's default network. */
  readonly ip: string;
  /** The VM's RSA host key, one line; undefined when the agent does not tell: then the host must not be trusted. */
  readonly hostPublicKey: string | undefined;
  /** Jump host that the director proposes; undefined when none. */
  readonly gateway: { readonly host: string; readonly user: string } | undefined;
}

/** What came of asking for a user. */
export type ShellOutcome =
  | { readonly kind: "ready"; readonly user: ShellUser }
  | { readonly kind: "not-ready"; readonly message: string };

/** Reaches one director. Failing to reach it throws a RecoveryError; a task that fails is a value. */
export interface DirectorAccess {
  /** The director itself, and whether it knows us. */
  observeDirector(): Promise<DirectorInfo>;
  /** All deployments, sorted by name. */
  observeDeployments(): Promise<readonly DeploymentSummary[]>;
  /** Where instances and VMs are by the director's database: no task, no agent asked. Sorted by instance. */
  observePlacements(deployment: string): Promise<readonly InstancePlacement[]>;
  /** The full listing with processes. Queues a task that asks every agent: not for a director in trouble. */
  observeInstances(deployment: string, onProgress?: TaskProgress): Promise<InstancesOutcome>;
  /** The manifest last deployed, YAML text. */
  observeManifest(deployment: string): Promise<string>;
  /** Locks held now. */
  observeLocks(): Promise<readonly DirectorLock[]>;
  /** Tasks, newest first, all types. */
  observeTasks(filter: TaskFilter): Promise<readonly DirectorTask[]>;
  /** Follows a task that exists to its end. */
  followTask(taskId: number, onProgress?: TaskProgress): Promise<TaskOutcome>;
  /** Asks a task to stop. False when it had ended already. */
  cancelTask(taskId: number): Promise<boolean>;
  /** Scans VMs and disks of a deployment (needs its lock, does not wait for it) and reads the problems found. */
  scanProblems(deployment: string, onProgress?: TaskProgress): Promise<ScanOutcome>;
  /** Problems of the last scan. Their ids are void as soon as anybody scans again. */
  observeProblems(deployment: string): Promise<readonly BoshProblem[]>;
  /** Answers problems by id; problems left out are ignored. */
  applyResolutions(
    deployment: string,
    answers: readonly ProblemAnswer[],
    onProgress?: TaskProgress,
  ): Promise<TaskOutcome>;
  /** Starts, stops, restarts or recreates one instance. */
  changeInstance(deployment: string, change: InstanceChange, onProgress?: TaskProgress): Promise<TaskOutcome>;
  /** Deletes a VM by its id in the IaaS: no stop, no drain, no deployment lock. An unknown id ends as done, with a warning. */
  deleteVm(vmCid: string, onProgress?: TaskProgress): Promise<TaskOutcome>;
  /** Sets or clears the mark that keeps scans, resurrection and state changes off an instance. */
  setIgnored(deployment: string, instance: InstanceRef, isIgnored: boolean): Promise<void>;
  /** The resurrector's global switch. */
  isResurrectionOn(): Promise<boolean>;
  /** Sets the resurrector's global switch, for every deployment of the director. */
  setResurrection(isOn: boolean): Promise<void>;
  /** The newest version of each config of a type, sorted by name. */
  observeConfigs(type: string): Promise<readonly DirectorConfig[]>;
  /** Writes a config. `expectedLatestId` is the id it replaces, "0" for a new one; another newest id refuses the write. */
  writeConfig(config: Omit<DirectorConfig, "id">, expectedLatestId: string): Promise<ConfigWriteOutcome>;
  /** Removes a config with all versions. False when there was none. */
  removeConfig(type: string, name: string): Promise<boolean>;
  /** Has a user of this name made on one instance, with this public key (authorized_keys line). */
  createShellUser(deployment: string, instance: InstanceRef, user: string, publicKey: string): Promise<ShellOutcome>;
  /** Has users removed on one instance whose name matches the regular expression and starts with "bosh_". */
  removeShellUsers(deployment: string, instance: InstanceRef, userPattern: string): Promise<TaskOutcome>;
}

/** Reaches the inside of an instance, as `bosh ssh` does. Needs a live agent. */
export interface InstanceAccess {
  /** Read-only look at monit. Never throws for an instance in trouble. */
  observeMonit(deployment: string, instance: InstanceRef): Promise<MonitObservation>;
  /** `monit restart PROCESS`. Resolves once monit took the order; throws `command-failed` otherwise. */
  restartProcess(deployment: string, instance: InstanceRef, process: string): Promise<void>;
}

/** Asks the members of a quorum group themselves, and keeps what is worth keeping. */
export interface QuorumAccess {
  /** How the members of a group stand by their own votes. Never throws for members in trouble: "unknown" says why. */
  observeQuorum(deployment: string, group: string): Promise<GroupQuorum>;
  /**
   * Takes a snapshot through a healthy member other than `except`, verifies it and keeps it off every member; the reason
   * when it could not.
   */
  takeSnapshot(deployment: string, group: string, except?: InstanceRef): Promise<SnapshotOutcome>;
}

/** What came of taking a snapshot. */
export type SnapshotOutcome = { readonly kind: "kept" } | { readonly kind: "not-kept"; readonly message: string };
