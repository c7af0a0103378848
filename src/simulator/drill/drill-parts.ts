// What the drills of every kind of topology share as data: moments, what was once written down, advice, and figures that can
// be replaced.

import { z } from "zod";
import type { DrillParameter } from "../../model/drill";
import { inputError } from "../../model/errors";
import { momentSchema } from "../scenario";

/** When something happens: at a moment, or some time after an event of the drill. */
export const whenShape = {
  at: momentSchema.optional(),
  after: z.string().optional().describe("The id of an event; give this or `at`."),
  plus: momentSchema.optional().describe("So long after that event."),
};

/** Faults of one kind of topology in time, one at least. */
export function timedFaultsOf<Fault extends z.ZodType>(fault: Fault) {
  const given = z.string().optional().describe("Why it is given.");
  return z.array(z.strictObject({ ...whenShape, fault, given })).min(1);
}

/** What to do when. */
export const adviceSchema = z.strictObject({ when: z.string(), what: z.string(), command: z.string().optional() });

/** A line of what was once written down, about services of these names. */
export function logSchemaOf<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z
    .strictObject({
      at: momentSchema,
      says: z.string().min(1),
      event: z.string().optional().describe("The id of an event of the drill that it tells of."),
      shows: z
        .partialRecord(z.enum(names), z.array(z.enum(["up", "partial", "down"])))
        .optional()
        .describe("How these services are at that minute."),
      because: z.string().optional().describe("Why it is given."),
    })
    .refine(({ event, shows }) => (event === undefined) !== (shows === undefined), "needs either `event` or `shows`");
}

/** What every drill of a planned repair has beside its topology, faults and acts. */
export const drillTailShape = {
  parameters: z.record(z.string(), z.number()).default({}),
  assumptions: z.array(z.string()).default([]),
  advice: z.array(adviceSchema).default([]),
};

/** Figures in seconds: default, meaning and where it is from. */
export type SecondsTable = Readonly<
  Record<string, { readonly value: number; readonly meaning: string; readonly source: string }>
>;

/** The table's values with some replaced. @throws RecoveryError "input" for names that there are not and values that are not above 0. */
export function chooseSeconds<Table extends SecondsTable>(
  table: Table,
  changes: Readonly<Record<string, number>>,
): Readonly<Record<keyof Table, number>> {
  const problems = Object.entries(changes).flatMap(([name, value]) => {
    if (!Object.hasOwn(table, name)) return [`${name}: there is no such parameter`];
    return Number.isFinite(value) && value > 0 ? [] : [`${name}: must be a number above 0, not ${value}`];
  });
  if (problems.length > 0)
    throw inputError("the parameters cannot be used", {
      problems,
      hint: `the parameters are ${Object.keys(table).join(", ")}`,
    });
  const values = Object.entries(table).map(([name, { value }]) => [name, changes[name] ?? value]);
  return Object.fromEntries(values) as Record<keyof Table, number>;
}

/** The parameters as a result shows them. */
export function describeSeconds(
  table: SecondsTable,
  values: Readonly<Record<string, number>>,
): readonly DrillParameter[] {
  return Object.entries(table).map(([name, { value, meaning, source }]) => ({
    name,
    value: values[name] ?? value,
    defaultValue: value,
    unit: "seconds",
    meaning,
    source,
  }));
}
