// Every drill by its plan, of whose thousands of cases a few are drawn.

import { expect } from "chai";
import * as fc from "fast-check";
import { findDrills, listDrills } from "../../src/simulator/drill";
import { rehearseDrill, type ShowSteps } from "../../src/simulator/rehearsal/rehearse-drill";
import type { RandomProperty } from "../property/random-property";
import type { Exploration } from "./exploration";
import { explored, propertyExploration } from "./property-exploration";

const show: ShowSteps = {
  etcd: ({ kind }) => ({ title: kind }),
  node: ({ kind }) => ({ title: kind }),
  bosh: ({ kind }) => ({ title: kind }),
};

interface DrawnCases {
  readonly drill: string;
  readonly cases: number;
  readonly seed: number;
}

const provesDrills: RandomProperty<DrawnCases, Promise<void>> = {
  name: "proves the plan of a drill in every case that is drawn",
  inputs: fc.noShrink(
    fc.record({
      drill: fc.constantFrom(...listDrills().map(({ name }) => name)),
      cases: fc.constant(20),
      seed: fc.integer({ min: 1 }),
    }),
  ),
  check: async ({ drill, cases, seed }) => {
    for (const file of findDrills(drill)) {
      const sample = { casesMax: cases, seed: String(seed) };
      const { kind, words } = await rehearseDrill(file, show, { sample });
      expect(kind, words.join("\n")).not.to.equal("failed");
    }
  },
};

export function drills(): Exploration {
  return propertyExploration("drills", [explored(provesDrills, 4)]);
}
