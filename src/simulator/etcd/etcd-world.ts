// The world of one etcd cluster as plain data: machines, disks, links, what lies in data directories, and one raft group for
// each life of a cluster. A copy of the value is a copy of the world; changes make the next value and share the rest.

import { invariantError } from "../../model/errors";
import type { MemberId } from "../../model/etcd-member-id";
import type { EtcdAlarm, EtcdMember } from "../../model/etcd-observation";
import { type EtcdBackup, quorumOf } from "../../model/etcd-verdict";

/** What lies in a data directory. */
export type DiskData =
  | { readonly kind: "none" }
  /** An empty `member` directory, by which a BOSH job knows that it joins. */
  | { readonly kind: "member-directory" }
  /** Some of the files are gone. */
  | { readonly kind: "damaged" }
  | {
      readonly kind: "present";
      /** Key of its raft group. */
      readonly group: string;
      readonly memberId: MemberId;
      readonly revision: number;
      readonly term: number;
      /** The member list that it has applied. */
      readonly listed: readonly EtcdMember[];
      /** Its content differs from its peers'. */
      readonly isCorrupt: boolean;
    };

/** Data of a member. */
export type MemberData = Extract<DiskData, { kind: "present" }>;

/** A snapshot file. */
export interface WorldSnapshot {
  readonly path: string;
  readonly group: string;
  readonly revision: number;
  readonly sha256: string;
}

/** One machine and the member on it. */
export interface EtcdWorldNode {
  readonly name: string;
  /** etcd's name of the member. */
  readonly memberName: string;
  readonly peerUrl: string;
  readonly clientUrl: string;
  readonly power: "on" | "off";
  /** The operator's link to it. */
  readonly link: "up" | "down";
  readonly disk: "good" | "full" | "slow";
  readonly isRunning: boolean;
  /** Why the last start failed; undefined when it did not. What supervises it tries again and again. */
  readonly exit: string | undefined;
  /** Nothing starts it: unmonitored, masked, or its manifest parked. */
  readonly isPaused: boolean;
  readonly data: DiskData;
  /** Deleted under the running process: what it still holds. */
  readonly held: MemberData | undefined;
  readonly definition: {
    readonly state: "in-place" | "parked" | "absent";
    readonly cluster: readonly { readonly name: string; readonly peerUrl: string }[];
    readonly clusterState: "new" | "existing";
    readonly token: string;
  };
  /** Members whose data on this node is marked as not to be started again. */
  readonly condemned: readonly MemberId[];
  readonly archive: readonly DiskData[];
  readonly snapshots: readonly WorldSnapshot[];
  readonly isWriterRunning: boolean;
  readonly certificates: "good" | "expired" | "not-yet-valid" | "foreign";
  readonly tools: "good" | "missing" | "hanging" | "garbage";
}

/** One life of a cluster: a group of members that agree on one log. */
export interface RaftGroup {
  /** Two groups can have one id: a wiped first kubeadm member begins anew under the old one. */
  readonly clusterId: MemberId;
  readonly members: readonly EtcdMember[];
  /** Members that were taken out: their ids are never taken in again. */
  readonly removed: readonly MemberId[];
  /** The newest revision that was acknowledged to a client. */
  readonly revision: number;
  readonly term: number;
  readonly leader: MemberId | undefined;
  /** Members that this leader has heard from since it was elected: it tells them to commit what they had acknowledged. */
  readonly heard: readonly MemberId[];
  readonly compactRevision: number;
  readonly alarms: readonly EtcdAlarm[];
  /** Nodes whose database file holds pages that are free. */
  readonly fragmented: readonly string[];
  readonly isFull: boolean;
  readonly origin: "adopted" | "began-empty" | "restored";
}

/** Something that must not happen, with who caused it: seen by the model itself. */
export interface Harm {
  readonly kind: "writes-lost" | "cluster-began" | "started-unadmitted";
  readonly node: string;
  readonly text: string;
}

/** The world. */
export interface EtcdWorld {
  readonly runner: "monit" | "systemd" | "static-pod";
  readonly version: string;
  /** Index 0 of a BOSH job: without a member directory it begins a new cluster. */
  readonly bootstrapNode: string;
  readonly timeSeconds: number;
  readonly nodes: Readonly<Record<string, EtcdWorldNode>>;
  readonly groups: Readonly<Record<string, RaftGroup>>;
  /** Pairs of nodes that cannot reach each other, "a b" in order of name. */
  readonly cuts: readonly string[];
  readonly idCount: number;
  /** On the operator's machine. */
  readonly backups: readonly EtcdBackup[];
  readonly harm: readonly Harm[];
}

/** Names of all nodes, in the order in which they were declared. */
export function worldNodes(world: EtcdWorld): readonly EtcdWorldNode[] {
  return Object.values(world.nodes);
}

/** One node. @throws RecoveryError "invariant" for a name that the world does not have. */
export function worldNode(world: EtcdWorld, name: string): EtcdWorldNode {
  const node = world.nodes[name];
  if (node === undefined) throw invariantError(`the simulated cluster has no node ${name}`);
  return node;
}

/** The world with some fields of one node replaced. */
export function changeNode(world: EtcdWorld, name: string, change: Partial<EtcdWorldNode>): EtcdWorld {
  return { ...world, nodes: { ...world.nodes, [name]: { ...worldNode(world, name), ...change } } };
}

/** The world with some fields of one group replaced. */
export function changeGroup(world: EtcdWorld, key: string, change: Partial<RaftGroup>): EtcdWorld {
  const group = world.groups[key];
  if (group === undefined) throw invariantError(`the simulated cluster has no group ${key}`);
  return { ...world, groups: { ...world.groups, [key]: { ...group, ...change } } };
}

/** The world with one more harm done. */
export function addHarm(world: EtcdWorld, kind: Harm["kind"], node: string, text: string): EtcdWorld {
  return { ...world, harm: [...world.harm, { kind, node, text }] };
}

/** What the member on a node works with: what its process holds, else what lies on its disk. */
export function memberData(node: EtcdWorldNode): MemberData | undefined {
  if (node.held !== undefined) return node.held;
  return node.data.kind === "present" ? node.data : undefined;
}

/** The node with the data of its member changed, in memory or on disk. */
export function withMemberData(node: EtcdWorldNode, change: Partial<MemberData>): EtcdWorldNode {
  if (node.held !== undefined) return { ...node, held: { ...node.held, ...change } };
  return node.data.kind === "present" ? { ...node, data: { ...node.data, ...change } } : node;
}

/** Voters of a group. */
export function votersOf(group: RaftGroup): readonly EtcdMember[] {
  return group.members.filter((member) => !member.isLearner);
}

/** How many votes a group needs. */
export function votesNeeded(group: RaftGroup): number {
  return quorumOf(votersOf(group).length);
}

/** Is a version at least 3.minor? */
export function isMinor(world: EtcdWorld, minor: number): boolean {
  return Number(world.version.split(".")[1]) >= minor;
}
