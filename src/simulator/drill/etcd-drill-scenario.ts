// A drill of an etcd cluster: a scenario with promises, advice and the pace of the repair.

import { z } from "zod";
import type { DrillParameter } from "../../model/drill";
import { inputError } from "../../model/errors";
import type { EtcdFault } from "../etcd/etcd-fault";
import { momentSchema, type Scenario, scenarioSchema, secondsUntil } from "../scenario";
import { describeSeconds, drillTailShape } from "./drill-parts";

/** A drill of an etcd cluster. */
export const etcdDrillSchema = scenarioSchema.extend({
  ...drillTailShape,
  objective: z
    .strictObject({
      rto: z.partialRecord(z.enum(["writes", "redundancy"]), momentSchema),
      rpoWrites: z.number().int().min(0),
    })
    .describe("Longest without writes, longest with a member less; writes that may be lost."),
});

/** A drill of an etcd cluster. */
export type EtcdDrillScenario = Readonly<z.infer<typeof etcdDrillSchema>>;

const parameters = {
  reaction: { value: 300, meaning: "from the first fault until somebody runs quorate", source: "assumed" },
  step: {
    value: 5,
    meaning: "one step of the plan",
    source: "seen in the lab: a round trip of 0.3 to 1 s and what it runs",
  },
  start: { value: 15, meaning: "a member's start until it takes part", source: "seen in the lab" },
  poll: { value: 5, meaning: "the time between two looks at what is waited for", source: "quorate's own waits" },
} as const;

/** The parameters with some replaced. @throws RecoveryError "input" for names that there are not and values below 0. */
export function etcdParameters(changes: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const problems = Object.entries(changes).flatMap(([name, value]) => {
    if (!Object.hasOwn(parameters, name)) return [`${name}: there is no such parameter`];
    return Number.isInteger(value) && value > 0 ? [] : [`${name}: must be whole seconds above 0, not ${value}`];
  });
  const names = Object.keys(parameters);
  if (problems.length > 0)
    throw inputError("the parameters cannot be used", { problems, hint: `the parameters are ${names.join(", ")}` });
  return { ...Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value])), ...changes };
}

/** The parameters as a result shows them. */
export function describeEtcdParameters(values: Readonly<Record<string, number>>): readonly DrillParameter[] {
  return describeSeconds(parameters, values);
}

/** The faults in order of time. */
export function timedFaults({
  faults,
  startsAt,
}: Scenario): { atSeconds: number; fault: EtcdFault; isGiven: boolean; isStruck: boolean }[] {
  return faults
    .map(({ at, fault, given }) => ({ atSeconds: secondsUntil(at, startsAt), fault, isGiven: given, isStruck: false }))
    .sort((a, b) => a.atSeconds - b.atSeconds);
}

/** A declaration as it was before anybody thought of a restore. */
export function withoutRestore({
  restore: _restore,
  ...declaration
}: Scenario["declaration"]): Scenario["declaration"] {
  return declaration;
}
