// A PKS/TKGI cluster. Behind its director: the resurrector, the deployment, the masters' etcd and processes, all reached
// through the director. Or its masters alone, reached by ssh.

import { z } from "zod";
import {
  BoshDeployment,
  ControlPlane,
  type ControlPlaneNodeArgs,
  type EtcdArgs,
  type QuorumGroupArgs,
} from "../src/resources";
import {
  acceptanceConfig,
  declareChecks,
  declareResurrector,
  directorConfig,
  directorOf,
  quorumGroupsConfig,
  quorumGroupsOf,
  resurrectionConfig,
} from "./bosh-config";
import { configError, parseStackConfig, withoutUndefined } from "./stack-config";

const text = z.string().min(1, "must not be empty");

const pksConfig = z.strictObject({
  topology: z.literal("pks"),
  nodes: z
    .record(
      z.string(),
      z.strictObject({
        // The plugin checks it in full; the kind decides which fields there are.
        access: z.looseObject({ kind: z.enum(["ssh", "local", "simulated", "bosh"]) }).optional(),
        // The UUID of the master; without `access` it is reached through the director.
        instance: text.optional(),
      }),
    )
    .default({}),
  // Processes of monit that have to run on every master, such as kube-apiserver. etcd itself belongs to `etcd`.
  processes: z.array(text).default([]),
  etcd: z.custom<EtcdArgs>((value) => typeof value === "object" && value !== null, "must be an object").optional(),
  archiveDirectory: z.string().optional(),
  repairSeveral: z.boolean().optional(),
  rehearse: z.boolean().optional(),
  ...directorConfig,
  deployment: text.optional(),
  // The instance group of the masters.
  masters: text.default("master"),
  quorumGroups: quorumGroupsConfig.default([]),
  mustRun: z.array(text).optional(),
  massRecovery: text.optional(),
  snapshotDirectory: text.optional(),
  monitorIntervalSeconds: z.number().optional(),
  resurrection: resurrectionConfig.default({}),
  acceptance: acceptanceConfig.default([]),
  alwaysCheck: z.boolean().default(false),
});
type PksConfig = z.infer<typeof pksConfig>;

/** Declares the cluster of the stack's configuration. */
export function declarePks(): void {
  const config = parseStackConfig(pksConfig);
  const { deployment, nodes, processes, etcd, archiveDirectory, repairSeveral } = config;
  const mistakes = mistakesIn(config);
  if (mistakes.length > 0) throw configError(mistakes);
  const instances = deployment === undefined ? undefined : declareDeployment(config, deployment);
  const after = instances === undefined ? [] : [instances];
  const masters =
    Object.keys(nodes).length === 0
      ? undefined
      : new ControlPlane(
          "masters",
          {
            ...withoutUndefined({ etcd, archiveDirectory, repairSeveral }),
            nodes: Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, nodeArgs(node, config)])),
            services: Object.fromEntries(processes.map((name) => [name, { manager: "monit" as const }])),
          },
          { dependsOn: after },
        );
  declareChecks(config.acceptance, config.alwaysCheck, masters === undefined ? after : [masters], instances);
}

function mistakesIn({ deployment, nodes }: PksConfig): readonly string[] {
  if (deployment === undefined && Object.keys(nodes).length === 0)
    return ["quorate:nodes: must name at least one node, or quorate:deployment the deployment on the director"];
  return Object.entries(nodes).flatMap(([name, { access, instance }]) => {
    if (access === undefined && instance === undefined)
      return [`quorate:nodes.${name}: must have access, or instance and a deployment`];
    return access === undefined && deployment === undefined
      ? [`quorate:deployment: must be given for the instance of quorate:nodes.${name}`]
      : [];
  });
}

function nodeArgs({ access, instance }: PksConfig["nodes"][string], config: PksConfig): ControlPlaneNodeArgs {
  if (access !== undefined) return { access };
  const { deployment, masters } = config;
  return { access: { kind: "bosh", deployment, instance: `${masters}/${instance}`, ...directorOf(config) } };
}

function declareDeployment(config: PksConfig, deployment: string): BoshDeployment {
  const { mustRun, massRecovery, repairSeveral, snapshotDirectory, masters, resurrection } = config;
  const { monitorIntervalSeconds } = config;
  const resurrector = declareResurrector(directorOf(config), resurrection, deployment);
  return new BoshDeployment(
    "cluster",
    {
      ...directorOf(config),
      deployment,
      quorumGroups: { ...quorumGroupsOf(config.quorumGroups), [masters]: quorumOfMasters(config) },
      ...withoutUndefined({ mustRun, massRecovery, repairSeveral, snapshotDirectory, monitorIntervalSeconds }),
    },
    { dependsOn: resurrector === undefined ? [] : [resurrector] },
  );
}

// The deployment names members by their instances, the control plane by its nodes.
function quorumOfMasters({ etcd, nodes }: PksConfig): QuorumGroupArgs {
  const members = (etcd as { readonly members?: Readonly<Record<string, unknown>> } | undefined)?.members;
  if (etcd === undefined || members === undefined) return {};
  const byInstance = Object.entries(members).map(([node, member]) => [nodes[node]?.instance ?? node, member]);
  return { etcd: { ...(etcd as object), members: Object.fromEntries(byInstance) } as EtcdArgs };
}
