// A backup of a control plane: what a program declares about it, and what is known of one that lies on the operator's machine.

import { z } from "zod";
import { accessSchema, controlPlaneSchema, objectName } from "./declaration";
import { type EtcdRunner, etcdDeclarationSchema } from "./etcd-declaration";
import { passphraseBytesMax } from "./kept-encryption";

const absolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\n\r\0]*[^\n\r\0/]$/, "must be an absolute path on one line, without '/' at its end")
  .refine((path) => !path.split("/").includes(".."), "must not contain '..'");

/** How backups of a control plane are taken and kept. */
export const backupSchema = z
  .strictObject({
    nodes: z.record(objectName, z.strictObject({ access: accessSchema })).describe("Node name -> how it is reached."),
    etcd: etcdDeclarationSchema.describe("As in ControlPlane."),
    directory: absolutePath.describe("On the machine that quorate runs on; of this control plane alone."),
    keep: z.number().int().min(1).max(1000).default(7).describe("The newest verified backups that stay."),
    maxAgeHours: z.number().min(1).max(8784).default(24).describe("An older newest backup is a difference."),
    pkiPaths: z
      .array(absolutePath)
      .min(1, "must name a path, or be left out")
      .optional()
      .describe("Archived from every node, where they are there. Default: by how etcd is run."),
    passphrase: z
      .string()
      .min(8, "must have 8 characters at least")
      .regex(/^[^\n\r\0]*$/, "must be one line")
      .refine((text) => new TextEncoder().encode(text).length <= passphraseBytesMax, "is too long for openssl")
      .optional()
      .describe("Encrypts everything that is kept."),
    // Only read fills it: a backup that is young enough has nothing in it, so one that is not shows as a difference.
    overdue: z.strictObject({}).default({}),
  })
  .superRefine((backup, context) => {
    const plane = controlPlaneSchema.safeParse({ nodes: backup.nodes, etcd: backup.etcd });
    for (const issue of plane.error?.issues ?? []) context.addIssue({ ...issue, code: "custom", path: issue.path });
  });

/** How backups of a control plane are taken and kept. */
export type BackupDeclaration = Readonly<z.infer<typeof backupSchema>>;

/** Where certificates, keys and configuration are, and what in there is none of them. */
export interface PkiPlaces {
  readonly paths: readonly string[];
  readonly excluded: readonly string[];
}

// Source: kubeadm app/constants and phases (etcd backups of an upgrade go to /etc/kubernetes/tmp); kubespray
// roles/kubernetes/control-plane, roles/etcd (kube_cert_dir, its compatibility link, etcd_cert_dir, etcd.env); cfcr-etcd-release
// and kubo-release jobs/*/config.
const pkiPlacesOf: Readonly<Record<EtcdRunner["kind"], PkiPlaces>> = {
  "static-pod": {
    paths: ["/etc/kubernetes", "/var/lib/kubelet/pki", "/var/lib/kubelet/config.yaml"],
    excluded: ["/etc/kubernetes/tmp"],
  },
  systemd: {
    paths: [
      "/etc/kubernetes",
      "/etc/ssl/etcd",
      "/etc/etcd.env",
      "/etc/systemd/system/etcd.service",
      "/usr/local/bin/etcdctl.sh",
      "/var/lib/kubelet/pki",
    ],
    excluded: ["/etc/kubernetes/tmp"],
  },
  monit: {
    paths: ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(
      (job) => `/var/vcap/jobs/${job}/config`,
    ),
    excluded: [],
  },
};

/** What is archived from every node. */
export function pkiPlaces({ etcd, pkiPaths }: Pick<BackupDeclaration, "etcd" | "pkiPaths">): PkiPlaces {
  const usual = pkiPlacesOf[etcd.runner.kind];
  return pkiPaths === undefined ? usual : { paths: pkiPaths, excluded: usual.excluded };
}

/** Version of the record beside the files of a backup. */
export const backupRecordVersion = 1;
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const fileSchema = z.object({
  // A name and no path: what is recorded must not lead out of the folder.
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
  role: z.enum(["snapshot", "pki"]),
  node: z.string().describe("Where it comes from."),
  sha256: digest.describe("Of the file as it lies there."),
  dataSha256: digest.describe("Of what it holds; the same unless it is encrypted."),
  bytes: z.number().int().min(0).describe("Of what it holds."),
});

/** What is recorded of a backup, in the file backup.json beside its files; written last. */
export const backupRecordSchema = z.object({
  version: z.literal(backupRecordVersion),
  takenAt: z.iso.datetime().describe("When it was begun, by the clock of the operator's machine."),
  clusterId: z.string().describe("Of the etcd cluster; another one after a restore."),
  revision: z.number().int().min(0).describe("The snapshot holds this revision."),
  totalKeys: z.number().int().min(0).optional(),
  isEncrypted: z.boolean(),
  files: z.array(fileSchema).min(1),
  missingNodes: z.array(z.string()).describe("Declared nodes whose certificates and keys could not be archived."),
});
/** What is recorded of a backup. */
export type BackupRecord = Readonly<z.infer<typeof backupRecordSchema>>;
/** One file of a backup. */
export type BackupFile = BackupRecord["files"][number];

/** A backup on the operator's machine. */
export type KeptBackup =
  | { readonly kind: "recorded" /** Absolute. */; readonly folder: string; readonly record: BackupRecord }
  /** A folder that has no readable record: it counts for nothing and is left alone. */
  | { readonly kind: "unreadable"; readonly folder: string; readonly reason: string };
