// Plain JSON data and the two questions asked of it everywhere: are two values equal, and what do they look like sorted.

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Is it a JSON object, not a list, not null? */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Is it a list of JSON values? `Array.isArray` alone does not narrow a read-only array. */
export function isJsonList(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The same value with the keys of every object sorted. List order is kept. */
export function sortKeys(value: JsonValue): JsonValue {
  if (isJsonList(value)) return value.map(sortKeys);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}

/** Are two values equal, whatever the order of their keys? A key without a value is none. */
export function isEqualJson(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (isJsonList(left)) {
    return isJsonList(right) && left.length === right.length && left.every((one, at) => isEqualJson(one, right[at]));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const keys = keysOf(left);
  return keys.length === keysOf(right).length && keys.every((key) => isEqualJson(left[key], ownValue(right, key)));
}

/** What an object itself has under a key: it may well be named "constructor". */
export function ownValue(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function keysOf(object: JsonObject): readonly string[] {
  return Object.keys(object).filter((key) => object[key] !== undefined);
}
