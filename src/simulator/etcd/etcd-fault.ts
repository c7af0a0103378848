// What can go wrong with the nodes of an etcd cluster, as data: in scenarios, in rehearsals and in random exploration. What
// each does to the model is in inject-fault.ts.

import { z } from "zod";

const node = z.string().min(1).describe("Name of the node.");

const simpleKind = z.enum([
  // The machine is off, with everything on its disk kept; and on again.
  "power-lost",
  "power-back",
  // The operator's link to the node; the node's links to its peers are another matter.
  "unreachable",
  "reachable",
  // The machine goes on with an empty disk: data, archives and snapshots are gone.
  "disk-lost",
  // Every write to the disk fails; reads go on.
  "disk-full",
  "disk-freed",
  // It acknowledges late: its peers agree without it, and it lags by a write.
  "disk-slow",
  "disk-quick",
  // Files removed from the data directory: under the running process, or of a stopped one.
  "etcd-data-wiped",
  // Some of the files are gone: etcd cannot start over what is left.
  "etcd-data-damaged",
  // Its content differs from its peers', and etcd does not notice.
  "etcd-data-corrupt",
  // The process is killed once; what supervises it starts it again.
  "etcd-killed",
  // Somebody stopped it for good, the way the service manager knows.
  "etcd-stopped",
]);
const simple = z.strictObject({ kind: simpleKind, node });

/** Faults of an etcd cluster, tagged by kind. */
export const etcdFaultSchemas = [
  simple,
  z.strictObject({
    kind: z.literal("etcd-data-stale"),
    node,
    revisions: z.number().int().min(1).describe("How far the copy that was put in place is behind."),
  }),
  z.strictObject({
    kind: z.literal("certificates"),
    node,
    state: z.enum(["good", "expired", "not-yet-valid", "foreign"]),
  }),
  z.strictObject({ kind: z.literal("tools"), node, state: z.enum(["good", "missing", "hanging", "garbage"]) }),
  z.strictObject({
    kind: z.literal("links-cut"),
    node,
    peers: z.array(node).min(1).describe("Nodes that it cannot reach and that cannot reach it."),
  }),
  z.strictObject({ kind: z.literal("links-mended"), node }),
  z.strictObject({ kind: z.literal("etcd-full"), node: node.describe("The member that raises the NOSPACE alarm.") }),
  z.strictObject({
    kind: z.literal("peer-url-wrong"),
    node,
    url: z.string().min(1).describe("Where its peers look for it from now on."),
  }),
] as const;

/** One fault of an etcd cluster. */
export const etcdFaultSchema = z.discriminatedUnion("kind", [...etcdFaultSchemas]);
/** One fault of an etcd cluster. */
export type EtcdFault = Readonly<z.infer<typeof etcdFaultSchema>>;
