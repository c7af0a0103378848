// What must hold for the engine's values on the wire and for the comparison of values.

import { expect } from "chai";
import * as fc from "fast-check";
import {
  type PropertyValue,
  parseStruct,
  renderStruct,
  renderWireValue,
  SecretValue,
  unknown,
  valuesEqual,
} from "../../src/engine/property-value";
import type { JsonValue } from "../../src/model/json";
import { diffProperties } from "../../src/plan/property-diff";
import type { RandomProperty } from "./random-property";

const name = fc.string({ minLength: 1, maxLength: 6 }).filter((text) => text !== "__proto__");
const { value: anyValue } = fc.letrec<{ value: PropertyValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.constant(unknown),
    tie("value").map((inner) => new SecretValue(inner instanceof SecretValue ? inner.value : inner)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4 }),
  ),
}));

export const readsBackProperties: RandomProperty<Record<string, PropertyValue>> = {
  name: "reads any properties back from the wire, secrets and unknowns included",
  inputs: fc.dictionary(name, anyValue),
  check: (properties) => {
    expect(valuesEqual(parseStruct(renderStruct(properties, { keepSecrets: true })), properties)).to.equal(true);
  },
};

export const takesMarksOff: RandomProperty<PropertyValue> = {
  name: "takes the marks off secrets for a peer that knows none",
  inputs: anyValue,
  check: (value) => {
    const text = JSON.stringify(renderWireValue(value, { keepSecrets: false })) ?? "";
    expect(text).to.not.include("4dabf18193072939515e22adb298388d");
  },
};

const json = fc.jsonValue() as fc.Arbitrary<JsonValue>;

export const ignoresOrderOfKeys: RandomProperty<JsonValue> = {
  name: "finds no difference in another order of keys",
  inputs: json,
  check: (value) => {
    expect(diffProperties(value, reversed(value))).to.deep.equal([]);
  },
};

export const findsAnyDifference: RandomProperty<[JsonValue, JsonValue]> = {
  name: "finds a difference exactly when two values differ",
  inputs: fc.tuple(json, json),
  check: ([a, b]) => {
    const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
    expect(diffProperties(a, b).length === 0).to.equal(same);
  },
};

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
