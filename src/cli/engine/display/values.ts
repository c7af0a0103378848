// Property values as text for people. A secret is never shown unless the caller has taken its mark off.

import {
  isPropertyList,
  isPropertyMap,
  type PropertyValue,
  SecretValue,
  UnknownValue,
} from "../../../engine/property-value";

/** One line for a value that fits on one; undefined for lists, maps and texts of several lines. */
export function renderInline(value: PropertyValue | undefined): string | undefined {
  if (value === undefined || value === null) return "null";
  if (value instanceof SecretValue) return "[secret]";
  if (value instanceof UnknownValue) return "[unknown]";
  if (isPropertyList(value)) return value.length === 0 ? "[]" : undefined;
  if (isPropertyMap(value)) return Object.keys(value).length === 0 ? "{}" : undefined;
  if (typeof value === "string" && value.trimEnd().includes("\n")) return undefined;
  return JSON.stringify(value);
}

/** Lines of a value after its key; each but the first carries its whole indent. */
export function renderValue(value: PropertyValue | undefined, indent: number, sign: string): readonly string[] {
  const inline = renderInline(value);
  if (inline !== undefined) return [inline];
  const pad = `${" ".repeat(Math.max(indent + 2, 0))}${sign} `;
  const end = " ".repeat(indent);
  if (isPropertyList(value)) {
    const items = value.flatMap((item, index) => keyed(pad, `[${index}]`, renderValue(item, indent + 4, sign)));
    return ["[", ...items, `${end}]`];
  }
  if (isPropertyMap(value)) {
    const items = Object.keys(value)
      .sort()
      .flatMap((name) => keyed(pad, name, renderValue(value[name], indent + 4, sign)));
    return ["{", ...items, `${end}}`];
  }
  const lines = String(value).replace(/\n$/, "").split("\n");
  return ["|", ...lines.map((line) => `${pad}${line}`)];
}

function keyed(pad: string, key: string, lines: readonly string[]): readonly string[] {
  const [first, ...rest] = lines;
  return [`${pad}${key}: ${first ?? ""}`, ...rest];
}
