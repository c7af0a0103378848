// A scenario as data: what stands, what goes wrong and when, what the operator has declared, and how it has to end. Written
// in YAML, shared by rehearsals, drills and the tests; a failing random run is kept as one.

import { parseDocument } from "yaml";
import { z } from "zod";
import { inputError } from "../model/errors";
import { etcdFaultSchemas } from "./etcd/etcd-fault";

/** Version of the scenario format. */
export const scenarioVersion = 1;

const duration = z
  .string()
  .regex(/^([0-9]+h)?([0-9]+m)?([0-9]+s)?$/, "must be a duration such as 90s, 3m or 1h30m")
  .refine((text) => text !== "", "must be a duration such as 90s, 3m or 1h30m");
const timeOfDay = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$/, "must be a time such as 10:25");

/** A moment of a scenario: a duration since it began, or a time of day when it says at what time it begins. */
export const momentSchema = z.union([duration, timeOfDay]).describe("3m after the beginning, or 10:25.");

/** An etcd cluster by itself: what the etcd planner is rehearsed against. */
const etcdTopologySchema = z.strictObject({
  kind: z.literal("etcd"),
  runner: z.enum(["monit", "systemd", "static-pod"]).default("static-pod"),
  members: z.number().int().min(1).max(9).default(3).describe("Nodes cp-0, cp-1, ... that are members."),
  joining: z.number().int().min(0).max(8).default(0).describe("Declared nodes behind them that are not members yet."),
  version: z
    .string()
    .regex(/^3\.[3-6]\.[0-9]+$/, "must be an etcd version from 3.3 to 3.6, such as 3.5.21")
    .default("3.5.21"),
});

/** A kubeadm control plane with stacked etcd, from a folder of manifests. */
export const kubeadmTopologySchema = z.strictObject({
  kind: z.literal("kubeadm"),
  nodes: z.number().int().min(1).max(7).default(3).describe("Nodes cp-0, cp-1, ..."),
});

/** What stands. */
export const topologySchema = z.discriminatedUnion("kind", [etcdTopologySchema, kubeadmTopologySchema]);

/** Faults that a scenario can hold, tagged by kind. */
export const scenarioFaultSchema = z.discriminatedUnion("kind", [...etcdFaultSchemas]);

const timedFaultSchema = z.strictObject({
  at: momentSchema,
  fault: scenarioFaultSchema,
  given: z.boolean().default(false).describe("It has no modelled cause; it is taken from the source."),
});

/** What the declaration says beside the topology. */
const declarationSchema = z.strictObject({
  repairSeveral: z.boolean().default(false),
  restore: z
    .strictObject({
      name: z.string(),
      source: z.discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("survivor"), node: z.string() }),
        z.strictObject({ kind: z.literal("backup"), node: z.string().optional() }).describe("The newest one kept."),
      ]),
    })
    .optional(),
  backupAge: duration.optional().describe("A backup of that age is kept off the nodes when the scenario begins."),
});

/** How it has to end. */
const endSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("restored") }),
  z.strictObject({
    kind: z.literal("refused"),
    reasons: z.array(z.string()).min(1).describe("Reason codes of the blockers, sorted."),
  }),
]);

/** The fields of every scenario; who plays scenarios in another way extends them. */
export const scenarioSchema = z.strictObject({
  version: z.literal(scenarioVersion),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, "must be lower-case letters, digits and '-'")
    .max(80),
  title: z.string().min(1).describe("One sentence."),
  source: z.string().optional().describe("Where it is from: a seed, a failing run."),
  seed: z.string().default("scenario").describe("Of all chance in it."),
  startsAt: timeOfDay.optional(),
  topology: topologySchema,
  declaration: declarationSchema.prefault({}),
  faults: z.array(timedFaultSchema).default([]),
  end: endSchema.optional().describe("Left out: whatever the state's oracle expects."),
});

/** A scenario. */
export type Scenario = Readonly<z.infer<typeof scenarioSchema>>;
/** What stands. */
export type ScenarioTopology = Scenario["topology"];
/** A fault of a scenario. */
export type ScenarioFault = Scenario["faults"][number]["fault"];

interface TimedScenario {
  readonly startsAt?: string | undefined;
  readonly faults: readonly { readonly at?: string | undefined }[];
}

/** Reads a scenario from YAML. @throws RecoveryError "input" with every problem and its path. */
export function parseScenario(text: string, source: string): Scenario;
/** The same for whoever extends the format. */
export function parseScenario<T extends TimedScenario>(text: string, source: string, schema: z.ZodType<T>): T;
export function parseScenario(
  text: string,
  source: string,
  schema: z.ZodType<TimedScenario> = scenarioSchema,
): TimedScenario {
  const document = parseDocument(text);
  const [broken] = document.errors;
  if (broken !== undefined)
    throw inputError(`${source} is not YAML: ${broken.message.split("\n")[0]}`, { hint: "mend it and run again" });
  const parsed = schema.safeParse(document.toJS());
  if (!parsed.success)
    throw inputError(`${source} is no scenario`, {
      problems: parsed.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`),
    });
  const late = parsed.data.faults.filter(({ at }) => at?.includes(":") === true).length;
  if (late > 0 && parsed.data.startsAt === undefined)
    throw inputError(`${source} is no scenario`, {
      problems: ["startsAt: must say when it begins, because its faults have times of day"],
    });
  return parsed.data;
}

/** Seconds from the scenario's beginning to a moment of it; a time of day before the beginning is the next day's. */
export function secondsUntil(moment: string, startsAt: string | undefined): number {
  if (!moment.includes(":")) return durationSeconds(moment);
  const seconds = clockSeconds(moment) - clockSeconds(startsAt ?? "00:00");
  return seconds < 0 ? seconds + 86_400 : seconds;
}

/** Seconds of a duration such as 1h30m. */
export function durationSeconds(text: string): number {
  const [, hours = "0", minutes = "0", seconds = "0"] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function clockSeconds(text: string): number {
  const [hours = "0", minutes = "0", seconds = "0"] = text.split(":");
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}
