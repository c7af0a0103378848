// Random faults of instances at a simulated BOSH director, and a director that restarts at any moment.

import {
  mendsInterruptedRecreate,
  mendsRandomFaults,
  mendsThroughRestart,
} from "../simulator/director/director-properties";
import type { Exploration } from "./exploration";
import { explored, propertyExploration } from "./property-exploration";

export function director(): Exploration {
  return propertyExploration("director", [
    explored(mendsRandomFaults, 60),
    explored(mendsThroughRestart, 25),
    explored(mendsInterruptedRecreate, 25),
  ]);
}
