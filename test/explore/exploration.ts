// One kind of random exploration: what every kind can do.

import type { FoundFile } from "./found-file";

/** A seed under which something does not hold. */
export interface Failure {
  /** Name of its file, without the ending. */
  readonly name: string;
  /** The file that replays it. */
  readonly text: string;
  /** What does not hold, in a few lines. */
  readonly words: string;
}

/** What was tried of one seed. */
export interface Tried {
  /** Seeds that were drawn from it and tried. */
  readonly seeds: number;
  readonly cases: number;
  readonly failures: readonly Failure[];
}

/** A kind of exploration. */
export interface Exploration {
  readonly name: string;
  /** Tries what the seed draws: a few seconds of it, so that the kinds take turns and ^C is soon heard. */
  run(seed: number): Promise<Tried>;
  /** What still does not hold of a failing seed; undefined when all does. */
  replay(found: FoundFile): Promise<string | undefined>;
}
