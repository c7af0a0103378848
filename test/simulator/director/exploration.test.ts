// Converges from random faults, and with the director restarted at any moment: votes are never lost to the repair, and a
// second run mends what the first one left.
import { mendsInterruptedRecreate, mendsRandomFaults, mendsThroughRestart } from "./director-properties";

describe("convergeBosh, on simulated directors", () => {
  for (let seed = 1; seed <= 60; seed += 1)
    it(`mends random faults without losing a vote: seed bosh-${seed}`, () => mendsRandomFaults.check(seed));

  for (let atSecs = 5; atSecs <= 725; atSecs += 30)
    it(`mends seed 000 in at most three runs when the director restarts after ${atSecs} s`, () =>
      mendsThroughRestart.check(atSecs));

  for (let atSecs = 95; atSecs <= 695; atSecs += 30)
    it(`mends a single recreate that a restart interrupts after ${atSecs} s, also where it was left stopped or detached`, () =>
      mendsInterruptedRecreate.check(atSecs));
});
