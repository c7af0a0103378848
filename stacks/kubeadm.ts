// A kubeadm control plane: its static pods, the kubelet and the container runtime.

import * as path from "node:path";
import { z } from "zod";
import { ControlPlane, type ControlPlaneNodeArgs, type EtcdArgs, type NodeValues } from "../src/resources";
import { readManifests } from "./manifests";
import { configError, parseStackConfig, withoutUndefined } from "./stack-config";

const service = z.strictObject({ manager: z.enum(["systemd", "monit"]).optional() });

const kubeadmConfig = z.strictObject({
  // A kubespray cluster whose etcd is a systemd unit is declared node by node in the same way.
  topology: z.enum(["kubeadm", "kubespray"]),
  manifests: z.string().min(1, "must be a folder, relative to the stacks folder"),
  nodes: z
    .record(
      z.string(),
      z.strictObject({
        // The plugin checks it in full; the kind decides which fields there are.
        access: z.looseObject({ kind: z.enum(["ssh", "local", "simulated"]) }),
        values: z.record(z.string(), z.string()).default({}),
      }),
    )
    .refine((nodes) => Object.keys(nodes).length > 0, "must name at least one node"),
  services: z.record(z.string(), service).default({ containerd: {}, kubelet: {} }),
  manifestDirectory: z.string().optional(),
  archiveDirectory: z.string().optional(),
  containerStartTimeoutSeconds: z.number().optional(),
  etcd: z.custom<EtcdArgs>((value) => typeof value === "object" && value !== null, "must be an object").optional(),
  repairSeveral: z.boolean().optional(),
  rehearse: z.boolean().optional(),
});

/** Declares the control plane of the stack's configuration. */
export function declareKubeadm(): void {
  const { topology: _topology, manifests, nodes, services, ...plane } = parseStackConfig(kubeadmConfig);
  const folder = path.resolve(__dirname, manifests);
  const valuesOf = (name: string, values: NodeValues["values"]): NodeValues => ({ name, values });
  const all = Object.entries(nodes).map(([name, node]) => valuesOf(name, node.values));
  const common = readManifests(folder, all);
  const mistakes = [...common.mistakes];
  const nodeArgs: Record<string, ControlPlaneNodeArgs> = {};
  for (const [name, { access, values }] of Object.entries(nodes)) {
    const own = readManifests(path.join(folder, name), [valuesOf(name, values)], true);
    mistakes.push(...own.mistakes);
    nodeArgs[name] = { access, values, staticPods: own.pods };
  }
  if (mistakes.length > 0) throw configError(mistakes);
  new ControlPlane("control-plane", {
    ...withoutUndefined(plane),
    nodes: nodeArgs,
    staticPods: common.pods,
    services: servicesOf(services),
  });
}

function servicesOf(services: z.infer<typeof kubeadmConfig>["services"]) {
  return Object.fromEntries(
    Object.entries(services).map(([name, { manager }]) => [name, manager === undefined ? {} : { manager }]),
  );
}
