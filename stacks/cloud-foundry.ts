// A Cloud Foundry on BOSH: the resurrector, the availability rules, the deployment, and what has to work afterwards.

import { z } from "zod";
import { BoshDeployment, Foundation } from "../src/resources";
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
import { cloudFoundryChecks, standardChecks } from "./cloud-foundry-checks";
import { configError, parseStackConfig, withoutUndefined } from "./stack-config";

const text = z.string().min(1, "must not be empty");

const foundationConfig = z.strictObject({
  zones: z.array(text),
  hasExternalLoadBalancer: z.boolean().optional(),
  blobstore: z
    .union([
      z.strictObject({ kind: z.enum(["external", "internal"]) }),
      z.strictObject({ kind: z.literal("internal-with-restore-plan"), plan: text }),
    ])
    .optional(),
  hasExternalDatabase: z.boolean().optional(),
  release: z.string().optional(),
  cells: z
    .strictObject({
      cells: z.array(z.strictObject({ zone: text, totalMb: z.number(), allocatedMb: z.number() })),
      largestInstanceMb: z.number(),
    })
    .optional(),
  // The plugin knows the rules and names one that there is not.
  mandatory: z.array(z.custom<never>((rule) => typeof rule === "string", "must be the name of a rule")).optional(),
});

const cloudFoundryConfig = z.strictObject({
  topology: z.literal("cloud-foundry"),
  ...directorConfig,
  deployment: text,
  foundation: foundationConfig.optional(),
  resurrection: resurrectionConfig.default({}),
  // MySQL is a Galera cluster: one of its instances at a time.
  quorumGroups: quorumGroupsConfig.default(["mysql"]),
  mustRun: z.array(text).optional(),
  massRecovery: text.optional(),
  monitorIntervalSeconds: z.number().optional(),
  checks: standardChecks.default({}),
  acceptance: acceptanceConfig.default([]),
  alwaysCheck: z.boolean().default(false),
});

/** Declares the foundation of the stack's configuration. */
export function declareCloudFoundry(): void {
  const config = parseStackConfig(cloudFoundryConfig);
  const { deployment, foundation, resurrection, quorumGroups, mustRun, massRecovery } = config;
  const { monitorIntervalSeconds } = config;
  const checks = [...cloudFoundryChecks(config.checks, deployment), ...config.acceptance];
  const twice = checks.map(({ name }) => name).find((name, index, names) => names.indexOf(name) !== index);
  if (twice !== undefined) throw configError([`quorate:acceptance: there are two checks named ${twice}`]);
  const access = directorOf(config);
  const resurrector = declareResurrector(access, resurrection, deployment);
  const before = resurrector === undefined ? [] : [resurrector];
  // A rule about the resurrector is judged after the resurrector was mended.
  const rules =
    foundation === undefined
      ? []
      : [
          new Foundation(
            "foundation",
            { ...access, deployment, ...withoutUndefined(foundation) },
            { dependsOn: before },
          ),
        ];
  const instances = new BoshDeployment(
    "cf",
    {
      ...access,
      deployment,
      quorumGroups: quorumGroupsOf(quorumGroups),
      ...withoutUndefined({ mustRun, massRecovery, monitorIntervalSeconds }),
    },
    { dependsOn: [...before, ...rules] },
  );
  declareChecks(checks, config.alwaysCheck, [instances], instances);
}
