// A healthy etcd cluster as it is declared: every member in step, every supervisor content.

import type { EtcdDeclaration } from "../../model/etcd-declaration";
import { type EtcdMemberSettings, settleMembers } from "../../model/etcd-settings";
import { bootstrapClusterId, bootstrapMemberId } from "../../plan/etcd/cluster-id";
import { newGroup, settle } from "./boot";
import type { EtcdWorld, EtcdWorldNode, MemberData } from "./etcd-world";

/** What a healthy cluster is made of. */
export interface EtcdWorldPlan {
  readonly etcd: EtcdDeclaration;
  readonly version: string;
  /** Declared nodes that are not members yet, the last ones by name. Default 0. */
  readonly joining?: number;
}

/** 2026-01-01 00:00 UTC, in seconds: any instant will do, but the same one each time. */
export const worldStartSeconds = Date.UTC(2026, 0, 1) / 1000;
/** Revision of a cluster that has been in use for a while. */
const usedRevision = 1000;

/** Makes the world of a healthy cluster. */
export function createEtcdWorld(plan: EtcdWorldPlan): EtcdWorld {
  const settings = settleMembers(plan.etcd);
  const members = settings.slice(0, settings.length - (plan.joining ?? 0));
  const { token } = plan.etcd;
  const clusterId = bootstrapClusterId(
    // kubeadm's first node begins alone and the others join it: the id is that of its own beginning.
    (plan.etcd.runner.kind === "static-pod" ? members.slice(0, 1) : members).map((member) => member.peerUrl),
    token,
  );
  const listed = members.map(({ name, peerUrl, clientUrl }) => ({
    id: bootstrapMemberId(peerUrl, token),
    name,
    peerUrls: [peerUrl],
    clientUrls: [clientUrl],
    isLearner: false,
  }));
  const group = {
    ...newGroup(clusterId, listed, usedRevision, "adopted"),
    term: 3,
    leader: listed[0]?.id,
    heard: listed.map((member) => member.id).sort(),
    compactRevision: 900,
  };
  const nodes = settings.map((own, index) => {
    const id = listed[index]?.id;
    const data: MemberData | undefined =
      id === undefined
        ? undefined
        : {
            kind: "present",
            group: clusterId,
            memberId: id,
            revision: usedRevision,
            term: 3,
            listed,
            isCorrupt: false,
          };
    return [own.node, healthyNode(plan, own, members.slice(0, index + 1), members, data)] as const;
  });
  return settle({
    runner: plan.etcd.runner.kind,
    version: plan.version,
    bootstrapNode: settings[0]?.node ?? "",
    timeSeconds: worldStartSeconds,
    nodes: Object.fromEntries(nodes),
    groups: { [clusterId]: group },
    cuts: [],
    idCount: 0,
    backups: [],
    harm: [],
  });
}

function healthyNode(
  { etcd }: EtcdWorldPlan,
  own: EtcdMemberSettings,
  joined: readonly EtcdMemberSettings[],
  members: readonly EtcdMemberSettings[],
  data: MemberData | undefined,
): EtcdWorldNode {
  const isPod = etcd.runner.kind === "static-pod";
  const isMember = data !== undefined;
  // Each kubeadm node was told of those before it, the first of itself alone and no state.
  const told = isPod ? joined : members;
  const isFirst = isPod && joined.length === 1;
  return {
    name: own.node,
    memberName: own.name,
    peerUrl: own.peerUrl,
    clientUrl: own.clientUrl,
    power: "on",
    link: "up",
    disk: "good",
    isRunning: isMember,
    exit: undefined,
    isPaused: !isMember && !isPod,
    data: data ?? { kind: "none" },
    held: undefined,
    definition: {
      state: isMember || !isPod ? "in-place" : "absent",
      cluster: told.map(({ name, peerUrl }) => ({ name, peerUrl })),
      clusterState: isFirst ? "new" : "existing",
      token: etcd.token,
    },
    condemned: [],
    archive: [],
    snapshots: [],
    isWriterRunning: true,
    certificates: "good",
    tools: "good",
  };
}
