// The safety rules as checkers of single acts: each looks at the world before and after one effect of ours. They are written
// from the rules and the truth of the world, not from the planner's own projections.

import { isSameId } from "../../model/etcd-member-id";
import type { EtcdChangeStep, EtcdEffectKind } from "../../model/etcd-step";
import { stepSecondsMax } from "../../model/step";
import { canBumpRevision, hasLearners } from "../../plan/etcd/version";
import { type EtcdWorld, memberData, worldNode, worldNodes } from "../etcd/etcd-world";
import { hasQuorum } from "../etcd/raft";
import type { EtcdSubject } from "./etcd-subject";
import { downNodes, entryOfNode, isFoundCorrupt, isQuorate, soundVoters, trueCluster, trueGroup } from "./truth";

/** One effect of ours. */
export interface Act {
  readonly subject: EtcdSubject;
  /** The world when the rehearsal began, before any fault of the search. */
  readonly start: EtcdWorld;
  readonly before: EtcdWorld;
  readonly after: EtcdWorld;
  readonly step: EtcdChangeStep;
  readonly effect: EtcdEffectKind;
  /** The effects of the same step that came before it. */
  readonly index: number;
  /** A fault fell into the step: its script could not know, so that the loss is judged against that of the fault alone. */
  readonly isBlind: boolean;
  /** The world when somebody first looked at it: the beginning, with a fault that struck before anything was done. */
  readonly firstSeen: EtcdWorld;
  /** The node that the one more fault struck; undefined when none did. */
  readonly struckNode: string | undefined;
}

/** A broken rule. */
export interface Violation {
  readonly checker: string;
  readonly text: string;
}

/** A checker of single acts. */
export interface ActChecker {
  readonly name: string;
  /** The safety rule of design.md that it holds. */
  readonly rule: number;
  /** What the rule wants, one sentence. */
  readonly wants: string;
  /** What is wrong with the act; undefined when nothing is. */
  readonly find: (act: Act) => string | undefined;
}

/** Effects that change members, data or definitions for good. */
const surgery: ReadonlySet<EtcdEffectKind> = new Set([
  "removeEtcdMember",
  "archiveEtcdData",
  "addEtcdMember",
  "promoteEtcdMember",
  "updateEtcdPeerUrl",
  "restoreEtcdSnapshot",
  "installEtcdData",
]);
const destructive: ReadonlySet<EtcdEffectKind> = new Set(["removeEtcdMember", "archiveEtcdData"]);

export const actCheckers: readonly ActChecker[] = [
  {
    name: "decided-by-votes",
    rule: 1,
    wants:
      "nothing is changed on the word of a cluster that is not the true one, and nothing while nobody can be counted",
    find: ({ subject, before, step, effect }) => {
      if (!surgery.has(effect)) return undefined;
      const served = memberData(worldNode(before, step.node));
      const isRequest = !["archiveEtcdData", "restoreEtcdSnapshot", "installEtcdData"].includes(effect);
      if (isRequest && served !== undefined && served.group !== trueGroup(before) && isQuorate(before))
        return `${step.kind} asks ${step.node}, which serves another cluster than the one with the quorum`;
      const isCountable = worldNodes(before).some(
        (node) => node.tools === "good" && node.link === "up" && node.power === "on",
      );
      if (!isCountable) return `${step.kind} on ${step.node} although no member could be asked`;
      if (!isQuorate(before) && subject.etcd.restore === undefined)
        return `${step.kind} on ${step.node} although no quorum stood and no restore was asked for`;
      return undefined;
    },
  },
  {
    name: "quorum-kept",
    rule: 2,
    wants: "no act of ours takes a quorum that stood",
    find: ({ before, after, step, effect, isBlind }) => {
      const key = trueGroup(before);
      if (isBlind) return undefined;
      const isLost = hasQuorum(before, key) && !hasQuorum(after, key);
      return isLost ? `${effect} on ${step.node} cost the quorum` : undefined;
    },
  },
  {
    name: "member-order",
    rule: 3,
    wants:
      "removed before its data is moved, announced before it starts, a learner where there are learners, one at a time",
    find: (act) => findDisorder(act),
  },
  {
    name: "leader-last",
    rule: 3,
    wants: "the leader's member is taken out last, and its leadership is handed over before",
    find: ({ before, step, effect, isBlind }) => {
      // It did not lead when the script began.
      if (isBlind) return undefined;
      const ends = effect === "stopEtcdService" || (effect === "pauseEtcdService" && before.runner === "static-pod");
      if (!ends || !isQuorate(before)) return undefined;
      const group = trueCluster(before);
      const node = worldNode(before, step.node);
      const leads = isSameId(memberData(node)?.memberId, group?.leader) && node.isRunning;
      if (!leads || memberData(node)?.group !== trueGroup(before)) return undefined;
      const heirs = soundVoters(before).filter((name) => name !== step.node);
      return heirs.length > 0
        ? `${step.node} is stopped while it leads, and ${heirs[0]} could have taken over`
        : undefined;
    },
  },
  {
    name: "preserve-first",
    rule: 4,
    wants: "nothing is taken away without a verified copy that is kept elsewhere",
    find: (act) => findUnpreserved(act),
  },
  {
    name: "restore-asked-for",
    rule: 5,
    wants: "a cluster is rebuilt only when asked for and lost, from the named source, alone, under a new token",
    find: (act) => findUnaskedRestore(act),
  },
  {
    name: "several-asked-for",
    rule: 8,
    wants: "with more than one member down, etcd is changed only when the declaration asks for it",
    find: ({ subject, before, step, effect, index }) => {
      if (index > 0 || !surgery.has(effect) || subject.repairSeveral || !isQuorate(before)) return undefined;
      if (trueCluster(before)?.origin === "restored") return undefined;
      const down = downNodes(before);
      return down.length > 1 ? `${step.kind} on ${step.node} while ${down.join(", ")} are down` : undefined;
    },
  },
  {
    name: "bounded-script",
    rule: 9,
    wants:
      "a script that holds its node's lock waits for nothing without a bound, and no longer than its deadline leaves it",
    find: ({ step, index }) => {
      if (index > 0 || !("timeoutSeconds" in step)) return undefined;
      const { timeoutSeconds } = step;
      if (Number.isFinite(timeoutSeconds) && timeoutSeconds > 0 && timeoutSeconds < stepSecondsMax) return undefined;
      return `${step.kind} on ${step.node} may wait ${timeoutSeconds} s, and its script is ended after ${stepSecondsMax} s`;
    },
  },
];

function findDisorder(act: Act): string | undefined {
  const { before, step, effect } = act;
  const group = trueCluster(before);
  const node = worldNode(before, step.node);
  const entry = entryOfNode(before, node);
  if (effect === "archiveEtcdData" && isQuorate(before)) {
    const data = memberData(node);
    const isOwn = data !== undefined && data.group === trueGroup(before) && isSameId(data.memberId, entry?.id);
    if (isOwn) return `the data of ${step.node} is moved while it is listed as a member`;
  }
  if (step.kind === "etcdAddMember") {
    const unstarted = (group?.members ?? []).filter((member) => member.name === "" || member.isLearner);
    if (unstarted.length > 0) return `${step.memberName} is added while another member is still to start`;
    if (!step.isLearner && hasLearners(before.version)) return `${step.memberName} is added as a voter at once`;
  }
  return effect === "startEtcdService" ? findUnadmitted(act) : undefined;
}

/** Park before start: what is started is a member of the true cluster, or has been announced to it. */
function findUnadmitted({ subject, firstSeen, before, after, step, isBlind }: Act): string | undefined {
  const node = worldNode(before, step.node);
  const data = memberData(node);
  const entry = entryOfNode(before, node);
  const key = trueGroup(before);
  const began = after.harm.length > before.harm.length ? after.harm.at(-1) : undefined;
  if (began?.kind === "cluster-began") return began.text;
  // It was admitted when the script began.
  if (isBlind) return undefined;
  if (data === undefined) {
    const isAnnounced = entry !== undefined && entry.name === "";
    return isAnnounced ? undefined : `${step.node} is started with no data although nobody has announced it`;
  }
  // While several are down and nobody has asked for their repair, what was found may not be written down on the node.
  const isRecorded = subject.repairSeveral || downNodes(firstSeen).length <= 1;
  const atFirst = worldNode(firstSeen, step.node);
  const isSame = isSameId(memberData(atFirst)?.memberId, data.memberId);
  const wasFound = isRecorded && data.isCorrupt && isSame && isFoundCorrupt(firstSeen, atFirst);
  if (wasFound || node.condemned.some((id) => isSameId(id, data.memberId)))
    return `${step.node} is started over data that was found bad`;
  if (before.groups[data.group]?.origin === "restored") return undefined;
  if (data.group !== key && hasQuorum(before, key)) return `${step.node} is started over data of another cluster`;
  return undefined;
}

function findUnpreserved({ before, step, effect, subject }: Act): string | undefined {
  if (!destructive.has(effect)) return undefined;
  const key = trueGroup(before);
  const target = step.kind === "etcdRemoveMember" ? nodeOfMember(before, step.memberId) : step.node;
  if (effect === "archiveEtcdData" && worldNode(before, step.node).data.kind !== "present") return undefined;
  const isKept = worldNodes(before).some(
    (node) =>
      node.name !== target &&
      node.snapshots.some((snapshot) => before.groups[snapshot.group]?.clusterId === before.groups[key]?.clusterId),
  );
  const isRebuilding = subject.etcd.restore !== undefined;
  // A rebuilt cluster's source lies on the operator's machine or is the file that the operator named.
  const isSourceKept = isRebuilding && before.backups.length > 0;
  return isKept || isSourceKept ? undefined : `${effect} for ${target} before a snapshot was kept on another node`;
}

function findUnaskedRestore({ subject, before, step, effect, isBlind, struckNode }: Act): string | undefined {
  if (step.kind !== "etcdRestoreSnapshot") return undefined;
  const { restore } = subject.etcd;
  if (restore === undefined) return `${step.node} is restored although no restore is declared`;
  if (isQuorate(before) && trueCluster(before)?.origin === "adopted")
    return `${step.node} is restored while a quorum stands`;
  const running = worldNodes(before).filter((node) => node.isRunning && node.power === "on" && node.link === "up");
  const old = running.filter((node) => before.groups[memberData(node)?.group ?? ""]?.origin !== "restored");
  // The struck node's, which came up behind the script's back, is the fault's.
  const isStruckAlone = isBlind && old.every(({ name }) => name === struckNode);
  if (old.length > 0 && !isStruckAlone) return `${step.node} is restored while ${old[0]?.name} of the old cluster runs`;
  const writing = worldNodes(before).filter(
    (node) => node.isWriterRunning && node.power === "on" && node.link === "up",
  );
  if (writing.length > 0) return `${step.node} is restored while the API server on ${writing[0]?.name} writes`;
  if (step.token === subject.etcd.token) return `${step.node} is restored under the old token ${step.token}`;
  const tools = { etcdctl: before.version, etcdutl: before.version, server: before.version };
  if (!step.canBumpRevision && canBumpRevision(step.fileTool, tools))
    return `${step.node} is restored without raising the revision`;
  if (effect !== "installEtcdData") return undefined;
  const expected = restore.source.kind === "snapshot" ? restore.source.sha256 : undefined;
  return expected !== undefined && step.sha256 !== expected
    ? `${step.node} is restored from another file than the one named`
    : undefined;
}

function nodeOfMember(world: EtcdWorld, id: Parameters<typeof isSameId>[0]): string {
  const entry = trueCluster(world)?.members.find((member) => isSameId(member.id, id));
  return worldNodes(world).find((node) => entry?.peerUrls.includes(node.peerUrl))?.name ?? "";
}
