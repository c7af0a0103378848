import { expect } from "chai";
import {
  containsUnknowns,
  parseWireValue,
  SecretValue,
  unknown,
  unknownSentinel,
  valuesEqual,
  withoutSecrets,
} from "../../src/engine/property-value";
import { expectHolds } from "../property/parameters";
import { readsBackProperties, takesMarksOff } from "../property/value-properties";

describe("renderStruct and parseStruct", () => {
  it("give back any properties, secrets and unknowns included", () => {
    expectHolds(readsBackProperties);
  });

  it("take the marks off secrets for a peer that knows none", () => {
    expectHolds(takesMarksOff);
  });
});

describe("parseWireValue", () => {
  it("reads an output value as its element, unknown when it has none, secret when it says so", () => {
    const output = { "4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4" };
    expect(parseWireValue({ ...output, value: 1 })).to.equal(1);
    expect(parseWireValue(output)).to.equal(unknown);
    expect(parseWireValue({ ...output, value: "x", secret: true })).to.deep.equal(new SecretValue("x"));
  });

  it("reads the sentinel as unknown, at any depth", () => {
    expect(containsUnknowns(parseWireValue({ a: [{ b: unknownSentinel }] }))).to.equal(true);
  });

  it("refuses bytes that are not UTF-8", () => {
    const bytes = { "4dabf18193072939515e22adb298388d": "803fd3297a5875dc03ca845dda5d2a98", value: "/w==" };
    expect(() => parseWireValue(bytes)).to.throw("use the pulumi CLI");
  });
});

describe("valuesEqual", () => {
  it("tells a secret from its plain value, and an absent field from null", () => {
    expect(valuesEqual(new SecretValue("x"), "x")).to.equal(false);
    expect(valuesEqual({ a: null }, {})).to.equal(false);
    expect(valuesEqual({ a: [1, { b: new SecretValue("x") }] }, { a: [1, { b: new SecretValue("x") }] })).to.equal(
      true,
    );
  });

  it("of withoutSecrets ignores the marks", () => {
    expect(valuesEqual(withoutSecrets({ a: new SecretValue([1]) }), { a: [1] })).to.equal(true);
  });
});
