// What a probe of each node would see of its own etcd: the same EtcdObservation that the real probe's parsers make, with the
// failures of 3.3 to 3.6 as their recorded samples have them.

import { compareIds, isSameId, type MemberId } from "../../model/etcd-member-id";
import type {
  EtcdAlarm,
  EtcdAnswer,
  EtcdCertificate,
  EtcdHash,
  EtcdMember,
  EtcdObservation,
  EtcdStatus,
} from "../../model/etcd-observation";
import type { EtcdNodeView } from "../../model/etcd-verdict";
import {
  type EtcdWorld,
  type EtcdWorldNode,
  isMinor,
  type MemberData,
  memberData,
  type RaftGroup,
  worldNodes,
} from "./etcd-world";
import { isUp, quorumNodes } from "./raft";

type Failed = Extract<EtcdAnswer<never>, { kind: "failed" }>;

const day = 86_400;
const databaseBytes = { full: 2_100_000_000, fullInUse: 2_090_000_000, usual: 10_000_000, usualInUse: 9_000_000 };
/** Keys in a store that has been in use, and in one that has just begun. */
const keysUsed = 300;
/** Above this revision a store has been in use. */
const emptyRevisionMax = 3;
/** Where nothing was compacted yet, the probe asks for a hash at a multiple of these. Source: templates/probe/etcd/hash.hbs. */
const hashSteps = [1000, 100, 10];
/** Restarts that a supervisor has counted once a start has failed for good. */
const restartsCounted = 4;

/** What every node lets us see, in the order of the nodes. */
export function observeEtcdWorld(world: EtcdWorld): readonly EtcdNodeView[] {
  const quorums = Object.fromEntries(Object.keys(world.groups).map((key) => [key, quorumNodes(world, key)]));
  return worldNodes(world).map((node) => viewNode(world, node, quorums));
}

type Quorums = Readonly<Record<string, readonly EtcdWorldNode[]>>;

function viewNode(world: EtcdWorld, node: EtcdWorldNode, quorums: Quorums): EtcdNodeView {
  if (node.power === "off") return { kind: "unreachable", node: node.name, reason: "No route to host" };
  if (node.link === "down") return { kind: "unreachable", node: node.name, reason: "Connection timed out" };
  return {
    kind: "observed",
    node: node.name,
    timeSeconds: world.timeSeconds,
    etcd: observeMember(world, node, quorums),
  };
}

/** The one member's answers as they depend on where it stands. */
interface Standing {
  readonly data: MemberData;
  readonly group: RaftGroup;
  /** It has a leader. */
  readonly isLed: boolean;
  readonly isLearner: boolean;
}

function observeMember(world: EtcdWorld, node: EtcdWorldNode, quorums: Quorums): EtcdObservation {
  const failure = callFailure(node);
  const standing = standingOf(world, node, quorums);
  const status: EtcdAnswer<EtcdStatus> =
    failure ?? (standing === undefined ? refusedCall : { kind: "seen", value: statusOf(world, node, standing) });
  const answer = <T>(value: (of: Standing) => T, needs: "own" | "leader" | "list"): EtcdAnswer<T> => {
    if (failure !== undefined) return failure;
    if (standing === undefined) return refusedCall;
    if (standing.isLearner && needs !== "own") return learnerCall;
    // Until 3.4 the member list is the endpoint's own and needs no quorum.
    const mustBeLed = needs === "leader" || (needs === "list" && isMinor(world, 5));
    return mustBeLed && !standing.isLed ? lostCall : { kind: "seen", value: value(standing) };
  };
  return {
    tools: toolsOf(world, node),
    status,
    members: answer(({ data, group, isLed }) => sortById(isLed ? group.members : data.listed), "list"),
    alarms: answer(({ group }): EtcdAlarm[] => [...group.alarms], "leader"),
    read: answer(({ data }) => ({ revision: data.revision }), "leader"),
    keyCount: answer(({ data }) => (data.revision > emptyRevisionMax ? keysUsed : 0), "own"),
    // A hash is the member's own affair; a learner does not answer for it.
    hash: standing?.isLearner === true ? (failure ?? learnerCall) : answer(hashOf, "own"),
    data: observeData(world, node),
    service: observeService(world, node),
    definition: observeDefinition(world, node),
    certificates: observeCertificates(world, node),
    snapshots: node.snapshots.map((snapshot) => ({
      path: snapshot.path,
      bytes: databaseBytes.usual,
      takenAtSeconds: world.timeSeconds,
      sha256: snapshot.sha256,
      isVerified: true,
      revision: snapshot.revision,
      totalKeys: keysUsed,
    })),
    writers: [{ name: "kube-apiserver", isRunning: node.isWriterRunning }],
    logTail: node.exit === undefined ? [] : [node.exit],
  };
}

/** The newest hash, and the one behind the last compaction. */
function hashOf({ data, group }: Standing): EtcdHash {
  const { revision } = data;
  const { compactRevision } = group;
  const hash = data.isCorrupt ? "666" : "42";
  const step = hashSteps.find((one) => one <= revision) ?? 1;
  const earlier = compactRevision > 0 ? compactRevision + 1 : Math.floor(revision / step) * step;
  return { hash, revision, compactRevision, ...(earlier > revision ? {} : { earlier: { hash, revision: earlier } }) };
}

function failed(failure: Failed["failure"], message: string): Failed {
  return { kind: "failed", failure, message };
}

const refusedCall = failed("refused", "connect: connection refused");
const lostCall = failed("no-answer", "Error: context deadline exceeded");
const learnerCall = failed("learner", "Error: etcdserver: rpc not supported for learner");

function callFailure(node: EtcdWorldNode): Failed | undefined {
  switch (node.tools) {
    case "missing":
      return failed("tool-missing", "etcdctl: not found");
    case "hanging":
      return failed("tool-hung", "etcdctl ran past its deadline");
    case "garbage":
      return failed("garbage", 'expected JSON, found "Segmentation fault"');
    case "good":
      if (!isUp(node) || node.certificates === "good") return undefined;
      return failed("certificate", "x509: certificate has expired or is not yet valid, or is of an unknown authority");
  }
}

function standingOf(world: EtcdWorld, node: EtcdWorldNode, quorums: Quorums): Standing | undefined {
  const data = memberData(node);
  const group = data === undefined ? undefined : world.groups[data.group];
  if (!isUp(node) || data === undefined || group === undefined) return undefined;
  const isLed = quorums[data.group]?.some((other) => other.name === node.name) ?? false;
  const isLearner = (isLed ? group.members : data.listed).some(
    (member) => member.isLearner && isSameId(member.id, data.memberId),
  );
  return { data, group, isLed, isLearner };
}

function statusOf(world: EtcdWorld, node: EtcdWorldNode, standing: Standing): EtcdStatus {
  const { data, group, isLed, isLearner } = standing;
  const isFragmented = group.fragmented.includes(node.name);
  const isUsed = group.isFull && group.compactRevision === 0;
  const alarms = group.alarms.map((alarm) => `memberID:${BigInt(`0x${alarm.memberId}`)} alarm:${alarm.alarm} `);
  return {
    clusterId: group.clusterId,
    memberId: data.memberId,
    ...(isLed && group.leader !== undefined ? { leaderId: group.leader } : {}),
    version: world.version,
    revision: data.revision,
    raftTerm: data.term,
    raftIndex: data.revision + 5,
    dbSizeBytes: isFragmented ? databaseBytes.full : databaseBytes.usual,
    ...(isMinor(world, 4) ? { dbSizeInUseBytes: isUsed ? databaseBytes.fullInUse : databaseBytes.usualInUse } : {}),
    isLearner,
    errors: isMinor(world, 4) ? [...(isLed ? [] : ["etcdserver: no leader"]), ...alarms] : [],
  };
}

function toolsOf({ version }: EtcdWorld, node: EtcdWorldNode): EtcdObservation["tools"] {
  if (node.tools === "missing") return { server: version };
  return { etcdctl: version, ...(Number(version.split(".")[1]) >= 5 ? { etcdutl: version } : {}), server: version };
}

function observeData(world: EtcdWorld, node: EtcdWorldNode): EtcdObservation["data"] {
  const { data } = node;
  const base = { directory: "/var/lib/etcd", isDeletedUnderProcess: node.held !== undefined, detail: "" };
  const free = { freeBytes: node.disk === "full" ? 0 : 50_000_000_000 };
  switch (data.kind) {
    case "none":
      return { ...base, ...free, state: "empty", isCondemned: false };
    case "member-directory":
      return { ...base, ...free, state: "member-directory-only", isCondemned: false };
    case "damaged":
      return { ...base, ...free, state: "incomplete", isCondemned: false };
    case "present":
      return {
        ...base,
        ...free,
        state: "present",
        identity: { clusterId: clusterOf(world, data), memberId: data.memberId },
        isCondemned: node.condemned.includes(data.memberId),
        ...(node.isRunning ? {} : { offline: { revision: data.revision, totalKeys: keysUsed } }),
        ...(node.isRunning || !isLogWhole(world, data)
          ? {}
          : { logPeerUrls: data.listed.flatMap((one) => one.peerUrls) }),
      };
  }
}

/** Does the log begin at the beginning? That of restored data begins with a snapshot. */
function isLogWhole(world: EtcdWorld, data: MemberData): boolean {
  return world.groups[data.group]?.origin !== "restored";
}

/** The cluster id in the head of the write-ahead log. */
function clusterOf(world: EtcdWorld, data: MemberData): MemberId {
  return world.groups[data.group]?.clusterId ?? data.memberId;
}

function observeService(world: EtcdWorld, node: EtcdWorldNode): EtcdObservation["service"] {
  const isDown = node.exit !== undefined && !node.isRunning;
  const state = node.isRunning ? "running" : isDown && !node.isPaused ? "failed" : stoppedState(world);
  return {
    state,
    isPaused: node.isPaused || node.definition.state === "parked",
    restarts: isDown ? restartsCounted : 0,
    hasProcess: node.isRunning,
    detail: node.exit ?? "",
  };
}

function stoppedState({ runner }: EtcdWorld): "not-monitored" | "stopped" {
  return runner === "monit" ? "not-monitored" : "stopped";
}

function observeDefinition(world: EtcdWorld, node: EtcdWorldNode): EtcdObservation["definition"] {
  const { state, cluster, clusterState, token } = node.definition;
  const isJoining = node.data.kind !== "none" && node.data.kind !== "damaged";
  // A BOSH job has no flag of its own: it follows from the directory.
  const initialClusterState = world.runner === "monit" ? (isJoining ? "existing" : undefined) : clusterState;
  return {
    state,
    name: node.memberName,
    initialCluster: cluster.map(({ name, peerUrl }) => ({ name, peerUrl })),
    ...(initialClusterState === undefined ? {} : { initialClusterState }),
    token,
    isForcingNewCluster: false,
  };
}

function observeCertificates(world: EtcdWorld, node: EtcdWorldNode): EtcdCertificate[] {
  if (!node.clientUrl.startsWith("https:")) return [];
  const now = world.timeSeconds;
  const notBefore = node.certificates === "not-yet-valid" ? now + day : now - 300 * day;
  const notAfter = node.certificates === "expired" ? now - day : now + 65 * day;
  const host = /^https?:\/\/([^:/]+)/.exec(node.clientUrl)?.[1] ?? "";
  return [
    {
      role: "server",
      path: "/etc/etcd/server.crt",
      state: "readable",
      notBeforeSeconds: notBefore,
      notAfterSeconds: notAfter,
      isSignedByCa: node.certificates !== "foreign",
      names: [host, "localhost", "127.0.0.1"],
    },
  ];
}

function sortById(members: readonly EtcdMember[]): EtcdMember[] {
  return [...members].sort((a, b) => compareIds(a.id, b.id));
}
