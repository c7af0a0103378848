// A small pure model of etcd for the planner's tests: what each effect of a step does to members, data and membership,
// what a service manager starts by itself, and what a probe would then see. It is written from the facts about etcd, not
// from the planner; where etcd refuses, it refuses.

import { compareIds, type MemberId } from "../../../src/model/etcd-member-id";
import type { EtcdMember, EtcdObservation } from "../../../src/model/etcd-observation";
import { type EtcdNodeView, quorumOf } from "../../../src/model/etcd-verdict";
import { bootstrapClusterId, bootstrapMemberId } from "../../../src/plan/etcd/cluster-id";
import { id, nowSeconds, observed, peerUrl, type RunnerKind, token } from "./builders";

/** What lies in a data directory. */
export type ModelData =
  | { readonly kind: "none" }
  | { readonly kind: "member-directory" }
  | {
      readonly kind: "present";
      readonly clusterId: MemberId;
      readonly memberId: MemberId;
      readonly revision: number;
      /** It ends whenever it is started over this data. */
      readonly isBad?: boolean;
      /** Its content differs from its peers'. */
      readonly isCorrupt?: boolean;
    };

/** One node of the model. */
export interface ModelNode {
  readonly name: string;
  isOnline: boolean;
  isRunning: boolean;
  isPaused: boolean;
  restarts: number;
  data: ModelData;
  /** Deleted under the running process: this is what it still holds in memory. */
  isDeletedUnderProcess: boolean;
  definition: {
    state: "in-place" | "parked" | "absent";
    cluster: string;
    clusterState: "new" | "existing";
    token: string;
  };
  readonly condemned: Set<MemberId>;
  readonly archive: ModelData[];
  snapshots: { path: string; revision: number; sha256: string }[];
  isWriterRunning: boolean;
}

/** The raft group of one cluster id. */
export interface ModelCluster {
  members: EtcdMember[];
  revision: number;
  isFull: boolean;
  /** Leads as long as it runs; else the first running voter does. */
  leader: MemberId | undefined;
  compactRevision: number;
  readonly fragmented: Set<string>;
  alarms: ("NOSPACE" | "CORRUPT")[];
}

/** What the planner under test is shown and what its steps change. */
export class EtcdModel {
  readonly nodes = new Map<string, ModelNode>();
  readonly clusters = new Map<MemberId, ModelCluster>();
  readonly backups: { file: string; sha256: string; revision: number; takenAtSeconds: number }[] = [];
  /** Clusters that came into being although nobody restored one: forks of our own making. */
  readonly forks: MemberId[] = [];
  private lastId = 0x1000;

  constructor(
    readonly runner: RunnerKind,
    readonly version: string,
    names: readonly string[],
    readonly declared: readonly string[] = names,
  ) {
    const clusterId = bootstrapClusterId(names.map(peerUrl), token);
    const members = names.map((name) => entry(name, bootstrapMemberId(peerUrl(name), token)));
    this.clusters.set(clusterId, blankCluster(members, 1000));
    for (const [index, name] of declared.entries()) {
      const isMember = names.includes(name);
      const memberId = bootstrapMemberId(peerUrl(name), token);
      this.nodes.set(name, {
        name,
        isOnline: true,
        isRunning: isMember,
        isPaused: !isMember && runner === "systemd",
        restarts: 0,
        data: isMember ? { kind: "present", clusterId, memberId, revision: 1000 } : { kind: "none" },
        isDeletedUnderProcess: false,
        definition: {
          state: isMember || runner !== "static-pod" ? "in-place" : "absent",
          // kubeadm's first node knows itself only; the others were given the list of their time.
          cluster: runner === "static-pod" && index === 0 ? clusterText([name]) : clusterText(names),
          clusterState: runner === "static-pod" && index === 0 ? "new" : "existing",
          token,
        },
        condemned: new Set(),
        archive: [],
        snapshots: [],
        isWriterRunning: true,
      });
    }
    for (const node of this.nodes.values()) if (!node.isRunning && runner === "monit") node.isPaused = true;
  }

  node(name: string): ModelNode {
    const found = this.nodes.get(name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  newId(): MemberId {
    this.lastId += 1;
    return id(this.lastId);
  }

  /** The cluster that most data belongs to. */
  mainCluster(): MemberId {
    const [first] = [...this.clusters.keys()];
    if (first === undefined) throw new Error("no cluster");
    return first;
  }

  votes(clusterId: MemberId): number {
    return this.votersOf(clusterId).filter((member) => this.runs(clusterId, member)).length;
  }

  votersOf(clusterId: MemberId): readonly EtcdMember[] {
    return (this.clusters.get(clusterId)?.members ?? []).filter((member) => !member.isLearner);
  }

  hasQuorum(clusterId: MemberId): boolean {
    const voters = this.votersOf(clusterId).length;
    return voters > 0 && this.votes(clusterId) >= quorumOf(voters);
  }

  leaderOf(clusterId: MemberId): EtcdMember | undefined {
    if (!this.hasQuorum(clusterId)) return undefined;
    const alive = this.votersOf(clusterId).filter((member) => this.runs(clusterId, member));
    const chosen = this.clusters.get(clusterId)?.leader;
    return alive.find((member) => member.id === chosen) ?? alive[0];
  }

  runs(clusterId: MemberId, member: EtcdMember): boolean {
    return [...this.nodes.values()].some(
      (node) =>
        node.isOnline &&
        node.isRunning &&
        node.data.kind === "present" &&
        node.data.clusterId === clusterId &&
        node.data.memberId === member.id,
    );
  }

  /** What service managers do by themselves between two looks. */
  settle(): void {
    for (const node of this.nodes.values()) {
      if (node.isOnline && !node.isRunning && !node.isPaused && node.definition.state === "in-place") this.boot(node);
      if (node.isRunning && node.data.kind === "present") {
        const cluster = this.clusters.get(node.data.clusterId);
        const isCaughtUp = cluster !== undefined && this.hasQuorum(node.data.clusterId);
        if (isCaughtUp) node.data = { ...node.data, revision: cluster.revision };
      }
    }
  }

  /** A restart of the whole node: run-time masks are gone, the rest is as it was. */
  reboot(name: string): void {
    const node = this.node(name);
    node.isRunning = false;
    if (node.isDeletedUnderProcess) node.data = { kind: "none" };
    node.isDeletedUnderProcess = false;
    if (this.runner === "systemd") node.isPaused = false;
    this.settle();
  }

  private boot(node: ModelNode): void {
    const { data } = node;
    if (data.kind === "present") {
      const cluster = this.clusters.get(data.clusterId);
      const isMember = cluster?.members.some((member) => member.id === data.memberId) ?? false;
      if (data.isBad === true || !isMember) node.restarts += 4;
      else node.isRunning = true;
      return;
    }
    const joined = this.joinable(node);
    if (joined !== undefined) {
      const [clusterId, member] = joined;
      const cluster = this.clusters.get(clusterId);
      if (cluster === undefined) return;
      cluster.members = cluster.members.map((other) =>
        other.id === member.id ? { ...other, name: node.name } : other,
      );
      node.data = { kind: "present", clusterId, memberId: member.id, revision: cluster.revision };
      node.isRunning = true;
      node.restarts = 0;
      return;
    }
    const isNew =
      this.runner === "monit" ? node.name === "cp-0" && data.kind === "none" : node.definition.clusterState === "new";
    if (isNew && node.definition.cluster === clusterText([node.name])) this.fork(node);
    else if (isNew && this.runner === "monit") this.fork(node);
    else node.restarts += 4;
  }

  private joinable(node: ModelNode): readonly [MemberId, EtcdMember] | undefined {
    const isExisting =
      this.runner === "monit" ? node.data.kind === "member-directory" : node.definition.clusterState === "existing";
    if (!isExisting) return undefined;
    const wanted = node.definition.cluster
      .split(",")
      .map((part) => part.split("=")[1])
      .sort()
      .join();
    for (const [clusterId, cluster] of this.clusters) {
      const listed = cluster.members.map((member) => member.peerUrls[0]).sort();
      const own = cluster.members.find((member) => member.peerUrls.includes(peerUrl(node.name)) && member.name === "");
      if (own !== undefined && listed.join() === wanted && this.hasQuorum(clusterId)) return [clusterId, own];
    }
    return undefined;
  }

  private fork(node: ModelNode): void {
    const clusterId = bootstrapClusterId([peerUrl(node.name)], `${token}-fork`);
    const memberId = bootstrapMemberId(peerUrl(node.name), `${token}-fork`);
    this.clusters.set(clusterId, blankCluster([entry(node.name, memberId)], 3));
    this.forks.push(clusterId);
    node.data = { kind: "present", clusterId, memberId, revision: 3 };
    node.isRunning = true;
  }

  views(): readonly EtcdNodeView[] {
    this.settle();
    return [...this.nodes.values()].map((node) =>
      node.isOnline
        ? observed(node.name, this.observe(node))
        : { kind: "unreachable" as const, node: node.name, reason: "connect timed out" },
    );
  }

  private observe(node: ModelNode): EtcdObservation {
    const { data } = node;
    const refused = { kind: "failed" as const, failure: "refused" as const, message: "connection refused" };
    const lost = { kind: "failed" as const, failure: "no-answer" as const, message: "context deadline exceeded" };
    const own = data.kind === "present" && node.isRunning ? data : undefined;
    const cluster = own === undefined ? undefined : this.clusters.get(own.clusterId);
    const leader = own === undefined ? undefined : this.leaderOf(own.clusterId);
    const self = cluster?.members.find((member) => member.id === own?.memberId);
    const isLearner = self?.isLearner === true;
    const revision = leader === undefined ? (own?.revision ?? 0) : (cluster?.revision ?? 0);
    const quorumAnswer = <T>(value: T) =>
      own === undefined
        ? refused
        : isLearner
          ? { kind: "failed" as const, failure: "learner" as const, message: "rpc not supported for learner" }
          : leader === undefined
            ? lost
            : { kind: "seen" as const, value };
    const isFragmented = cluster?.fragmented.has(node.name) ?? false;
    return {
      tools: {
        etcdctl: this.version,
        ...(this.version >= "3.5" ? { etcdutl: this.version } : {}),
        server: this.version,
      },
      status:
        own === undefined
          ? refused
          : {
              kind: "seen",
              value: {
                clusterId: own.clusterId,
                memberId: own.memberId,
                ...(leader === undefined ? {} : { leaderId: leader.id }),
                version: this.version,
                revision,
                raftTerm: 2,
                raftIndex: revision + 5,
                dbSizeBytes: isFragmented ? 2_100_000_000 : 10_000_000,
                dbSizeInUseBytes: cluster?.isFull === true && cluster.compactRevision === 0 ? 2_090_000_000 : 9_000_000,
                isLearner,
                errors: [],
              },
            },
      members: quorumAnswer([...(cluster?.members ?? [])].sort((a, b) => compareIds(a.id, b.id))),
      alarms: quorumAnswer(
        (cluster?.alarms ?? []).flatMap((alarm) => (self === undefined ? [] : [{ memberId: self.id, alarm }])),
      ),
      read: quorumAnswer({ revision }),
      keyCount: own === undefined ? refused : { kind: "seen", value: revision > 3 ? 300 : 0 },
      hash:
        own === undefined || isLearner
          ? refused
          : {
              kind: "seen",
              value: {
                hash: own.isCorrupt === true ? "666" : "42",
                revision,
                compactRevision: cluster?.compactRevision ?? 0,
              },
            },
      data: {
        directory: "/var/lib/etcd",
        state: node.isDeletedUnderProcess
          ? "empty"
          : data.kind === "present"
            ? "present"
            : data.kind === "none"
              ? "empty"
              : "member-directory-only",
        isDeletedUnderProcess: node.isDeletedUnderProcess,
        ...(data.kind === "present" && !node.isDeletedUnderProcess
          ? { identity: { clusterId: data.clusterId, memberId: data.memberId } }
          : {}),
        ...(data.kind === "present" && !node.isRunning ? { offline: { revision: data.revision, totalKeys: 300 } } : {}),
        isCondemned: data.kind === "present" && node.condemned.has(data.memberId),
        detail: "",
      },
      service: {
        state: node.isRunning ? "running" : node.isPaused ? "stopped" : node.restarts > 0 ? "failed" : "stopped",
        isPaused: node.isPaused,
        restarts: node.restarts,
        hasProcess: node.isRunning,
        detail: "",
      },
      definition: {
        state: node.definition.state,
        initialCluster: node.definition.cluster.split(",").map((part) => {
          const [name = "", url = ""] = part.split("=");
          return { name, peerUrl: url };
        }),
        initialClusterState: node.definition.clusterState,
        token: node.definition.token,
        isForcingNewCluster: false,
      },
      certificates: [],
      snapshots: node.snapshots.map((snapshot) => ({
        path: snapshot.path,
        bytes: 1000,
        takenAtSeconds: nowSeconds,
        sha256: snapshot.sha256,
        isVerified: true,
        revision: snapshot.revision,
        totalKeys: 300,
      })),
      writers: [{ name: "kube-apiserver", isRunning: node.isWriterRunning }],
      logTail: [],
    };
  }
}

export function clusterText(names: readonly string[]): string {
  return names.map((name) => `${name}=${peerUrl(name)}`).join(",");
}

export function entry(name: string, memberId: MemberId, isLearner = false): EtcdMember {
  return { id: memberId, name, peerUrls: [peerUrl(name)], clientUrls: [`https://${name}.lab:2379`], isLearner };
}

export function blankCluster(members: EtcdMember[], revision: number): ModelCluster {
  return {
    members,
    revision,
    isFull: false,
    leader: undefined,
    compactRevision: 900,
    fragmented: new Set(),
    alarms: [],
  };
}
