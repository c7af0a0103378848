// Explores properties of fast-check: each is tried with the seed, and a failing input is made smaller by fast-check itself.

import { isDeepStrictEqual } from "node:util";
import { AssertionError } from "chai";
import * as fc from "fast-check";
import type { RandomProperty } from "../property/random-property";
import type { Exploration, Failure, Tried } from "./exploration";
import { type FoundSeed, parseFound, renderFound, slugOf } from "./found-file";

/** A property that can be explored, whatever its input is. */
export interface ExploredProperty {
  readonly name: string;
  run(exploration: string, seed: number): Promise<Tried>;
  replay(found: FoundSeed): Promise<string | undefined>;
}

// Making a slow failing input smaller may go on for ever; one that is not the smallest is good enough by then.
const millisecondsMax = 120_000;
const wordsMax = 4000;

/** Makes a property explorable, with so many inputs a turn. */
export function explored<Input>(property: RandomProperty<Input, unknown>, runs: number): ExploredProperty {
  const { name, inputs, check } = property;
  const tried = fc.asyncProperty(inputs, async (input) => {
    await check(input);
  });
  const replay = async (found: FoundSeed): Promise<string | undefined> => {
    // Whoever wrote it has read it back and seen it fail, or a person has changed it: it is of the right form, or tells.
    if ("input" in found) return errorOf(() => check(found.input as Input));
    const again = { seed: found.seed, numRuns: 1, ...(found.path === undefined ? {} : { path: found.path }) };
    const details = await fc.check(tried, again);
    return details.failed ? describeError(details.errorInstance) : undefined;
  };
  return {
    name,
    replay,
    run: async (exploration, seed) => {
      const details = await fc.check(tried, { seed, numRuns: runs, interruptAfterTimeLimit: millisecondsMax });
      if (!details.failed) return { seeds: 1, cases: details.numRuns, failures: [] };
      const words = describeError(details.errorInstance);
      const found = {
        exploration,
        property: name,
        seed,
        ...(details.counterexamplePath === null ? {} : { path: details.counterexamplePath }),
        error: words,
      };
      const [input] = details.counterexample ?? [];
      const whole = renderFound({ ...found, input });
      const isPlain = isDeepStrictEqual(inputOf(whole), withoutUndefined(input)) && (await fails(replay, whole));
      // What is no plain data is drawn again, and shown for people.
      const text = isPlain ? whole : `${renderFound(found)}${comment(fc.stringify(input))}`;
      const failure: Failure = { name: `${exploration}-${slugOf(name)}-${seed}`, text, words: `${name}:\n${words}` };
      return { seeds: 1, cases: details.numRuns, failures: [failure] };
    },
  };
}

/** A kind of exploration that is made of properties. */
export function propertyExploration(name: string, properties: readonly ExploredProperty[]): Exploration {
  return {
    name,
    run: async (seed) => {
      const all: Tried[] = [];
      for (const property of properties) all.push(await property.run(name, seed));
      const sum = (of: (tried: Tried) => number) => all.reduce((total, tried) => total + of(tried), 0);
      return {
        seeds: sum(({ seeds }) => seeds),
        cases: sum(({ cases }) => cases),
        failures: all.flatMap(({ failures }) => failures),
      };
    },
    replay: async (file) => {
      const property = properties.find((one) => file.kind === "seed" && one.name === file.found.property);
      if (property === undefined || file.kind !== "seed") return `there is no such property in ${name} any more`;
      return property.replay(file.found);
    },
  };
}

async function fails(replay: (found: FoundSeed) => Promise<string | undefined>, text: string): Promise<boolean> {
  const file = parseFound(text, "the file of a failing seed");
  return file.kind === "seed" && (await replay(file.found)) !== undefined;
}

function inputOf(text: string): unknown {
  const file = parseFound(text, "the file of a failing seed");
  return file.kind === "seed" ? file.found.input : undefined;
}

/** As YAML gives it back: a field that is undefined is absent, and every object is a plain one. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null || !isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, withoutUndefined(inner)]])),
  );
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

async function errorOf(check: () => unknown): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}

/** An assertion shortens what it found in its message; whoever reads the file wants all of it. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const actual = error instanceof AssertionError && "actual" in error ? `\nfound: ${fc.stringify(error.actual)}` : "";
  return `${error.message}${actual}`.slice(0, wordsMax);
}

function comment(text: string): string {
  return `# its input: ${text.slice(0, wordsMax).replaceAll(/[\p{Cc}\u2028\u2029]/gu, " ")}\n`;
}
