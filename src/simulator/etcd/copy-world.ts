// A simulated world from what was just observed on live nodes: what the plan is rehearsed on. What could not be seen is taken
// at its worst: a node out of reach does not vote. Whether the copy shows what the nodes show is checked by who rehearses.

import { isSameId, type MemberId } from "../../model/etcd-member-id";
import { answered, type EtcdMember, type EtcdObservation } from "../../model/etcd-observation";
import { type EtcdMemberSettings, settleMembers } from "../../model/etcd-settings";
import type { EtcdAssessment, EtcdBackup, EtcdMemberState, EtcdNodeView } from "../../model/etcd-verdict";
import { bootstrapClusterId, bootstrapMemberId } from "../../plan/etcd/cluster-id";
import type { EtcdPlanInput } from "../../plan/etcd/planning";
import { floorOf } from "../../plan/etcd/quorum";
import { newGroup } from "./boot";
import type { DiskData, EtcdWorld, EtcdWorldNode, MemberData, RaftGroup } from "./etcd-world";

/** etcd reserves this much for each file of its log before it writes. */
const logFileBytes = 64 * 1024 * 1024;
const oldestVersion = "3.3.0";

/** Makes the world that an etcd plan's input shows. */
export function copyEtcdWorld(input: EtcdPlanInput, assessment: EtcdAssessment): EtcdWorld {
  const settings = settleMembers(input.etcd);
  const copies = settings.map((own) => ({
    own,
    view: input.views.find((view) => view.node === own.node),
    state: assessment.members.find((member) => member.node === own.node),
  }));
  const groups = copyGroups(copies, assessment, input);
  const nodes = copies.map((copy) => [copy.own.node, copyNode(copy, groups, input)] as const);
  const times = input.views.flatMap((view) => (view.kind === "observed" ? [view.timeSeconds] : []));
  return {
    runner: input.etcd.runner.kind,
    version: versionOf(copies, assessment),
    bootstrapNode: settings[0]?.node ?? "",
    timeSeconds: Math.max(0, ...times),
    nodes: Object.fromEntries(nodes),
    groups: {
      ...goneGroup(groups, assessment, input),
      ...Object.fromEntries(groups.map(({ key, group }) => [key, group])),
    },
    cuts: cutsOf(copies, assessment),
    idCount: 0,
    backups: backupsOf(input),
    harm: [],
  };
}

interface Copied {
  readonly own: EtcdMemberSettings;
  readonly view: EtcdNodeView | undefined;
  readonly state: EtcdMemberState | undefined;
}

interface CopiedGroup {
  readonly key: string;
  readonly group: RaftGroup;
  /** Nodes whose data is of it. */
  readonly nodes: readonly string[];
}

function etcdOf({ view }: Copied): EtcdObservation | undefined {
  return view?.kind === "observed" ? view.etcd : undefined;
}

function identityOf(copy: Copied): { readonly clusterId: MemberId; readonly memberId: MemberId } | undefined {
  const etcd = etcdOf(copy);
  if (etcd === undefined) return undefined;
  return answered(etcd.status) ?? etcd.data.identity;
}

function revisionOf(copy: Copied): number {
  const etcd = etcdOf(copy);
  return (etcd && (answered(etcd.status)?.revision ?? etcd.data.offline?.revision)) ?? 0;
}

/** Every cluster that somebody's data is of. One that serves apart under the true one's id is a life of its own. */
function copyGroups(
  copies: readonly Copied[],
  { quorum }: EtcdAssessment,
  input: EtcdPlanInput,
): readonly CopiedGroup[] {
  const byKey = new Map<string, Copied[]>();
  for (const copy of copies) {
    const id = identityOf(copy)?.clusterId;
    if (id === undefined) continue;
    const isApart = copy.state?.condition === "forked" && isSameId(id, quorum?.clusterId);
    const key = isApart ? `${id}#${copy.own.node}` : id;
    byKey.set(key, [...(byKey.get(key) ?? []), copy]);
  }
  const lists = [...byKey].map(([key, own]) => ({ key, own, members: listOf(key, own, copies, quorum) }));
  const trueKey =
    quorum?.clusterId ??
    [...lists].sort((a, b) => b.members.length - a.members.length || highest(b.own) - highest(a.own))[0]?.key;
  return lists.map(({ key, own, members }) => {
    const [first] = own;
    const clusterId = (first === undefined ? undefined : identityOf(first)?.clusterId) ?? quorum?.clusterId;
    const isTrue = key === trueKey;
    const isBehind = quorum === undefined && highest(own) < (floorOf(input.etcd, input.history) ?? 0);
    const origin = !isTrue || isBehind ? "began-empty" : quorum?.isRestored === true ? "restored" : "adopted";
    const voting = own.filter((copy) => answered(etcdOf(copy)?.status ?? noAnswer)?.leaderId !== undefined);
    const ids = voting.flatMap((copy) => identityOf(copy)?.memberId ?? []);
    const status = voting.flatMap((copy) => answered(etcdOf(copy)?.status ?? noAnswer) ?? [])[0];
    const alarms = isTrue ? (quorum?.alarms ?? []) : [];
    const isFull = alarms.some((alarm) => alarm.alarm === "NOSPACE");
    const group: RaftGroup = {
      ...newGroup(clusterId ?? (key as MemberId), members, highest(own), origin),
      term: status?.raftTerm ?? 1,
      leader: status?.leaderId,
      heard: [...ids].sort(),
      removed: own
        .flatMap((copy) => identityOf(copy)?.memberId ?? [])
        .filter((id) => isTrue && quorum !== undefined && !members.some((member) => isSameId(member.id, id))),
      compactRevision: Math.max(0, ...own.map((copy) => hashOf(copy)?.compactRevision ?? 0)),
      alarms,
      isFull,
      fragmented: isFull ? input.views.map((view) => view.node) : [],
    };
    return {
      key,
      group: isFull ? { ...group, compactRevision: 0 } : group,
      nodes: own.map(({ own: { node } }) => node),
    };
  });
}

/** What is served went back behind what is recorded: the cluster that is meant is gone from every node, and this is another. */
function goneGroup(
  groups: readonly CopiedGroup[],
  { quorum }: EtcdAssessment,
  input: EtcdPlanInput,
): Readonly<Record<string, RaftGroup>> {
  const floor = floorOf(input.etcd, input.history);
  const held = Math.max(0, ...groups.map(({ group }) => group.revision));
  if (quorum !== undefined || floor === undefined || held >= floor) return {};
  const gone = newGroup(bootstrapClusterId([], "gone"), [], floor, "adopted");
  return { gone };
}

const noAnswer = { kind: "failed", failure: "not-asked", message: "" } as const;

function hashOf(copy: Copied) {
  const etcd = etcdOf(copy);
  return etcd === undefined ? undefined : answered(etcd.hash);
}

function highest(copies: readonly Copied[]): number {
  return Math.max(0, ...copies.map(revisionOf));
}

/** The member list: the quorum's, else the longest that is shown, else those who hold data of it and those who may. */
function listOf(
  key: string,
  own: readonly Copied[],
  all: readonly Copied[],
  quorum: EtcdAssessment["quorum"],
): readonly EtcdMember[] {
  if (isSameId(key as MemberId, quorum?.clusterId)) return quorum?.members ?? [];
  const shown = own.flatMap((copy) => {
    const etcd = etcdOf(copy);
    return etcd === undefined ? [] : [answered(etcd.members) ?? []];
  });
  const longest = [...shown].sort((a, b) => b.length - a.length)[0] ?? [];
  if (longest.length > 0) return longest;
  return all.map(({ own: { node, name, peerUrl, clientUrl } }) => {
    const holder = own.find((copy) => copy.own.node === node);
    const id = (holder && identityOf(holder)?.memberId) ?? bootstrapMemberId(peerUrl, "nobody");
    return { id, name, peerUrls: [peerUrl], clientUrls: [clientUrl], isLearner: false };
  });
}

function copyNode(copy: Copied, groups: readonly CopiedGroup[], input: EtcdPlanInput): EtcdWorldNode {
  const { own, view, state } = copy;
  const etcd = etcdOf(copy);
  const group = groups.find(({ nodes }) => nodes.includes(own.node));
  const main = groups.find(({ group: { origin } }) => origin !== "began-empty");
  const isRunning =
    etcd?.status.kind === "seen" || (etcd?.service.hasProcess === true && state?.condition !== "damaged");
  const data = etcd === undefined ? unseenData(copy, main) : dataOf(copy, etcd, group);
  const isHeld = etcd?.data.isDeletedUnderProcess === true && isRunning && data.kind === "present";
  const definition = etcd?.definition;
  const isDeclaredAlone = input.etcd.runner.kind === "static-pod" && definition === undefined;
  return {
    name: own.node,
    memberName: own.name,
    peerUrl: own.peerUrl,
    clientUrl: own.clientUrl,
    power: view?.kind === "unreachable" || view === undefined ? "off" : "on",
    link: "up",
    disk: (etcd?.data.freeBytes ?? logFileBytes) < logFileBytes ? "full" : "good",
    isRunning: isRunning && data.kind !== "damaged",
    exit: isRunning || etcd === undefined ? undefined : (etcd.logTail.at(-1) ?? emptyAsNone(etcd.service.detail)),
    isPaused: etcd?.service.isPaused ?? false,
    data: isHeld ? { kind: "none" } : data,
    held: isHeld && data.kind === "present" ? data : undefined,
    definition: {
      state: definition?.state ?? (isDeclaredAlone ? "absent" : "in-place"),
      cluster: definition?.initialCluster ?? [],
      clusterState: definition?.initialClusterState ?? "existing",
      token: definition?.token ?? input.etcd.token,
    },
    condemned: etcd?.data.isCondemned === true && etcd.data.identity !== undefined ? [etcd.data.identity.memberId] : [],
    archive: [],
    snapshots: (etcd?.snapshots ?? []).flatMap(({ path, sha256, revision, isVerified }) =>
      isVerified && revision !== undefined ? [{ path, sha256, revision, group: main?.key ?? "" }] : [],
    ),
    isWriterRunning: etcd?.writers.some((writer) => writer.isRunning) ?? true,
    certificates: certificatesOf(copy),
    tools: toolsOf(copy),
  };
}

/** A node out of reach keeps what it had, as the member that its peers list. */
function unseenData({ state }: Copied, main: CopiedGroup | undefined): DiskData {
  if (main === undefined || state?.entry === undefined) return { kind: "none" };
  const { revision, term, members } = main.group;
  return present(main.key, state.entry.id, revision, term, members);
}

function dataOf(copy: Copied, etcd: EtcdObservation, found: CopiedGroup | undefined): DiskData {
  const { state } = etcd.data;
  const identity = identityOf(copy);
  if (state === "incomplete" || copy.state?.condition === "crash-looping") return { kind: "damaged" };
  if (state === "member-directory-only") return { kind: "member-directory" };
  if (found === undefined || identity === undefined) return { kind: "none" };
  if (state !== "present" && !etcd.data.isDeletedUnderProcess) return { kind: "none" };
  const { group, key } = found;
  const isCounted = copy.state?.isCounted === true;
  const list = isCounted ? group.members : (answered(etcd.members) ?? group.members);
  const revision = isCounted ? group.revision : revisionOf(copy);
  const isCorrupt = copy.state?.condition === "corrupt";
  return {
    ...present(key, identity.memberId, revision, answered(etcd.status)?.raftTerm ?? group.term, list),
    isCorrupt,
  };
}

function present(
  group: string,
  memberId: MemberId,
  revision: number,
  term: number,
  listed: readonly EtcdMember[],
): MemberData {
  return { kind: "present", group, memberId, revision, term, listed, isCorrupt: false };
}

function certificatesOf(copy: Copied): EtcdWorldNode["certificates"] {
  const etcd = etcdOf(copy);
  if (copy.state?.condition !== "certificates" || etcd === undefined || copy.view?.kind !== "observed") return "good";
  const now = copy.view.timeSeconds;
  if (etcd.certificates.some(({ notAfterSeconds }) => notAfterSeconds !== undefined && now > notAfterSeconds))
    return "expired";
  if (etcd.certificates.some(({ notBeforeSeconds }) => notBeforeSeconds !== undefined && now < notBeforeSeconds))
    return "not-yet-valid";
  return "foreign";
}

function toolsOf(copy: Copied): EtcdWorldNode["tools"] {
  const status = etcdOf(copy)?.status;
  if (copy.view?.kind === "unseen") return "hanging";
  if (status?.kind !== "failed") return "good";
  switch (status.failure) {
    case "tool-missing":
      return "missing";
    case "tool-hung":
      return "hanging";
    case "garbage":
      return "garbage";
    default:
      return "good";
  }
}

/** Members that run, could be reached and see no leader cannot reach the others. */
function cutsOf(copies: readonly Copied[], { quorum }: EtcdAssessment): readonly string[] {
  const isolated = copies.filter(({ state }) => state?.condition === "isolated").map(({ own }) => own.node);
  const voters = quorum?.nodes ?? [];
  const pairs = isolated.flatMap((node) => voters.map((peer) => [node, peer].sort().join(" ")));
  return [...new Set(pairs)].sort();
}

/** What is kept on this machine, and the file that a declared restore names. */
function backupsOf({ etcd: { restore }, history }: EtcdPlanInput): readonly EtcdBackup[] {
  if (restore?.source.kind !== "snapshot") return history.backups;
  const { file, sha256, revision } = restore.source;
  if (history.backups.some((backup) => backup.sha256 === sha256)) return history.backups;
  return [...history.backups, { file, sha256, revision, takenAtSeconds: 0 }];
}

function versionOf(copies: readonly Copied[], { quorum }: EtcdAssessment): string {
  const seen = copies.flatMap((copy) => etcdOf(copy)?.tools.server ?? etcdOf(copy)?.tools.etcdctl ?? []);
  return quorum?.version ?? seen[0] ?? oldestVersion;
}

function emptyAsNone(text: string): string | undefined {
  return text === "" ? undefined : text;
}
