// The etcd part of a declared control plane: members, how etcd is run, where its files are, and the opt-ins. What is left
// out is filled in by how etcd is run; see etcd-settings.ts.

import { z } from "zod";

const word = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\n\r\0]*$/, "must be one line");
const absolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\n\r\0]*[^\n\r\0/]$/, "must be an absolute path on one line, without '/' at its end")
  .refine((path) => !path.split("/").includes(".."), "must not contain '..'");
const name = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, "must be a name of letters, digits, '.', '_' and '-'");
const url = z
  .string()
  .max(512)
  .regex(/^https?:\/\/[A-Za-z0-9.:[\]_-]+:[0-9]{1,5}$/, "must be http(s)://host:port without a path");
const ownerName = z.string().regex(/^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+$/, "must be user:group");

/** PKS/TKGI and cfcr-etcd-release: a BOSH job under monit. */
const monitRunner = z.strictObject({
  kind: z.literal("monit"),
  process: name.default("etcd").describe("monit's name of the process."),
  monit: absolutePath.default("/var/vcap/bosh/bin/monit").describe("The monit command."),
  peersFile: absolutePath
    .default("/var/vcap/jobs/etcd/bin/utils.sh")
    .describe('Shell file whose line etcd_peers="..." is the member set that a joining member is started with.'),
});
/** kubespray: a systemd unit and its environment file. */
const systemdRunner = z.strictObject({
  kind: z.literal("systemd"),
  unit: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9@._:-]*$/, "must be a unit name")
    .default("etcd.service"),
  environmentFile: absolutePath.default("/etc/etcd.env"),
});
/** kubeadm: a static pod, declared under the same name in every member's `staticPods`. */
const staticPodRunner = z.strictObject({ kind: z.literal("static-pod"), pod: name.default("etcd") });

/** How etcd is run. */
export const etcdRunnerSchema = z.discriminatedUnion("kind", [monitRunner, systemdRunner, staticPodRunner]);

const certificate = z.strictObject({
  role: z.enum(["ca", "server", "peer", "client"]),
  path: absolutePath,
});

const client = z.strictObject({
  command: z.array(word).min(1).optional().describe("etcdctl, or the words to put in front of its arguments."),
  fileCommand: z.array(word).min(1).optional().describe("etcdutl, from 3.5 on."),
  ca: absolutePath.optional(),
  certificate: absolutePath.optional(),
  key: absolutePath.optional(),
});

const member = z.strictObject({
  name: name.describe("The member's etcd name: unique in the cluster."),
  peerUrl: url,
  clientUrl: url,
  client: client.optional().describe("What differs on this node from the cluster's `client`."),
  certificates: z.array(certificate).optional().describe("This node's certificate files, in place of the cluster's."),
  state: z
    .literal("voting", "must be left out: it exists so that a preview can show what the member is")
    .default("voting")
    .describe("Always declared voting."),
});

/** Where the data of a lost cluster comes from. */
const restoreSource = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("snapshot"),
    file: z.string().min(1).describe("Snapshot file on the operator's machine."),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits"),
    revision: z.number().int().min(1).describe("Its revision as `snapshot status` prints it."),
    node: name.optional().describe("Node that is restored first. Default: the first member by name."),
  }),
  z.strictObject({ kind: z.literal("survivor"), node: name.describe("Node whose data is kept.") }),
]);

/** Opt-in to rebuild the cluster when its quorum is lost. */
export const etcdRestoreSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{2,40}$/, "must be 3 to 41 lower-case letters, digits and '-'")
    .describe("Names this one restore. It makes the new cluster token, so it is used once."),
  source: restoreSource,
});

/** What serves the Kubernetes API and has to stand still while a lost cluster is rebuilt. */
const writer = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("static-pod"), pod: name }),
  z.strictObject({ kind: z.literal("service"), manager: z.enum(["systemd", "monit"]), name }),
]);

/** The etcd part of a control plane. */
export const etcdDeclarationSchema = z
  .strictObject({
    runner: etcdRunnerSchema,
    members: z.record(name, member).describe("Node name -> the member that runs there."),
    dataDirectory: absolutePath.optional(),
    archiveDirectory: absolutePath
      .optional()
      .describe("Where old data goes. On the file system of the data directory."),
    snapshotDirectory: absolutePath.optional(),
    owner: ownerName.optional(),
    version: z
      .string()
      .regex(/^3\.[3-9](\.[0-9]+)?$/, "must be 3.3 or later, such as 3.5 or 3.5.21")
      .optional()
      .describe("Used where no server and no tool says its version."),
    client: client.optional(),
    certificates: z.array(certificate).optional(),
    token: name
      .default("etcd-cluster")
      .describe("Cluster token of a member that is added. etcd ignores it once data exists."),
    snapshotMaxAgeMinutes: z
      .number()
      .int()
      .min(1)
      .max(1440)
      .default(60)
      .describe("A snapshot that is older is taken again before surgery."),
    writers: z.array(writer).optional(),
    keptSnapshots: z
      .string()
      .min(1)
      .max(4096)
      .regex(/^[^\n\r\0]*$/, "must be one line")
      .optional()
      .describe("Folder on the operator's machine for snapshots that are collected before a restore."),
    restore: etcdRestoreSchema.optional(),
    strayMembers: z
      .array(z.string())
      .max(0, "must be left out: it exists so that a preview can show members that are not declared")
      .default([])
      .describe("Members that are listed and not declared. Always declared empty."),
    alarms: z
      .array(z.string())
      .max(0, "must be left out: it exists so that a preview can show alarms")
      .default([])
      .describe("Active alarms. Always declared empty."),
    acceptRevision: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe(
        "The cluster was restored by hand: revisions above this one that were recorded before no longer count. Used up by the next `up`.",
      ),
  })
  .superRefine((etcd, context) => {
    const members = Object.entries(etcd.members);
    if (members.length === 0)
      context.addIssue({ code: "custom", path: ["members"], message: "must name at least one" });
    for (const field of ["name", "peerUrl", "clientUrl"] as const) {
      const seen = new Map<string, string>();
      for (const [node, value] of members) {
        const earlier = seen.get(value[field]);
        if (earlier !== undefined)
          context.addIssue({
            code: "custom",
            path: ["members", node, field],
            message: `is the same as that of ${earlier}: every member needs its own`,
          });
        seen.set(value[field], node);
      }
    }
    const restoreNode = etcd.restore?.source.node;
    if (restoreNode !== undefined && etcd.members[restoreNode] === undefined)
      context.addIssue({ code: "custom", path: ["restore", "source", "node"], message: "is not a node of members" });
  });

/** How etcd is run. */
export type EtcdRunner = Readonly<z.infer<typeof etcdRunnerSchema>>;
/** What serves the Kubernetes API. */
export type EtcdWriter = Readonly<z.infer<typeof writer>>;
/** Opt-in to rebuild a lost cluster. */
export type EtcdRestore = Readonly<z.infer<typeof etcdRestoreSchema>>;
/** The etcd part of a control plane, as declared. */
export type EtcdDeclaration = Readonly<z.infer<typeof etcdDeclarationSchema>>;
/** A certificate file and what it is for. */
export type EtcdCertificateFile = Readonly<z.infer<typeof certificate>>;
/** The etcd part of a control plane as a program writes it: what has a default may be left out. */
export type EtcdDeclarationInput = Readonly<z.input<typeof etcdDeclarationSchema>>;
