// What has to become of a state when nothing more goes wrong: restored, or refused for one of these reasons. Read off the
// truth of the world, not off what the planner sees.

import type { EtcdBlockerReason } from "../../model/etcd-plan";
import { quorumOf } from "../../model/etcd-verdict";
import { hasLearners, isAtLeast } from "../../plan/etcd/version";
import { type EtcdWorld, memberData, worldNode, worldNodes } from "../etcd/etcd-world";
import { votingNodes } from "../etcd/raft";
import type { EtcdSubject } from "./etcd-subject";
import {
  canStandAgain,
  downNodes,
  isCutOff,
  isOutOfReach,
  isQuorate,
  soundVoters,
  trueCluster,
  trueGroup,
} from "./truth";

/** What a state has to come to. */
export interface Expectation {
  /** It can be brought back whole by what is declared. */
  readonly mustRestore: boolean;
  /** A refusal names one of these; empty: it must not refuse. */
  readonly reasons: readonly EtcdBlockerReason[];
}

/** What the oracle expects of a state in which the planner has come to its end. */
export function expectEnd(subject: EtcdSubject, world: EtcdWorld): Expectation {
  const reasons = new Set<EtcdBlockerReason>();
  const nodes = worldNodes(world);
  const away = nodes.filter(isOutOfReach);
  const blind = nodes.filter((node) => !isOutOfReach(node) && node.tools !== "good");
  const barred = nodes.filter((node) => !isOutOfReach(node) && node.certificates !== "good");
  const cut = nodes.filter((node) => !isOutOfReach(node) && isCutOff(world, node));
  const full = nodes.filter((node) => node.disk === "full");
  const isHindered = away.length + blind.length + barred.length + cut.length + full.length > 0;
  if (away.length > 0) reasons.add("etcd-node-unreachable");
  if (blind.length > 0) reasons.add("etcd-tool-failure");
  if (barred.length > 0) reasons.add("etcd-certificates");
  if (cut.length > 0) add(reasons, "etcd-member-isolated", "etcd-voter-silent");
  if (isHindered) add(reasons, "etcd-unknown", "etcd-voter-silent", "etcd-quorum-would-be-lost", "etcd-member-unknown");
  if (full.length > 0) reasons.add("etcd-disk-full");
  // While an empty cluster serves and the true one cannot be counted, a human has to say which is which.
  // The same when the true one lists no majority of those who are declared.
  const isDoubtful = !isQuorate(world) || isHindered || !listsMajority(subject, world);
  // The same when data that nobody can read may be that of the others.
  const isUnread = nodes.some((node) => node.data.kind === "damaged") && !listsMajority(subject, world);
  if ((hasFork(world) && isDoubtful) || isUnread || hasNewerElsewhere(world)) {
    add(reasons, "etcd-forked", "etcd-unknown", "etcd-revision-went-back");
    if (subject.etcd.restore !== undefined) add(reasons, "etcd-restore-source", "etcd-restore-node");
  }
  // Writes that a fault took from a cluster that goes on without them are a human's to give up.
  if ((trueCluster(world)?.revision ?? 0) < (subject.lastRevision ?? 0))
    add(reasons, "etcd-forked", "etcd-unknown", "etcd-revision-went-back");
  // A restore that cannot be made now says what it wants for.
  if (isHindered && subject.etcd.restore !== undefined)
    add(reasons, "etcd-restore-source", "etcd-restore-node", "etcd-restore-tool", "etcd-quorum-lost");
  const down = downNodes(world);
  // One that lists few of the declared members and does not run cannot be told from one that began by itself.
  // Where nobody tells how many they are, all who are declared count.
  if (!isQuorate(world) && (!listsMajority(subject, world) || isUncounted(subject, world)))
    add(reasons, "etcd-quorum-lost", "etcd-restore-source");
  if (isQuorate(world)) {
    // With no sound voter there is nobody to bring another in from.
    if (soundVoters(world).length === 0) reasons.add("etcd-quorum-would-be-lost");
    const isRebuilt = trueCluster(world)?.origin === "restored";
    if (down.length > 1 && !subject.repairSeveral && !isRebuilt) reasons.add("several-nodes-down");
    if (isCorruptUndecided(world)) add(reasons, "etcd-corrupt-no-majority");
    const isGrowthBarred = !hasLearners(world.version) && soundVoters(world).length < 3 && down.length > 0;
    if (isGrowthBarred) add(reasons, "etcd-growth-needs-learners", "etcd-quorum-would-be-lost");
  } else if (!canStandAgain(world) || isHindered) {
    // A rebuilt cluster that is lost in its turn needs a new name: the old one's token would bring the first one back.
    if (trueCluster(world)?.origin === "restored") reasons.add("etcd-restore-used");
    if (subject.etcd.restore === undefined) {
      add(reasons, "etcd-quorum-lost");
    } else {
      add(reasons, "etcd-restore-source", "etcd-restore-node", "etcd-restore-tool", "etcd-quorum-lost");
      if (isHindered) add(reasons, "etcd-unknown");
    }
  }
  return { mustRestore: reasons.size === 0, reasons: [...reasons].sort() };
}

/** Are those that vote and are sound no majority of those that vote? */
function isCorruptUndecided(world: EtcdWorld): boolean {
  const voting = votingNodes(world, trueGroup(world));
  const corrupt = voting.filter((name) => memberData(worldNode(world, name))?.isCorrupt === true).length;
  return corrupt > 0 && corrupt * 2 >= voting.length;
}

/** Does a node serve a cluster that began empty beside the true one? */
function hasFork(world: EtcdWorld): boolean {
  return worldNodes(world).some((node) => world.groups[memberData(node)?.group ?? ""]?.origin === "began-empty");
}

/** Does somebody hold writes that the true cluster has lost? Nobody but a human can choose between them. */
function hasNewerElsewhere(world: EtcdWorld): boolean {
  const key = trueGroup(world);
  const revision = trueCluster(world)?.revision ?? 0;
  return worldNodes(world).some((node) => {
    const data = memberData(node);
    return data?.group === key && data.revision > revision;
  });
}

/**
 * Does nobody show the member list, and fewer hold their data than a majority of those who are declared? From 3.5 on there is
 * no list without a quorum. Source: etcd CHANGELOG-3.5 (linearizable member list).
 */
function isUncounted({ etcd }: EtcdSubject, world: EtcdWorld): boolean {
  const isListed = !isAtLeast(world.version, [3, 5, 0]) && worldNodes(world).some((node) => node.isRunning);
  const whole = worldNodes(world).filter((node) => memberData(node)?.group === trueGroup(world)).length;
  return !isListed && whole < quorumOf(Object.keys(etcd.members).length);
}

/** Does the true cluster list a majority of the declared members? */
function listsMajority({ etcd }: EtcdSubject, world: EtcdWorld): boolean {
  const urls = Object.values(etcd.members).map((member) => member.peerUrl);
  const listed = urls.filter((url) => trueCluster(world)?.members.some(({ peerUrls }) => peerUrls.includes(url)));
  return listed.length >= quorumOf(urls.length);
}

function add(reasons: Set<EtcdBlockerReason>, ...more: readonly EtcdBlockerReason[]): void {
  for (const reason of more) reasons.add(reason);
}
