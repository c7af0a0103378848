// mocha's spec reporter, with what took long, what was left out, what failed, and a last line that any machine can read.

import { writeFileSync } from "node:fs";
import * as path from "node:path";
import Mocha from "mocha";
import { leftOut, testSeed } from "./matrix";

/** So many of the slowest files are told, so that the suite's length can be kept. */
const slowestFiles = 10;
/** Of a failure's words so many lines are told once more at the end: of an output that is cut in front, they are what is left. */
const failureLinesMax = 40;
/** So many failures are told in more than their one line. */
const failuresInFullMax = 10;

/** How a run ended, for the program that started it. */
export interface RunTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly TestFailure[];
}

/** A test that failed. */
export interface TestFailure {
  /** One line: the title and the first words. */
  readonly line: string;
  /** The last lines of what it said, and where it did. */
  readonly words: readonly string[];
}

/** Ends with what failed, a line each, and "N passed, N failed, N skipped" alone on the last line. */
class LastLineReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const { EVENT_TEST_FAIL, EVENT_TEST_END, EVENT_RUN_END } = Mocha.Runner.constants;
    const tookMs = new Map<string, number>();
    const failures: TestFailure[] = [];
    runner.on(EVENT_TEST_END, (test) => {
      const file = path.relative(process.cwd(), test.file ?? "");
      tookMs.set(file, (tookMs.get(file) ?? 0) + (test.duration ?? 0));
    });
    runner.on(EVENT_TEST_FAIL, (test, error: Error) => {
      const [cause = ""] = String(error.message).split("\n");
      const line = `FAILED ${test.titlePath().join(" > ")}: ${cause.slice(0, 300)}`;
      const words = [...String(error.message).split("\n"), ...stackOf(error)];
      failures.push({ line, words: words.slice(-failureLinesMax) });
    });
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures: failed, pending } = this.stats;
      const totals: RunTotals = { passed: passes, failed, skipped: pending, failures };
      const result = process.env.QUORATE_TEST_RESULT;
      if (result !== undefined) writeFileSync(result, JSON.stringify(totals));
      const lines = [
        ...describeSlowest(tookMs),
        ...describeLeftOut(),
        "",
        ...describeFailures(totals),
        lastLine(totals),
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    });
  }
}

/** What failed, in its last words: for the end of a run in which mocha's own list of failures is far above. */
export function describeFailuresInFull({ failures }: RunTotals): readonly string[] {
  return failures
    .slice(0, failuresInFullMax)
    .flatMap(({ line, words }) => [line, ...words.map((word) => `    ${word}`), ""]);
}

/** What failed, a line each. */
export function describeFailures({ failures }: RunTotals): readonly string[] {
  return failures.map(({ line }) => line);
}

/** The line that any machine can read. */
export function lastLine({ passed, failed, skipped }: RunTotals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

// A stack begins with the error's own words, which are told already.
function stackOf(error: Error): readonly string[] {
  return (error.stack ?? "").split("\n").filter((line) => /^\s+at .*\btest\//.test(line));
}

function describeSlowest(tookMs: ReadonlyMap<string, number>): readonly string[] {
  const slowest = [...tookMs].sort(([, a], [, b]) => b - a).slice(0, slowestFiles);
  return [
    "",
    "the slowest files (their tests, without what prepares them):",
    ...slowest.map(([file, ms]) => `  ${(ms / 1000).toFixed(0).padStart(5)} s  ${file}`),
  ];
}

function describeLeftOut(): readonly string[] {
  const all = leftOut();
  if (all.length === 0) return [];
  const cases = all.reduce((sum, one) => sum + one.cases, 0);
  const of = all.reduce((sum, one) => sum + one.of, 0);
  return [
    "",
    `left out by seed ${testSeed}: ${cases} of ${of} cases (npm run test:all runs them)`,
    ...all.map((one) => `  ${String(one.cases).padStart(5)} of ${String(one.of).padEnd(4)} ${one.matrix}`),
  ];
}

export default LastLineReporter;
