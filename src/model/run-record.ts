// What a resource leaves behind of a real run for the report: how things were when it looked, every step with its command and
// outcome, what was refused. One JSON document a line, written as it happens, so that a run that is cut off is told as far as
// it went. Secrets are masked before anything is written.

import { z } from "zod";

const health = z.enum(["up", "partial", "down", "unknown"]);
const placeSchema = z.object({
  name: z.string(),
  items: z.array(z.object({ name: z.string(), health, detail: z.string() })),
});
const at = { atMs: z.number().describe("By the clock of what is recovered: the wall's, or a simulated world's.") };

/** One line of a record. */
export const runEntrySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("began"),
    ...at,
    wallMs: z.number(),
    type: z.string(),
    name: z.string(),
    phase: z.enum(["read", "converge"]),
  }),
  z.object({
    kind: z.literal("seen"),
    ...at,
    places: z.array(placeSchema),
    /** How the whole is, where it is more than its parts: the verdict on etcd. */
    whole: z.object({ name: z.string(), health, why: z.string() }).optional(),
  }),
  z.object({
    kind: z.literal("step-started"),
    ...at,
    title: z.string(),
    where: z.string(),
    command: z.string(),
  }),
  z.object({
    kind: z.literal("step-ended"),
    ...at,
    outcome: z.enum(["done", "failed", "refused"]),
    message: z.string(),
  }),
  z.object({ kind: z.literal("said"), ...at, text: z.string() }),
  z.object({
    kind: z.literal("ended"),
    ...at,
    failures: z.array(z.string()),
    blockers: z.array(z.object({ reason: z.string(), where: z.string(), message: z.string(), nextStep: z.string() })),
    /** Why it is not as declared, one sentence each. */
    reasons: z.array(z.string()),
  }),
]);

/** One line of a record. */
export type RunEntry = Readonly<z.infer<typeof runEntrySchema>>;
/** Something with a health of its own, and its parts. */
export type RunPlace = Extract<RunEntry, { kind: "seen" }>["places"][number];

/** Reads a record; a last line that was cut short is left out. */
export function parseRunRecord(text: string): readonly RunEntry[] {
  return text.split("\n").flatMap((line) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return [];
    }
    const parsed = runEntrySchema.safeParse(value);
    return parsed.success ? [parsed.data] : [];
  });
}
