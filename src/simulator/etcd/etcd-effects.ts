// What each effect of an etcd step does to the world: the simulator's reading of a step. Where etcd or the node refuses, the
// effect fails with its words, and the effects after it do not happen.

import { unreachable } from "../../model/errors";
import { isSameId } from "../../model/etcd-member-id";
import { type EtcdChangeStep, type EtcdEffectKind, etcdEffectsOfKind } from "../../model/etcd-step";
import { endProcess, settle } from "./boot";
import { changeMembership } from "./change-membership";
import { changeNode, type EtcdWorld, type EtcdWorldNode, memberData, worldNode } from "./etcd-world";
import { contentSum } from "./new-ids";
import { writeOnce } from "./raft";
import { installRestored } from "./restore-data";

/** What came of one effect. */
export interface EtcdEffectResult {
  readonly world: EtcdWorld;
  /** Why it failed; undefined when it happened. */
  readonly refusal: string | undefined;
}

/** The effects of a step, in order. */
export function effectsOfStep(step: EtcdChangeStep): readonly EtcdEffectKind[] {
  return etcdEffectsOfKind[step.kind];
}

/** Applies one effect of a step, lets happen what follows by itself, and has clients write once. */
export function applyEtcdEffect(world: EtcdWorld, step: EtcdChangeStep, effect: EtcdEffectKind): EtcdEffectResult {
  const node = worldNode(world, step.node);
  if (node.power === "off" || node.link === "down") return refused(world, `${step.node} cannot be reached`);
  if (needsTools.has(step.kind) && node.tools !== "good")
    return refused(world, `etcdctl on ${step.node} is ${node.tools}`);
  const result = changeWorld(world, node, step, effect);
  return { ...result, world: writeOnce(settle(result.world)) };
}

/** Steps that ask etcd's tools to do something. */
const needsTools: ReadonlySet<EtcdChangeStep["kind"]> = new Set([
  "etcdSaveSnapshot",
  "etcdRemoveMember",
  "etcdAddMember",
  "etcdPromoteMember",
  "etcdMoveLeader",
  "etcdUpdatePeerUrl",
  "etcdCompact",
  "etcdDefragment",
  "etcdDisarmAlarms",
  "etcdRestoreSnapshot",
]);

/** A failed effect. */
export function refused(world: EtcdWorld, refusal: string): EtcdEffectResult {
  return { world, refusal };
}

/** An effect that happened. */
export function happened(world: EtcdWorld): EtcdEffectResult {
  return { world, refusal: undefined };
}

function changeWorld(
  world: EtcdWorld,
  node: EtcdWorldNode,
  step: EtcdChangeStep,
  effect: EtcdEffectKind,
): EtcdEffectResult {
  const change = (fields: Partial<EtcdWorldNode>) => happened(changeNode(world, node.name, fields));
  switch (step.kind) {
    case "etcdSaveSnapshot":
      return effect === "keepEtcdSnapshot" ? keepSnapshot(world, node, step.path) : askSnapshot(world, node);
    case "etcdCollectSnapshot":
      return collect(world, node, step.path);
    case "etcdDeliverSnapshot":
      return deliver(world, node, step);
    case "etcdCondemnData":
      return change({ condemned: [...node.condemned, step.memberId] });
    case "etcdStopMember":
      if (effect === "pauseEtcdService") return change(pausedFields(world, node));
      return change(node.isRunning ? endProcess(undefined) : {});
    case "etcdParkDefinition":
      return change(pausedFields(world, node));
    case "etcdResumeService":
      return change({ isPaused: false });
    case "etcdArchiveData":
      if (node.isRunning) return refused(world, `etcd on ${node.name} still runs`);
      if (node.data.kind === "none") return happened(world);
      return change({ archive: [...node.archive, node.data], data: { kind: "none" } });
    case "etcdMakeMemberDirectory":
      return node.data.kind === "none" ? change({ data: { kind: "member-directory" } }) : happened(world);
    case "etcdStartMember": {
      if (effect === "writeEtcdMembership") {
        const { initialCluster: cluster, token } = step;
        return change({ definition: { ...node.definition, cluster, clusterState: "existing", token } });
      }
      const definition = { ...node.definition, state: "in-place" as const };
      return change({ ...endProcess(undefined), definition, isPaused: false });
    }
    case "etcdStopWriters":
      return change({ isWriterRunning: false });
    case "etcdRestoreSnapshot":
      return effect === "installEtcdData" ? installRestored(world, node, step) : checkSnapshot(world, node, step);
    case "etcdRemoveMember":
    case "etcdAddMember":
    case "etcdPromoteMember":
    case "etcdMoveLeader":
    case "etcdUpdatePeerUrl":
    case "etcdCompact":
    case "etcdDefragment":
    case "etcdDisarmAlarms":
      return changeMembership(world, node, step, effect);
    default:
      return unreachable(step);
  }
}

/** What puts a member out of reach of what would start it: its manifest is moved, the unit masked, the job unmonitored. */
export function pausedFields(world: EtcdWorld, node: EtcdWorldNode): Partial<EtcdWorldNode> {
  if (world.runner !== "static-pod") return { isPaused: true };
  if (node.definition.state !== "in-place") return {};
  return { isPaused: true, definition: { ...node.definition, state: "parked" } };
}

function askSnapshot(world: EtcdWorld, node: EtcdWorldNode): EtcdEffectResult {
  if (!node.isRunning || memberData(node) === undefined) return refused(world, "connection refused");
  if (node.certificates !== "good") return refused(world, "x509: certificate is not valid");
  if (node.disk === "full") return refused(world, "no space left on device");
  const data = memberData(node);
  const group = data === undefined ? undefined : world.groups[data.group];
  const isLearner = group?.members.some((member) => member.isLearner && isSameId(member.id, data?.memberId)) ?? false;
  return isLearner ? refused(world, "etcdserver: rpc not supported for learner") : happened(world);
}

function keepSnapshot(world: EtcdWorld, node: EtcdWorldNode, path: string): EtcdEffectResult {
  const asked = askSnapshot(world, node);
  const data = memberData(node);
  if (asked.refusal !== undefined || data === undefined) return asked;
  const sha256 = contentSum(`${data.group} ${data.revision} ${data.isCorrupt}`);
  const kept = { path, group: data.group, revision: data.revision, sha256 };
  const others = node.snapshots.filter((snapshot) => snapshot.path !== path);
  return happened(changeNode(world, node.name, { snapshots: [kept, ...others] }));
}

function collect(world: EtcdWorld, node: EtcdWorldNode, path: string): EtcdEffectResult {
  const found = node.snapshots.find((snapshot) => snapshot.path === path);
  if (found === undefined) return refused(world, `${path}: No such file or directory`);
  const { sha256, revision } = found;
  const backup = { file: `collected/${sha256.slice(0, 12)}.db`, sha256, revision, takenAtSeconds: world.timeSeconds };
  return happened({ ...world, backups: [...world.backups.filter((kept) => kept.sha256 !== sha256), backup] });
}

type Deliver = Extract<EtcdChangeStep, { kind: "etcdDeliverSnapshot" }>;
type Restore = Extract<EtcdChangeStep, { kind: "etcdRestoreSnapshot" }>;

function deliver(world: EtcdWorld, node: EtcdWorldNode, step: Deliver): EtcdEffectResult {
  const backup = world.backups.find((kept) => kept.sha256 === step.sha256);
  if (backup === undefined) return refused(world, `${step.localFile} is not the file with that sum`);
  if (node.disk === "full") return refused(world, "no space left on device");
  const others = node.snapshots.filter((snapshot) => snapshot.path !== step.path);
  const kept = { path: step.path, group: "", revision: backup.revision, sha256: backup.sha256 };
  return happened(changeNode(world, node.name, { snapshots: [kept, ...others] }));
}

function checkSnapshot(world: EtcdWorld, node: EtcdWorldNode, step: Restore): EtcdEffectResult {
  const found = node.snapshots.find((snapshot) => snapshot.path === step.path);
  if (found === undefined || found.sha256 !== step.sha256) return refused(world, "the snapshot is not the one named");
  return node.disk === "full" ? refused(world, "no space left on device") : happened(world);
}
