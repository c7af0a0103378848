// The resource quorate:index:StaticPod: one manifest on one node, outside a declared control plane (kube-vip, haproxy).

import { z } from "zod";
import {
  accessSchema,
  type ControlPlaneDeclaration,
  controlPlaneSchema,
  nodeSchema,
  objectName,
  podSchema,
} from "../model/declaration";
import { isJsonObject, type JsonObject } from "../model/json";
import type { NodeObservation } from "../model/node-observation";
import type { Plan } from "../model/plan";
import { isEtcdPod } from "../plan/canonical-pod";
import { planControlPlane } from "../plan/control-plane";
import { alignInputs, type DeclaredPodNames, liveInputs } from "../plan/live-inputs";
import { podName } from "../plan/pod-health";
import { diffProperties } from "../plan/property-diff";
import { checkInputs } from "./check-inputs";
import { type OpenNodes, type PlaneLens, planeResource } from "./plane-resource";
import type { ResourceType } from "./resource-type";

const staticPodSchema = z
  .strictObject({
    node: objectName.describe("The node's name."),
    access: accessSchema,
    pod: podSchema,
    manifestOwner: nodeSchema.shape.manifestOwner,
    manifestDirectory: controlPlaneSchema.shape.manifestDirectory,
    archiveDirectory: controlPlaneSchema.shape.archiveDirectory,
    containerStartTimeoutSeconds: controlPlaneSchema.shape.containerStartTimeoutSeconds,
  })
  .superRefine((inputs, context) => {
    if (!isEtcdPod(inputs.pod)) return;
    context.addIssue({
      code: "custom",
      path: ["pod"],
      message: "runs etcd, whose repair needs every member: declare it in a ControlPlane",
    });
  });

const lens: PlaneLens = {
  name: "StaticPod",
  check: (inputs) => checkInputs(staticPodSchema, inputs),
  diff(recorded, news) {
    const aligned = alignInputs(planeOf(recorded), planeOf(news));
    const inPlace = (inputs: JsonObject, plane: JsonObject) => ({
      ...inputs,
      pod: podIn(plane, inputs) ?? inputs.pod ?? null,
    });
    return diffProperties(inPlace(recorded, aligned.observed), inPlace(news, aligned.desired));
  },
  planeOf,
  declaredPart,
  liveInputs: liveStaticPod,
  planner: planStaticPod,
  podPath: () => "pod",
};

/** The resource, over the given way to reach nodes. */
export function staticPodResource(openNodes: OpenNodes): ResourceType {
  return planeResource(lens, openNodes);
}

function planeOf(inputs: JsonObject): JsonObject {
  const { node, access, pod, manifestOwner, ...plane } = inputs;
  const staticPods = isJsonObject(pod) ? { [podName(pod)]: pod } : {};
  const owner = manifestOwner === undefined ? {} : { manifestOwner };
  return { ...plane, nodes: { [String(node)]: { access: access ?? null, staticPods, ...owner } } };
}

function declaredPart(inputs: JsonObject): JsonObject {
  const { manifestOwner: _live, ...rest } = inputs;
  return rest;
}

// Other files in the directory are the business of the control plane that is declared there, except a second copy.
function planStaticPod(plane: ControlPlaneDeclaration, observations: readonly NodeObservation[]): Plan {
  const plan = planControlPlane(plane, observations);
  const copies = new Set(
    observations.flatMap((observation) =>
      observation.kind === "observed" && observation.manifests.kind === "seen"
        ? observation.manifests.value.filter((file) => file.content.kind === "pod").map((file) => file.fileName)
        : [],
    ),
  );
  return {
    ...plan,
    drifts: plan.drifts.filter((drift) => drift.kind !== "manifest-stray" || copies.has(drift.fileName)),
    steps: plan.steps.filter((step) => step.kind !== "archiveStrayManifest" || copies.has(step.fileName)),
    notes: [],
  };
}

function liveStaticPod(
  recorded: JsonObject,
  plane: ControlPlaneDeclaration,
  podNames: DeclaredPodNames,
  observations: readonly NodeObservation[],
): JsonObject {
  const live = liveInputs(planeOf(recorded), plane, podNames, observations);
  const node = isJsonObject(live.nodes) ? live.nodes[String(recorded.node)] : undefined;
  if (!isJsonObject(node)) return recorded;
  const { pod: _recorded, ...rest } = recorded;
  const name = podNames[String(recorded.node)]?.[0] ?? "";
  const pod = isJsonObject(node.staticPods) ? node.staticPods[name] : undefined;
  return {
    ...rest,
    ...(pod === undefined ? {} : { pod }),
    ...(node.manifestOwner === undefined ? {} : { manifestOwner: node.manifestOwner }),
  };
}

function podIn(plane: JsonObject, inputs: JsonObject): JsonObject | undefined {
  const node = isJsonObject(plane.nodes) ? plane.nodes[String(inputs.node)] : undefined;
  const pods = isJsonObject(node) && isJsonObject(node.staticPods) ? Object.values(node.staticPods) : [];
  return pods.find(isJsonObject);
}
