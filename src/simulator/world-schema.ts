// The shape of a simulated world as it is kept in a file. It is plain JSON: whatever the simulator knows is in here, so that
// a copy of it is a copy of the world. How it changes is in the other files of this folder.

import { z } from "zod";
import type { JsonObject } from "../model/json";
import { observedNodeSchema } from "../model/node-observation";

/** Version of the world file. */
export const worldVersion = 1;

const milliseconds = z.number().int().describe("Virtual Unix time, milliseconds.");
const contentSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("pod"), pod: z.custom<JsonObject>((v) => typeof v === "object" && v !== null) }),
  z.object({ kind: z.literal("empty") }),
  z.object({ kind: z.literal("not-yaml"), reason: z.string() }),
  z.object({ kind: z.literal("not-a-pod"), reason: z.string() }),
  z.object({ kind: z.literal("unread"), reason: z.string() }),
]);
const fileSchema = z.object({
  owner: z.string(),
  mode: z.string(),
  modifiedAtMs: milliseconds,
  content: contentSchema,
});
const pathSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("directory") }),
  z.object({ kind: z.literal("file"), isEmpty: z.boolean() }),
]);
const imageSchema = z.object({ name: z.string(), executables: z.array(z.string()).describe("Absolute paths.") });
const exitSchema = z.object({
  atMs: milliseconds,
  exitCode: z.number(),
  reason: z.string(),
  message: z.string(),
  isForWant: z.boolean().describe("Taken back if what it lacks comes back in time."),
});
const containerSchema = z.object({
  id: z.number().int(),
  uid: z.string().describe("Of the pod: it follows from the manifest's meaning and its path."),
  podName: z.string().describe("With the node's name behind it."),
  namespace: z.string(),
  name: z.string(),
  attempt: z.number().int(),
  state: z.enum(["running", "exited"]),
  startedAtMs: milliseconds,
  createdByClockMs: milliseconds.describe("The same instant as the node's own clock had it then."),
  finishedAtMs: milliseconds.optional(),
  exit: exitSchema.optional().describe("How it ended, or how it is going to end by itself."),
  readyAfterMs: z.number().int().describe("Readiness comes so long after the start at the earliest."),
  command: z.array(z.string()),
  image: z.string(),
  hostPaths: z.array(z.string()),
});
const workerSchema = z.object({
  uid: z.string(),
  key: z.string().describe("namespace/name of the pod."),
  fileName: z.string(),
  pod: z.custom<JsonObject>((v) => typeof v === "object" && v !== null),
  retryAtMs: milliseconds,
  stuck: z.object({ reason: z.string(), message: z.string() }).optional().describe("Why no container can be made."),
});
const terminationSchema = z.object({ uid: z.string(), key: z.string(), endsAtMs: milliseconds });
const backOffSchema = z.object({ delayMs: z.number().int(), touchedAtMs: milliseconds });
const kubeletSchema = z.object({
  listedAtMs: milliseconds.optional().describe("Absent while it does not run."),
  events: z.array(z.object({ fileName: z.string(), change: z.enum(["written", "removed"]) })),
  store: z.record(z.string(), z.object({ fileName: z.string(), uid: z.string() })).describe("By namespace/name."),
  fileKeys: z.record(z.string(), z.string()).describe("File name -> namespace/name that was read from it."),
  workers: z.record(z.string(), workerSchema).describe("By uid."),
  terminations: z.record(z.string(), terminationSchema).describe("By uid."),
  backOffs: z.record(z.string(), backOffSchema).describe("By uid/container."),
  ignores: z.enum(["nothing", "changes", "starts"]).describe("The fault that only a restart of the kubelet ends."),
});
const serviceSchema = z.object({
  manager: z.enum(["systemd", "monit"]),
  state: z.enum(["running", "stopped", "failed", "starting", "not-monitored"]),
  isPaused: z.boolean(),
  isEnabled: z.boolean().describe("Starts with the machine."),
  startedByClockMs: milliseconds.optional().describe("As the node's own clock had it then."),
  retryAtMs: milliseconds.optional(),
  needs: z.array(z.string()).describe("Services without which it ends as soon as it starts."),
  fault: z.string().optional().describe("Why it cannot start at all."),
});
const etcdDataSchema = z.object({
  directory: z.string(),
  state: z.enum(["present", "empty", "missing"]),
  clusterId: z.string().describe("Of the data; empty when there is none."),
  clusterSize: z.number().int().describe("Voters that this member believes in."),
});
const scriptSchema = z.object({
  holder: z.string(),
  host: z.string(),
  sinceMs: milliseconds,
  endsAtMs: milliseconds,
  title: z.string(),
  step: z.custom<JsonObject>((v) => typeof v === "object" && v !== null).optional(),
  effectsDone: z.number().int(),
});
const linkSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("up") }),
  z.object({
    kind: z.literal("down"),
    level: z.enum(["dns", "connect", "host-key", "auth", "timeout", "sudo"]),
    message: z.string(),
  }),
]);
const sectionNameSchema = observedNodeSchema
  .pick({ host: true, manifests: true, containers: true, services: true, etcdData: true, leftovers: true })
  .keyof();

/** One simulated node. */
export const nodeSchema = z.object({
  address: z.string(),
  power: z.enum(["on", "off"]),
  bootCount: z.number().int(),
  link: linkSchema.describe("From the operator to the node."),
  clockSkewMs: z.number().int(),
  manifestDirectory: z.string(),
  manifests: z.record(z.string(), fileSchema).describe("By file name, hidden files too."),
  staged: z.record(z.string(), fileSchema).describe("By path."),
  archive: z.record(z.string(), fileSchema).describe("By path."),
  files: z.record(z.string(), pathSchema).describe("Every other file and directory that matters, by path."),
  contents: z.record(z.string(), z.string()).optional().describe("Files that are carried to and fro, by path, base64."),
  images: z.array(imageSchema),
  containers: z.array(containerSchema),
  containerCount: z.number().int(),
  kubelet: kubeletSchema,
  services: z.record(z.string(), serviceSchema),
  etcdData: etcdDataSchema.optional(),
  script: scriptSchema.optional().describe("What holds the node's lock at this moment."),
  unseen: z.partialRecord(sectionNameSchema, z.string()).describe("Probe sections that fail, with the reason."),
});
const interruptionSchema = z.object({
  node: z.string(),
  how: z.enum(["kill-operator", "cut-link", "lose-power"]),
  afterEffects: z.number().int().min(0).describe("How many effects of the step happen first."),
  script: z.enum(["dies", "goes-on"]).describe("What becomes of the script on the node."),
  skip: z.number().int().min(0).describe("How many steps on this node go well before."),
});
const eventSchema = z.object({ atMs: milliseconds, node: z.string(), text: z.string() });

/** A simulated world. */
export const worldSchema = z.object({
  version: z.literal(worldVersion),
  seed: z.string(),
  timeMs: milliseconds,
  nodes: z.record(z.string(), nodeSchema),
  interruptions: z.array(interruptionSchema).describe("Waiting for their step."),
  incidents: z.array(eventSchema).describe("Harm that was done; checkers expect none."),
  trace: z.object({ digest: z.string(), count: z.number().int(), recent: z.array(eventSchema) }),
});
