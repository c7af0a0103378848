// Random states of the members of an etcd cluster, and the plan for them.

import { keepsRules, right, type ScenePlanner, sameInAnyOrder } from "../property/etcd-plan-properties";
import type { Exploration } from "./exploration";
import { explored, propertyExploration } from "./property-exploration";

/** Explores the real planner, or another one. */
export function etcdPlans(planner: ScenePlanner = right): Exploration {
  return propertyExploration("etcd-plans", [explored(keepsRules(planner), 3000), explored(sameInAnyOrder, 500)]);
}
