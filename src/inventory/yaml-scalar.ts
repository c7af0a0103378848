// What a plain YAML scalar means to PyYAML, which Ansible reads with: YAML 1.1 with its own regular expressions. The
// `yaml` package differs in small things (`y` and `1e3` are text here), so it is only asked for the syntax.
// Source: PyYAML lib/yaml/resolver.py and constructor.py.

import type { InventoryValue } from "../model/inventory";

const trueWords: ReadonlySet<string> = new Set(["yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]);
const falseWords: ReadonlySet<string> = new Set(["no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]);
const nullWords: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);

const integerPattern = /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const floatPattern = /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/;
const sexagesimalFloatPattern = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/;

/** The value of an unquoted, untagged scalar. Dates stay text, which is what Ansible prints of them. */
export function plainYamlValue(text: string): InventoryValue {
  if (nullWords.has(text)) return null;
  if (trueWords.has(text)) return true;
  if (falseWords.has(text)) return false;
  if (integerPattern.test(text)) return integerOf(text);
  if (floatPattern.test(text)) return Number(text.replaceAll("_", ""));
  if (sexagesimalFloatPattern.test(text)) return signed(text, (digits) => sexagesimal(digits, Number));
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text))
    return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return Number.NaN;
  return text;
}

function integerOf(text: string): InventoryValue {
  const isNegative = text.startsWith("-");
  const digits = text.replace(/^[-+]/, "").replaceAll("_", "");
  let exact: bigint;
  if (digits.includes(":")) exact = digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  else if (/^0[0-7]+$/.test(digits)) exact = BigInt(`0o${digits.slice(1)}`);
  else if (/^(?:0[bx].+|\d+)$/.test(digits)) exact = BigInt(digits);
  // `0b_` has no digit left: PyYAML fails at it, and text is the harmless reading.
  else return text;
  const value = isNegative ? -exact : exact;
  const isSafe = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
  return isSafe ? Number(value) : value;
}

function signed(text: string, read: (digits: string) => number): number {
  const value = read(text.replace(/^[-+]/, "").replaceAll("_", ""));
  return text.startsWith("-") ? -value : value;
}

function sexagesimal(digits: string, read: (part: string) => number): number {
  return digits.split(":").reduce((sum, part) => sum * 60 + read(part), 0);
}
