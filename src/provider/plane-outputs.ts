// What a resource tells beside its inputs: only what a person would act on, and nothing that changes by itself.

import type { ControlPlaneDeclaration } from "../model/declaration";
import type { EtcdAssessment } from "../model/etcd-verdict";
import { isJsonObject, type JsonObject } from "../model/json";
import { containersOf, type NodeObservation, type ObservedNode } from "../model/node-observation";
import type { Plan } from "../model/plan";
import type { DeclaredPodNames } from "../plan/live-inputs";
import { manifestOf } from "../plan/node-drift";
import { podEvidence } from "../plan/pod-health";
import { renderDrift } from "../render/plan-text";
import { floorOutputs, type RecordedFloor } from "./etcd-history";

/**
 * The inputs with `status`: node name -> whether it answers, and what its pods, services and etcd member are. Where etcd is
 * declared also its verdict, and the revision that it is known to have had, with the cluster and the opt-in
 * that it was recorded under: a floor that only create and update write.
 */
export function planeOutputs(
  inputs: JsonObject,
  plane: ControlPlaneDeclaration,
  podNames: DeclaredPodNames,
  observations: readonly NodeObservation[],
  etcd: { readonly assessment: EtcdAssessment; readonly floor: RecordedFloor } | undefined,
): JsonObject {
  const status = observations.map((observation) => {
    const services = Object.keys(plane.nodes[observation.node]?.services ?? {}).sort();
    const member = etcd?.assessment.members.find(({ node }) => node === observation.node);
    const own = member === undefined ? {} : { etcd: member.condition };
    return [
      observation.node,
      { ...nodeStatus(observation, podNames[observation.node] ?? [], services), ...own },
    ] as const;
  });
  if (etcd === undefined) return { ...inputs, status: Object.fromEntries(status) };
  return {
    ...inputs,
    status: Object.fromEntries(status),
    etcdVerdict: etcd.assessment.verdict.kind,
    ...floorOutputs(etcd.floor),
  };
}

/** The declared pods of every node, also those that a refresh has taken out of the inputs because their file is gone. */
export function podNamesOf(plane: ControlPlaneDeclaration, outputs: JsonObject): DeclaredPodNames {
  const status = isJsonObject(outputs.status) ? outputs.status : {};
  const names = Object.entries(plane.nodes).map(([node, declared]) => {
    const known = status[node];
    const pods = isJsonObject(known) && isJsonObject(known.pods) ? Object.keys(known.pods) : [];
    return [node, [...new Set([...Object.keys(declared.staticPods), ...pods])].sort()] as const;
  });
  return Object.fromEntries(names);
}

/** Why the control plane is not well, one sentence each; empty when all runs. Drift alone is no reason: it is shown as a difference. */
export function reasonsOf(plan: Plan): readonly string[] {
  const notRunning = plan.drifts.flatMap((drift) => {
    if (drift.kind === "pod-not-running" || drift.kind === "pod-outdated") return [renderDrift(drift)];
    if (drift.kind === "etcd-member" || drift.kind === "etcd-alarm") return [renderDrift(drift)];
    const evidence = "evidence" in drift ? drift.evidence : undefined;
    return evidence === undefined || !("pod" in drift) ? [] : [`${drift.node} ${drift.pod}: does not run: ${evidence}`];
  });
  const blocked = plan.blockers.map(({ message, nextStep }) => `${message}; next: ${nextStep}`);
  return [...new Set([...blocked, ...notRunning])];
}

function nodeStatus(observation: NodeObservation, pods: readonly string[], services: readonly string[]): JsonObject {
  const isReachable = observation.kind === "observed";
  return {
    isReachable,
    pods: Object.fromEntries(pods.map((pod) => [pod, isReachable ? podStatus(observation, pod) : "unknown"])),
    services: Object.fromEntries(
      services.map((name) => [name, isReachable ? serviceStatus(observation, name) : "unknown"]),
    ),
  };
}

/** A service's state as it was observed, or "unknown". */
export function serviceStatus(observation: ObservedNode, name: string): string {
  if (observation.services.kind === "unknown") return "unknown";
  return observation.services.value.find((service) => service.name === name)?.state ?? "unknown";
}

/** "running", "not running" or "unknown". */
export function podStatus(observation: ObservedNode, name: string): string {
  if (observation.containers.kind === "unknown") return "unknown";
  const content = manifestOf(observation, name)?.content;
  const pod = content?.kind === "pod" ? content.pod : undefined;
  const isThere = containersOf(observation, name).length > 0;
  return isThere && podEvidence(observation, name, pod) === undefined ? "running" : "not running";
}
