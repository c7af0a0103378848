// Validates inputs against a schema and names every mistake with its path, never with its value.

import type { z } from "zod";
import type { JsonObject } from "../model/json";
import { childPath } from "../plan/property-diff";
import type { CheckedInputs } from "./resource-type";

/** Checks inputs against a schema; valid inputs come back with the schema's defaults. */
export function checkInputs(schema: z.ZodType, inputs: JsonObject): CheckedInputs {
  const parsed = schema.safeParse(inputs);
  if (parsed.success) return { kind: "valid", inputs: parsed.data as JsonObject };
  return { kind: "invalid", problems: parsed.error.issues.map(renderIssue) };
}

/** One mistake as `path: what was expected`. */
export function renderIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.reduce<string>(
    (joined, key) => (typeof key === "number" ? `${joined}[${key}]` : childPath(joined, String(key))),
    "",
  );
  const message = issue.message.replace(/^Invalid input: /, "").replace(/^Invalid option: /, "");
  return path === "" ? message : `${path}: ${message}`;
}
