// Who can talk to whom, who leads, and what every member then holds. Elections take the worst that raft allows: when several
// could win, the one with the oldest log does, so that a write that could be lost is lost here.

import { isSameId } from "../../model/etcd-member-id";
import {
  addHarm,
  changeGroup,
  changeNode,
  type EtcdWorld,
  type EtcdWorldNode,
  memberData,
  type RaftGroup,
  votesNeeded,
  withMemberData,
  worldNode,
  worldNodes,
} from "./etcd-world";

/** Can two members exchange messages? */
export function areConnected(world: EtcdWorld, a: EtcdWorldNode, b: EtcdWorldNode): boolean {
  if (a.name === b.name) return true;
  const pair = a.name < b.name ? `${a.name} ${b.name}` : `${b.name} ${a.name}`;
  // Peers authenticate each other both ways.
  return !world.cuts.includes(pair) && a.certificates === "good" && b.certificates === "good";
}

/** Does a member's process run? */
export function isUp(node: EtcdWorldNode): boolean {
  return node.power === "on" && node.isRunning;
}

/** Nodes whose member runs in a group and is listed in it. */
export function runningIn(world: EtcdWorld, key: string): readonly EtcdWorldNode[] {
  const group = world.groups[key];
  return worldNodes(world).filter((node) => {
    const data = memberData(node);
    return isUp(node) && data?.group === key && group?.members.some((member) => isSameId(member.id, data.memberId));
  });
}

/**
 * The nodes that form a group's quorum now, learners among them included; empty when there is none: its leader and those that
 * talk to it. Members exchange nothing through a third one.
 */
export function quorumNodes(world: EtcdWorld, key: string): readonly EtcdWorldNode[] {
  const group = world.groups[key];
  if (group === undefined) return [];
  const running = runningIn(world, key);
  const leader = leaderOf(world, group, running);
  return leader === undefined ? [] : running.filter((node) => areConnected(world, leader, node));
}

/** Who leads: the one that does, as long as it talks to enough voters, else the one that is elected. */
function leaderOf(world: EtcdWorld, group: RaftGroup, running: readonly EtcdWorldNode[]): EtcdWorldNode | undefined {
  const voters = running.filter((node) => isVoter(group, node));
  const peersOf = (node: EtcdWorldNode) => voters.filter((peer) => areConnected(world, node, peer));
  const candidates = voters.filter((node) => peersOf(node).length >= votesNeeded(group));
  const current = candidates.find((node) => isSameId(memberData(node)?.memberId, group.leader));
  if (current !== undefined) return current;
  // Nobody votes for a log that is older than its own.
  const electable = candidates.filter(
    (node) => peersOf(node).filter((peer) => revisionOf(peer) <= revisionOf(node)).length >= votesNeeded(group),
  );
  return [...electable].sort((a, b) => revisionOf(a) - revisionOf(b) || (a.name < b.name ? -1 : 1))[0];
}

/** Does a group have a quorum? */
export function hasQuorum(world: EtcdWorld, key: string): boolean {
  return quorumNodes(world, key).length > 0;
}

/** Is the member on this node a voter of the group? */
export function isVoter(group: RaftGroup, node: EtcdWorldNode): boolean {
  const id = memberData(node)?.memberId;
  return group.members.some((member) => !member.isLearner && isSameId(member.id, id));
}

/** The nodes that vote in a group's quorum. */
export function votingNodes(world: EtcdWorld, key: string): readonly string[] {
  const group = world.groups[key];
  if (group === undefined) return [];
  return quorumNodes(world, key)
    .filter((node) => isVoter(group, node))
    .map((node) => node.name);
}

/** Elects leaders where there is a quorum and brings its members up to date. */
export function agree(world: EtcdWorld): EtcdWorld {
  return Object.keys(world.groups).reduce(agreeIn, world);
}

function agreeIn(world: EtcdWorld, key: string): EtcdWorld {
  const nodes = quorumNodes(world, key);
  const group = world.groups[key];
  if (group === undefined) return world;
  if (nodes.length === 0)
    return group.leader === undefined ? world : changeGroup(world, key, { leader: undefined, heard: [] });
  const leader = leaderOf(world, group, runningIn(world, key));
  if (leader === undefined) return world;
  const isLed = isSameId(memberData(leader)?.memberId, group.leader);
  return replicate(isLed ? world : elect(world, key, group, leader), key, nodes);
}

/** The oldest log that enough others would vote for wins. */
function elect(world: EtcdWorld, key: string, group: RaftGroup, winner: EtcdWorldNode): EtcdWorld {
  const revision = revisionOf(winner);
  const leader = memberData(winner)?.memberId;
  const elected = changeGroup(world, key, { leader, term: group.term + 1, revision, heard: [] });
  if (revision >= group.revision) return elected;
  const text = `${winner.name} was elected with revision ${revision}, and ${group.revision} had been acknowledged`;
  return addHarm(elected, "writes-lost", winner.name, text);
}

function replicate(world: EtcdWorld, key: string, nodes: readonly EtcdWorldNode[]): EtcdWorld {
  const group = world.groups[key];
  if (group === undefined) return world;
  const quick = nodes.filter((node) => node.disk !== "slow" && isVoter(group, node)).length;
  let next = world;
  let members = group.members;
  for (const { name } of nodes) {
    const node = worldNode(next, name);
    const data = memberData(node);
    if (data === undefined) continue;
    const entry = members.find((member) => isSameId(member.id, data.memberId));
    if (entry !== undefined && (entry.name !== node.memberName || entry.clientUrls.length === 0)) {
      // A member that starts publishes its name and its client URL.
      const published = { ...entry, name: node.memberName, clientUrls: [node.clientUrl] };
      members = members.map((member) => (member === entry ? published : member));
    }
    const isLate = node.disk === "slow" && quick >= votesNeeded(group) && !isSameId(data.memberId, group.leader);
    // What it has it keeps: while nobody writes it is not behind.
    const own = Math.min(data.revision, group.revision);
    const revision = isLate ? Math.max(own, group.revision - 1) : group.revision;
    if (data.revision !== revision || data.term !== group.term)
      next = changeNode(next, name, withMemberData(node, { revision, term: group.term }));
  }
  const heard = nodes.flatMap((node) => memberData(node)?.memberId ?? []).filter((id) => !group.heard.includes(id));
  if (members !== group.members) next = changeGroup(next, key, { members });
  if (heard.length > 0) next = changeGroup(next, key, { heard: [...group.heard, ...heard].sort() });
  return shareList(raiseAlarm(next, key, nodes), key, nodes);
}

/** A member whose database is over its quota says so at the next write that it is asked for. */
function raiseAlarm(world: EtcdWorld, key: string, nodes: readonly EtcdWorldNode[]): EtcdWorld {
  const group = world.groups[key];
  if (group === undefined || !group.isFull || group.alarms.length > 0) return world;
  const fragmented = group.fragmented.filter((name) => memberData(worldNode(world, name))?.group === key);
  const isFull = group.compactRevision === 0 || fragmented.length > 0;
  if (!isFull) return changeGroup(world, key, { isFull: false, fragmented: [] });
  const full = nodes.find((node) => group.compactRevision === 0 || fragmented.includes(node.name));
  const memberId = full === undefined ? undefined : memberData(full)?.memberId;
  return memberId === undefined ? world : changeGroup(world, key, { alarms: [{ memberId, alarm: "NOSPACE" }] });
}

function shareList(world: EtcdWorld, key: string, nodes: readonly EtcdWorldNode[]): EtcdWorld {
  const listed = world.groups[key]?.members ?? [];
  return nodes.reduce((next, { name }) => {
    const node = worldNode(next, name);
    return memberData(node)?.listed === listed ? next : changeNode(next, name, withMemberData(node, { listed }));
  }, world);
}

/**
 * Clients write, wherever a node's writer has a member beside it that serves: what is acknowledged must stay. One write is as
 * good as many, and none is needed while every copy that is not kept up to date is behind already.
 */
export function writeOnce(world: EtcdWorld): EtcdWorld {
  const served = Object.keys(world.groups).filter((key) => {
    const group = world.groups[key];
    if (group === undefined || group.alarms.some((alarm) => alarm.alarm === "NOSPACE")) return false;
    const nodes = quorumNodes(world, key);
    return nodes.some((node) => node.isWriterRunning) && hasIdleCopy(world, key, group.revision, nodes);
  });
  if (served.length === 0) return world;
  const written = served.reduce(
    (next, key) => changeGroup(next, key, { revision: (next.groups[key]?.revision ?? 0) + 1 }),
    world,
  );
  return agree(written);
}

/** Is there a copy of everything that will not see the next write? */
function hasIdleCopy(world: EtcdWorld, key: string, revision: number, serving: readonly EtcdWorldNode[]): boolean {
  if (world.backups.some((backup) => backup.revision === revision)) return true;
  return worldNodes(world).some((node) => {
    if (node.snapshots.some((snapshot) => snapshot.group === key && snapshot.revision === revision)) return true;
    const data = memberData(node);
    return data?.group === key && data.revision === revision && !serving.some((other) => other.name === node.name);
  });
}

function revisionOf(node: EtcdWorldNode): number {
  return memberData(node)?.revision ?? 0;
}
