// Random inventories: read, written, and the recovery inventory derived from them.

import { readsAnyText, readsBackIni, readsBackYaml } from "../property/inventory-properties";
import { keepsEveryRule, provesAnySize } from "../property/recovery-properties";
import type { Exploration } from "./exploration";
import { explored, propertyExploration } from "./property-exploration";

export function inventories(): Exploration {
  return propertyExploration("inventories", [
    explored(readsBackIni, 200),
    explored(readsBackYaml, 200),
    explored(readsAnyText, 1000),
    explored(keepsEveryRule, 1000),
    explored(provesAnySize, 5),
  ]);
}
