import { expect } from "chai";
import { findAtPath, parsePath, resetPaths } from "../../src/engine/property-path";
import { SecretValue } from "../../src/engine/property-value";

describe("parsePath", () => {
  const cases = [
    { path: "spec", want: ["spec"] },
    {
      path: 'spec.nodes["cp-0"]["kube-scheduler"].command[0]',
      want: ["spec", "nodes", "cp-0", "kube-scheduler", "command", 0],
    },
    { path: "containers[*].image", want: ["containers", "*", "image"] },
    { path: 'a["with \\"quotes\\" and . dots"]', want: ["a", 'with "quotes" and . dots'] },
    { path: "kube-scheduler.x", want: ["kube-scheduler", "x"] },
  ];
  for (const { path, want } of cases) {
    it(`reads ${path}`, () => {
      expect(parsePath(path)).to.deep.equal(want);
    });
  }

  it("refuses what is no path", () => {
    for (const path of ["a[", 'a["x]', "a]", "a[1"]) expect(() => parsePath(path)).to.throw("not a property path");
  });
});

describe("findAtPath", () => {
  it("looks into lists, maps and secrets, and finds nothing where there is nothing", () => {
    const value = { a: [new SecretValue({ b: "x" })] };
    expect(findAtPath(value, ["a", 0, "b"])).to.equal("x");
    expect(findAtPath(value, ["a", 1, "b"])).to.equal(undefined);
    expect(findAtPath(value, ["a", "b"])).to.equal(undefined);
  });
});

describe("resetPaths", () => {
  it("puts old values back at names, indices and stars", () => {
    const old = { note: "a", list: [{ image: "1", x: 1 }, { image: "2" }] };
    const now = { note: "b", list: [{ image: "9", x: 2 }, { image: "8" }, { image: "7" }] };
    expect(resetPaths(now, old, ["note", "list[*].image"])).to.deep.equal({
      note: "a",
      list: [{ image: "1", x: 2 }, { image: "2" }, { image: "7" }],
    });
  });

  it("takes away what was not there before, and puts back what is gone", () => {
    expect(resetPaths({ added: 1 }, { gone: 2 }, ["added", "gone"])).to.deep.equal({ gone: 2 });
  });
});
