// What supervisors do by themselves between two looks: start what may start, and end what cannot go on. The branches and
// their messages are those of etcd 3.3 to 3.6 and of the BOSH job's script, as they were seen on real etcd.

import { isSameId, type MemberId } from "../../model/etcd-member-id";
import type { EtcdMember } from "../../model/etcd-observation";
import { bootstrapClusterId, bootstrapMemberId } from "../../plan/etcd/cluster-id";
import {
  addHarm,
  changeGroup,
  changeNode,
  type EtcdWorld,
  type EtcdWorldNode,
  type MemberData,
  memberData,
  type RaftGroup,
  withMemberData,
  worldNode,
  worldNodes,
} from "./etcd-world";
import { newMemberId } from "./new-ids";
import { agree, areConnected, hasQuorum, isUp, quorumNodes } from "./raft";

/** Lets everything happen that happens by itself, until nothing more does. */
export function settle(world: EtcdWorld): EtcdWorld {
  let next = world;
  // Every member starts and ends at most once in a pass; a chain of joins takes one pass a member.
  for (let pass = 0; pass <= worldNodes(world).length + 1; pass += 1) {
    const before = next;
    next = worldNodes(next).reduce((current, { name }) => superviseNode(current, name), next);
    next = agree(takeBack(endRemoved(agree(next))));
    if (next === before) break;
  }
  return next;
}

function superviseNode(world: EtcdWorld, name: string): EtcdWorld {
  const node = worldNode(world, name);
  if (node.power === "off") return world;
  // The kubelet ends a pod whose manifest is gone.
  if (world.runner === "static-pod" && node.definition.state !== "in-place" && node.isRunning)
    return changeNode(world, name, endProcess(undefined));
  if (node.isRunning || node.definition.state !== "in-place") return world;
  if (node.isPaused && world.runner !== "static-pod") return world;
  const started = startMember(world, node);
  // A start that fails as the one before it changes nothing.
  const after = worldNode(started, name);
  return !after.isRunning && node.exit === after.exit && started.groups === world.groups ? world : started;
}

/** The node after its process ended; files deleted under it are gone with it. */
export function endProcess(exit: string | undefined): Partial<EtcdWorldNode> {
  return { isRunning: false, held: undefined, exit };
}

function startMember(world: EtcdWorld, node: EtcdWorldNode): EtcdWorld {
  const { data } = node;
  const fails = (exit: string) => changeNode(world, node.name, { exit });
  if (node.disk === "full") return fails("wal: no space left on device");
  if (data.kind === "damaged") return fails("database file not found, or the log does not begin where it has to");
  if (data.kind === "present") return startOverData(world, node, data);
  if (world.runner === "monit") return startJob(world, node);
  return node.definition.clusterState === "existing" ? join(world, node) : bootstrap(world, node);
}

function startOverData(world: EtcdWorld, node: EtcdWorldNode, data: MemberData): EtcdWorld {
  if (knowsRemoval(world, node, data))
    return changeNode(world, node.name, { exit: "the member has been permanently removed from the cluster" });
  return changeNode(world, node.name, { isRunning: true, exit: undefined });
}

/** Is there a peer in reach that has applied the removal of this member? */
function knowsRemoval(world: EtcdWorld, node: EtcdWorldNode, data: MemberData): boolean {
  if (world.groups[data.group]?.removed.includes(data.memberId) !== true) return false;
  return worldNodes(world).some((peer) => {
    const other = memberData(peer);
    if (peer.name === node.name || !isUp(peer) || other?.group !== data.group) return false;
    return areConnected(world, node, peer) && !other.listed.some((member) => isSameId(member.id, data.memberId));
  });
}

function endRemoved(world: EtcdWorld): EtcdWorld {
  return worldNodes(world).reduce((next, { name }) => {
    const node = worldNode(next, name);
    const data = memberData(node);
    if (!isUp(node) || data === undefined || !knowsRemoval(next, node, data)) return next;
    return changeNode(next, name, endProcess("the member has been permanently removed from the cluster"));
  }, world);
}

/**
 * A member that began anew under its old ids is taken for the one it was as soon as the true cluster's leader reaches it: it is
 * told to commit what it no longer has, or, by a leader that was elected since, brought up to date without anybody noticing.
 */
function takeBack(world: EtcdWorld): EtcdWorld {
  return worldNodes(world).reduce((next, { name }) => {
    const node = worldNode(next, name);
    const data = memberData(node);
    const own = data === undefined ? undefined : next.groups[data.group];
    if (!isUp(node) || data === undefined || own?.origin !== "began-empty") return next;
    const key = Object.keys(next.groups).find((candidate) => {
      const group = next.groups[candidate];
      if (candidate === data.group || group?.clusterId !== own.clusterId || group.origin === "began-empty")
        return false;
      const isListed = group.members.some((member) => isSameId(member.id, data.memberId));
      return isListed && quorumNodes(next, candidate).some((peer) => areConnected(next, node, peer));
    });
    const group = key === undefined ? undefined : next.groups[key];
    if (key === undefined || group === undefined) return next;
    if (group.heard.includes(data.memberId)) return changeNode(next, name, endProcess(outOfRange));
    return changeNode(next, name, withMemberData(node, { group: key, revision: 0, term: 0, listed: group.members }));
  }, world);
}

const outOfRange = "panic: tocommit(8) is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, or lost?";

/** The BOSH job: index 0 without a member directory begins a cluster, another index adds itself, with one it joins. */
function startJob(world: EtcdWorld, node: EtcdWorldNode): EtcdWorld {
  if (node.data.kind === "member-directory") return join(world, node);
  if (node.name === world.bootstrapNode) return begin(world, node, [ownUrl(node)]);
  const key = Object.keys(world.groups).find(
    (candidate) =>
      hasQuorum(world, candidate) &&
      quorumNodes(world, candidate).some((peer) => worldReaches(world, node, peer)) &&
      isFullyConnected(world, candidate),
  );
  const group = key === undefined ? undefined : world.groups[key];
  if (key === undefined || group === undefined)
    return changeNode(world, node.name, { exit: "member add: no healthy cluster answers" });
  if (group.members.some((member) => member.peerUrls.includes(node.peerUrl)))
    return changeNode(world, node.name, { exit: "member add: Peer URLs already exists" });
  const [id, counted] = newMemberId(world);
  const entry: EtcdMember = { id, name: "", peerUrls: [node.peerUrl], clientUrls: [], isLearner: false };
  const added = changeGroup(counted, key, { members: [...group.members, entry] });
  return enter(added, node, key, id, [...group.members, entry]);
}

/** Starts with --initial-cluster-state=existing and no data. */
function join(world: EtcdWorld, node: EtcdWorldNode): EtcdWorld {
  const fails = (exit: string) => changeNode(world, node.name, { exit });
  const wanted = node.definition.cluster.map((member) => member.peerUrl);
  const peer = worldNodes(world).find(
    (other) => other.name !== node.name && wanted.includes(other.peerUrl) && worldReaches(world, node, other),
  );
  const data = peer === undefined ? undefined : memberData(peer);
  if (data === undefined)
    return fails("cannot fetch cluster info from peer urls: could not retrieve cluster information");
  const isSame =
    data.listed.length === wanted.length &&
    data.listed.every((member) => member.peerUrls.some((url) => wanted.includes(url)));
  if (!isSame) return fails("error validating peerURLs: member count is unequal, or unmatched member");
  const entry = data.listed.find((member) => member.peerUrls.includes(node.peerUrl));
  if (entry === undefined) return fails("member not found in the cluster");
  // Told to commit what it no longer has. A leader that was elected since does not know what it had.
  if (world.groups[data.group]?.heard.includes(entry.id) === true) return fails(outOfRange);
  return enter(world, node, data.group, entry.id, data.listed);
}

function enter(
  world: EtcdWorld,
  node: EtcdWorldNode,
  group: string,
  memberId: MemberId,
  listed: readonly EtcdMember[],
): EtcdWorld {
  const data: MemberData = { kind: "present", group, memberId, revision: 0, term: 0, listed, isCorrupt: false };
  const fragmented = (world.groups[group]?.fragmented ?? []).filter((name) => name !== node.name);
  return changeGroup(changeNode(world, node.name, { data, isRunning: true, exit: undefined }), group, { fragmented });
}

/** Starts with --initial-cluster-state=new and no data. */
function bootstrap(world: EtcdWorld, node: EtcdWorldNode): EtcdWorld {
  const urls = node.definition.cluster.map((member) => member.peerUrl);
  const memberId = bootstrapMemberId(node.peerUrl, node.definition.token);
  const isKnown = worldNodes(world).some((peer) => {
    if (peer.name === node.name || !urls.includes(peer.peerUrl) || !worldReaches(world, node, peer)) return false;
    return (
      memberData(peer)?.listed.some((member) => isSameId(member.id, memberId) && member.clientUrls.length > 0) ?? false
    );
  });
  if (isKnown) return changeNode(world, node.name, { exit: `member ${memberId} has already been bootstrapped` });
  return begin(world, node, urls);
}

/** Begins a cluster of these peers, or enters the one that another of them has just begun. */
function begin(world: EtcdWorld, node: EtcdWorldNode, urls: readonly string[]): EtcdWorld {
  const { token } = node.definition;
  const clusterId = bootstrapClusterId(urls, token);
  const memberId = bootstrapMemberId(node.peerUrl, token);
  const lives = Object.keys(world.groups).filter((key) => world.groups[key]?.clusterId === clusterId);
  const begun = lives.find((key) => world.groups[key]?.origin === "began-empty" && !isHeldBy(world, key, memberId));
  const key = begun ?? (lives.length === 0 ? clusterId : `${clusterId}#${lives.length}`);
  const members = urls.map((url) => {
    const name = node.definition.cluster.find((member) => member.peerUrl === url)?.name ?? node.memberName;
    return { id: bootstrapMemberId(url, token), name, peerUrls: [url], clientUrls: [], isLearner: false };
  });
  const withGroup =
    begun !== undefined
      ? world
      : { ...world, groups: { ...world.groups, [key]: newGroup(clusterId, members, 1, "began-empty") } };
  const data: MemberData = {
    kind: "present",
    group: key,
    memberId,
    revision: 1,
    term: 1,
    listed: members,
    isCorrupt: false,
  };
  const started = changeNode(withGroup, node.name, { data, isRunning: true, exit: undefined });
  const text = `etcd on ${node.name} began a new, empty cluster ${clusterId} of ${urls.length}`;
  return addHarm(started, "cluster-began", node.name, text);
}

function isHeldBy(world: EtcdWorld, key: string, memberId: MemberId): boolean {
  return worldNodes(world).some((node) => {
    const data = memberData(node);
    return data?.group === key && isSameId(data.memberId, memberId);
  });
}

/** A group that has just begun. */
export function newGroup(
  clusterId: MemberId,
  members: readonly EtcdMember[],
  revision: number,
  origin: RaftGroup["origin"],
): RaftGroup {
  return {
    clusterId,
    members,
    removed: [],
    revision,
    term: 1,
    leader: undefined,
    heard: [],
    compactRevision: 0,
    alarms: [],
    fragmented: [],
    isFull: false,
    origin,
  };
}

/** Does every voter of a group vote in its quorum? etcd adds nobody otherwise. */
export function isFullyConnected(world: EtcdWorld, key: string): boolean {
  const group = world.groups[key];
  const ids = quorumNodes(world, key).map((node) => memberData(node)?.memberId);
  return group?.members.every((member) => member.isLearner || ids.some((id) => isSameId(id, member.id))) ?? false;
}

/** Does the member on a node answer another node? */
function worldReaches(world: EtcdWorld, from: EtcdWorldNode, to: EtcdWorldNode): boolean {
  return isUp(to) && memberData(to) !== undefined && areConnected(world, from, to);
}

function ownUrl(node: EtcdWorldNode): string {
  return node.peerUrl;
}
