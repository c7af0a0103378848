// What every property run of the tests is given: a seed of the commit's, so that each commit explores other cases and any run
// can be repeated, and how many cases.

import * as fc from "fast-check";
import { createPrng } from "../../src/simulator/prng";
import { testSeed } from "../matrix";
import type { RandomProperty } from "./random-property";

/** QUORATE_TEST_RUNS=<number> runs so many cases of every property. */
const runsAsked = readRuns(process.env.QUORATE_TEST_RUNS);

/** How long a file of properties may take; as long as it needs where somebody asked for a number of cases. */
export const propertyTimeoutMs = runsAsked === undefined ? 300_000 : 0;

/** How to run the same cases again; part of what every failure says. */
export const replayWith = [
  `QUORATE_TEST_SEED=${testSeed}`,
  ...(runsAsked === undefined ? [] : [`QUORATE_TEST_RUNS=${runsAsked}`]),
].join(" ");

/**
 * The parameters of a property that has to hold for every case. The name tells it from others, so that no two draw the same;
 * what fails names the seed that replays it.
 */
export function propertyParameters<T>(name: string, { numRuns = 100 } = {}): fc.Parameters<T> {
  return {
    seed: seedOf(name),
    numRuns: runsAsked ?? numRuns,
    reporter: (run) => {
      if (!run.failed) return;
      throw new Error(`with ${replayWith}: ${fc.defaultReportMessage(run)}`, { cause: run.errorInstance });
    },
  };
}

/** Holds a property to as many cases as are given, or as were asked for. */
export function expectHolds<Input>(
  { name, inputs, check }: RandomProperty<Input, unknown>,
  { numRuns = 100 } = {},
): void {
  fc.assert(
    fc.property(inputs, (input) => {
      if (check(input) === false) throw new Error("it does not hold");
    }),
    propertyParameters(name, { numRuns }),
  );
}

/** The same of a property that takes its time. */
export function expectHoldsLater<Input>(
  { name, inputs, check }: RandomProperty<Input, Promise<void>>,
  { numRuns = 100 } = {},
): Promise<void> {
  return fc.assert(fc.asyncProperty(inputs, check), propertyParameters(name, { numRuns }));
}

/**
 * The parameters of a search that has to come upon something, such as a planner that is wrong: as many cases as make a miss
 * all but impossible for any seed. Who asks for fewer cases still gets these.
 */
export function searchParameters(name: string, { numRuns }: { readonly numRuns: number }) {
  return { seed: seedOf(name), numRuns: Math.max(runsAsked ?? 0, numRuns) };
}

function seedOf(name: string): number {
  return createPrng(`${testSeed} ${name}`).integer(0, 2 ** 31 - 1);
}

function readRuns(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^[1-9][0-9]*$/.test(text)) throw new Error(`QUORATE_TEST_RUNS is a whole number from 1 on, not "${text}"`);
  return Number(text);
}
