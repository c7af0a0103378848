// mocha's spec reporter, with what was left out and a last line that any machine can read.

import Mocha from "mocha";
import { leftOut, testSeed } from "./matrix";

/** Ends with "N passed, N failed, N skipped" alone on the last line. */
class LastLineReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const omitted = leftOut();
      if (omitted.length > 0) {
        process.stdout.write(`\nleft out of this run (seed ${testSeed}; npm run test:all runs them):\n`);
        for (const line of omitted) process.stdout.write(`  ${line}\n`);
      }
      process.stdout.write(`\n${passes} passed, ${failures} failed, ${pending} skipped\n`);
    });
  }
}

module.exports = LastLineReporter;
