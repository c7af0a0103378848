// The declaration as the nodes have it: what a refresh puts beside what is declared, so that a preview names the exact
// field. Where a node could not be seen, what was recorded last stays.

import type { ControlPlaneDeclaration, NodeDeclaration } from "../model/declaration";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json";
import type { NodeObservation, ObservedNode } from "../model/node-observation";
import { alignPod, canonicalPod } from "./canonical-pod";
import { describeUnreadable, manifestOf, strayFiles } from "./node-drift";

/** Node name -> names of the static pods that are declared there, also of those whose manifest is gone from the node. */
export type DeclaredPodNames = Readonly<Record<string, readonly string[]>>;

/** The recorded inputs with everything that was seen put in its place; `plane` is what they declare. */
export function liveInputs(
  recorded: JsonObject,
  plane: ControlPlaneDeclaration,
  podNames: DeclaredPodNames,
  observations: readonly NodeObservation[],
): JsonObject {
  const nodes = isJsonObject(recorded.nodes) ? recorded.nodes : {};
  const live = Object.entries(nodes).map(([name, node]) => {
    const observation = observations.find((candidate) => candidate.node === name);
    const declared = plane.nodes[name];
    if (observation?.kind !== "observed" || declared === undefined || !isJsonObject(node)) return [name, node] as const;
    return [name, liveNode(node, declared, podNames[name] ?? [], observation)] as const;
  });
  return { ...recorded, nodes: Object.fromEntries(live) };
}

/** Two declarations in the same spelling: every observed Pod aligned to the declared one of the same node and name. */
export function alignInputs(
  observed: JsonObject,
  desired: JsonObject,
): { readonly observed: JsonObject; readonly desired: JsonObject } {
  return {
    observed: mapPods(observed, (pod, path) => {
      const wanted = podAt(desired, path);
      return wanted === undefined ? canonicalPod(pod) : alignPod(pod, wanted);
    }),
    desired: mapPods(desired, (pod) => canonicalPod(pod)),
  };
}

function liveNode(
  recorded: JsonObject,
  declared: NodeDeclaration,
  podNames: readonly string[],
  node: ObservedNode,
): JsonObject {
  return {
    ...recorded,
    ...(node.manifests.kind === "unknown"
      ? {}
      : {
          staticPods: livePods(recorded, podNames, node),
          manifestOwner: liveOwner(declared, podNames, node),
          strayManifests: strayFiles(node, declared).map((stray) => stray.fileName),
        }),
    ...(node.services.kind === "unknown" ? {} : { services: liveServices(recorded, node) }),
  };
}

function livePods(recorded: JsonObject, podNames: readonly string[], node: ObservedNode): JsonObject {
  const recordedPods = isJsonObject(recorded.staticPods) ? recorded.staticPods : {};
  const pods = podNames.flatMap((name): readonly (readonly [string, JsonValue])[] => {
    const content = manifestOf(node, name)?.content;
    if (content === undefined) return [];
    if (content.kind !== "pod") return [[name, `(${describeUnreadable(content)})`]];
    const known = recordedPods[name];
    return [[name, isJsonObject(known) ? alignPod(content.pod, known) : canonicalPod(content.pod)]];
  });
  return Object.fromEntries(pods);
}

function liveOwner(declared: NodeDeclaration, podNames: readonly string[], node: ObservedNode): string {
  const files = podNames.flatMap((name) => manifestOf(node, name) ?? []);
  const owners = [...new Set(files.map((file) => file.owner))];
  if (owners.length === 1 && owners[0] !== undefined) return owners[0];
  const others = files.filter((file) => file.owner !== declared.manifestOwner);
  return others.length === 0
    ? declared.manifestOwner
    : others.map((file) => `${file.owner} (${file.fileName})`).join(", ");
}

function liveServices(recorded: JsonObject, node: ObservedNode): JsonObject {
  const services = isJsonObject(recorded.services) ? recorded.services : {};
  const observed = node.services.kind === "seen" ? node.services.value : [];
  const live = Object.entries(services).map(([name, service]) => {
    const seen = observed.find((candidate) => candidate.name === name);
    if (seen === undefined || seen.state === "unknown" || !isJsonObject(service)) return [name, service] as const;
    const state = seen.state === "running" && seen.paused ? "paused" : seen.state;
    return [name, { ...service, state }] as const;
  });
  return Object.fromEntries(live);
}

function mapPods(
  inputs: JsonObject,
  map: (pod: JsonObject, path: readonly [string, string]) => JsonObject,
): JsonObject {
  if (!isJsonObject(inputs.nodes)) return inputs;
  const nodes = Object.entries(inputs.nodes).map(([nodeName, node]) => {
    if (!isJsonObject(node) || !isJsonObject(node.staticPods)) return [nodeName, node] as const;
    const pods = Object.entries(node.staticPods).map(
      ([podName, pod]) => [podName, isJsonObject(pod) ? map(pod, [nodeName, podName]) : pod] as const,
    );
    return [nodeName, { ...node, staticPods: Object.fromEntries(pods) }] as const;
  });
  return { ...inputs, nodes: Object.fromEntries(nodes) };
}

function podAt(inputs: JsonObject, [nodeName, podName]: readonly [string, string]): JsonObject | undefined {
  const node = isJsonObject(inputs.nodes) ? inputs.nodes[nodeName] : undefined;
  const pod = isJsonObject(node) && isJsonObject(node.staticPods) ? node.staticPods[podName] : undefined;
  return isJsonObject(pod) ? pod : undefined;
}
