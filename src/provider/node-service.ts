// The resource quorate:index:NodeService: one systemd unit or monit process on one node, outside a declared control plane.

import { z } from "zod";
import {
  accessSchema,
  type ControlPlaneDeclaration,
  objectName,
  serviceName,
  serviceSchema,
} from "../model/declaration";
import { isJsonObject, type JsonObject } from "../model/json";
import type { NodeObservation } from "../model/node-observation";
import type { Plan } from "../model/plan";
import { planControlPlane } from "../plan/control-plane";
import { liveInputs } from "../plan/live-inputs";
import { isKubelet } from "../plan/node-steps";
import { diffProperties } from "../plan/property-diff";
import { checkInputs } from "./check-inputs";
import { type OpenNodes, type PlaneLens, planeResource } from "./plane-resource";
import type { ResourceType } from "./resource-type";

const nodeServiceSchema = z
  .strictObject({
    node: objectName.describe("The node's name."),
    access: accessSchema,
    service: serviceName.describe("The unit's or process's name."),
    ...serviceSchema.shape,
  })
  .superRefine((inputs, context) => {
    if (!isKubelet(inputs.service) && inputs.service.replace(/\.service$/, "") !== "etcd") return;
    context.addIssue({
      code: "custom",
      path: ["service"],
      message: `${inputs.service} may start an etcd member, whose repair needs every member: declare it in a ControlPlane`,
    });
  });

const lens: PlaneLens = {
  name: "NodeService",
  check: (inputs) => checkInputs(nodeServiceSchema, inputs),
  diff: (recorded, news) => diffProperties(recorded, news),
  planeOf,
  declaredPart: (inputs) => ({ ...inputs, state: "running" }),
  liveInputs(recorded, plane, podNames, observations) {
    const live = liveInputs(planeOf(recorded), plane, podNames, observations);
    const node = isJsonObject(live.nodes) ? live.nodes[String(recorded.node)] : undefined;
    const service =
      isJsonObject(node) && isJsonObject(node.services) ? node.services[String(recorded.service)] : undefined;
    return isJsonObject(service) ? { ...recorded, ...service } : recorded;
  },
  planner: planService,
  podPath: () => "",
};

/** The resource, over the given way to reach nodes. */
export function nodeServiceResource(openNodes: OpenNodes): ResourceType {
  return planeResource(lens, openNodes);
}

function planeOf(inputs: JsonObject): JsonObject {
  const { node, access, service, ...rest } = inputs;
  return { nodes: { [String(node)]: { access: access ?? null, services: { [String(service)]: rest } } } };
}

// A node without static pods may have no manifest directory and no container runtime: neither stands in the way here.
function planService(plane: ControlPlaneDeclaration, observations: readonly NodeObservation[]): Plan {
  const plan = planControlPlane(plane, observations);
  const isOurs = (blocker: Plan["blockers"][number]) =>
    blocker.section !== "manifests" && blocker.section !== "containers";
  return {
    ...plan,
    drifts: plan.drifts.filter((drift) => drift.kind === "service-not-running"),
    steps: plan.steps.filter((step) => "service" in step),
    blockers: plan.blockers.filter(isOurs),
    notes: [],
  };
}
