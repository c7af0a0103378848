// A drill of a PKS cluster that a BOSH director looks after: broken jobs, lost VMs, silent agents.

import { z } from "zod";
import { momentSchema, scenarioSchema } from "../scenario";
import { drillTailShape, logSchemaOf, type SecondsTable, timedFaultsOf, whenShape } from "./drill-parts";

const onInstance = { instance: z.string().regex(/^(master|worker)\/[0-9]+$/, "must be master/INDEX or worker/INDEX") };

const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("job-directory-lost"), ...onInstance, job: z.string().min(1) }),
  z.strictObject({
    kind: z.literal("process-failed"),
    ...onInstance,
    process: z.string().min(1),
    stuck: z.boolean().default(false).describe("A restart does not help; a new VM does."),
  }),
  z.strictObject({ kind: z.literal("vm-lost"), ...onInstance }),
  z.strictObject({ kind: z.literal("agent-hung"), ...onInstance }),
]);

const actionSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("quorate-up") }),
  z.strictObject({
    kind: z.literal("bosh-cck"),
    resolutions: z.array(z.string()).default([]).describe("The first that the director offers for a problem is taken."),
  }),
  z.strictObject({ kind: z.literal("bosh-recreate"), ...onInstance }),
  z.strictObject({ kind: z.literal("bosh-delete-vm"), ...onInstance }),
  z.strictObject({ kind: z.literal("monit-restart"), ...onInstance, process: z.string().min(1) }),
]);
const actsSchema = z.array(z.strictObject({ ...whenShape, action: actionSchema }));

/** What people notice of a cluster. */
export const pksServices = ["api", "redundancy", "jobs"] as const;

/** A drill of a PKS cluster. */
export const pksDrillSchema = scenarioSchema.omit({ declaration: true, end: true }).extend({
  topology: z.strictObject({
    kind: z.literal("pks"),
    resurrector: z.boolean().default(true).describe("Is the health monitor's resurrector deployed?"),
    masters: z.number().int().min(1).max(7).default(3),
    workers: z.number().int().min(1).max(20).default(1),
  }),
  faults: timedFaultsOf(faultSchema),
  operator: actsSchema.default([]),
  byHand: actsSchema.default([]).describe("What is done without quorate, for `--compare operator`."),
  ...drillTailShape,
  objective: z
    .strictObject({ rto: z.partialRecord(z.enum(pksServices), momentSchema), rpoWrites: z.number().int().min(0) })
    .describe("Longest that each may be down, redundancy and jobs less than whole, and how many writes may be lost."),
  log: z.array(logSchemaOf(pksServices)).default([]),
});

/** A drill of a PKS cluster. */
export type PksDrillScenario = Readonly<z.infer<typeof pksDrillSchema>>;
/** A fault of one. */
export type PksFault = PksDrillScenario["faults"][number]["fault"];
/** One thing that the operator can do. */
export type PksAction = PksDrillScenario["operator"][number]["action"];

const director = "cloudfoundry/bosh jobs/health_monitor/spec, hm.intervals";

/** The figures of the model that a user can change. */
export const pksParameters = {
  agentAnswer: { value: 1.75, meaning: "an agent that answers", source: "seed 000: 4 VMs scanned in 7 s" },
  diskCheck: { value: 10.25, meaning: "the IaaS asked for one persistent disk", source: "seed 000: 4 disks in 41 s" },
  render: { value: 9.5, meaning: "templates rendered", source: "seed 000: 9 and 10 s" },
  stopJobs: { value: 20, meaning: "the jobs of a VM stopped", source: "assumed; monit's cycle is 10 s" },
  stopError: { value: 41, meaning: "a stop that errors", source: "seed 000: 41 s" },
  vmDelete: { value: 30, meaning: "one VM deleted", source: "seed 000" },
  vmCreate: { value: 131, meaning: "one VM created", source: "seed 000: 2 min 11 s" },
  jobsStart: { value: 261, meaning: "the jobs of a new VM brought up", source: "seed 000: 4 min 21 s" },
  vmReboot: { value: 97, meaning: "one VM rebooted until its agent answers", source: "seed 004: 16 VMs in 26 min" },
  heartbeat: {
    value: 30,
    meaning: "the time between two heartbeats",
    source: "cloudfoundry/bosh-agent agent/agent.go",
  },
  agentTimeout: { value: 60, meaning: "silence after which an agent counts as gone", source: director },
  analysis: { value: 60, meaning: "the time between two analyses of the health monitor", source: director },
} as const satisfies SecondsTable;

/** A value for each parameter. */
export type PksParameters = Readonly<Record<keyof typeof pksParameters, number>>;
