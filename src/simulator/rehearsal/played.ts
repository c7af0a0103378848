// A rehearsal that plays whole converges, of nodes or at a director: what was played, and the same in words.

import type { RehearsalSummary } from "../../model/rehearsal";
import { createPrng } from "../prng";
import type { Violation } from "./act-checkers";

/** One prefix, one more fault, and what came of it. */
export interface PlayedCase {
  /** What had happened until the fault, in order. */
  readonly prefix: readonly string[];
  /** The one more fault, in words. */
  readonly extra: string;
  /** What was done after it, in order. */
  readonly story: readonly string[];
  /** "restored", "stuck", or "refused: " and the reasons: how the round after the fault ended. */
  readonly end: string;
  readonly violations: readonly Violation[];
}

/** What was played. */
export interface PlayedRehearsal {
  /** One sentence: what is rehearsed and what is wrong with it. */
  readonly what: string;
  readonly seed: string;
  /** The steps as they run when nothing more goes wrong. */
  readonly steps: RehearsalSummary["steps"];
  /** Moments at which one more fault was let in. */
  readonly moments: number;
  /** Cases that there are, and the seed by which those that were played were drawn; undefined when all were. */
  readonly casesInAll: number;
  readonly drawnBy: string | undefined;
  readonly cases: readonly PlayedCase[];
  /** What it proves when no case breaks a rule, a line each. */
  readonly proof: readonly string[];
  readonly members: RehearsalSummary["members"];
}

/** How many cases are played at most, and of which draw; left out: all. */
export interface PlayOptions {
  readonly sample?: { readonly casesMax: number; readonly seed: string };
  /** Told before each case. */
  readonly onCase?: (played: number, inAll: number) => void;
}

/** The cases to be played, and the seed by which they were drawn. */
export function drawCases<Case>(
  all: readonly Case[],
  { sample }: PlayOptions,
): { readonly chosen: readonly Case[]; readonly drawnBy: string | undefined } {
  if (sample === undefined || all.length <= sample.casesMax) return { chosen: all, drawnBy: undefined };
  return { chosen: createPrng(sample.seed).shuffle(all).slice(0, sample.casesMax), drawnBy: sample.seed };
}

const failuresShown = 5;
const storyMax = 60;

/** Sums what was played up. */
export function summarisePlayed(name: string, title: string, played: PlayedRehearsal): RehearsalSummary {
  const { steps, cases, members } = played;
  const effects = steps.flatMap(({ effects: happened, node }) => happened.map((effect) => `${effect} on ${node}`));
  const failures = failuresOf(played);
  return {
    name,
    title,
    kind: failures.length > 0 ? "failed" : steps.length === 0 ? "nothing-planned" : "proved",
    words: describePlayed(played),
    effects,
    steps,
    cases: cases.length,
    ends: Object.fromEntries(countEnds(cases)),
    failures: failures
      .slice(0, failuresShown)
      .map((failure) => ({ sequence: tellPlayed(failure), rules: rulesOf([failure]) })),
    members,
  };
}

/** Cases that break a rule, the shortest prefix first. */
export function failuresOf({ cases }: PlayedRehearsal): readonly PlayedCase[] {
  return cases
    .filter(({ violations }) => violations.length > 0)
    .sort((one, other) => one.prefix.length - other.prefix.length);
}

/** What was played, as lines. */
function describePlayed(played: PlayedRehearsal): readonly string[] {
  const { what, steps, moments, cases, casesInAll, proof, seed, drawnBy } = played;
  const effects = steps.reduce((sum, step) => sum + step.effects.length, 0);
  const drawn = drawnBy === undefined ? "" : `, drawn from ${casesInAll} with seed ${drawnBy}`;
  const failures = failuresOf(played);
  const lines = [
    what,
    `searched: ${moments} moments of a plan of ${effects} effect${effects === 1 ? "" : "s"}, each crossed with one more fault: ${cases.length} cases${drawn}`,
  ];
  const [shortest] = failures;
  if (shortest !== undefined)
    return [
      ...lines,
      `FAILED: ${failures.length} case${failures.length === 1 ? "" : "s"} break ${rulesOf(failures).join(", ")} (seed ${seed})`,
      "the shortest:",
      ...tellPlayed(shortest).map((line) => `  ${line}`),
    ];
  const ends = [...countEnds(cases)].map(
    ([end, count]) => `  ${count} ${count === 1 ? "case ends" : "cases end"} ${wordOfEnd(end)}`,
  );
  return [...lines, ...proof, ...ends];
}

function wordOfEnd(end: string): string {
  return end.replace("refused: ", "refused by ");
}

function tellPlayed({ prefix, extra, story, violations }: PlayedCase): readonly string[] {
  return [
    ...prefix,
    `* ${extra}`,
    ...story.slice(0, storyMax),
    ...violations.slice(0, 5).map(({ checker, text }) => `=> ${checker}: ${text}`),
  ];
}

function rulesOf(cases: readonly PlayedCase[]): readonly string[] {
  return [...new Set(cases.flatMap(({ violations }) => violations.map(({ checker }) => checker)))].sort();
}

function countEnds(cases: readonly PlayedCase[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { end } of cases) counts.set(end, (counts.get(end) ?? 0) + 1);
  return new Map([...counts].sort(([one], [other]) => (one < other ? -1 : 1)));
}
