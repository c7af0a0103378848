// What one node's probe saw of its OWN etcd: its endpoint's answers, its data directory, its service. Nothing here is a
// judgement; the verdict over all nodes is made in src/plan/etcd.

import { z } from "zod";
import { type MemberId, parseHexId } from "./etcd-member-id";

/** Why one call of etcd's tools brought no answer. */
export const etcdCallFailureSchema = z.enum([
  "tool-missing",
  "tool-hung",
  "garbage",
  "certificate",
  "refused",
  "no-answer",
  "no-leader",
  "learner",
  "denied",
  "corrupt",
  "not-asked",
  "other",
]);
/** Why one call of etcd's tools brought no answer. */
export type EtcdCallFailure = z.infer<typeof etcdCallFailureSchema>;

/** One call: its answer, or why there is none. */
function answer<T extends z.ZodType>(value: T) {
  return z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("seen"), value }),
    z.object({ kind: z.literal("failed"), failure: etcdCallFailureSchema, message: z.string() }),
  ]);
}

const id = z.custom<MemberId>(
  (value) => typeof value === "string" && parseHexId(value) === value,
  "must be an id in hex",
);
const count = z.number().int().min(0);
const seconds = z.number().describe("Unix time, seconds.");

const statusSchema = z.object({
  clusterId: id,
  memberId: id,
  leaderId: id.optional().describe("Absent: it knows no leader."),
  version: z.string(),
  revision: count,
  raftTerm: count,
  raftIndex: count,
  dbSizeBytes: count,
  dbSizeInUseBytes: count.optional().describe("From 3.4 on."),
  dbQuotaBytes: count.optional().describe("From 3.6 on."),
  isLearner: z.boolean(),
  errors: z.array(z.string()),
});

const memberSchema = z.object({
  id,
  name: z.string().describe("Empty: it has been added and never started."),
  peerUrls: z.array(z.string()),
  clientUrls: z.array(z.string()),
  isLearner: z.boolean(),
});

const alarmSchema = z.object({ memberId: id, alarm: z.enum(["NOSPACE", "CORRUPT"]) });

const hashSchema = z.object({
  hash: z.string(),
  revision: count.optional().describe("The revision it belongs to; absent when the store moved while it was made."),
  compactRevision: count.describe("0: never compacted."),
  earlier: z
    .object({ hash: z.string(), revision: count })
    .optional()
    .describe(
      "The same behind the last compaction, or at a round revision: what members that are not in step have in common.",
    ),
});

const identitySchema = z.object({ clusterId: id, memberId: id });

const dataSchema = z.object({
  directory: z.string(),
  state: z
    .enum(["present", "empty", "member-directory-only", "missing", "incomplete", "unknown"])
    .describe("present: a wal and a database; incomplete: only some of it."),
  isDeletedUnderProcess: z.boolean().describe("A running etcd writes to files that are gone from the directory."),
  owner: z.string().optional(),
  freeBytes: count.optional(),
  identity: identitySchema.optional().describe("Whose data it is, from the head of its write-ahead log."),
  isCondemned: z
    .boolean()
    .describe("A mark of ours names the member whose data it is: it was found bad and must not be started again."),
  offline: z
    .object({ revision: count, totalKeys: count })
    .optional()
    .describe("What the database file of a stopped member holds."),
  logPeerUrls: z
    .array(z.string())
    .optional()
    .describe("Every peer URL that a stopped member's write-ahead log names, when it goes back to the beginning."),
  detail: z.string(),
});

const serviceSchema = z.object({
  state: z.enum(["running", "stopped", "failed", "starting", "not-monitored", "missing", "unknown"]),
  isPaused: z.boolean().describe("Masked at run time, unmonitored, or its manifest parked: nothing starts it."),
  restarts: count.optional(),
  hasProcess: z.boolean(),
  quotaBytes: count.optional(),
  detail: z.string(),
});

const definitionSchema = z.object({
  state: z.enum(["in-place", "parked", "absent"]),
  name: z.string().optional(),
  initialCluster: z.array(z.object({ name: z.string(), peerUrl: z.string() })).optional(),
  initialClusterState: z.enum(["new", "existing"]).optional(),
  token: z.string().optional(),
  isForcingNewCluster: z.boolean(),
});

const certificateSchema = z.object({
  role: z.enum(["ca", "server", "peer", "client"]),
  path: z.string(),
  state: z.enum(["readable", "missing", "unreadable"]),
  notBeforeSeconds: seconds.optional(),
  notAfterSeconds: seconds.optional(),
  isSignedByCa: z.boolean().optional().describe("Absent: it could not be checked."),
  names: z.array(z.string()).describe("Subject alternative names: DNS names and addresses."),
});

const snapshotSchema = z.object({
  path: z.string(),
  bytes: count,
  takenAtSeconds: seconds,
  sha256: z.string(),
  isVerified: z.boolean().describe("The tool could read it and its hash is right."),
  revision: count.optional(),
  totalKeys: count.optional(),
});

const toolsSchema = z.object({
  etcdctl: z.string().optional().describe("Version; absent when it is not there."),
  etcdutl: z.string().optional(),
  server: z.string().optional().describe("Version of the etcd binary."),
});

/** What one node's probe saw of its own etcd. */
export const etcdObservationSchema = z.object({
  tools: toolsSchema,
  status: answer(statusSchema),
  members: answer(z.array(memberSchema)).describe("The endpoint's OWN member list."),
  alarms: answer(z.array(alarmSchema)),
  read: answer(z.object({ revision: count })).describe("A linearizable read: an answer proves a quorum behind it."),
  keyCount: answer(count).describe("Keys in its own store."),
  hash: answer(hashSchema),
  data: dataSchema,
  service: serviceSchema,
  definition: definitionSchema,
  certificates: z.array(certificateSchema),
  snapshots: z.array(snapshotSchema).describe("Newest first."),
  writers: z
    .array(z.object({ name: z.string(), isRunning: z.boolean() }))
    .describe("The declared writers of this node."),
  logTail: z.array(z.string()).describe("Evidence only: nothing is decided by it."),
});

/** What one node's probe saw of its own etcd. */
export type EtcdObservation = Readonly<z.infer<typeof etcdObservationSchema>>;
export type EtcdStatus = Readonly<z.infer<typeof statusSchema>>;
export type EtcdMember = Readonly<z.infer<typeof memberSchema>>;
export type EtcdAlarm = Readonly<z.infer<typeof alarmSchema>>;
export type EtcdHash = Readonly<z.infer<typeof hashSchema>>;
export type EtcdDataIdentity = Readonly<z.infer<typeof identitySchema>>;
export type EtcdData = Readonly<z.infer<typeof dataSchema>>;
export type EtcdService = Readonly<z.infer<typeof serviceSchema>>;
export type EtcdDefinition = Readonly<z.infer<typeof definitionSchema>>;
export type EtcdCertificate = Readonly<z.infer<typeof certificateSchema>>;
export type EtcdSnapshot = Readonly<z.infer<typeof snapshotSchema>>;
export type EtcdTools = Readonly<z.infer<typeof toolsSchema>>;

/** One call's answer, or why there is none. */
export type EtcdAnswer<T> =
  | { readonly kind: "seen"; readonly value: T }
  | { readonly kind: "failed"; readonly failure: EtcdCallFailure; readonly message: string };

/** The value of an answer; undefined when there is none. */
export function answered<T>(answer: EtcdAnswer<T>): T | undefined {
  return answer.kind === "seen" ? answer.value : undefined;
}
