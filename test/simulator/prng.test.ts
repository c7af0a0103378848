import { expect } from "chai";
import { createPrng } from "../../src/simulator/prng";

const draws = (seed: string) => {
  const prng = createPrng(seed);
  return Array.from({ length: 20 }, () => prng.integer(0, 1_000_000));
};

describe("createPrng", () => {
  it("draws the same for the same seed and something else for another", () => {
    expect(draws("a")).to.deep.equal(draws("a"));
    expect(draws("a")).to.not.deep.equal(draws("b"));
  });

  it("forks by seed and label alone, whatever was drawn before", () => {
    const fresh = createPrng("seed").fork("kubelet").integer(0, 1_000_000);
    const used = createPrng("seed");
    used.integer(0, 10);
    expect(used.fork("kubelet").integer(0, 1_000_000)).to.equal(fresh);
    expect(used.fork("disk").integer(0, 1_000_000)).to.not.equal(fresh);
  });

  it("keeps within its bounds and reaches both of them", () => {
    const prng = createPrng("bounds");
    const seen = new Set(Array.from({ length: 200 }, () => prng.integer(3, 6)));
    expect([...seen].sort()).to.deep.equal([3, 4, 5, 6]);
  });

  it("is true about as often as its ratio says", () => {
    const prng = createPrng("ratio");
    const hits = Array.from({ length: 4000 }, () => prng.chance(1, 4)).filter(Boolean).length;
    expect(hits).to.be.within(850, 1150);
  });

  it("shuffles without losing or doubling anything", () => {
    const list = Array.from({ length: 50 }, (_, index) => index);
    const shuffled = createPrng("cards").shuffle(list);
    expect(shuffled).to.not.deep.equal(list);
    expect([...shuffled].sort((a, b) => a - b)).to.deep.equal(list);
  });
});
