// The etcd plan as a part of the plan over a whole control plane: what it is made from, what it forbids the repair of files
// and services to do, and where its chain of steps stands among theirs.
//
// Order: files -> park -> runtime, kubelet and other units -> the etcd chain -> processes of monit, waits for them and for pods.
// Repairing files does not wait for a quorum; waiting for an API server does.

import type { ControlPlaneDeclaration } from "../model/declaration";
import type { NodeDrift } from "../model/drift";
import type { EtcdDeclaration } from "../model/etcd-declaration";
import type { EtcdPlan } from "../model/etcd-plan";
import { writersOf } from "../model/etcd-settings";
import type { EtcdHistory, EtcdNodeView } from "../model/etcd-verdict";
import type { JsonObject } from "../model/json";
import type { NodeObservation } from "../model/node-observation";
import type { Plan } from "../model/plan";
import { isWaitForServer, type NodeStep, type Step } from "../model/step";
import { isEtcdPod } from "./canonical-pod";
import { planEtcd } from "./etcd/plan";
import type { EtcdPlanInput } from "./etcd/planning";
import { viewOf } from "./etcd/views";
import { canBootEtcdMember } from "./node-steps";

/** Nothing is known from before. */
export const noHistory: EtcdHistory = { lastRevision: undefined, backups: [] };

/** What the etcd plan says to the rest of the plan. */
export interface EtcdGuard {
  readonly etcd: EtcdDeclaration;
  readonly plan: EtcdPlan;
  /** Does the etcd plan know enough of this node's member to say what may be started there? */
  covers(node: string): boolean;
}

/** Makes the etcd plan of a control plane; undefined when it declares no etcd. `driftsOn` says what else differs on a node. */
export function guardEtcd(
  plane: ControlPlaneDeclaration,
  observations: readonly NodeObservation[],
  history: EtcdHistory,
  driftsOn: (node: string) => readonly NodeDrift[],
): EtcdGuard | undefined {
  const input = etcdInputOf(plane, observations, history, driftsOn);
  if (input === undefined) return undefined;
  const covered = new Set(input.views.filter((view) => view.kind === "observed").map((view) => view.node));
  return { etcd: input.etcd, plan: planEtcd(input), covers: (node) => covered.has(node) };
}

/** What the etcd plan of a control plane is made from; undefined when it declares no etcd. */
export function etcdInputOf(
  plane: ControlPlaneDeclaration,
  observations: readonly NodeObservation[],
  history: EtcdHistory,
  driftsOn: (node: string) => readonly NodeDrift[],
): EtcdPlanInput | undefined {
  const { etcd } = plane;
  if (etcd === undefined) return undefined;
  const nodes = Object.keys(etcd.members).sort();
  return {
    etcd,
    views: nodes.map((node): EtcdNodeView => {
      const observation = observations.find((candidate) => candidate.node === node);
      return observation === undefined
        ? { kind: "unreachable", node, reason: "it was not observed" }
        : viewOf(observation);
    }),
    history,
    repairSeveral: plane.repairSeveral,
    manifestDirectory: plane.manifestDirectory,
    archiveDirectory: plane.archiveDirectory,
    pods: declaredEtcdPods(plane, etcd),
    definitionDrifts: definitionDrifts(etcd, nodes, driftsOn),
  };
}

/** The steps of one node with what the etcd plan forbids taken out, and the park in front of what could boot a member. */
export function guardSteps(guard: EtcdGuard, node: string, steps: readonly NodeStep[]): readonly Step[] {
  const allowed = steps.filter((step) => !isOwnBusiness(guard, step) && !isHeldWriter(guard, step));
  const park = guard.plan.parks[node];
  const first = allowed.findIndex((step) => mayBootMember(guard.etcd, step));
  if (park === undefined || first < 0) return allowed;
  return [...allowed.slice(0, first), park, ...allowed.slice(first)];
}

/** The whole plan: files and services first, then the etcd chain, then the waits for pods and processes. */
export function joinEtcd(plan: Plan, guard: EtcdGuard, observations: readonly NodeObservation[]): Plan {
  const { assessment, steps, blockers, drifts, notes } = guard.plan;
  // A script that still runs on a member's node may be half-way through a step of this very chain.
  const isLocked = plan.blockers.some(({ reason, node }) => reason === "node-locked" && guard.etcd.members[node]);
  const chain = isLocked ? [] : steps;
  // A process of monit may be an API server as well as a pod may: it is started after etcd, and without a quorum not waited for.
  const isLate = (step: Step) => isWaitForServer(step) || ("manager" in step && step.manager === "monit");
  const late = plan.steps.filter(isLate).filter((step) => assessment.quorum !== undefined || !isWaitForServer(step));
  const isUnreachable = (node: string) =>
    observations.find((observation) => observation.node === node)?.kind !== "observed";
  return {
    drifts: [
      ...plan.drifts,
      ...drifts.filter((drift) => drift.kind !== "etcd-member" || drift.observed !== "unreachable"),
    ],
    steps: [...plan.steps.filter((step) => !isLate(step)), ...chain, ...late],
    blockers: [
      ...plan.blockers,
      // The node itself is a blocker already.
      ...blockers.filter(({ reason, node }) => reason !== "etcd-node-unreachable" || !isUnreachable(node)),
    ],
    problems: plan.problems,
    notes: [...plan.notes, ...notes],
    etcd: { assessment, chain },
  };
}

function declaredEtcdPods(plane: ControlPlaneDeclaration, etcd: EtcdDeclaration): Readonly<Record<string, JsonObject>> {
  const { runner } = etcd;
  if (runner.kind !== "static-pod") return {};
  const pods = Object.keys(etcd.members).flatMap((node) => {
    const pod = plane.nodes[node]?.staticPods[runner.pod];
    return pod === undefined ? [] : [[node, pod] as const];
  });
  return Object.fromEntries(pods);
}

function definitionDrifts(
  { runner }: EtcdDeclaration,
  nodes: readonly string[],
  driftsOn: (node: string) => readonly NodeDrift[],
): Readonly<Record<string, string>> {
  if (runner.kind !== "static-pod") return {};
  const found = nodes.flatMap((node) => {
    for (const drift of driftsOn(node)) {
      if (!("pod" in drift) || drift.pod !== runner.pod) continue;
      const text = describeDefinition(drift);
      if (text !== undefined) return [[node, text] as const];
    }
    return [];
  });
  return Object.fromEntries(found);
}

function describeDefinition(drift: Extract<NodeDrift, { readonly pod: string }>): string | undefined {
  switch (drift.kind) {
    case "manifest-missing":
      return `the manifest of ${drift.pod} is missing`;
    case "manifest-unreadable":
      return `the manifest of ${drift.pod}: ${drift.reason}`;
    case "manifest-differs":
      return `the manifest of ${drift.pod} differs at ${drift.changes.map((change) => change.path).join(", ")}`;
    default:
      return undefined;
  }
}

/** etcd's own definition and its own service belong to the chain. */
function isOwnBusiness({ etcd: { runner }, plan }: EtcdGuard, step: NodeStep): boolean {
  switch (step.kind) {
    case "writeManifest":
      return isEtcdPod(step.manifest);
    case "waitForPod":
      return runner.kind === "static-pod" && step.pod === runner.pod && plan.steps.length > 0;
    case "startService":
    case "restartService":
    case "waitForService":
      return isOwnService(runner, step.service);
    default:
      return false;
  }
}

function isOwnService(runner: EtcdDeclaration["runner"], service: string): boolean {
  const bare = (name: string) => name.replace(/\.service$/, "");
  if (runner.kind === "systemd") return bare(service) === bare(runner.unit);
  return runner.kind === "monit" && service === runner.process;
}

/** What writes to etcd is neither written nor started while a lost cluster is rebuilt. */
function isHeldWriter({ etcd, plan }: EtcdGuard, step: NodeStep): boolean {
  if (!plan.mustHoldWriters) return false;
  return writersOf(etcd).some((writer) => {
    if (writer.kind === "static-pod") return "pod" in step && step.pod === writer.pod;
    return "service" in step && step.service === writer.name && step.manager === writer.manager;
  });
}

function mayBootMember({ runner }: EtcdDeclaration, step: NodeStep): boolean {
  if (step.kind !== "startService" && step.kind !== "restartService") return false;
  const isMonit = runner.kind === "monit" && /^monit(\.service)?$/.test(step.service);
  return isMonit || canBootEtcdMember(step.service);
}
