// What one probe of one node saw: the single schema that preview, doctor, capture and reports hang on.
// Parsing a probe's text into it is in src/observe; what it means is decided in src/plan.

import { z } from "zod";
import { etcdObservationSchema } from "./etcd-observation";
import type { JsonObject } from "./json";

/** Version of the schema. It goes up when a field changes its meaning or goes; new optional fields do not raise it. */
export const nodeObservationVersion = 1;

/** Part of a probe: seen, or unknown for a stated reason. Unknown is never "absent" and never "fine". */
function section<T extends z.ZodType>(value: T) {
  return z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("seen"), value }),
    z.object({ kind: z.literal("unknown"), reason: z.string() }),
  ]);
}

const seconds = z.number().describe("Unix time by the node's clock, seconds.");

const hostSchema = z.object({
  hostName: z.string(),
  kubeletNodeName: z.string().describe("The name that the kubelet registers and appends to static pod names."),
  timeSeconds: seconds,
  bootId: z.string().optional(),
  lock: z
    .object({ holder: z.string(), host: z.string(), since: z.string(), step: z.string() })
    .optional()
    .describe("Who runs a step on the node at this moment; absent when nobody does."),
});

const manifestContentSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("pod"), pod: z.custom<JsonObject>((v) => typeof v === "object" && v !== null) }),
  z.object({ kind: z.literal("empty") }),
  z.object({ kind: z.literal("not-yaml"), reason: z.string() }),
  z.object({ kind: z.literal("not-a-pod"), reason: z.string() }),
  z.object({ kind: z.literal("unread"), reason: z.string() }),
]);

const manifestFileSchema = z.object({
  fileName: z.string(),
  owner: z.string().describe("user:group"),
  mode: z.string().describe("Octal, four digits."),
  modifiedAtSeconds: seconds,
  content: manifestContentSchema,
});

const containerSchema = z.object({
  pod: z.string().describe("Pod name as the kubelet has it: a static pod's name with -<node> behind it."),
  namespace: z.string(),
  name: z.string().describe("Container name within the pod."),
  state: z.enum(["running", "waiting", "exited", "created", "unknown"]),
  ready: z.boolean().optional().describe("The kubelet's readiness; absent when only the runtime was asked."),
  reason: z.string().optional().describe("CrashLoopBackOff, StartError, Error, Completed, ..."),
  message: z.string().optional().describe("Last error text, 2,000 characters at most."),
  exitCode: z.number().int().optional(),
  restartCount: z.number().int().optional(),
  createdAtSeconds: seconds.optional(),
  startedAtSeconds: seconds.optional(),
  command: z.array(z.string()).optional().describe("Arguments of the process as the runtime started it."),
  image: z.string().optional(),
  hostPaths: z.array(z.string()).optional().describe("Host directories and files mounted into it, sorted."),
});

const containersSchema = z.object({
  source: z.enum(["crictl", "kubelet-api", "containerd", "simulator"]),
  skipped: z.array(z.string()).describe("Why each better source was passed over, one sentence each."),
  containers: z.array(containerSchema),
});

const serviceSchema = z.object({
  name: z.string(),
  manager: z.enum(["systemd", "monit"]),
  state: z.enum(["running", "stopped", "failed", "starting", "not-monitored", "missing", "unknown"]),
  detail: z.string().describe("The manager's own words."),
  paused: z.boolean().describe("Masked at run time or left unmonitored: nothing restarts it."),
  startedAtSeconds: seconds.optional(),
});

const etcdDataSchema = z.object({
  directory: z.string(),
  state: z
    .enum(["present", "empty", "missing", "unknown"])
    .describe("present: a member/wal with files and a member/snap/db."),
  detail: z.string(),
});

const leftoverSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("empty-directory"), path: z.string() }),
  z.object({ kind: z.literal("staged-file"), path: z.string() }),
]);

/** A node that answered. */
export const observedNodeSchema = z.object({
  schemaVersion: z.literal(nodeObservationVersion),
  kind: z.literal("observed"),
  node: z.string(),
  host: section(hostSchema),
  manifests: section(z.array(manifestFileSchema)).describe("Every file the kubelet would read, sorted by name."),
  containers: section(containersSchema),
  services: section(z.array(serviceSchema)).describe("The declared services, sorted by name."),
  etcdData: section(etcdDataSchema).optional().describe("Absent when no etcd is declared or seen on the node."),
  etcd: section(etcdObservationSchema).optional().describe("The node's member; absent when none is declared for it."),
  leftovers: section(z.array(leftoverSchema)),
});

/** A node that did not answer. */
export const unreachableNodeSchema = z.object({
  schemaVersion: z.literal(nodeObservationVersion),
  kind: z.literal("unreachable"),
  node: z.string(),
  level: z.enum(["dns", "connect", "host-key", "auth", "timeout", "sudo"]),
  message: z.string(),
});

/** What one probe of one node saw. */
export const nodeObservationSchema = z.discriminatedUnion("kind", [observedNodeSchema, unreachableNodeSchema]);

export type NodeObservation = z.infer<typeof nodeObservationSchema>;
export type ObservedNode = z.infer<typeof observedNodeSchema>;
export type UnreachableNode = z.infer<typeof unreachableNodeSchema>;
export type HostObservation = z.infer<typeof hostSchema>;
export type ManifestFile = z.infer<typeof manifestFileSchema>;
export type ManifestContent = z.infer<typeof manifestContentSchema>;
export type ContainerObservation = z.infer<typeof containerSchema>;
export type ContainersObservation = z.infer<typeof containersSchema>;
export type ServiceObservation = z.infer<typeof serviceSchema>;
export type EtcdDataObservation = z.infer<typeof etcdDataSchema>;
export type Leftover = z.infer<typeof leftoverSchema>;

/** Part of a probe that could not be seen, and why. */
export type Unknown = { readonly kind: "unknown"; readonly reason: string };

/** Part of a probe: seen, or unknown for a stated reason. */
export type Section<T> = { readonly kind: "seen"; readonly value: T } | Unknown;

/** A section that was seen. */
export function seen<T>(value: T): Section<T> {
  return { kind: "seen", value };
}

/** A section that could not be seen. */
export function unknown(reason: string): Unknown {
  return { kind: "unknown", reason };
}

/** The containers of a static pod on this node, newest first; empty when the section is unknown. */
export function containersOf(observation: ObservedNode, podName: string): readonly ContainerObservation[] {
  if (observation.containers.kind === "unknown" || observation.host.kind === "unknown") return [];
  const fullName = `${podName}-${observation.host.value.kubeletNodeName}`;
  return observation.containers.value.containers
    .filter((container) => container.pod === fullName)
    .sort((a, b) => (b.createdAtSeconds ?? 0) - (a.createdAtSeconds ?? 0));
}
