// What is wrong on a node by its own account, with no declaration to compare it with: the manifests on it are taken for
// what is meant, and everything that does not run, cannot be read or should not be there is a finding.

import type { ControlPlaneDeclaration } from "../model/declaration";
import type { Drift } from "../model/drift";
import type { NodeObservation, ObservedNode } from "../model/node-observation";
import { canonicalPod } from "./canonical-pod";
import { planControlPlane } from "./control-plane";
import { describeUnreadable } from "./node-drift";
import { podName } from "./pod-health";

/** One thing that is wrong. */
export interface Finding {
  /** A note is worth knowing and harms nothing. */
  readonly severity: "fault" | "note";
  readonly node: string;
  /** One sentence: what is wrong. */
  readonly cause: string;
  /** What the node itself says about it; undefined when the cause says it all. */
  readonly evidence: string | undefined;
  /** The smallest safe thing to do. */
  readonly nextStep: string;
}

/** Everything that is wrong on the nodes, sorted by node; empty when all is well. */
export function findFaults(
  plane: ControlPlaneDeclaration,
  observations: readonly NodeObservation[],
): readonly Finding[] {
  const meant = {
    ...plane,
    nodes: Object.fromEntries(
      Object.entries(plane.nodes).map(([name, node]) => [name, { ...node, staticPods: podsOn(name, observations) }]),
    ),
  };
  const plan = planControlPlane(meant, observations);
  const notes = plan.notes.flatMap(({ node, text, command }): readonly Finding[] =>
    command === undefined ? [] : [{ severity: "note", node, cause: text, evidence: undefined, nextStep: command }],
  );
  const findings = [
    ...plan.blockers.map(({ node, message, nextStep }) => fault(node, message, nextStep)),
    ...observations.flatMap((observation) => (observation.kind === "observed" ? unreadableFiles(observation) : [])),
    ...missingPods(observations),
    ...plan.drifts.flatMap(driftFault),
    ...notes,
  ];
  return findings.sort((a, b) => (a.node < b.node ? -1 : a.node > b.node ? 1 : 0));
}

function fault(node: string, cause: string, nextStep: string, evidence?: string): Finding {
  return { severity: "fault", node, cause, evidence, nextStep };
}

function driftFault(drift: Drift): readonly Finding[] {
  const { node } = drift;
  switch (drift.kind) {
    case "manifest-stray": {
      const cause = `${JSON.stringify(drift.fileName)} lies in the manifest directory`;
      return [fault(node, cause, "move it out of the manifest directory", drift.reason)];
    }
    case "service-not-running": {
      const nextStep = `find out why it stopped (journalctl -u ${drift.service}), then start it`;
      return [fault(node, `service ${drift.service} is ${drift.state}`, nextStep, drift.detail)];
    }
    case "pod-not-running": {
      const nextStep = "compare its manifest with a healthy node's, or declare it and run quorate preview";
      return [fault(node, `pod ${drift.pod} does not run`, nextStep, drift.reason)];
    }
    case "pod-outdated":
      return [fault(node, `pod ${drift.pod} does not follow its manifest`, "restart the kubelet", drift.reason)];
    default:
      // The node's own manifests were taken for what is meant: they cannot differ from themselves.
      return [];
  }
}

function podsOn(name: string, observations: readonly NodeObservation[]) {
  const observation = observations.find((candidate) => candidate.node === name);
  if (observation?.kind !== "observed" || observation.manifests.kind === "unknown") return {};
  const pods = observation.manifests.value.flatMap((file) =>
    file.content.kind === "pod" && file.fileName === `${podName(file.content.pod)}.yaml` ? [file.content.pod] : [],
  );
  return Object.fromEntries(pods.map((pod) => [podName(pod), canonicalPod(pod)]));
}

/** Static pods that another of the nodes has, and nodes that have none at all: files that were moved away. */
function missingPods(observations: readonly NodeObservation[]): readonly Finding[] {
  const seenNodes = observations.filter((one) => one.kind === "observed" && one.manifests.kind === "seen");
  const podsOf = new Map(seenNodes.map(({ node }) => [node, Object.keys(podsOn(node, observations))]));
  const all = [...new Set([...podsOf.values()].flat())].sort();
  const nextStep = "look for it beside the manifest directory, or take it from a healthy node or a capture";
  return [...podsOf].flatMap(([node, own]) => {
    if (own.length === 0) return [fault(node, "there is no static pod manifest at all", nextStep)];
    const missing = all.filter((pod) => !own.includes(pod));
    return missing.map((pod) => fault(node, `there is no manifest of ${pod}, which other nodes have`, nextStep));
  });
}

function unreadableFiles(node: ObservedNode): readonly Finding[] {
  if (node.manifests.kind === "unknown") return [];
  const nextStep = "restore it from a healthy node or a capture: the kubelet runs nothing from it";
  return node.manifests.value.flatMap((file) =>
    file.content.kind === "pod" || !/\.(ya?ml|json)$/.test(file.fileName)
      ? []
      : [fault(node.node, `${file.fileName} is no usable manifest`, nextStep, describeUnreadable(file.content))],
  );
}
