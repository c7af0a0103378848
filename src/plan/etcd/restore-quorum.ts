// Rebuilds a cluster whose quorum is lost, when the declaration asks for it by name: stop writers, keep the source off the
// node, stop and archive all others, restore one member with a new token, start it. Growing back is the ordinary replacement
// by learners. Whose data lies on a node is known by its cluster id, which follows from the restore's name.

import type { EtcdRestore } from "../../model/etcd-declaration";
import { writersOf } from "../../model/etcd-settings";
import type { EtcdStep } from "../../model/etcd-step";
import { backupFileName } from "../../model/etcd-verdict";
import { restoreFileName } from "./cluster-id";
import { archiveData, makeMemberDirectory, saveSnapshot, startMember, stopMember, waitForMember } from "./make-steps";
import { declaredCluster } from "./membership";
import { canRun, etcdOf, isBlank, type Planning, type PlanPart, settingsOf } from "./planning";
import { restoreBlockers } from "./restore-blockers";
import { isRestoredData, type RestoreGoal, restoreGoal, snapshotOn, versionOn } from "./restore-goal";
import { canBumpRevision, fileToolFor } from "./version";

/** The chain that rebuilds the cluster, or all that stands in its way. */
export function restoreQuorum(planning: Planning, restore: EtcdRestore): PlanPart {
  const goal = restoreGoal(planning, restore);
  const blockers = restoreBlockers(planning, goal);
  if (blockers.length > 0) return { steps: [], blockers };
  const stops = stopAll(planning, goal);
  // A survivor that is started beside others would follow them, and give up what it has beyond them.
  const before = isAsleep(planning, goal) ? stops.filter(({ node }) => node !== goal.restore.source.node) : [];
  const steps = [
    ...stopWriters(planning),
    ...before,
    ...keepSource(planning, goal),
    ...stops.filter((step) => !before.includes(step)),
    ...archiveOthers(planning, goal),
    ...goal.nodes.flatMap((node) => restoreNode(planning, goal, node)),
  ];
  return { steps, blockers: [] };
}

function stopWriters(planning: Planning): readonly EtcdStep[] {
  const writers = writersOf(planning.input.etcd);
  return planning.settings.flatMap((at) => {
    const isWriting = etcdOf(planning, at.node)?.writers.some((writer) => writer.isRunning) ?? false;
    if (!isWriting) return [];
    const reason = `nothing on ${at.node} may write to etcd while the cluster is rebuilt`;
    const { manifestDirectory, archiveDirectory } = planning.input;
    const parkDirectory = `${archiveDirectory}/parked`;
    const base = { node: at.node, subject: "writers", reason, at };
    return [{ kind: "etcdStopWriters" as const, ...base, writers, manifestDirectory, parkDirectory }];
  });
}

/** Does the survivor have to be started for its snapshot? */
function isAsleep(planning: Planning, goal: RestoreGoal): boolean {
  const { source } = goal.restore;
  if (source.kind !== "survivor" || snapshotOn(planning, goal, source.node) !== undefined) return false;
  const etcd = etcdOf(planning, source.node);
  return etcd !== undefined && etcd.status.kind !== "seen" && !isRestoredData(etcd, goal);
}

/** Brings the snapshot to where it is needed, and off the node that it comes from. */
function keepSource(planning: Planning, goal: RestoreGoal): readonly EtcdStep[] {
  const { source } = goal.restore;
  const pending = goal.nodes.filter((node) => {
    const etcd = etcdOf(planning, node);
    return etcd !== undefined && !isRestoredData(etcd, goal);
  });
  if (source.kind === "snapshot") {
    return pending.flatMap((node) => deliver(planning, goal, node, source.file, source.sha256));
  }
  if (pending.length === 0) return [];
  const steps: EtcdStep[] = [];
  const saved = snapshotOn(planning, goal, source.node);
  const survivor = etcdOf(planning, source.node);
  if (saved === undefined) {
    const serves = survivor?.status.kind === "seen";
    const reason = `${source.node} holds the most advanced data; a snapshot of it is taken before anything is moved`;
    if (!serves) {
      const why = `${source.node} has to run for a moment, so that a snapshot of its data can be taken`;
      const members = declaredCluster(planning.settings);
      steps.push(startMember(planning, source.node, members, planning.input.etcd.token, why));
    }
    steps.push(saveSnapshot(planning, source.node, restoreFileName(goal.restore), reason));
  }
  const backup = planning.input.history.backups.find((kept) => kept.sha256 === saved?.sha256);
  if (backup === undefined) {
    const reason = "the only copy of the data must not lie on the node that is about to be changed";
    const path = goal.pathOn(source.node);
    const at = settingsOf(planning, source.node);
    const sha256 = saved?.sha256 ?? "";
    const { directory = "." } = planning.input.history;
    const { revision = 0, takenAtSeconds = 0 } = saved ?? {};
    const localFile = `${directory}/${backupFileName({ revision, takenAtSeconds, sha256 })}`;
    steps.push({ kind: "etcdCollectSnapshot", node: source.node, subject: path, reason, at, path, sha256, localFile });
  }
  const others = pending.filter((node) => node !== source.node);
  return [
    ...steps,
    ...others.flatMap((node) => deliver(planning, goal, node, backup?.file ?? "", saved?.sha256 ?? "")),
  ];
}

function deliver(
  planning: Planning,
  goal: RestoreGoal,
  node: string,
  localFile: string,
  sha256: string,
): readonly EtcdStep[] {
  if (snapshotOn(planning, goal, node)?.sha256 === sha256 && sha256 !== "") return [];
  const path = goal.pathOn(node);
  const reason = `${node} is restored from this snapshot`;
  const at = settingsOf(planning, node);
  return [{ kind: "etcdDeliverSnapshot", node, subject: path, reason, at, localFile, path, sha256 }];
}

/** Stops every member that is not one of the rebuilt cluster, the ones to be restored last. */
function stopAll(planning: Planning, goal: RestoreGoal): readonly EtcdStep[] {
  const isLast = (node: string) => goal.nodes.includes(node);
  const ordered = [...planning.settings].sort(
    (a, b) => Number(isLast(a.node)) - Number(isLast(b.node)) || (a.node < b.node ? -1 : 1),
  );
  return ordered.flatMap(({ node }) => {
    const etcd = etcdOf(planning, node);
    if (etcd === undefined || !canRun(etcd) || isRestoredData(etcd, goal)) return [];
    return [stopMember(planning, node, "an old member that runs on could not be told from one of the rebuilt cluster")];
  });
}

function archiveOthers(planning: Planning, goal: RestoreGoal): readonly EtcdStep[] {
  const isMonit = planning.input.etcd.runner.kind === "monit";
  return planning.settings.flatMap(({ node }) => {
    const etcd = etcdOf(planning, node);
    if (etcd === undefined || goal.nodes.includes(node)) return [];
    const steps: EtcdStep[] = [];
    if (!isBlank(etcd))
      steps.push(archiveData(planning, node, "old data would fence this member off from the rebuilt cluster"));
    if (isMonit && etcd.data.state !== "member-directory-only") steps.push(makeMemberDirectory(planning, node));
    return steps;
  });
}

function restoreNode(planning: Planning, goal: RestoreGoal, node: string): readonly EtcdStep[] {
  const etcd = etcdOf(planning, node);
  const at = settingsOf(planning, node);
  if (etcd === undefined) return [];
  const steps: EtcdStep[] = [];
  if (!isRestoredData(etcd, goal)) {
    if (!isBlank(etcd)) steps.push(archiveData(planning, node, "the old data is kept beside the restored one"));
    const fileTool = fileToolFor(versionOn(planning, node), etcd.tools) ?? "etcdctl";
    steps.push({
      kind: "etcdRestoreSnapshot",
      node,
      subject: goal.restore.name,
      reason: `${node} begins the rebuilt cluster with the data of ${goal.pathOn(node)}`,
      at,
      path: goal.pathOn(node),
      sha256: snapshotOn(planning, goal, node)?.sha256 ?? "",
      token: goal.token,
      initialCluster: goal.members,
      fileTool,
      canBumpRevision: canBumpRevision(fileTool, etcd.tools),
    });
  }
  if (!etcd.service.hasProcess || !isRestoredData(etcd, goal))
    steps.push(
      startMember(planning, node, goal.members, goal.token, `${node} starts as a member of the rebuilt cluster`),
    );
  const isLastOne = node === goal.nodes.at(-1);
  if (isLastOne || goal.nodes.length === 1)
    steps.push(waitForMember(planning, node, true, "the rebuilt cluster has to serve before it grows"));
  return steps;
}
