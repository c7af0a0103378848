// Observations of etcd, built by the condition they show. Everything starts from a healthy cluster.

import { type EtcdDeclaration, etcdDeclarationSchema } from "../../../src/model/etcd-declaration";
import { type MemberId, memberIdOf } from "../../../src/model/etcd-member-id";
import type { EtcdCallFailure, EtcdMember, EtcdObservation } from "../../../src/model/etcd-observation";
import type { EtcdHistory, EtcdNodeView } from "../../../src/model/etcd-verdict";
import { bootstrapClusterId, bootstrapMemberId } from "../../../src/plan/etcd/cluster-id";

export const nowSeconds = 1_800_000_000;
export const day = 86_400;
export const noHistory: EtcdHistory = { lastRevision: undefined, backups: [] };
export const token = "etcd-cluster";

/** An id by number. */
export function id(value: number): MemberId {
  const made = memberIdOf(BigInt(value));
  if (made === undefined) throw new Error(`no id ${value}`);
  return made;
}

/** The names cp-0, cp-1, ... */
export function nodeNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `cp-${index}`);
}

export function peerUrl(node: string): string {
  return `https://${node}.lab:2380`;
}

export type RunnerKind = "monit" | "systemd" | "static-pod";

/** A declared etcd of so many members. */
export function declare(count: number, runner: RunnerKind = "systemd", change: object = {}): EtcdDeclaration {
  return etcdDeclarationSchema.parse({
    runner: { kind: runner },
    members: Object.fromEntries(
      nodeNames(count).map((node) => [
        node,
        { name: node, peerUrl: peerUrl(node), clientUrl: `https://${node}.lab:2379` },
      ]),
    ),
    certificates: [],
    ...change,
  });
}

/** A cluster's membership, from which healthy views are made. */
export interface Membership {
  readonly clusterId: MemberId;
  readonly members: readonly EtcdMember[];
  readonly leader: string;
  readonly revision: number;
  readonly version: string;
}

export function memberOf(node: string, change: Partial<EtcdMember> = {}): EtcdMember {
  return {
    id: bootstrapMemberId(peerUrl(node), token),
    name: node,
    peerUrls: [peerUrl(node)],
    clientUrls: [`https://${node}.lab:2379`],
    isLearner: false,
    ...change,
  };
}

/** A cluster booted by these nodes together; cp-0 leads. */
export function membership(nodes: readonly string[], change: Partial<Membership> = {}): Membership {
  return {
    clusterId: bootstrapClusterId(nodes.map(peerUrl), token),
    members: nodes.map((node) => memberOf(node)),
    leader: nodes[0] ?? "",
    revision: 1000,
    version: "3.5.21",
    ...change,
  };
}

/** What a healthy voter's probe sees. */
export function voterEtcd(cluster: Membership, node: string): EtcdObservation {
  const self = cluster.members.find((member) => member.peerUrls.includes(peerUrl(node))) ?? memberOf(node);
  const leader = cluster.members.find((member) => member.peerUrls.includes(peerUrl(cluster.leader)));
  return {
    tools: { etcdctl: cluster.version, etcdutl: cluster.version, server: cluster.version },
    status: {
      kind: "seen",
      value: {
        clusterId: cluster.clusterId,
        memberId: self.id,
        ...(leader === undefined ? {} : { leaderId: leader.id }),
        version: cluster.version,
        revision: cluster.revision,
        raftTerm: 3,
        raftIndex: cluster.revision + 10,
        dbSizeBytes: 10_000_000,
        dbSizeInUseBytes: 9_000_000,
        isLearner: self.isLearner,
        errors: [],
      },
    },
    members: { kind: "seen", value: [...cluster.members] },
    alarms: { kind: "seen", value: [] },
    read: { kind: "seen", value: { revision: cluster.revision } },
    keyCount: { kind: "seen", value: 300 },
    hash: { kind: "seen", value: { hash: "4242", revision: cluster.revision, compactRevision: 900 } },
    data: {
      directory: "/var/lib/etcd",
      state: "present",
      isDeletedUnderProcess: false,
      freeBytes: 50_000_000_000,
      identity: { clusterId: cluster.clusterId, memberId: self.id },
      isCondemned: false,
      detail: "",
    },
    service: { state: "running", isPaused: false, restarts: 0, hasProcess: true, detail: "" },
    definition: { state: "in-place", isForcingNewCluster: false },
    certificates: [],
    snapshots: [],
    writers: [],
    logTail: [],
  };
}

export function observed(node: string, etcd: EtcdObservation): EtcdNodeView {
  return { kind: "observed", node, timeSeconds: nowSeconds, etcd };
}

/** Healthy views of every listed node. */
export function healthyViews(cluster: Membership, nodes: readonly string[]): readonly EtcdNodeView[] {
  return nodes.map((node) => observed(node, voterEtcd(cluster, node)));
}

/** A change of what one probe saw. */
export type Change = (etcd: EtcdObservation) => EtcdObservation;

/** The views with one node's etcd changed. */
export function change(
  views: readonly EtcdNodeView[],
  node: string,
  ...changes: readonly Change[]
): readonly EtcdNodeView[] {
  return views.map((view) =>
    view.node === node && view.kind === "observed"
      ? { ...view, etcd: changes.reduce((etcd, apply) => apply(etcd), view.etcd) }
      : view,
  );
}

/** The views with one node out of reach. */
export function lose(views: readonly EtcdNodeView[], ...nodes: readonly string[]): readonly EtcdNodeView[] {
  return views.map((view) =>
    nodes.includes(view.node) ? { kind: "unreachable" as const, node: view.node, reason: "connect timed out" } : view,
  );
}

/** No call brings an answer. */
export function silent(failure: EtcdCallFailure = "refused", message = "connection refused"): Change {
  const failed = { kind: "failed" as const, failure, message };
  return (etcd) => ({
    ...etcd,
    status: failed,
    members: failed,
    alarms: failed,
    read: failed,
    keyCount: failed,
    hash: failed,
  });
}

/** The process is gone, its data is whole. */
export const stopped: Change = (etcd) => ({
  ...silent()(etcd),
  service: { ...etcd.service, state: "stopped", hasProcess: false },
});

/** It fails at every start. */
export const looping: Change = (etcd) => ({
  ...silent()(etcd),
  service: { ...etcd.service, state: "failed", hasProcess: false, restarts: 7 },
});

/** Its data is gone and it fails at every start. */
export const wiped: Change = (etcd) => {
  const { identity: _gone, ...data } = looping(etcd).data;
  return { ...looping(etcd), data: { ...data, state: "empty", detail: "no files" } };
};

/** Its files are deleted while it runs. */
export const wipedRunning: Change = (etcd) => ({
  ...etcd,
  data: { ...etcd.data, state: "empty", isDeletedUnderProcess: true },
});

/** It runs and sees no leader. */
export const leaderless: Change = (etcd) => ({
  ...etcd,
  ...(etcd.status.kind === "seen" ? { status: { kind: "seen", value: omitLeader(etcd.status.value) } } : {}),
  members: { kind: "failed", failure: "no-answer", message: "context deadline exceeded" },
  alarms: { kind: "failed", failure: "no-answer", message: "context deadline exceeded" },
  read: { kind: "failed", failure: "no-answer", message: "context deadline exceeded" },
});

function omitLeader<T extends { leaderId?: unknown }>(status: T): Omit<T, "leaderId"> {
  const { leaderId: _none, ...rest } = status;
  return rest;
}

/** Changes the endpoint's status. */
export function status(fields: Partial<Extract<EtcdObservation["status"], { kind: "seen" }>["value"]>): Change {
  return (etcd) =>
    etcd.status.kind === "seen"
      ? { ...etcd, status: { kind: "seen", value: { ...etcd.status.value, ...fields } } }
      : etcd;
}

/** Changes what lies in the data directory. */
export function data(fields: Partial<EtcdObservation["data"]>): Change {
  return (etcd) => ({ ...etcd, data: { ...etcd.data, ...fields } });
}

/** Changes the service. */
export function service(fields: Partial<EtcdObservation["service"]>): Change {
  return (etcd) => ({ ...etcd, service: { ...etcd.service, ...fields } });
}

/** Other fields of the observation. */
export function fields(changed: Partial<EtcdObservation>): Change {
  return (etcd) => ({ ...etcd, ...changed });
}
