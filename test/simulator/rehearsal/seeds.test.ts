// The incidents that the project began with: their plans are proved, whole where every case can be played in a moment, else as
// many cases as fit an ordinary run.

import { expect } from "chai";
import { findDrills } from "../../../src/simulator/drill";
import { rehearseDrill, type ShowSteps } from "../../../src/simulator/rehearsal/rehearse-drill";
import { testSeed, wholeOnly } from "../../matrix";

const show: ShowSteps = {
  etcd: ({ kind }) => ({ title: kind }),
  node: ({ kind }) => ({ title: kind }),
  bosh: ({ kind }) => ({ title: kind }),
};

// Of the thousands of cases of a foundation so many, drawn by the commit's seed.
const drawnCases = 60;

describe("the rehearsal of the seeds", function () {
  this.timeout(600_000);

  const drills = ["seed-000", "seed-001", "seed-002", "seed-003", "seed-004"].flatMap((name) => findDrills(name));

  for (const file of drills) {
    const isLarge = file.kind === "cloud-foundry";
    it(`proves the plan: ${file.name}${isLarge ? ", of cases that are drawn" : ""}`, async () => {
      const options = isLarge ? { sample: { casesMax: drawnCases, seed: testSeed } } : {};
      const { kind, words, cases, effects } = await rehearseDrill(file, show, options);
      expect(kind, words.join("\n")).to.equal("proved");
      expect(effects).not.to.deep.equal([]);
      expect(cases).to.be.above(effects.length);
    });
  }

  const large = drills.filter(({ kind }) => kind === "cloud-foundry");
  for (const file of wholeOnly("rehearsals of whole foundations", large)) {
    it(`proves the plan in every case: ${file.name}`, async () => {
      const { kind, words, cases } = await rehearseDrill(file, show);
      expect(kind, words.join("\n")).to.equal("proved");
      expect(cases).to.be.above(1000);
    });
  }

  it("plays the same cases for the same seed, and says with which they were drawn", async () => {
    const [file] = findDrills("seed-000");
    if (file === undefined) throw new Error("there is no such drill");
    const sample = { casesMax: 12, seed: "twice" };
    const once = await rehearseDrill(file, show, { sample });
    expect(await rehearseDrill(file, show, { sample })).to.deep.equal(once);
    expect(once.words.join("\n")).to.match(/12 cases, drawn from \d+ with seed twice/);
  });
});
