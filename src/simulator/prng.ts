// The one source of chance in simulations and random tests. A generator is made from a seed and handed down; nothing here
// or above reads Math.random or the wall clock.

import { createHash } from "node:crypto";

/** A seeded generator. Two made from the same seed and forked by the same labels draw the same values. */
export interface Prng {
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** True in `numerator` of `denominator` cases. */
  chance(numerator: number, denominator: number): boolean;
  /** One element of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]]): T;
  /** The list in another order. */
  shuffle<T>(list: readonly T[]): readonly T[];
  /**
   * A generator of its own for one concern. It depends on the seed and the labels alone and not on what was drawn before,
   * so that a new draw in one place does not shift another.
   */
  fork(label: string): Prng;
}

/** Makes a generator. Any text is a seed, a commit hash too. */
export function createPrng(seed: string): Prng {
  const digest = createHash("sha256").update(seed).digest();
  const draw = sfc32(digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12));
  const integer = (min: number, max: number) => min + Math.floor(draw() * (max - min + 1));
  return {
    integer,
    chance: (numerator, denominator) => integer(1, denominator) <= numerator,
    pick: (list) => list[integer(0, list.length - 1)] ?? list[0],
    shuffle: (list) => {
      const keyed = list.map((value) => ({ value, key: draw() }));
      return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
    },
    fork: (label) => createPrng(`${seed}\0${label}`),
  };
}

// Chris Doty-Humphrey's sfc32: small, fast, passes PractRand; 2^32 steps at least before it repeats. Yields [0, 1).
function sfc32(a: number, b: number, c: number, counter: number): () => number {
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
}
