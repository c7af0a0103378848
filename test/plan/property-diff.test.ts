import { expect } from "chai";
import * as fc from "fast-check";
import type { JsonValue } from "../../src/model/json";
import { childPath, diffProperties } from "../../src/plan/property-diff";

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
    const json = fc.jsonValue() as fc.Arbitrary<JsonValue>;
    fc.assert(fc.property(json, (value) => diffProperties(value, reversed(value)).length === 0));
    fc.assert(
      fc.property(json, json, (a, b) => {
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        return (diffProperties(a, b).length === 0) === same;
      }),
    );
  });
});

function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
