import { expect } from "chai";
import { childPath, diffProperties } from "../../src/plan/property-diff";
import { expectHolds } from "../property/parameters";
import { findsAnyDifference, ignoresOrderOfKeys } from "../property/value-properties";

describe("diffProperties", () => {
  it("quotes keys that are no plain names, as Pulumi does", () => {
    const side = (command: string) => ({
      nodes: { "cp-0": { staticPods: { "kube-scheduler": { spec: [{ command: [command] }] } } } },
    });
    expect(
      diffProperties(side("kube-schedulerrrr"), side("kube-scheduler")).map((change) => change.path),
    ).to.deep.equal(['nodes["cp-0"].staticPods["kube-scheduler"].spec[0].command[0]']);
  });

  it("tells added and removed elements from changed ones", () => {
    expect(diffProperties({ a: [1, 2], b: 1 }, { a: [1], c: 2 })).to.deep.equal([
      { path: "a[1]", observed: 2, desired: undefined },
      { path: "b", observed: 1, desired: undefined },
      { path: "c", observed: undefined, desired: 2 },
    ]);
  });

  it("escapes quotes in a key", () => expect(childPath("a", 'x"y')).to.equal('a["x\\"y"]'));

  it("finds nothing exactly when two values are equal, whatever the order of keys", () => {
    expectHolds(ignoresOrderOfKeys);
    expectHolds(findsAnyDifference);
  });
});
