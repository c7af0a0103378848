// What must hold for every input that can be drawn. The tests try a small number of inputs, `npm run explore` fresh ones; both
// take the property from the same place, so that they cannot come to mean different things.

import type * as fc from "fast-check";

/** A property: the inputs and what must hold for each of them. */
export interface RandomProperty<Input, Outcome = void> {
  /** What holds, in words. A failing seed is filed under it. */
  readonly name: string;
  readonly inputs: fc.Arbitrary<Input>;
  /** Throws, or rejects, where it does not hold. */
  readonly check: (input: Input) => Outcome;
}
