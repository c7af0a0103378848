// Values of resource properties as the engine holds them, and their form on the wire (a protobuf Struct in which
// secrets and unknowns are marked by signature objects and sentinel strings). Their form in state is in checkpoint.ts.

import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { unsupportedError } from "../model/errors";

/** Key under which an object says what kind of special value it is. Source: sdk/go/common/resource/sig. */
export const signatureKey = "4dabf18193072939515e22adb298388d";
/** Signature of a secret. */
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
/** Signature of an output value (known or not, secret or not, with dependencies). */
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
/** Signature of a string that is not UTF-8. State with one needs a feature that this engine does not have. */
const byteStringSignature = "803fd3297a5875dc03ca845dda5d2a98";
/** Stands for a value that is not known before the update has run. */
export const unknownSentinel = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** The other sentinels that SDKs send for unknown values of a known type. */
const unknownSentinels: ReadonlySet<string> = new Set([
  unknownSentinel,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

/** A value that is never shown and is stored encrypted. */
export class SecretValue {
  constructor(readonly value: PropertyValue) {}
}

/** A value that is not known before the update has run. */
export class UnknownValue {
  readonly unknown = true;
}

/** The one unknown value. */
export const unknown = new UnknownValue();

/** Any value of a property. Assets and resource references are kept as the objects they are on the wire. */
export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | SecretValue
  | UnknownValue
  | readonly PropertyValue[]
  | PropertyMap;

/** Properties by name. */
export interface PropertyMap {
  readonly [name: string]: PropertyValue;
}

/** Is it a plain object: no secret, unknown or list? */
export function isPropertyMap(value: PropertyValue | undefined): value is PropertyMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof SecretValue) &&
    !(value instanceof UnknownValue)
  );
}

/** Is it a list? */
export function isPropertyList(value: PropertyValue | undefined): value is readonly PropertyValue[] {
  return Array.isArray(value);
}

/** Wraps a value as a secret unless it is one already. */
export function asSecret(value: PropertyValue): SecretValue {
  return value instanceof SecretValue ? value : new SecretValue(value);
}

/** Reads a value in wire form: signature objects become secrets, sentinels become unknowns. */
export function parseWireValue(wire: unknown): PropertyValue {
  if (wire === null || wire === undefined) return null;
  if (typeof wire === "string") return unknownSentinels.has(wire) ? unknown : wire;
  if (typeof wire === "boolean" || typeof wire === "number") return wire;
  if (Array.isArray(wire)) return wire.map(parseWireValue);
  if (typeof wire !== "object") throw unsupportedError(`a property of type ${typeof wire} cannot be handled`);
  const fields = wire as Readonly<Record<string, unknown>>;
  if (fields[signatureKey] === secretSignature) return asSecret(parseWireValue(fields.value));
  if (fields[signatureKey] === outputSignature) {
    const element = "value" in fields ? parseWireValue(fields.value) : unknown;
    return fields.secret === true ? asSecret(element) : element;
  }
  if (fields[signatureKey] === byteStringSignature) {
    throw unsupportedError("a property holds bytes that are not UTF-8; use the pulumi CLI for this stack");
  }
  return parseWireMap(fields);
}

/** Reads the properties of an object in wire form. */
export function parseWireMap(wire: Readonly<Record<string, unknown>>): PropertyMap {
  const result: Record<string, PropertyValue> = {};
  for (const [name, value] of Object.entries(wire)) result[name] = parseWireValue(value);
  return result;
}

/** What a peer on the wire understands. */
export interface WireOptions {
  /** False unwraps secrets. */
  readonly keepSecrets: boolean;
}

/** Writes a value in wire form. */
export function renderWireValue(value: PropertyValue, options: WireOptions): unknown {
  if (value instanceof UnknownValue) return unknownSentinel;
  if (value instanceof SecretValue) {
    const inner = renderWireValue(value.value, options);
    return options.keepSecrets ? { [signatureKey]: secretSignature, value: inner } : inner;
  }
  if (isPropertyList(value)) return value.map((item) => renderWireValue(item, options));
  if (isPropertyMap(value)) return renderWireMap(value, options);
  return value;
}

/** Writes properties in wire form. */
export function renderWireMap(properties: PropertyMap, options: WireOptions): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(properties).sort()) {
    result[name] = renderWireValue(properties[name] ?? null, options);
  }
  return result;
}

/** Reads a protobuf Struct; undefined becomes no properties. */
export function parseStruct(struct: Struct | undefined): PropertyMap {
  return struct === undefined ? {} : parseWireMap(struct.toJavaScript());
}

type StructFields = Parameters<typeof Struct.fromJavaScript>[0];

/** Writes a protobuf Struct. */
export function renderStruct(properties: PropertyMap, options: WireOptions): Struct {
  return Struct.fromJavaScript(renderWireMap(properties, options) as StructFields);
}

/** Are the two the same in value and in what is secret? */
export function valuesEqual(left: PropertyValue | undefined, right: PropertyValue | undefined): boolean {
  if (left === right) return true;
  if (left instanceof SecretValue || right instanceof SecretValue) {
    return left instanceof SecretValue && right instanceof SecretValue && valuesEqual(left.value, right.value);
  }
  if (isPropertyList(left) && isPropertyList(right)) {
    return left.length === right.length && left.every((item, index) => valuesEqual(item, right[index]));
  }
  if (isPropertyMap(left) && isPropertyMap(right)) {
    const names = Object.keys(left);
    return (
      names.length === Object.keys(right).length &&
      names.every((name) => Object.hasOwn(right, name) && valuesEqual(left[name], right[name]))
    );
  }
  return false;
}

/** The same value with secrets unwrapped at every depth. Never print the result. */
export function withoutSecrets(value: PropertyValue): PropertyValue {
  if (value instanceof SecretValue) return withoutSecrets(value.value);
  if (isPropertyList(value)) return value.map(withoutSecrets);
  if (isPropertyMap(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutSecrets(item)]));
  }
  return value;
}

/** Does an unknown occur at any depth? */
export function containsUnknowns(value: PropertyValue): boolean {
  if (value instanceof UnknownValue) return true;
  if (value instanceof SecretValue) return containsUnknowns(value.value);
  if (isPropertyList(value)) return value.some(containsUnknowns);
  if (isPropertyMap(value)) return Object.values(value).some(containsUnknowns);
  return false;
}
