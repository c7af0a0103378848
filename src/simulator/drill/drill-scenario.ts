// What a drill has beyond a scenario: what the operator does when, what was promised, what was once written down, advice.

import { z } from "zod";
import { serviceNames } from "../foundation/services";
import { foundationSchema } from "../foundation/topology";
import { momentSchema, scenarioSchema } from "../scenario";
import { drillTailShape, logSchemaOf, whenShape } from "./drill-parts";

const zone = z.string().min(1);
const duration = momentSchema;

const foundationFaultSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("zone-power-lost"),
    zone,
    network: z.boolean().default(false).describe("Its network fails too and is mended by itself."),
  }),
  z.strictObject({ kind: z.literal("zone-network-back"), zone }),
  z.strictObject({ kind: z.literal("zone-power-back"), zone }),
  z.strictObject({
    kind: z.literal("service-held-down"),
    service: z.enum(serviceNames),
    zone: zone.describe("Until no VM of this zone is silent any more."),
  }),
  z.strictObject({
    kind: z.literal("vms-lost"),
    instances: z
      .array(z.string().regex(/^[a-z0-9_-]+\/[0-9]+$/, "must be GROUP/INDEX"))
      .min(1)
      .describe("Their VMs are off until somebody mends them."),
  }),
  z.strictObject({ kind: z.literal("entry-switched") }),
  z.strictObject({ kind: z.literal("blobstore-restored") }),
]);

const actionSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("bosh-cck"),
    resolutions: z.array(z.string()).min(1).describe("The first that the director offers for a problem is taken."),
  }),
  z.strictObject({ kind: z.literal("bootstrap-galera") }),
  z.strictObject({ kind: z.literal("switch-entry") }),
  z.strictObject({ kind: z.literal("drain-cell"), index: z.number().int().min(0) }),
]);

/** One thing that the operator can do in a foundation. */
export type FoundationAction = Readonly<z.infer<typeof actionSchema>>;
/** A fault of a foundation. */
export type FoundationFault = Readonly<z.infer<typeof foundationFaultSchema>>;

/** A drill of a foundation. */
export const foundationDrillSchema = scenarioSchema.omit({ declaration: true, end: true }).extend({
  topology: foundationSchema,
  faults: z
    .array(
      z.strictObject({
        ...whenShape,
        fault: foundationFaultSchema,
        given: z.string().optional().describe("Why it is given."),
      }),
    )
    .min(1),
  operator: z.array(z.strictObject({ ...whenShape, action: actionSchema })).default([]),
  ...drillTailShape,
  objective: z
    .strictObject({ rto: z.partialRecord(z.enum(serviceNames), duration), rpoWrites: z.number().int().min(0) })
    .describe("Longest that each service may be down, and how many writes may be lost."),
  log: z.array(logSchemaOf(serviceNames)).default([]),
});

/** A drill of a foundation. */
export type FoundationDrillScenario = Readonly<z.infer<typeof foundationDrillSchema>>;
