// Requests that go through a cluster's log: membership, leadership, compaction, alarms. They are made at the endpoint of one
// node and need a quorum behind it; etcd's own checks refuse as the real ones do.
// Source: etcd server/etcdserver/server.go mayAddMember, mayRemoveMember, mayPromoteMember; membership/cluster.go.

import { unreachable } from "../../model/errors";
import { isSameId, type MemberId } from "../../model/etcd-member-id";
import type { EtcdMember } from "../../model/etcd-observation";
import type { EtcdChangeStep, EtcdEffectKind } from "../../model/etcd-step";
import { quorumOf } from "../../model/etcd-verdict";
import { isFullyConnected } from "./boot";
import type { EtcdEffectResult } from "./etcd-effects";
import {
  changeGroup,
  changeNode,
  type EtcdWorld,
  type EtcdWorldNode,
  isMinor,
  memberData,
  type RaftGroup,
  withMemberData,
  worldNode,
} from "./etcd-world";
import { newMemberId } from "./new-ids";
import { quorumNodes } from "./raft";

/** The steps that are requests to a cluster. */
export type RequestStep = Extract<
  EtcdChangeStep,
  {
    kind:
      | "etcdRemoveMember"
      | "etcdAddMember"
      | "etcdPromoteMember"
      | "etcdMoveLeader"
      | "etcdUpdatePeerUrl"
      | "etcdCompact"
      | "etcdDefragment"
      | "etcdDisarmAlarms";
  }
>;

/** Makes one request at a node's endpoint. */
export function changeMembership(
  world: EtcdWorld,
  node: EtcdWorldNode,
  step: RequestStep,
  effect: EtcdEffectKind,
): EtcdEffectResult {
  const fails = (refusal: string): EtcdEffectResult => ({ world, refusal });
  const data = memberData(node);
  if (!node.isRunning || data === undefined) return fails("connection refused");
  if (node.certificates !== "good") return fails("x509: certificate is not valid");
  const key = data.group;
  const group = world.groups[key];
  const nodes = quorumNodes(world, key);
  if (group === undefined) return fails("no such cluster");
  // Defragmentation is the member's own affair.
  if (step.kind !== "etcdDefragment" && !nodes.some((other) => other.name === node.name))
    return fails("etcdserver: request timed out");
  const running = nodes.flatMap((other) => memberData(other)?.memberId ?? []);
  // Those who agreed on a change know it, even when it leaves them without a quorum.
  const told = (next: EtcdWorld): EtcdWorld => nodes.reduce((each, { name }) => tell(each, key, name), next);
  const done = (change: Partial<RaftGroup>): EtcdEffectResult => ({
    world: told(changeGroup(world, key, change)),
    refusal: undefined,
  });
  switch (step.kind) {
    case "etcdRemoveMember":
      return removeMember(group, step.memberId, running, fails, done);
    case "etcdAddMember":
      return addMember(world, key, group, step, fails, told);
    case "etcdPromoteMember":
      // The second effect compares hashes and changes nothing.
      return effect === "compareEtcdHashes"
        ? compare(world, nodes)
        : promote(group, step.memberId, running, fails, done);
    case "etcdMoveLeader":
      if (!isSameId(group.leader, data.memberId)) return fails("etcdserver: not leader");
      if (!running.some((id) => isSameId(id, step.toMemberId))) return fails("etcdserver: bad leader transferee");
      return done({ leader: step.toMemberId, term: group.term + 1, heard: [] });
    case "etcdUpdatePeerUrl":
      return done({ members: change(group, step.memberId, { peerUrls: [step.peerUrl] }) });
    case "etcdCompact":
      return done({ compactRevision: Math.max(group.compactRevision, step.revision) });
    case "etcdDefragment":
      return done({ fragmented: group.fragmented.filter((name) => name !== node.name) });
    case "etcdDisarmAlarms":
      // A member that is over its quota raises the alarm again at the next write; see raft.ts.
      return done({ alarms: [] });
    default:
      return unreachable(step);
  }
}

function tell(world: EtcdWorld, key: string, name: string): EtcdWorld {
  const listed = world.groups[key]?.members ?? [];
  return changeNode(world, name, withMemberData(worldNode(world, name), { listed }));
}

type Fails = (refusal: string) => EtcdEffectResult;
type Done = (change: Partial<RaftGroup>) => EtcdEffectResult;

/** The strict check: those that would be left have to be a quorum of running members now. */
function removeMember(
  group: RaftGroup,
  id: MemberId,
  running: readonly MemberId[],
  fails: Fails,
  done: Done,
): EtcdEffectResult {
  const entry = group.members.find((member) => isSameId(member.id, id));
  if (entry === undefined) return fails("etcdserver: member not found");
  const left = group.members.filter((member) => member !== entry);
  const voters = left.filter((member) => !member.isLearner);
  const alive = voters.filter((member) => running.some((one) => isSameId(one, member.id)));
  if (!entry.isLearner && (voters.length === 0 || alive.length < quorumOf(voters.length)))
    return fails("etcdserver: unhealthy cluster");
  const hasLed = isSameId(group.leader, id);
  return done({
    members: left,
    removed: [...group.removed, entry.id],
    ...(hasLed ? { leader: undefined } : {}),
    // An alarm belongs to a member and goes with it.
    alarms: group.alarms.filter((alarm) => !isSameId(alarm.memberId, id)),
  });
}

function addMember(
  world: EtcdWorld,
  key: string,
  group: RaftGroup,
  step: Extract<RequestStep, { kind: "etcdAddMember" }>,
  fails: Fails,
  told: (next: EtcdWorld) => EtcdWorld,
): EtcdEffectResult {
  if (step.isLearner && !isMinor(world, 4)) return fails("unknown flag: --learner");
  if (group.members.some((member) => member.peerUrls.includes(step.peerUrl)))
    return fails("etcdserver: Peer URLs already exists");
  const voters = group.members.filter((member) => !member.isLearner);
  const started = voters.filter((member) => member.name !== "").length;
  const isReady = voters.length === 1 || started >= quorumOf(voters.length + 1);
  if (!step.isLearner && !isReady)
    return fails("etcdserver: re-configuration failed due to not enough started members");
  if (!isFullyConnected(world, key)) return fails("etcdserver: unhealthy cluster");
  if (step.isLearner && group.members.some((member) => member.isLearner))
    return fails("etcdserver: too many learner members in cluster");
  const [id, counted] = newMemberId(world);
  const entry: EtcdMember = { id, name: "", peerUrls: [step.peerUrl], clientUrls: [], isLearner: step.isLearner };
  return { world: told(changeGroup(counted, key, { members: [...group.members, entry] })), refusal: undefined };
}

function promote(
  group: RaftGroup,
  id: MemberId | undefined,
  running: readonly MemberId[],
  fails: Fails,
  done: Done,
): EtcdEffectResult {
  const entry = group.members.find((member) => isSameId(member.id, id));
  if (entry === undefined) return fails("etcdserver: member not found");
  if (!entry.isLearner) return fails("etcdserver: can only promote a learner member");
  if (!running.some((one) => isSameId(one, entry.id)))
    return fails("etcdserver: can only promote a learner member which is in sync with leader");
  return done({ members: change(group, entry.id, { isLearner: false }) });
}

function compare(world: EtcdWorld, nodes: readonly EtcdWorldNode[]): EtcdEffectResult {
  const isEqual = new Set(nodes.map((node) => memberData(node)?.isCorrupt ?? false)).size <= 1;
  return { world, refusal: isEqual ? undefined : "the hashes differ" };
}

function change(group: RaftGroup, id: MemberId, fields: Partial<EtcdMember>): readonly EtcdMember[] {
  return group.members.map((member) => (isSameId(member.id, id) ? { ...member, ...fields } : member));
}
