// Reads JSON of foreign tools. Whole numbers beyond 2^53 (nanoseconds, ids) keep their digits, as text.

import { parse } from "lossless-json";
import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../../model/json";

/** JSON text as a value; text before the first brace (a tool's warnings) is passed over. @throws Error for no JSON. */
export function readJson(text: string): JsonValue {
  const start = text.search(/[[{]/);
  if (start < 0) throw new Error("it is not JSON");
  return parse(text.slice(start), undefined, { parseNumber: readNumber, onDuplicateKey: lastWins }) as JsonValue;
}

/** What is at a path of keys; undefined when anything on the way is not there. */
export function valueAt(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(
    (inner, key) => (isJsonObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );
}

/** Text at a path; undefined when there is none or it is empty. */
export function textAt(value: JsonValue | undefined, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, ...path);
  return typeof found === "string" && found !== "" ? found : undefined;
}

/** A whole number at a path; undefined when there is none. */
export function integerAt(value: JsonValue | undefined, ...path: readonly string[]): number | undefined {
  const found = valueAt(value, ...path);
  return typeof found === "number" && Number.isSafeInteger(found) ? found : undefined;
}

/** The objects of a list at a path. */
export function objectsAt(value: JsonValue | undefined, ...path: readonly string[]): readonly JsonObject[] {
  const found = valueAt(value, ...path);
  return isJsonList(found) ? found.filter(isJsonObject) : [];
}

/** The texts of a list at a path; undefined when there is no such list. */
export function textsAt(value: JsonValue | undefined, ...path: readonly string[]): string[] | undefined {
  const found = valueAt(value, ...path);
  if (!isJsonList(found)) return undefined;
  return found.filter((word) => typeof word === "string");
}

/**
 * A time as seconds: nanoseconds since 1970 (a number or its digits) or RFC 3339. Undefined for none, which the tools
 * write as 0, as year 1 or as 1970.
 */
export function secondsOf(value: JsonValue | undefined): number | undefined {
  if (typeof value === "number" || (typeof value === "string" && /^\d{1,19}$/.test(value))) {
    const micros = BigInt(value) / 1000n;
    return micros > 0n ? Number(micros) / 1e6 : undefined;
  }
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms / 1000;
}

function readNumber(digits: string): number | string {
  const number = Number(digits);
  return /^-?\d+$/.test(digits) && !Number.isSafeInteger(number) ? digits : number;
}

function lastWins({ newValue }: { readonly newValue: unknown }): unknown {
  return newValue;
}
