// Random faults of the nodes of a control plane, and a converge over them.

import { endsWell, mendsAll, mendsOthers, survivesCrash } from "../property/node-properties";
import type { Exploration } from "./exploration";
import { explored, propertyExploration } from "./property-exploration";

const runs = 5;

export function nodes(): Exploration {
  return propertyExploration("nodes", [
    explored(endsWell, runs),
    explored(mendsAll, runs),
    explored(mendsOthers, runs),
    explored(survivesCrash, runs),
  ]);
}
