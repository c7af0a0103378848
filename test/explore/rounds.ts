// Goes round through the explorations, one turn each, until it is over. Every turn has a seed of its own, which follows from
// the seed of the whole, the kind and the round alone: the same seed gives the same rounds, however far they get.

import { setImmediate } from "node:timers/promises";
import { createPrng } from "../../src/simulator/prng";
import type { Exploration, Tried } from "./exploration";

/** What came of one turn. */
export interface Turn extends Tried {
  readonly round: number;
  readonly exploration: string;
  readonly seed: number;
}

/** How to go round. */
export interface RoundOptions {
  readonly seed: string;
  readonly explorations: readonly Exploration[];
  /** Asked before each turn. */
  readonly isOver: () => boolean;
  /** Told after each turn, so that what was found is written even when a later turn never ends. */
  readonly onTurn: (turn: Turn) => void;
}

/** Goes round until it is over. */
export async function goRound({ seed, explorations, isOver, onTurn }: RoundOptions): Promise<void> {
  for (let round = 1; explorations.length > 0; round += 1)
    for (const exploration of explorations) {
      // A turn may hold the thread; here ^C is heard.
      await setImmediate();
      if (isOver()) return;
      const own = createPrng(seed)
        .fork(exploration.name)
        .fork(`round ${round}`)
        .integer(1, 2 ** 31 - 1);
      onTurn({ round, exploration: exploration.name, seed: own, ...(await exploration.run(own)) });
    }
}
