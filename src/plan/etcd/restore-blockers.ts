// Everything that stands in the way of rebuilding a lost cluster, all at once.

import { isSameId } from "../../model/etcd-member-id";
import { answered } from "../../model/etcd-observation";
import type { EtcdBlocker } from "../../model/etcd-plan";
import { blocker, etcdOf, type Planning, settingsOf } from "./planning";
import { undeclaredPod } from "./replace-member";
import { isRestoredData, type RestoreGoal, snapshotOn, versionOn } from "./restore-goal";
import { fileToolFor } from "./version";

/** All reasons not to rebuild the cluster now; empty when there is none. */
export function restoreBlockers(planning: Planning, goal: RestoreGoal): readonly EtcdBlocker[] {
  return [
    ...planning.settings.flatMap(({ node }) => nodeBlocker(planning, node) ?? []),
    ...planning.settings.flatMap(({ node }) => undeclaredPod(planning, node) ?? []),
    ...goal.nodes.flatMap((node) => toolBlocker(planning, node) ?? []),
    ...sourceBlockers(planning, goal),
    ...usedBlockers(planning, goal),
  ];
}

/** The most advanced data that any node is known to hold; undefined when none is. */
export function mostAdvanced(planning: Planning): { readonly node: string; readonly revision: number } | undefined {
  const known = planning.settings.flatMap(({ node }) => {
    const progress = progressOf(planning, node);
    return progress === undefined ? [] : [{ node, ...progress }];
  });
  return [...known].sort(
    (a, b) => b.revision - a.revision || b.raftIndex - a.raftIndex || (a.node < b.node ? -1 : 1),
  )[0];
}

function progressOf(planning: Planning, node: string) {
  const etcd = etcdOf(planning, node);
  if (etcd === undefined || etcd.data.isDeletedUnderProcess) return undefined;
  const status = answered(etcd.status);
  if (status !== undefined) return { revision: status.revision, raftIndex: status.raftIndex };
  return etcd.data.offline === undefined ? undefined : { revision: etcd.data.offline.revision, raftIndex: 0 };
}

function nodeBlocker(planning: Planning, node: string): EtcdBlocker | undefined {
  const state = planning.assessment.members.find((member) => member.node === node);
  const etcd = etcdOf(planning, node);
  if (etcd !== undefined && etcd.data.state !== "unknown" && etcd.service.state !== "unknown") return undefined;
  const why = state?.evidence[0] ?? "it was not observed";
  return blocker(
    "etcd-restore-node",
    node,
    `the cluster is not rebuilt while ${node} cannot be stopped and archived: ${why}`,
    `make ${node} reachable; if it is gone for good, take it out of the declared members`,
  );
}

function toolBlocker(planning: Planning, node: string): EtcdBlocker | undefined {
  const etcd = etcdOf(planning, node);
  const version = versionOn(planning, node);
  if (etcd === undefined || (version !== "" && fileToolFor(version, etcd.tools) !== undefined)) return undefined;
  const what =
    version === "" ? "the version of etcd is not known" : `etcd ${version} is restored by etcdutl, which is not there`;
  return blocker(
    "etcd-restore-tool",
    node,
    `nothing on ${node} can restore a snapshot: ${what}`,
    "put the etcdutl of the server's version on the node (client.fileCommand names it), or declare etcd.version",
  );
}

function sourceBlockers(planning: Planning, goal: RestoreGoal): readonly EtcdBlocker[] {
  const { source } = goal.restore;
  if (source.kind === "snapshot") return servingBlockers(planning, goal, source.revision);
  const serving = etcdOf(planning, source.node);
  if (serving?.read.kind === "seen" && !isRestoredData(serving, goal)) {
    const { revision } = serving.read.value;
    return [
      blocker(
        "etcd-restore-source",
        source.node,
        `${source.node} serves by itself, so that it needs no restore: ${planning.assessment.verdict.summary}`,
        `if its data is the cluster's, take etcd.restore out and declare etcd.acceptRevision: ${revision}; if not, name a snapshot`,
      ),
    ];
  }
  const etcd = etcdOf(planning, source.node);
  if (etcd === undefined || isRestoredData(etcd, goal) || snapshotOn(planning, goal, source.node) !== undefined)
    return [];
  const best = mostAdvanced(planning);
  const own = progressOf(planning, source.node);
  if (own === undefined || etcd.data.state !== "present") {
    const advice =
      best === undefined ? "name a snapshot as the source" : `name ${best.node}, which holds revision ${best.revision}`;
    return [
      blocker(
        "etcd-restore-source",
        source.node,
        `${source.node} has no data to rebuild from (${etcd.data.state})`,
        advice,
      ),
    ];
  }
  if (best === undefined || best.revision <= own.revision) return [];
  return [
    blocker(
      "etcd-restore-source",
      source.node,
      `${source.node} holds revision ${own.revision} and ${best.node} holds ${best.revision}: rebuilding from ${source.node} would lose what is between`,
      `name ${best.node} as the survivor`,
    ),
  ];
}

/** A store that serves and is ahead of the snapshot is not what a restore was asked for: an opt-in may be left over. */
function servingBlockers(planning: Planning, goal: RestoreGoal, revision: number): readonly EtcdBlocker[] {
  return planning.settings.flatMap(({ node }) => {
    const etcd = etcdOf(planning, node);
    const status = etcd === undefined || etcd.read.kind !== "seen" ? undefined : answered(etcd.status);
    if (status === undefined || status.revision <= revision || isSameId(status.clusterId, goal.clusterId)) return [];
    return [
      blocker(
        "etcd-restore-source",
        node,
        `${node} serves revision ${status.revision}, and the declared snapshot is of revision ${revision}: restoring it would lose what is between`,
        "name a newer snapshot or this node as the survivor; if the data that is served is meant, take etcd.restore out and declare etcd.acceptRevision",
      ),
    ];
  });
}

/** A name makes the token: used twice, the old members could not be told from the new. */
function usedBlockers(planning: Planning, goal: RestoreGoal): readonly EtcdBlocker[] {
  const used = planning.settings.find(({ node }) => {
    const etcd = etcdOf(planning, node);
    if (etcd === undefined) return false;
    const runsIt = isSameId(answered(etcd.status)?.clusterId, goal.clusterId);
    const holdsIt = isRestoredData(etcd, goal);
    // Where one member is restored, another that holds its data has joined it: the restore was over.
    if (goal.nodes.length === 1 && !goal.nodes.includes(node)) return runsIt || holdsIt;
    return goal.nodes.length === 1 && runsIt && (answered(etcd.members)?.length ?? 1) > 1;
  });
  if (used === undefined) return [];
  return [
    blocker(
      "etcd-restore-used",
      used.node,
      `the restore "${goal.restore.name}" has been carried out before: ${settingsOf(planning, used.node).name} holds data of its cluster`,
      "give the declared restore a new name, and name its source anew",
    ),
  ];
}
