// Reads etcdctl's JSON without losing a digit: every number stays text until somebody says what it is.

import { isLosslessNumber, parse } from "lossless-json";
import { type MemberId, parseDecimalId } from "../../model/etcd-member-id";

/** A JSON object whose numbers are still text. */
export type Fields = Readonly<Record<string, unknown>>;

/** The JSON values of a text, one for each line that holds one; undefined when a line is no JSON. */
export function readJsonLines(text: string): readonly unknown[] | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  try {
    return lines.map((line) => parse(line));
  } catch {
    return undefined;
  }
}

/** The value as an object; undefined when it is none. */
export function asFields(value: unknown): Fields | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
  return isObject ? (value as Fields) : undefined;
}

/** The value as a list; an absent one is empty, because etcd leaves empty lists out. undefined when it is something else. */
export function asList(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : undefined;
}

/** A list of texts; undefined when it is something else. */
export function asTexts(value: unknown): readonly string[] | undefined {
  const list = asList(value);
  return list?.every((item) => typeof item === "string") === true ? (list as readonly string[]) : undefined;
}

/** A 64-bit id; undefined when absent, zero or no id. */
export function asId(value: unknown): MemberId | undefined {
  return isLosslessNumber(value) ? parseDecimalId(value.toString()) : undefined;
}

/** A count that fits a JavaScript number; an absent one is zero, because etcd leaves zeros out. undefined when it is none. */
export function asCount(value: unknown): number | undefined {
  if (value === undefined) return 0;
  if (!isLosslessNumber(value)) return undefined;
  const digits = value.toString();
  const count = Number(digits);
  return /^[0-9]+$/.test(digits) && Number.isSafeInteger(count) ? count : undefined;
}

/** The digits of a number, minus sign included; undefined when it is none. */
export function asDigits(value: unknown): string | undefined {
  const digits = isLosslessNumber(value) ? value.toString() : undefined;
  return digits !== undefined && /^-?[0-9]+$/.test(digits) ? digits : undefined;
}
