// Picks what of a long matrix runs today: one case of each kind by a seed, or all of them.

import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createPrng } from "../src/simulator/prng";

/** QUORATE_TEST_ALL=1 runs every case of every matrix. */
export const runsAll = process.env.QUORATE_TEST_ALL === "1";

/** Chooses the cases: QUORATE_TEST_SEED, else the commit, so that runs vary and can be repeated. */
export const testSeed = process.env.QUORATE_TEST_SEED ?? commitHash();

/** What of one matrix was left out. */
export interface LeftOut {
  readonly matrix: string;
  readonly cases: number;
  readonly of: number;
}

// Files run in several processes; the one that reports reads what each has left out.
const noteFile = process.env.QUORATE_TEST_LEFT_OUT;

/** What was left out so far, of all processes of this run, each matrix once. */
export function leftOut(): readonly LeftOut[] {
  if (noteFile === undefined || !existsSync(noteFile)) return [];
  const lines = new Set(readFileSync(noteFile, "utf8").trim().split("\n"));
  return [...lines].map((line) => JSON.parse(line) as LeftOut);
}

function note(entry: LeftOut): void {
  if (noteFile !== undefined && entry.cases > 0) appendFileSync(noteFile, `${JSON.stringify(entry)}\n`);
}

/** One case of each kind, or all of them; how many are left out is told at the end of the run. */
export function chooseCases<Case extends { readonly name: string }>(
  matrix: string,
  cases: readonly Case[],
  kindOf: (one: Case) => string,
): readonly Case[] {
  if (runsAll) return cases;
  const kinds = [...new Set(cases.map(kindOf))].sort();
  const chosen = kinds.flatMap((kind) => {
    const all = cases.filter((one) => kindOf(one) === kind);
    return (
      all[
        createPrng(`${testSeed} ${matrix}`)
          .fork(kind)
          .integer(0, all.length - 1)
      ] ?? []
    );
  });
  note({ matrix, cases: cases.length - chosen.length, of: cases.length });
  return cases.filter((one) => chosen.includes(one));
}

/** Cases of which an ordinary run has drawn its part elsewhere: all of them, or none. */
export function wholeOnly<Case extends { readonly name: string }>(
  matrix: string,
  cases: readonly Case[],
): readonly Case[] {
  if (!runsAll) note({ matrix, cases: cases.length, of: cases.length });
  return runsAll ? cases : [];
}

function commitHash(): string {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], {
      cwd: __dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "no commit";
  }
}
