// Any state of an etcd cluster of one to nine declared members, made so that it could be: who votes, who leads and what
// the others see fit together.

import fc from "fast-check";
import type { EtcdMember } from "../../src/model/etcd-observation";
import { type EtcdNodeView, quorumOf } from "../../src/model/etcd-verdict";
import type { EtcdPlanInput } from "../../src/plan/etcd/planning";
import {
  change,
  data,
  declare,
  fields,
  id,
  leaderless,
  looping,
  memberOf,
  membership,
  nodeNames,
  nowSeconds,
  observed,
  type RunnerKind,
  service,
  silent,
  status,
  stopped,
  voterEtcd,
  wiped,
  wipedRunning,
} from "../plan/etcd/builders";

/** States of a declared node. The first are likelier than the others, so that quorums stand often enough. */
export const nodeStates = [
  "voting",
  "voting",
  "voting",
  "voting",
  "voting",
  "voting",
  "wiped",
  "wiped-running",
  "stopped",
  "looping",
  "damaged",
  "stale",
  "forked",
  "isolated",
  "unreachable",
  "certificates",
  "tool-missing",
  "unreadable",
  "learner",
  "added",
  "removed",
  "corrupt",
  "paused",
] as const;
export type NodeState = (typeof nodeStates)[number];

export interface Spec {
  readonly states: readonly NodeState[];
  readonly leader: number;
  readonly runner: RunnerKind;
  readonly version: string;
  readonly repairSeveral: boolean;
  readonly hasSnapshot: boolean;
  readonly alarm: "none" | "NOSPACE" | "CORRUPT";
  readonly stray: "none" | "unstarted-voter" | "unstarted-learner" | "started-voter";
  readonly restore: "none" | "snapshot" | "survivor";
  readonly lastRevision: number | undefined;
}

export const specs: fc.Arbitrary<Spec> = fc.record({
  states: fc.array(fc.constantFrom(...nodeStates), { minLength: 1, maxLength: 9 }),
  leader: fc.nat(8),
  runner: fc.constantFrom<RunnerKind>("monit", "systemd", "static-pod"),
  version: fc.constantFrom("3.3.27", "3.4.23", "3.5.21", "3.6.5"),
  repairSeveral: fc.boolean(),
  hasSnapshot: fc.boolean(),
  alarm: fc.constantFrom("none", "none", "none", "NOSPACE", "CORRUPT"),
  stray: fc.constantFrom("none", "none", "none", "unstarted-voter", "unstarted-learner", "started-voter"),
  restore: fc.constantFrom("none", "none", "none", "snapshot", "survivor"),
  lastRevision: fc.constantFrom(undefined, 500, 5000),
});

/** A scene: the planner's input, and the truth that it was made from. */
export interface Scene {
  readonly spec: Spec;
  readonly input: EtcdPlanInput;
  readonly members: readonly EtcdMember[];
  readonly stateOf: ReadonlyMap<string, NodeState>;
  /** Nodes that vote at this moment; empty when no quorum stands. */
  readonly voting: ReadonlySet<string>;
  readonly leader: string | undefined;
}

const votes = (state: NodeState | undefined) =>
  state === "voting" || state === "wiped-running" || state === "corrupt" || state === "paused";

/** Makes the scene of a spec. */
export function sceneOf(spec: Spec): Scene {
  const names = nodeNames(spec.states.length);
  const stateOf = new Map(names.map((name, index) => [name, spec.states[index] ?? "voting"]));
  const hasLearners = spec.version !== "3.3.27";
  const members = [
    ...names.flatMap((name) => memberFor(name, stateOf.get(name), hasLearners)),
    ...strayOf(spec, hasLearners),
  ];
  const voters = members.filter((member) => !member.isLearner).length;
  // A learner where there are none is a voter that joined a moment ago.
  const candidates = names.filter(
    (name) => votes(stateOf.get(name)) || (stateOf.get(name) === "learner" && !hasLearners),
  );
  const isQuorate = voters > 0 && candidates.length >= quorumOf(voters);
  const leader = isQuorate ? candidates[spec.leader % candidates.length] : undefined;
  const cluster = { ...membership(names, { version: spec.version }), members, leader: leader ?? "" };
  const views = names
    .map((name) => viewOf(name, stateOf.get(name) ?? "voting", cluster, leader !== undefined))
    .map((view) => withSnapshot(spec, view, cluster.clusterId))
    .map((view) => withAlarm(spec, view, leader));
  const source =
    spec.restore === "snapshot"
      ? { kind: "snapshot", file: "kept.db", sha256: "b".repeat(64), revision: 900 }
      : { kind: "survivor", node: names[0] };
  const pod = { apiVersion: "v1", kind: "Pod", spec: { containers: [{ name: "etcd", command: ["etcd"] }] } };
  return {
    spec,
    members,
    stateOf,
    voting: new Set(isQuorate ? candidates : []),
    leader,
    input: {
      etcd: declare(names.length, spec.runner, spec.restore === "none" ? {} : { restore: { name: "drawn", source } }),
      views,
      history: { lastRevision: spec.lastRevision, backups: [] },
      repairSeveral: spec.repairSeveral,
      manifestDirectory: "/etc/kubernetes/manifests",
      archiveDirectory: "/var/lib/quorate/archive",
      pods: Object.fromEntries(names.map((name) => [name, pod])),
      definitionDrifts: {},
    },
  };
}

function memberFor(name: string, state: NodeState | undefined, hasLearners: boolean): readonly EtcdMember[] {
  if (state === "removed") return [];
  if (state === "added")
    return [
      memberOf(name, { name: "", clientUrls: [], isLearner: hasLearners, id: id(0x7000 + Number(name.slice(3))) }),
    ];
  if (state === "learner") return [memberOf(name, { isLearner: hasLearners })];
  return [memberOf(name)];
}

function strayOf(spec: Spec, hasLearners: boolean): readonly EtcdMember[] {
  if (spec.stray === "none") return [];
  const isLearner = spec.stray === "unstarted-learner" && hasLearners;
  return [memberOf("stray", { name: spec.stray === "started-voter" ? "stray" : "", isLearner, id: id(0x9999) })];
}

function viewOf(
  name: string,
  state: NodeState,
  cluster: ReturnType<typeof membership>,
  isQuorate: boolean,
): EtcdNodeView {
  if (state === "unreachable") return { kind: "unreachable", node: name, reason: "connect timed out" };
  const view = observed(name, voterEtcd(cluster, name));
  const made = change([view], name, ...changesFor(name, state, cluster), ...(isQuorate ? [] : [leaderless]));
  return made[0] ?? view;
}

function changesFor(name: string, state: NodeState, cluster: ReturnType<typeof membership>) {
  const down = service({ state: "stopped", hasProcess: false, isPaused: true });
  const fork = membership([name], {
    revision: 20,
    clusterId: id(0x5000 + Number(name.slice(3))),
    version: cluster.version,
  });
  switch (state) {
    case "wiped":
      return [wiped];
    case "added":
    case "removed":
      return [wiped, down];
    case "wiped-running":
      return [wipedRunning];
    case "stopped":
      return [stopped];
    case "looping":
      return [looping];
    case "damaged":
      return [looping, data({ state: "incomplete" })];
    case "stale":
      return [looping, data({ identity: { clusterId: cluster.clusterId, memberId: id(0x33) } })];
    case "forked":
      return [() => voterEtcd(fork, name)];
    case "isolated":
      return [leaderless];
    case "certificates":
      return [silent("certificate", "x509: certificate has expired")];
    case "tool-missing":
      return [silent("tool-missing", "etcdctl: not found")];
    case "unreadable":
      return [stopped, data({ state: "unknown" })];
    case "learner": {
      const refused = {
        kind: "failed" as const,
        failure: "learner" as const,
        message: "rpc not supported for learner",
      };
      return cluster.version === "3.3.27"
        ? []
        : [status({ isLearner: true }), fields({ members: refused, read: refused, hash: refused })];
    }
    case "corrupt":
      return [
        fields({ hash: { kind: "seen", value: { hash: "666", revision: cluster.revision, compactRevision: 900 } } }),
      ];
    case "paused":
      return [service({ isPaused: true })];
    default:
      return [];
  }
}

function withSnapshot(spec: Spec, view: EtcdNodeView, clusterId: string): EtcdNodeView {
  if (view.kind !== "observed" || !spec.hasSnapshot || view.node !== "cp-0") return view;
  const path = `/var/lib/etcd-snapshots/${clusterId}-r990.db`;
  const snapshot = {
    path,
    bytes: 1,
    takenAtSeconds: nowSeconds - 60,
    sha256: "c".repeat(64),
    isVerified: true,
    revision: 990,
    totalKeys: 5,
  };
  return { ...view, etcd: { ...view.etcd, snapshots: [snapshot] } };
}

function withAlarm(spec: Spec, view: EtcdNodeView, leader: string | undefined): EtcdNodeView {
  if (view.kind !== "observed" || spec.alarm === "none" || leader === undefined || view.etcd.alarms.kind !== "seen")
    return view;
  const filled =
    spec.alarm === "NOSPACE"
      ? change([view], view.node, status({ dbSizeBytes: 2_100_000_000, dbSizeInUseBytes: 600_000_000 }), (etcd) =>
          etcd.hash.kind === "seen"
            ? { ...etcd, hash: { kind: "seen", value: { ...etcd.hash.value, compactRevision: 0 } } }
            : etcd,
        )[0]
      : view;
  if (filled?.kind !== "observed") return view;
  const alarms = [{ memberId: memberOf(leader).id, alarm: spec.alarm }];
  return { ...filled, etcd: { ...filled.etcd, alarms: { kind: "seen", value: alarms } } };
}
