// Reads a stack's whole configuration against a schema, so that every mistake is named at once with its path.

import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";

/** The configuration under `quorate:`. @throws RunError that lists every mistake with its path and what was expected. */
export function parseStackConfig<T extends z.ZodType>(schema: T): z.infer<T> {
  const prefix = "quorate:";
  const entries = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]) => [key.slice(prefix.length), parseValue(text)] as const);
  const parsed = schema.safeParse(Object.fromEntries(entries));
  if (parsed.success) return parsed.data;
  throw configError(
    parsed.error.issues.map(
      (issue) => `${prefix}${issue.path.join(".")}: ${issue.message.replace(/^Invalid (input|option): /, "")}`,
    ),
  );
}

/** An error that lists mistakes in the configuration. */
export function configError(mistakes: readonly string[]): pulumi.RunError {
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  return new pulumi.RunError(
    [`${count} in the configuration of stack ${pulumi.getStack()}:`, ...mistakes.map((line) => `  * ${line}`)].join(
      "\n",
    ),
  );
}

/** The value without its undefined fields: an optional argument is left out, not undefined. */
export function withoutUndefined<T extends object>(value: T): { readonly [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

// Pulumi hands every value over as text; objects, numbers and booleans as JSON.
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
