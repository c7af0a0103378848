// Takes secret values out of a plan before it is shown.

import type { Drift } from "../model/drift";
import type { Plan } from "../model/plan";
import { childPath } from "../plan/property-diff";
import type { PlaneLens } from "./plane-resource";
import type { ResourceContext } from "./resource-type";

const mask = "[secret]";

/** The plan with both sides of every secret property masked: what is on the node may be an older secret. */
export function maskPlan(
  plan: Plan,
  lens: Pick<PlaneLens, "podPath">,
  context: Pick<ResourceContext, "isSecret">,
): Plan {
  return { ...plan, drifts: plan.drifts.map((drift) => maskDrift(drift, lens, context)) };
}

function maskDrift(drift: Drift, lens: Pick<PlaneLens, "podPath">, context: Pick<ResourceContext, "isSecret">): Drift {
  if (drift.kind !== "manifest-differs") return drift;
  const root = lens.podPath(drift.node, drift.pod);
  const changes = drift.changes.map((change) =>
    context.isSecret(joinPath(root, change.path)) ? { ...change, observed: mask, desired: mask } : change,
  );
  return { ...drift, changes };
}

function joinPath(root: string, path: string): string {
  return path === "" || path.startsWith("[") ? `${root}${path}` : `${root}.${path}`;
}

/** The property path of a pod of a control plane. */
export function podPathOf(node: string, pod: string): string {
  return childPath(childPath(childPath("nodes", node), "staticPods"), pod);
}
