// Random values on the engine's wire and in the comparison of values, and random backups to be let go.

import { keepsNewestBackups } from "../plan/backup-properties";
import {
  findsAnyDifference,
  ignoresOrderOfKeys,
  readsBackProperties,
  takesMarksOff,
} from "../property/value-properties";
import type { Exploration } from "./exploration";
import { explored, propertyExploration } from "./property-exploration";

export function values(): Exploration {
  return propertyExploration("values", [
    explored(readsBackProperties, 1000),
    explored(takesMarksOff, 1000),
    explored(ignoresOrderOfKeys, 1000),
    explored(findsAnyDifference, 1000),
    explored(keepsNewestBackups, 1000),
  ]);
}
