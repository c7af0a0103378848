// Everything that stands in the way of rebuilding a lost cluster, all at once.

import { isSameId } from "../../model/etcd-member-id";
import { answered, type EtcdObservation } from "../../model/etcd-observation";
import type { EtcdBlocker } from "../../model/etcd-plan";
import { quorumOf } from "../../model/etcd-verdict";
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

/** The most advanced data that any node is known to hold and nobody has condemned; undefined when none is. */
export function mostAdvanced(planning: Planning): { readonly node: string; readonly revision: number } | undefined {
  const known = planning.settings.flatMap(({ node }) => {
    const progress = etcdOf(planning, node)?.data.isCondemned === true ? undefined : progressOf(planning, node);
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
  const standing = etcd === undefined ? undefined : standingBlocker(planning, goal, source.node, etcd);
  if (standing !== undefined) return [standing];
  if (etcd === undefined || isRestoredData(etcd, goal) || snapshotOn(planning, goal, source.node) !== undefined)
    return [];
  if (etcd.data.isCondemned) return [condemnedBlocker(planning, source.node)];
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

/** Most of the declared members agree and serve the cluster that the survivor's data is of: that quorum is not lost. */
function standingBlocker(
  planning: Planning,
  goal: RestoreGoal,
  node: string,
  survivor: EtcdObservation,
): EtcdBlocker | undefined {
  const urls = planning.settings.map((own) => own.peerUrl);
  const serving = planning.settings.find((own) => {
    const etcd = etcdOf(planning, own.node);
    const clusterId = etcd?.read.kind === "seen" ? answered(etcd.status)?.clusterId : undefined;
    if (etcd === undefined || own.node === node || isSameId(clusterId, goal.clusterId)) return false;
    const listed = (answered(etcd.members) ?? []).flatMap(({ peerUrls }) => peerUrls);
    return (
      isSameId(clusterId, survivor.data.identity?.clusterId) &&
      urls.filter((url) => listed.includes(url)).length >= quorumOf(urls.length)
    );
  });
  if (serving === undefined) return undefined;
  return blocker(
    "etcd-restore-source",
    node,
    `${serving.node} serves the same cluster with a quorum behind it, and is not stopped for the data of ${node}: ${planning.assessment.verdict.summary}`,
    `if what ${serving.node} serves is meant, take etcd.restore out and declare etcd.acceptRevision; if the data of ${node} is, name a snapshot of it as the source`,
  );
}

/** Data that was found bad is not made the whole cluster's. */
function condemnedBlocker(planning: Planning, node: string): EtcdBlocker {
  const best = mostAdvanced(planning);
  const other = best === undefined ? "a snapshot" : `${best.node} (revision ${best.revision}) or a snapshot`;
  return blocker(
    "etcd-restore-source",
    node,
    `the data of ${node} was found bad, and is marked as not to be used again`,
    `name ${other} as the source; only if you know that this data is right, remove the mark condemned-* of its member from ${settingsOf(planning, node).archiveDirectory}`,
  );
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
