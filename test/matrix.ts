// Picks what of a long matrix runs today: one case of each kind by a seed, or all of them.

import { execFileSync } from "node:child_process";
import { createPrng } from "../src/simulator/prng";

/** QUORATE_TEST_ALL=1 runs every case of every matrix. */
const runsAll = process.env.QUORATE_TEST_ALL === "1";

/** Chooses the cases: QUORATE_TEST_SEED, else the commit, so that runs vary and can be repeated. */
export const testSeed = process.env.QUORATE_TEST_SEED ?? commitHash();

const omitted: string[] = [];

/** What was left out so far, one line a matrix. */
export function leftOut(): readonly string[] {
  return omitted;
}

/** One case of each kind, or all of them; what is left out is told at the end of the run. */
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
  const rest = cases.filter((one) => !chosen.includes(one));
  if (rest.length > 0)
    omitted.push(`${matrix}: ${rest.length} of ${cases.length} cases: ${rest.map((one) => one.name).join("; ")}`);
  return cases.filter((one) => chosen.includes(one));
}

/** Cases of which an ordinary run has drawn its part elsewhere: all of them, or none. */
export function wholeOnly<Case extends { readonly name: string }>(
  matrix: string,
  cases: readonly Case[],
): readonly Case[] {
  if (!runsAll) omitted.push(`${matrix}: ${cases.length} cases: ${cases.map((one) => one.name).join("; ")}`);
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
