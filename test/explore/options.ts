// What `npm run explore` can be told.

import { randomInt } from "node:crypto";
import * as path from "node:path";
import { parseArgs } from "node:util";

/** A run of fresh seeds, the replay of one that failed, or what is wrong with the words in one sentence. */
export type Wanted =
  | {
      readonly kind: "explore";
      readonly minutes: number;
      readonly seed: string;
      readonly only: string | undefined;
      readonly save: string;
      readonly isJson: boolean;
    }
  | { readonly kind: "replay"; readonly file: string }
  | { readonly kind: "wrong"; readonly sentence: string };

const defaultFolder = path.resolve(__dirname, "../scenarios/found");
const minutesMax = 24 * 60;
const usage = "the options are --minutes N, --seed S, --only NAME, --save DIR, --json, and --replay FILE by itself";

/** Reads the words of the command line. */
export function parseOptions(words: readonly string[], names: readonly string[]): Wanted {
  const read = readWords(words);
  if (read.kind === "wrong") return read;
  const { minutes = "10", seed, only, save, json = false, replay } = read.values;
  if (replay !== undefined)
    return words.length === (words[0]?.startsWith("--replay=") === true ? 1 : 2)
      ? { kind: "replay", file: replay }
      : wrong("--replay FILE is given by itself: the file says all that is needed");
  const time = /^[0-9]+(\.[0-9]+)?$/.test(minutes) ? Number(minutes) : 0;
  if (time <= 0 || time > minutesMax) return wrong(`--minutes must be a number from above 0 to ${minutesMax}`);
  if (seed === "") return wrong("--seed must be a text that is not empty");
  if (save === "") return wrong("--save must be a folder");
  if (only !== undefined && !names.includes(only))
    return wrong(`--only must be one of ${names.join(", ")}, and not "${only}"`);
  return {
    kind: "explore",
    minutes: time,
    seed: seed ?? String(randomInt(2 ** 31)),
    only,
    save: save ?? path.relative(process.cwd(), defaultFolder),
    isJson: json,
  };
}

function readWords(words: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        minutes: { type: "string" },
        seed: { type: "string" },
        only: { type: "string" },
        save: { type: "string" },
        replay: { type: "string" },
        json: { type: "boolean" },
      },
    });
    return { kind: "read", values } as const;
  } catch (error) {
    // Node adds advice on its own account.
    const [first = ""] = (error instanceof Error ? error.message : String(error)).split(/\.\s/);
    return wrong(`${first}; ${usage}`);
  }
}

function wrong(sentence: string): Extract<Wanted, { kind: "wrong" }> {
  return { kind: "wrong", sentence };
}
