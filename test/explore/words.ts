// An exploration in words: how it began, each turn, each failing seed, the sums.

import type { Exploration } from "./exploration";
import type { Wanted } from "./options";
import type { Turn } from "./rounds";

/** A failing seed and its file. */
export interface SavedFailure {
  readonly exploration: string;
  readonly file: string;
  /** The command that replays it. */
  readonly replay: string;
  /** What does not hold. */
  readonly words: string;
}

/** What came of all turns of one kind. */
export interface Sum {
  readonly name: string;
  readonly turns: number;
  readonly seeds: number;
  readonly cases: number;
  readonly failures: number;
}

/** Of what is wrong: how it begins and which rule it ends at. The file has all of it. */
const linesShown = { first: 5, last: 5 } as const;
const columns = { name: 16, number: 7, line: 300 } as const;

/** The seed and all options. */
export function describeBeginning({ seed, minutes, only, save }: Extract<Wanted, { kind: "explore" }>): string {
  return `seed ${seed}, ${minutes} minute${minutes === 1 ? "" : "s"}, ${only ?? "every exploration"}; failing seeds go to ${save}`;
}

/** One turn in a line. */
export function describeTurn({ round, exploration, seeds, cases, failures }: Turn, seconds: number): string {
  return `${clock(seconds)}  round ${String(round).padEnd(4)} ${describeCounts({ name: exploration, seeds, cases, failures: failures.length })}`;
}

/** A failing seed: what is wrong, its file and the command that replays it. */
export function describeSaved({ exploration, file, replay, words }: SavedFailure): readonly string[] {
  return [
    `FOUND by ${exploration}:`,
    ...shorten(words.split("\n")).map((line) => `  ${line.slice(0, columns.line)}`),
    `  file:   ${file}`,
    `  replay: ${replay}`,
  ];
}

/** The sums of each kind. */
export function sumsOf(explorations: readonly Exploration[], turns: readonly Turn[]): readonly Sum[] {
  return explorations.map(({ name }) => {
    const own = turns.filter(({ exploration }) => exploration === name);
    const sum = (of: (turn: Turn) => number) => own.reduce((total, turn) => total + of(turn), 0);
    return {
      name,
      turns: own.length,
      seeds: sum(({ seeds }) => seeds),
      cases: sum(({ cases }) => cases),
      failures: sum(({ failures }) => failures.length),
    };
  });
}

/** The sums in words, and once more how each failing seed is replayed. */
export function describeSums(sums: readonly Sum[], seconds: number, saved: readonly SavedFailure[]): readonly string[] {
  return [
    `after ${clock(seconds)}:`,
    ...sums.map((sum) => `  ${describeCounts(sum)}`),
    ...(saved.length === 0
      ? ["nothing was found"]
      : [`${saved.length} failing seed${saved.length === 1 ? "" : "s"}:`, ...saved.map(({ replay }) => `  ${replay}`)]),
  ];
}

function shorten(lines: readonly string[]): readonly string[] {
  const { first, last } = linesShown;
  if (lines.length <= first + last) return lines;
  return [...lines.slice(0, first), "  ...", ...lines.slice(-last)];
}

function describeCounts({ name, seeds, cases, failures }: Omit<Sum, "turns">): string {
  const number = (value: number) => String(value).padStart(columns.number);
  return `${name.padEnd(columns.name)}${number(seeds)} seeds${number(cases)} cases${number(failures)} failures`;
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${String(Math.floor(whole / 60)).padStart(3)}:${String(whole % 60).padStart(2, "0")}`;
}
