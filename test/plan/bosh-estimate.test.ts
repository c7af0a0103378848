import { expect } from "chai";
import { estimateRecoveryMs, seedPace } from "../../src/plan/bosh-estimate";

const minutes = (ms: number): number => Math.round(ms / 60_000);

describe("estimateRecoveryMs", () => {
  it("gives seed 004's 26 minutes for 16 reboots", () => {
    expect(minutes(estimateRecoveryMs({ rebooted: 16, recreated: 0 }))).to.equal(26);
  });

  it("shares work out, but is never faster than one VM", () => {
    expect(minutes(estimateRecoveryMs({ rebooted: 16, recreated: 0 }, { ...seedPace, atATime: 4 }))).to.equal(6);
    expect(estimateRecoveryMs({ rebooted: 1, recreated: 0 }, { ...seedPace, atATime: 4 })).to.equal(seedPace.rebootMs);
  });

  it("is nothing for nothing", () => expect(estimateRecoveryMs({ rebooted: 0, recreated: 0 })).to.equal(0));
});
