// `npm run explore`: fresh seeds until the time is up, each failing one in a file that replays it.

import * as fs from "node:fs";
import * as path from "node:path";
import { isRecoveryError } from "../../src/model/errors";
import { quoteWord } from "../../src/render/quote";
import type { Exploration } from "./exploration";
import { explorationOf, parseFound } from "./found-file";
import { parseOptions, type Wanted } from "./options";
import { goRound, type Turn } from "./rounds";
import { describeBeginning, describeSaved, describeSums, describeTurn, type SavedFailure, sumsOf } from "./words";

/** What the command has of the world, and what it explores. */
export interface Surroundings {
  readonly explorations: readonly Exploration[];
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly nowMs: () => number;
  /** Has somebody asked for its end? */
  readonly isEnded: () => boolean;
}

/** Runs the command; the exit code: 0 when nothing fails, 1 when something does, 2 for wrong usage. */
export async function runExplore(words: readonly string[], around: Surroundings): Promise<0 | 1 | 2> {
  const wanted = parseOptions(
    words,
    around.explorations.map(({ name }) => name),
  );
  switch (wanted.kind) {
    case "wrong":
      around.err(`${wanted.sentence}\n`);
      return 2;
    case "replay":
      return replayFile(wanted.file, around);
    case "explore":
      return exploreFor(wanted, around);
  }
}

async function exploreFor(wanted: Extract<Wanted, { kind: "explore" }>, around: Surroundings): Promise<0 | 1> {
  const explorations = around.explorations.filter(({ name }) => wanted.only === undefined || name === wanted.only);
  // With --json the answer alone goes to where the answer is read.
  const tell = (lines: readonly string[]) => (wanted.isJson ? around.err : around.out)(`${lines.join("\n")}\n`);
  const begunMs = around.nowMs();
  const seconds = () => (around.nowMs() - begunMs) / 1000;
  const turns: Turn[] = [];
  const saved: SavedFailure[] = [];
  tell([describeBeginning(wanted)]);
  await goRound({
    seed: wanted.seed,
    explorations,
    isOver: () => around.isEnded() || seconds() >= wanted.minutes * 60,
    onTurn: (turn) => {
      turns.push(turn);
      tell([describeTurn(turn, seconds())]);
      for (const failure of saveFailures(turn, wanted.save)) {
        saved.push(failure);
        tell(describeSaved(failure));
      }
    },
  });
  const sums = sumsOf(explorations, turns);
  if (wanted.isJson) {
    const { kind, isJson, ...options } = wanted;
    around.out(
      `${JSON.stringify({ ...options, seconds: seconds(), explorations: sums, failures: saved }, undefined, 2)}\n`,
    );
  } else tell(describeSums(sums, seconds(), saved));
  return saved.length === 0 ? 0 : 1;
}

function saveFailures({ exploration, failures }: Turn, folder: string): readonly SavedFailure[] {
  if (failures.length > 0) fs.mkdirSync(folder, { recursive: true });
  return failures.map(({ name, text, words }) => {
    const file = path.join(folder, `${name}.yaml`);
    fs.writeFileSync(file, text);
    return { exploration, file, replay: `npm run explore -- --replay ${quoteWord(file)}`, words };
  });
}

async function replayFile(file: string, { explorations, out, err }: Surroundings): Promise<0 | 1 | 2> {
  try {
    const found = parseFound(fs.readFileSync(file, "utf8"), file);
    const name = explorationOf(found);
    const exploration = explorations.find((one) => one.name === name);
    if (exploration === undefined) {
      err(`${file} is of the exploration ${name}, and there is none of that name\n`);
      return 2;
    }
    const words = await exploration.replay(found);
    out(words === undefined ? `${file}: all holds\n` : `${file}: it still fails\n${words}\n`);
    return words === undefined ? 0 : 1;
  } catch (error) {
    if (isRecoveryError(error)) err(`${[error.message, ...error.problems].join("; ")}\n`);
    else if (error instanceof Error && "code" in error) err(`${file} cannot be read: ${error.message}\n`);
    else throw error;
    return 2;
  }
}
