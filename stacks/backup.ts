// Routine backups of a control plane, as a stack of their own: run by a timer on a machine that is no node of it.

import { z } from "zod";
import { ControlPlaneBackup, type EtcdArgs } from "../src/resources";
import { parseStackConfig, withoutUndefined } from "./stack-config";

const backupConfig = z.strictObject({
  topology: z.literal("backup"),
  // The plugin checks both in full; the kind decides which fields there are.
  nodes: z
    .record(
      z.string(),
      z.strictObject({ access: z.looseObject({ kind: z.enum(["ssh", "local", "bosh", "simulated"]) }) }),
    )
    .refine((nodes) => Object.keys(nodes).length > 0, "must name at least one node"),
  etcd: z.custom<EtcdArgs>((value) => typeof value === "object" && value !== null, "must be an object"),
  directory: z.string().min(1, "must be an absolute folder on this machine"),
  keep: z.number().optional(),
  maxAgeHours: z.number().optional(),
  pkiPaths: z.array(z.string()).optional(),
  passphrase: z.string().optional(),
});

/** Declares the backups of the stack's configuration. */
export function declareBackup(): void {
  const { topology: _topology, ...args } = parseStackConfig(backupConfig);
  new ControlPlaneBackup("backup", withoutUndefined(args));
}
