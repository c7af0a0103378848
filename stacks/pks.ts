// The masters of a PKS/TKGI cluster, reached by ssh: etcd under monit, and the processes beside it.

import { z } from "zod";
import { ControlPlane, type ControlPlaneNodeArgs, type EtcdArgs } from "../src/resources";
import { parseStackConfig, withoutUndefined } from "./stack-config";

const pksConfig = z.strictObject({
  topology: z.literal("pks"),
  nodes: z
    .record(
      z.string(),
      z.strictObject({
        // The plugin checks it in full; the kind decides which fields there are.
        access: z.looseObject({ kind: z.enum(["ssh", "local", "simulated"]) }),
      }),
    )
    .refine((nodes) => Object.keys(nodes).length > 0, "must name at least one node"),
  // Processes of monit that have to run on every master, such as kube-apiserver. etcd itself belongs to `etcd`.
  processes: z.array(z.string().min(1)).default([]),
  etcd: z.custom<EtcdArgs>((value) => typeof value === "object" && value !== null, "must be an object").optional(),
  archiveDirectory: z.string().optional(),
  repairSeveral: z.boolean().optional(),
});

/** Declares the masters of the stack's configuration. */
export function declarePks(): void {
  const { topology: _topology, nodes, processes, ...plane } = parseStackConfig(pksConfig);
  const nodeArgs = Object.entries(nodes).map(([name, { access }]): [string, ControlPlaneNodeArgs] => [
    name,
    { access },
  ]);
  new ControlPlane("masters", {
    ...withoutUndefined(plane),
    nodes: Object.fromEntries(nodeArgs),
    services: Object.fromEntries(processes.map((name) => [name, { manager: "monit" as const }])),
  });
}
