// mocha's spec reporter, with what took long, what was left out, what failed, and a last line that any machine can read.

import * as path from "node:path";
import Mocha from "mocha";
import { leftOut, testSeed } from "./matrix";

/** So many of the slowest files are told, so that the suite's length can be kept. */
const slowestFiles = 15;

/** Ends with what failed, a line each, and "N passed, N failed, N skipped" alone on the last line. */
class LastLineReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const { EVENT_SUITE_BEGIN, EVENT_SUITE_END, EVENT_TEST_FAIL, EVENT_RUN_END } = Mocha.Runner.constants;
    const startedAtMs = new Map<string, number>();
    const tookMs = new Map<string, number>();
    const failed: string[] = [];
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.file !== undefined && suite.parent?.root === true) startedAtMs.set(suite.file, Date.now());
    });
    runner.on(EVENT_SUITE_END, (suite) => {
      const startedAt = suite.file === undefined ? undefined : startedAtMs.get(suite.file);
      if (suite.file === undefined || startedAt === undefined || suite.parent?.root !== true) return;
      tookMs.set(suite.file, (tookMs.get(suite.file) ?? 0) + Date.now() - startedAt);
    });
    runner.on(EVENT_TEST_FAIL, (test, error: Error) => {
      const [cause = ""] = String(error.message).split("\n");
      failed.push(`FAILED ${test.titlePath().join(" > ")}: ${cause.slice(0, 300)}`);
    });
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const lines = [
        "",
        `the ${slowestFiles} slowest files:`,
        ...[...tookMs]
          .sort(([, a], [, b]) => b - a)
          .slice(0, slowestFiles)
          .map(([file, ms]) => `  ${(ms / 1000).toFixed(0).padStart(5)} s  ${path.relative(process.cwd(), file)}`),
      ];
      const omitted = leftOut();
      if (omitted.length > 0) {
        lines.push("", `left out of this run (seed ${testSeed}; npm run test:all runs them):`);
        lines.push(...omitted.map((line) => `  ${line}`));
      }
      lines.push("", ...failed, `${passes} passed, ${failures} failed, ${pending} skipped`);
      process.stdout.write(`${lines.join("\n")}\n`);
    });
  }
}

module.exports = LastLineReporter;
