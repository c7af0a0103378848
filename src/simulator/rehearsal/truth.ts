// The truth about a simulated cluster, which no probe sees: which cluster is the one that was declared, who votes, what is
// out of order. The checkers and the oracle judge by it.

import { isSameId } from "../../model/etcd-member-id";
import {
  type EtcdWorld,
  type EtcdWorldNode,
  memberData,
  type RaftGroup,
  votesNeeded,
  worldNodes,
} from "../etcd/etcd-world";
import { areConnected, hasQuorum, isUp, votingNodes } from "../etcd/raft";

/** The key of the true cluster: a rebuilt one once the old one is lost, else the one that was there before any began empty. */
export function trueGroup(world: EtcdWorld): string {
  const keys = Object.keys(world.groups);
  const adopted = keys.find((key) => world.groups[key]?.origin === "adopted");
  const held = new Set(worldNodes(world).map((node) => memberData(node)?.group));
  const rebuilt = keys.find((key) => world.groups[key]?.origin === "restored" && held.has(key));
  if (rebuilt !== undefined && (hasQuorum(world, rebuilt) || adopted === undefined || !hasQuorum(world, adopted)))
    return rebuilt;
  return adopted ?? keys[0] ?? "";
}

/** The true cluster itself. */
export function trueCluster(world: EtcdWorld): RaftGroup | undefined {
  return world.groups[trueGroup(world)];
}

/** Does the true cluster have a quorum? */
export function isQuorate(world: EtcdWorld): boolean {
  return hasQuorum(world, trueGroup(world));
}

/** Nodes whose member votes in the true cluster and is sound: its files are there and its data is that of the others. */
export function soundVoters(world: EtcdWorld): readonly string[] {
  const names = new Set(votingNodes(world, trueGroup(world)));
  const voting = worldNodes(world).filter((node) => names.has(node.name));
  // Data is bad only beside data that is right: nobody can tell by itself.
  const isComparable = voting.some((node) => memberData(node)?.isCorrupt !== true);
  return voting
    .filter((node) => node.held === undefined && !(isComparable && memberData(node)?.isCorrupt === true))
    .map((node) => node.name);
}

/** Can it be seen that a node's data is bad: it votes beside more of those whose data is right? */
export function isFoundCorrupt(world: EtcdWorld, node: EtcdWorldNode): boolean {
  const voting = worldNodes(world).filter(({ name }) => votingNodes(world, trueGroup(world)).includes(name));
  const corrupt = voting.filter((voter) => memberData(voter)?.isCorrupt === true);
  return corrupt.some(({ name }) => name === node.name) && corrupt.length * 2 < voting.length;
}

/** Is a node out of the operator's reach? */
export function isOutOfReach(node: EtcdWorldNode): boolean {
  return node.power === "off" || node.link === "down";
}

/** Declared members that are down: out of reach, or no healthy voter. */
export function downNodes(world: EtcdWorld): readonly string[] {
  const sound = soundVoters(world);
  return worldNodes(world)
    .filter((node) => isOutOfReach(node) || !sound.includes(node.name) || node.tools !== "good")
    .map((node) => node.name);
}

/** The entry of a node in the true cluster's member list. */
export function entryOfNode(world: EtcdWorld, node: EtcdWorldNode) {
  const members = trueCluster(world)?.members ?? [];
  const id = memberData(node)?.memberId;
  return (
    members.find((member) => isSameId(member.id, id)) ??
    members.find((member) => member.peerUrls.includes(node.peerUrl))
  );
}

/** Nodes that hold whole data of the true cluster as one of its voters. */
export function wholeVoters(world: EtcdWorld): readonly EtcdWorldNode[] {
  const key = trueGroup(world);
  const group = world.groups[key];
  return worldNodes(world).filter((node) => {
    const data = memberData(node);
    if (data?.group !== key || data.isCorrupt || node.held !== undefined) return false;
    return group?.members.some((member) => !member.isLearner && isSameId(member.id, data.memberId)) ?? false;
  });
}

/** Could the true cluster have a quorum again if everything that only has to run were running? */
export function canStandAgain(world: EtcdWorld): boolean {
  const group = trueCluster(world);
  if (group === undefined) return false;
  const whole = wholeVoters(world).filter(
    (node) => !node.condemned.some((id) => isSameId(id, memberData(node)?.memberId)),
  );
  return whole.length >= votesNeeded(group);
}

/** Is a node cut off from a peer that runs? */
export function isCutOff(world: EtcdWorld, node: EtcdWorldNode): boolean {
  return worldNodes(world).some(
    (peer) => isUp(peer) && !areConnected(world, node, peer) && peer.certificates === "good",
  );
}
