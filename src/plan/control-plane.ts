// The plan over the whole control plane, from one observation of every node. Pure: the same observations give the same
// plan, whoever asks and however often.

import type { ControlPlaneDeclaration, NodeDeclaration } from "../model/declaration";
import type { NodeDrift } from "../model/drift";
import type { EtcdHistory } from "../model/etcd-verdict";
import type { NodeObservation, ObservedNode } from "../model/node-observation";
import type { Blocker, Plan, Problem } from "../model/plan";
import type { Step } from "../model/step";
import { type EtcdGuard, guardEtcd, guardSteps, joinEtcd, noHistory } from "./control-plane-etcd";
import { judgePark } from "./etcd-park";
import { declaredPods, diffNode, manifestOf, noteNode } from "./node-drift";
import { planNode } from "./node-steps";
import { judgePod } from "./pod-health";

/** One node's share of the plan. */
interface NodePlan {
  readonly node: string;
  readonly drifts: readonly NodeDrift[];
  readonly steps: readonly Step[];
  readonly blockers: readonly Blocker[];
  readonly problems: readonly Problem[];
}

/**
 * What is to be done so that the control plane becomes what is declared. Every declared node needs an observation; a node
 * that does not answer is a blocker for itself and for no other. `history` is what is known of etcd from before.
 */
export function planControlPlane(
  plane: ControlPlaneDeclaration,
  observations: readonly NodeObservation[],
  history: EtcdHistory = noHistory,
): Plan {
  const byName = new Map(observations.map((observation) => [observation.node, observation]));
  const driftsOn = (node: string) => driftsOf(plane, node, byName.get(node));
  const guard = guardEtcd(plane, observations, history, driftsOn);
  const plans = Object.entries(plane.nodes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, declared]) => planOne(plane, name, declared, byName.get(name), guard));
  const notes = Object.entries(plane.nodes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, declared]) => {
      const observation = byName.get(name);
      return observation?.kind === "observed" ? noteNode(observation, declared) : [];
    });
  const plan: Plan = {
    drifts: plans.flatMap((plan) => plan.drifts),
    steps: [...plans].sort(bySafety).flatMap((plan) => plan.steps),
    blockers: plans.flatMap((plan) => plan.blockers),
    problems: plans.flatMap((plan) => plan.problems),
    notes,
  };
  return guard === undefined ? plan : joinEtcd(plan, guard, observations);
}

function driftsOf(
  plane: ControlPlaneDeclaration,
  name: string,
  observation: NodeObservation | undefined,
): readonly NodeDrift[] {
  const declared = plane.nodes[name];
  if (declared === undefined || observation?.kind !== "observed") return [];
  return diffNode(observation, declared, plane.containerStartTimeoutSeconds);
}

function planOne(
  plane: ControlPlaneDeclaration,
  name: string,
  declared: NodeDeclaration,
  observation: NodeObservation | undefined,
  guard: EtcdGuard | undefined,
): NodePlan {
  if (observation === undefined || observation.kind === "unreachable") {
    return { node: name, drifts: [], steps: [], problems: [], blockers: [unreachableBlocker(name, observation)] };
  }
  const drifts = driftsOf(plane, name, observation);
  const isCovered = guard?.covers(name) === true;
  const park = isCovered ? { canBootEtcd: true, blockers: [] } : judgePark(observation, declared, drifts);
  const blockers = [
    ...unknownBlockers(observation, declared),
    ...unknownServices(observation, declared),
    ...lockBlockers(observation),
    ...park.blockers,
  ];
  const isLocked = blockers.some((blocker) => blocker.reason === "node-locked");
  const limits = { canWriteEtcd: park.canBootEtcd && !isCovered, canBootEtcd: park.canBootEtcd };
  const made = isLocked ? [] : planNode(plane, declared, observation, drifts, limits);
  const steps = guard === undefined ? made : guardSteps(guard, name, made);
  return { node: name, drifts, steps, blockers, problems: failingPods(plane, declared, observation, steps) };
}

/** Why a node that could not be observed is left alone. */
function unreachableBlocker(node: string, observation: NodeObservation | undefined): Blocker {
  const why = observation?.kind === "unreachable" ? observation.message : "it was not observed";
  return {
    reason: "node-unreachable",
    node,
    message: `node ${node} is unreachable: ${why}`,
    nextStep: "make the node reachable, then run preview again; its last known state is kept",
  };
}

// A node without static pods, such as a PKS master, has no manifest directory and may have no container runtime.
function unknownBlockers(node: ObservedNode, declared: NodeDeclaration): readonly Blocker[] {
  const isPodless = node.etcd !== undefined && Object.keys(declared.staticPods).length === 0;
  const pods = isPodless ? {} : { manifests: node.manifests, containers: node.containers };
  const sections = { host: node.host, ...pods, services: node.services };
  return Object.entries(sections).flatMap(([name, section]) =>
    section.kind === "seen"
      ? []
      : [
          {
            reason: "observation-unknown" as const,
            node: node.node,
            section: name,
            message: `node ${node.node}: its ${name} could not be observed: ${section.reason}`,
            nextStep: "mend what the reason names, then run preview again",
          },
        ],
  );
}

/** Services whose manager does not answer: nothing is known of them, which is not the same as fine. */
function unknownServices(node: ObservedNode, declared: NodeDeclaration): readonly Blocker[] {
  const services = node.services.kind === "seen" ? node.services.value : [];
  return services
    .filter((service) => Object.hasOwn(declared.services, service.name) && service.state === "unknown")
    .map((service) => ({
      reason: "observation-unknown",
      node: node.node,
      section: "services",
      message: `node ${node.node}: the state of ${service.name} could not be observed: ${service.detail}`,
      nextStep: `find out why ${service.manager} does not answer, then run preview again`,
    }));
}

function lockBlockers(node: ObservedNode): readonly Blocker[] {
  const lock = node.host.kind === "seen" ? node.host.value.lock : undefined;
  if (lock === undefined) return [];
  return [
    {
      reason: "node-locked",
      node: node.node,
      message: `node ${node.node} is locked: ${lock.holder} on ${lock.host} runs ${lock.step} there since ${lock.since}`,
      nextStep: "wait until that step has ended, then run preview again",
    },
  ];
}

/** Pods whose manifest is right and that still do not run: nothing here can mend them, so they are named. */
function failingPods(
  plane: ControlPlaneDeclaration,
  declared: NodeDeclaration,
  node: ObservedNode,
  steps: readonly Step[],
): readonly Problem[] {
  const awaited = new Set(steps.flatMap((step) => (step.kind === "waitForPod" ? [step.pod] : [])));
  return declaredPods(declared).flatMap(([name, pod]) => {
    const file = manifestOf(node, name);
    if (file === undefined || file.content.kind !== "pod" || awaited.has(name)) return [];
    const health = judgePod(node, pod, file, plane.containerStartTimeoutSeconds);
    return health.kind === "failing" || health.kind === "ignored"
      ? [{ node: node.node, subject: name, message: `node ${node.node}: pod ${name} does not run: ${health.reason}` }]
      : [];
  });
}

// A node where a change is under way is finished first; then the nodes that are broken already, so that a declaration
// that does not work is found out where nothing is lost; then by name.
function bySafety(a: NodePlan, b: NodePlan): number {
  const rank = (plan: NodePlan) => {
    if (plan.steps.length === 0) return 3;
    if (plan.steps.every((step) => step.kind === "waitForPod" || step.kind === "waitForService")) return 0;
    return plan.drifts.some((drift) => drift.kind === "pod-not-running" || drift.kind === "service-not-running")
      ? 1
      : 2;
  };
  return rank(a) - rank(b) || (a.node < b.node ? -1 : 1);
}
