// What a BOSH director knows: itself, its deployments, their instances and the processes on them. Problems, tasks, locks
// and resurrection have files of their own beside this one. Data and predicates on one value only.

/** Names one instance: its group and its UUID. The index is deliberately no part of it: it changes when a group shrinks. */
export interface InstanceRef {
  /** Instance group, such as "master". */
  readonly group: string;
  /** The instance's UUID, 36 characters, lower case. */
  readonly id: string;
}

/** How the director proves who is asking. */
export type DirectorAuthentication =
  | { readonly kind: "basic" }
  | { readonly kind: "uaa" /** Where tokens are issued, without a trailing slash. */; readonly url: string }
  | { readonly kind: "other" /** The word the director used. */; readonly type: string };

/** The director's own description (`GET /info`). */
export interface DirectorInfo {
  readonly name: string;
  readonly uuid: string;
  /** As printed by the director, such as "280.1.0 (00000000)". */
  readonly version: string;
  /** Who the director takes us for; undefined when we are not logged in (or with wrong credentials). */
  readonly user: string | undefined;
  /** Name of the cloud provider interface, such as "vsphere_cpi"; undefined when not told. */
  readonly cpi: string | undefined;
  readonly authentication: DirectorAuthentication;
}

/** A name with its version, as used for releases and stemcells. */
export interface NamedVersion {
  readonly name: string;
  readonly version: string;
}

/** One line of the director's list of deployments. */
export interface DeploymentSummary {
  readonly name: string;
  readonly releases: readonly NamedVersion[];
  readonly stemcells: readonly NamedVersion[];
  /** True while a task holds the deployment lock; undefined when an old director does not say. */
  readonly locked: boolean | undefined;
}

/** What the operator (not the monitor) wants of an instance: running, stopped, or stopped without a VM. */
export type DesiredInstanceState = "started" | "stopped" | "detached";

/**
 * One instance as the synchronous listing shows it (`GET /deployments/D/instances` without `format`): from the director's
 * database, no task, no agent asked. This is the one to use on a director in trouble.
 */
export interface InstancePlacement {
  readonly instance: InstanceRef;
  readonly index: number;
  /** Availability zone; undefined when the deployment has none. */
  readonly zone: string | undefined;
  readonly ips: readonly string[];
  /** The VM's id in the IaaS; undefined when the director has no VM for the instance. */
  readonly vmCid: string | undefined;
  readonly agentId: string | undefined;
  /** False for errands and for instances stopped hard; such an instance without a VM is fine. */
  readonly expectsVm: boolean;
}

/** State of one monit process as the agent reports it; "unknown" is monit's "not monitored". */
export type ProcessState = "running" | "failing" | "starting" | "unknown";

/** One monit process of an instance. */
export interface BoshProcess {
  readonly name: string;
  /** One of {@link ProcessState}, or another word from an agent that we do not know. */
  readonly state: ProcessState | (string & {});
}

/**
 * Process state of a whole instance: the agent's words, "unresponsive agent" from the director, and undefined when the
 * instance has no VM.
 */
export type JobState = "running" | "failing" | "starting" | "stopped" | "unknown" | "unresponsive agent";

/** One instance as the full listing shows it; making that listing queues a task and asks every agent. */
export interface BoshInstance {
  readonly instance: InstanceRef;
  readonly index: number;
  /** Undefined when the instance has no VM. */
  readonly jobState: JobState | (string & {}) | undefined;
  /** Sorted by name. Empty when the agent did not answer. */
  readonly processes: readonly BoshProcess[];
  readonly desiredState: DesiredInstanceState | (string & {});
  readonly zone: string | undefined;
  readonly ips: readonly string[];
  readonly vmCid: string | undefined;
  readonly agentId: string | undefined;
  readonly vmType: string | undefined;
  readonly diskCids: readonly string[];
  /** The instance that runs bootstrap work for its group. */
  readonly isBootstrap: boolean;
  /** Set by `bosh ignore`: scans, resurrection and state changes leave it alone. */
  readonly isIgnored: boolean;
}

/** "group/uuid", as the director and the `bosh` CLI write it. */
export function instanceName(instance: InstanceRef): string {
  return `${instance.group}/${instance.id}`;
}

const instanceNamePattern = /^([A-Za-z0-9][A-Za-z0-9_.-]*)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Reads "group/uuid"; undefined for anything else. An IP address or a bare group is refused on purpose: the `bosh` CLI
 * turns an IP into "every instance of the deployment". Source: cloudfoundry/bosh-cli director/instance_slug parsing.
 */
export function parseInstanceName(text: string): InstanceRef | undefined {
  const match = instanceNamePattern.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { group: match[1], id: match[2] };
}

/** Do both name the same instance? */
export function isSameInstance(a: InstanceRef, b: InstanceRef): boolean {
  return a.group === b.group && a.id === b.id;
}

/** Orders by group, then id, so that lists read and compare the same every time. */
export function compareInstances(a: InstanceRef, b: InstanceRef): number {
  const left = instanceName(a);
  const right = instanceName(b);
  return left < right ? -1 : left > right ? 1 : 0;
}
