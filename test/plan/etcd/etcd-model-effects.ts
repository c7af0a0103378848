// What each effect of an etcd step does to the model. An effect that etcd would refuse throws Refused: the step failed.

import { isSameId, type MemberId } from "../../../src/model/etcd-member-id";
import { type EtcdChangeStep, type EtcdEffectKind, etcdEffectsOfKind } from "../../../src/model/etcd-step";
import { quorumOf } from "../../../src/model/etcd-verdict";
import { bootstrapClusterId, bootstrapMemberId } from "../../../src/plan/etcd/cluster-id";
import { nowSeconds } from "./builders";
import { blankCluster, type EtcdModel, entry, type ModelCluster, type ModelNode } from "./etcd-model";

/** etcd or the node refused an effect. */
export class Refused extends Error {}

/** The effects of a step, in order. */
export function effectsOf(step: EtcdChangeStep): readonly EtcdEffectKind[] {
  return etcdEffectsOfKind[step.kind];
}

/** Applies one effect of a step. */
export function applyEffect(model: EtcdModel, step: EtcdChangeStep, effect: EtcdEffectKind): void {
  const node = model.node(step.node);
  if (!node.isOnline) throw new Refused(`${step.node} is off`);
  switch (step.kind) {
    case "etcdSaveSnapshot":
      if (node.data.kind !== "present" || !node.isRunning) throw new Refused("no endpoint to save from");
      if (effect === "keepEtcdSnapshot") {
        const sha256 = `sha-${step.path}-${node.data.revision}`;
        node.snapshots = [
          { path: step.path, revision: node.data.revision, sha256 },
          ...node.snapshots.filter((kept) => kept.path !== step.path),
        ];
      }
      return;
    case "etcdCollectSnapshot": {
      const found = node.snapshots.find((snapshot) => snapshot.path === step.path);
      if (found === undefined) throw new Refused("no snapshot to collect");
      model.backups.push({
        file: "kept.db",
        sha256: found.sha256,
        revision: found.revision,
        takenAtSeconds: nowSeconds,
      });
      return;
    }
    case "etcdDeliverSnapshot": {
      // What was collected is delivered as it was; anything else is the snapshot that the test declares.
      const revision = model.backups.find((kept) => kept.sha256 === step.sha256)?.revision ?? 900;
      node.snapshots = [{ path: step.path, revision, sha256: step.sha256 }, ...node.snapshots];
      return;
    }
    case "etcdCondemnData":
      node.condemned.add(step.memberId);
      return;
    case "etcdParkDefinition":
      pause(model, node);
      return;
    case "etcdStopMember":
      if (effect === "pauseEtcdService") pause(model, node);
      else stop(node);
      return;
    case "etcdResumeService":
      node.isPaused = false;
      return;
    case "etcdArchiveData":
      if (node.isRunning) throw new Refused(`${node.name} still runs while its data is moved`);
      if (node.data.kind !== "none") node.archive.push(node.data);
      node.data = { kind: "none" };
      return;
    case "etcdMakeMemberDirectory":
      if (node.data.kind === "none") node.data = { kind: "member-directory" };
      return;
    case "etcdStartMember":
      if (effect === "writeEtcdMembership") {
        const text = step.initialCluster.map((member) => `${member.name}=${member.peerUrl}`).join(",");
        node.definition = { ...node.definition, cluster: text, clusterState: "existing", token: step.token };
        return;
      }
      node.definition = { ...node.definition, state: "in-place" };
      node.isPaused = false;
      node.restarts = 0;
      model.settle();
      return;
    case "etcdStopWriters":
      node.isWriterRunning = false;
      return;
    case "etcdRestoreSnapshot":
      restore(model, node, step, effect);
      return;
    default:
      if (effect !== "compareEtcdHashes") changeCluster(model, node, step);
  }
}

function changeCluster(model: EtcdModel, node: ModelNode, step: EtcdChangeStep): void {
  const [clusterId, cluster] = served(model, node);
  switch (step.kind) {
    case "etcdRemoveMember": {
      const left = cluster.members.filter((member) => !isSameId(member.id, step.memberId));
      if (left.length === cluster.members.length) throw new Refused("Member not found");
      refuseUnlessQuorate(
        model,
        clusterId,
        left.filter((member) => !member.isLearner).map((member) => member.id),
        "remove",
      );
      cluster.members = left;
      return;
    }
    case "etcdAddMember": {
      if (cluster.members.some((member) => member.peerUrls.includes(step.peerUrl)))
        throw new Refused("Peer URLs already exists");
      if (model.votes(clusterId) < model.votersOf(clusterId).length) throw new Refused("unhealthy cluster");
      if (step.isLearner && model.version.startsWith("3.3")) throw new Refused("unknown flag: --learner");
      const name = step.memberName;
      cluster.members = [
        ...cluster.members,
        { ...entry(name, model.newId(), step.isLearner), name: "", clientUrls: [] },
      ];
      return;
    }
    case "etcdPromoteMember": {
      const learner = cluster.members.find((member) => isSameId(member.id, step.memberId));
      if (learner?.isLearner !== true || !model.runs(clusterId, learner))
        throw new Refused("can only promote a learner in sync");
      cluster.members = cluster.members.map((member) =>
        member === learner ? { ...member, isLearner: false } : member,
      );
      return;
    }
    case "etcdMoveLeader":
      cluster.leader = step.toMemberId;
      return;
    case "etcdUpdatePeerUrl":
      cluster.members = cluster.members.map((member) =>
        isSameId(member.id, step.memberId) ? { ...member, peerUrls: [step.peerUrl] } : member,
      );
      return;
    case "etcdCompact":
      cluster.compactRevision = step.revision;
      return;
    case "etcdDefragment":
      cluster.fragmented.delete(node.name);
      return;
    case "etcdDisarmAlarms":
      if (cluster.isFull && cluster.fragmented.size > 0) throw new Refused("still full");
      cluster.alarms = [];
      cluster.isFull = false;
      return;
    default:
      return;
  }
}

function restore(
  model: EtcdModel,
  node: ModelNode,
  step: Extract<EtcdChangeStep, { kind: "etcdRestoreSnapshot" }>,
  effect: EtcdEffectKind,
): void {
  const snapshot = node.snapshots.find((kept) => kept.path === step.path);
  if (snapshot === undefined || snapshot.sha256 !== step.sha256) throw new Refused("no such snapshot");
  if (effect === "restoreEtcdSnapshot") return;
  if (node.data.kind === "present") throw new Refused("data-dir not empty");
  const urls = step.initialCluster.map((member) => member.peerUrl);
  const clusterId = bootstrapClusterId(urls, step.token);
  const members = step.initialCluster.map((member) =>
    entry(member.name, bootstrapMemberId(member.peerUrl, step.token)),
  );
  if (!model.clusters.has(clusterId)) model.clusters.set(clusterId, blankCluster(members, snapshot.revision));
  const own = members.find((member) => member.name === node.name);
  if (own === undefined) throw new Refused("not in the initial cluster");
  node.data = { kind: "present", clusterId, memberId: own.id, revision: snapshot.revision };
}

function served(model: EtcdModel, node: ModelNode): readonly [MemberId, ModelCluster] {
  if (node.data.kind !== "present" || !node.isRunning) throw new Refused("connection refused");
  const cluster = model.clusters.get(node.data.clusterId);
  if (cluster === undefined || !model.hasQuorum(node.data.clusterId)) throw new Refused("request timed out");
  return [node.data.clusterId, cluster];
}

/** etcd's strict reconfiguration check: the members that would be left have to be a quorum now. */
function refuseUnlessQuorate(model: EtcdModel, clusterId: MemberId, voters: readonly MemberId[], what: string): void {
  const cluster = model.clusters.get(clusterId);
  const alive = (cluster?.members ?? []).filter(
    (member) => voters.includes(member.id) && model.runs(clusterId, member),
  );
  if (alive.length < quorumOf(voters.length)) throw new Refused(`${what}: unhealthy cluster`);
}

function pause(model: EtcdModel, node: ModelNode): void {
  node.isPaused = true;
  if (model.runner === "static-pod" && node.definition.state === "in-place")
    node.definition = { ...node.definition, state: "parked" };
}

function stop(node: ModelNode): void {
  node.isRunning = false;
  if (node.isDeletedUnderProcess) node.data = { kind: "none" };
  node.isDeletedUnderProcess = false;
}
