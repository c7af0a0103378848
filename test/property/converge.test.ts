import { expect } from "chai";
import { isSettled } from "../../src/model/plan";
import { endsWell, mendsAll, mendsOthers, survivesCrash } from "./node-properties";
import { expectHoldsLater, propertyTimeoutMs } from "./parameters";
import { runInTrouble } from "./runs";

// Each case is a run of minutes in virtual time.
const numRuns = 25;

describe("converge, from any mix of faults", function () {
  this.timeout(propertyTimeoutMs);

  it("ends settled or with a named reason, loses nothing, does no harm, and then does nothing (1 to 5 nodes)", async () => {
    await expectHoldsLater(endsWell, { numRuns });
  });

  it("mends everything that can be mended (1 to 5 nodes)", async () => {
    await expectHoldsLater(mendsAll, { numRuns });
  });

  it("mends the others completely while one node is down (3 to 5 nodes)", async () => {
    await expectHoldsLater(mendsOthers, { numRuns });
  });

  it("converges after any crash between two effects, with nothing half-written (1 to 3 nodes)", async () => {
    await expectHoldsLater(survivesCrash, { numRuns });
  });

  it("does nothing to a healthy control plane (1 to 5 nodes)", async () => {
    for (const size of [1, 2, 3, 4, 5]) {
      const { result } = await runInTrouble({ size, faults: [], seconds: 0 });
      expect(result.applied).to.deep.equal([]);
      expect(isSettled(result.plan)).to.equal(true);
    }
  });
});
