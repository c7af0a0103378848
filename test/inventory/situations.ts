// Sites in trouble, each with what must come of it. The golden files beside this one show the whole outcome; the same
// sites are held against the real ansible-inventory.

import { provenSituations } from "./proven-situations";
import { refusedSituations } from "./refused-situations";
import type { SituationCase } from "./situation-case";

export { requestOf, type SituationCase } from "./situation-case";

/** Every site. */
export const situations: readonly SituationCase[] = [...provenSituations, ...refusedSituations];
