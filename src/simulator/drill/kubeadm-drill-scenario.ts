// A drill of a kubeadm control plane's files and services: broken manifests, services that stand still, nodes that are off.

import { z } from "zod";
import { kubeadmTopologySchema, momentSchema, scenarioSchema } from "../scenario";
import { drillTailShape, logSchemaOf, type SecondsTable, timedFaultsOf, whenShape } from "./drill-parts";

const node = z.string().min(1);
const onFile = { node, fileName: z.string().min(1).describe("In the manifest directory.") };
const onService = { node, service: z.string().min(1) };

const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("manifest-set"),
    ...onFile,
    path: z.array(z.union([z.string(), z.number().int().min(0)])).min(1),
    value: z.union([z.string(), z.number(), z.boolean()]),
  }),
  z.strictObject({ kind: z.literal("manifest-edited"), ...onFile, from: z.string().min(1), to: z.string() }),
  z.strictObject({ kind: z.literal("manifest-removed"), ...onFile }),
  z.strictObject({ kind: z.literal("service-stopped"), ...onService }),
  z.strictObject({
    kind: z.literal("kubelet-ignores"),
    node,
    what: z.enum(["changes", "starts"]).describe("What it ignores until it is restarted."),
  }),
  z.strictObject({ kind: z.literal("power-lost"), node }),
  z.strictObject({ kind: z.literal("power-back"), node }),
]);

const actionSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("quorate-up") }),
  z.strictObject({ kind: z.literal("restart-service"), ...onService }),
]);

/** What people notice of a control plane. */
export const kubeadmServices = ["api", "scheduling", "controllers", "redundancy"] as const;

/** A drill of a kubeadm control plane. */
export const kubeadmDrillSchema = scenarioSchema.omit({ declaration: true, end: true }).extend({
  topology: kubeadmTopologySchema,
  faults: timedFaultsOf(faultSchema),
  operator: z
    .array(z.strictObject({ ...whenShape, action: actionSchema }))
    .default([])
    .describe("An act `after` an event without `plus` comes after the parameter `reaction`."),
  ...drillTailShape,
  objective: z
    .strictObject({ rto: z.partialRecord(z.enum(kubeadmServices), momentSchema), rpoWrites: z.number().int().min(0) })
    .describe("Longest that each may be down, redundancy less than whole, and how many writes may be lost."),
  log: z.array(logSchemaOf(kubeadmServices)).default([]),
});

/** A drill of a kubeadm control plane. */
export type KubeadmDrillScenario = Readonly<z.infer<typeof kubeadmDrillSchema>>;
/** A fault of one. */
export type KubeadmFault = KubeadmDrillScenario["faults"][number]["fault"];
/** One thing that the operator can do. */
export type KubeadmAction = KubeadmDrillScenario["operator"][number]["action"];

/** The figures of the model that a user can change; the kubelet's own periods are its source's. */
export const kubeadmParameters = {
  reaction: { value: 180, meaning: "from an event until somebody acts on it", source: "assumed" },
  containerStart: {
    value: 90,
    meaning: "the time that a pod has to come to run, containerStartTimeoutSeconds of the declaration",
    source: "quorate's default",
  },
  poll: { value: 2, meaning: "the time between two looks at what is waited for", source: "quorate's own waits" },
} as const satisfies SecondsTable;
