// The plan over the whole control plane, from one observation of every node. Pure: the same observations give the same
// plan, whoever asks and however often.

import type { ControlPlaneDeclaration, NodeDeclaration } from "../model/declaration";
import type { Drift } from "../model/drift";
import type { NodeObservation, ObservedNode } from "../model/node-observation";
import type { Blocker, Plan, Problem } from "../model/plan";
import type { Step } from "../model/step";
import { judgePark } from "./etcd-park";
import { declaredPods, diffNode, manifestOf, noteNode } from "./node-drift";
import { planNode } from "./node-steps";
import { judgePod } from "./pod-health";

/** One node's share of the plan. */
interface NodePlan {
  readonly node: string;
  readonly drifts: readonly Drift[];
  readonly steps: readonly Step[];
  readonly blockers: readonly Blocker[];
  readonly problems: readonly Problem[];
}

/**
 * What is to be done so that the control plane becomes what is declared. Every declared node needs an observation; a node
 * that does not answer is a blocker for itself and for no other.
 */
export function planControlPlane(plane: ControlPlaneDeclaration, observations: readonly NodeObservation[]): Plan {
  const byName = new Map(observations.map((observation) => [observation.node, observation]));
  const plans = Object.entries(plane.nodes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, declared]) => planOne(plane, name, declared, byName.get(name)));
  const notes = Object.entries(plane.nodes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, declared]) => {
      const observation = byName.get(name);
      return observation?.kind === "observed" ? noteNode(observation, declared) : [];
    });
  return {
    drifts: plans.flatMap((plan) => plan.drifts),
    steps: [...plans].sort(bySafety).flatMap((plan) => plan.steps),
    blockers: plans.flatMap((plan) => plan.blockers),
    problems: plans.flatMap((plan) => plan.problems),
    notes,
  };
}

function planOne(
  plane: ControlPlaneDeclaration,
  name: string,
  declared: NodeDeclaration,
  observation: NodeObservation | undefined,
): NodePlan {
  if (observation === undefined || observation.kind === "unreachable") {
    return { node: name, drifts: [], steps: [], problems: [], blockers: [unreachableBlocker(name, observation)] };
  }
  const drifts = diffNode(observation, declared, plane.containerStartTimeoutSeconds);
  const park = judgePark(observation, declared, drifts);
  const blockers = [
    ...unknownBlockers(observation),
    ...unknownServices(observation, declared),
    ...lockBlockers(observation),
    ...park.blockers,
  ];
  const isLocked = blockers.some((blocker) => blocker.reason === "node-locked");
  const limits = { canWriteEtcd: park.canBootEtcd, canBootEtcd: park.canBootEtcd };
  const steps = isLocked ? [] : planNode(plane, declared, observation, drifts, limits);
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

function unknownBlockers(node: ObservedNode): readonly Blocker[] {
  const sections = { host: node.host, manifests: node.manifests, containers: node.containers, services: node.services };
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
