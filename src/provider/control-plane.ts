// The resource quorate:index:ControlPlane. The cluster is the unit of consistency, so it is one resource: the order of
// repair depends on the fault, and the plan that is shown is the plan that runs.

import { controlPlaneSchema } from "../model/declaration";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json";
import { planControlPlane } from "../plan/control-plane";
import { declaredEtcd, liveEtcd } from "../plan/live-etcd";
import { alignInputs, liveInputs } from "../plan/live-inputs";
import { diffProperties } from "../plan/property-diff";
import { checkInputs } from "./check-inputs";
import { podPathOf } from "./mask-plan";
import { type OpenNodes, type PlaneLens, planeResource } from "./plane-resource";
import type { ResourceType } from "./resource-type";

const lens: PlaneLens = {
  name: "ControlPlane",
  check(inputs) {
    return checkInputs(controlPlaneSchema, inputs);
  },
  diff(recorded, news) {
    const aligned = alignInputs(recorded, news);
    return diffProperties(aligned.observed, aligned.desired);
  },
  planeOf: (inputs) => inputs,
  declaredPart,
  liveInputs(recorded, plane, podNames, observations, plan) {
    const live = liveInputs(recorded, plane, podNames, observations);
    if (plan.etcd === undefined || !isJsonObject(live.etcd)) return live;
    return { ...live, etcd: liveEtcd(live.etcd, plan) };
  },
  planner: planControlPlane,
  podPath: podPathOf,
};

/** The resource, over the given way to reach nodes. */
export function controlPlaneResource(openNodes: OpenNodes): ResourceType {
  return planeResource(lens, openNodes);
}

// A refresh puts what is live into the recorded inputs: "stopped", a stray file, a text in place of a broken manifest.
// To observe again, only what was declared counts.
function declaredPart(inputs: JsonObject): JsonObject {
  if (!isJsonObject(inputs.nodes)) return inputs;
  const nodes = Object.entries(inputs.nodes).map(
    ([name, node]) => [name, isJsonObject(node) ? declaredNode(node) : node] as const,
  );
  const etcd = isJsonObject(inputs.etcd) ? { etcd: declaredEtcd(inputs.etcd) } : {};
  return { ...inputs, nodes: Object.fromEntries(nodes), ...etcd };
}

function declaredNode(node: JsonObject): JsonObject {
  const { strayManifests: _live, manifestOwner, ...rest } = node;
  const owner = typeof manifestOwner === "string" && /^[^ ,()]+$/.test(manifestOwner) ? { manifestOwner } : {};
  return {
    ...rest,
    ...owner,
    staticPods: mapObject(node.staticPods, (pod, name) => (isPodNamed(pod, name) ? pod : undefined)),
    services: mapObject(node.services, (service) =>
      isJsonObject(service) ? { ...service, state: "running" } : undefined,
    ),
  };
}

function isPodNamed(pod: JsonValue, name: string): boolean {
  return controlPlanePod(pod) && isJsonObject(pod) && isJsonObject(pod.metadata) && pod.metadata.name === name;
}

function controlPlanePod(pod: JsonValue): boolean {
  return (
    isJsonObject(pod) && isJsonObject(pod.spec) && Array.isArray(pod.spec.containers) && pod.spec.containers.length > 0
  );
}

function mapObject(
  value: JsonValue | undefined,
  map: (inner: JsonValue, key: string) => JsonValue | undefined,
): JsonObject {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const mapped = map(inner, key);
      return mapped === undefined ? [] : [[key, mapped]];
    }),
  );
}
