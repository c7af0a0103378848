// Random states of a BOSH deployment, and the plan for them.

import { planBoshDeployment } from "../../src/plan/bosh-plan";
import { checkers, keepsRule } from "../plan/bosh-plan-rules";
import type { Exploration } from "./exploration";
import { explored, propertyExploration } from "./property-exploration";

const runs = 1000;

export function boshPlans(): Exploration {
  const properties = Object.entries(checkers).map(([rule, checker]) => keepsRule(rule, checker, planBoshDeployment));
  return propertyExploration(
    "bosh-plans",
    properties.map((property) => explored(property, runs)),
  );
}
