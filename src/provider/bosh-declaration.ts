// What a program declares of a BOSH deployment, checked.

import { z } from "zod";
import { type InstanceRef, parseInstanceName } from "../model/bosh";
import type { BoshDeploymentDeclaration } from "../model/bosh-plan";
import { directorSchema } from "../model/director-declaration";
import { etcdDeclarationSchema } from "../model/etcd-declaration";
import type { JsonObject } from "../model/json";
import type { BoshAccessInput } from "./open-bosh";

const groupName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, "must be the name of an instance group");
// An address would mean every instance of the deployment to a director.
const instance = z
  .string()
  .refine((name) => parseInstanceName(name) !== undefined, "must be group/uuid, such as `bosh instances` prints it");

const base = z.strictObject({
  director: directorSchema.default({}),
  deployment: z
    .string()
    .min(1, "must be a deployment's name")
    .regex(/^[^/\s]*$/, "must be a deployment's name without '/' and spaces"),
  quorumGroups: z
    .record(groupName, z.strictObject({ etcd: etcdDeclarationSchema.optional() }))
    .default({})
    .superRefine((groups, context) => {
      for (const [group, { etcd }] of Object.entries(groups)) {
        for (const node of Object.keys(etcd?.members ?? {})) {
          if (parseInstanceName(`${group}/${node}`) !== undefined) continue;
          const message = "must be an instance's UUID: members are reached through the director";
          context.addIssue({ code: "custom", path: [group, "etcd", "members", node], message });
        }
      }
    }),
  mustRun: z.array(instance).default([]),
  repairSeveral: z.boolean().default(false),
  massRecovery: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._:-]{2,60}$/, "must name the outage: 3 to 61 letters, digits, spaces and '._:-'")
    .optional(),
  monitorIntervalSeconds: z.number().int().min(1).max(3600).default(60),
  snapshotDirectory: z
    .string()
    .regex(/^\/[^\n\r\0]*$/, "must be an absolute path on one line")
    .optional(),
});

/** The inputs of a BoshDeployment. Only a read fills `troubles`. */
export const boshDeploymentSchema = base.extend({
  troubles: z
    .record(z.string(), z.unknown())
    .refine((found) => Object.keys(found).length === 0, "is filled by a read only")
    .default({}),
});

type Declared = z.infer<typeof base>;

/** A declaration seen as the core takes it. */
export interface DeclaredBosh {
  readonly declaration: BoshDeploymentDeclaration;
  readonly access: BoshAccessInput;
  /** Name of the outage to recover from; undefined for none. */
  readonly outage: string | undefined;
}

/** Reads checked inputs, also those that a read has filled. `recoveredOutage` is the last one that was recovered from. */
export function parseBosh(inputs: JsonObject, recoveredOutage: string | undefined): DeclaredBosh {
  const { troubles: _live, ...rest } = inputs;
  const declared: Declared = base.parse(rest);
  const { director, deployment, quorumGroups, mustRun, repairSeveral, massRecovery, snapshotDirectory } = declared;
  const { monitorIntervalSeconds } = declared;
  const groups = Object.entries(quorumGroups).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    declaration: {
      deployment,
      quorumGroups: groups.map(([group, { etcd }]) => ({ group, hasEtcd: etcd !== undefined })),
      mustRun: mustRun.map(parseInstanceName).filter((named): named is InstanceRef => named !== undefined),
      repairSeveral,
      monitorIntervalSeconds,
      isMassRecovery: massRecovery !== undefined && massRecovery !== recoveredOutage,
    },
    access: {
      director,
      deployment,
      etcds: Object.fromEntries(groups.flatMap(([group, { etcd }]) => (etcd === undefined ? [] : [[group, etcd]]))),
      snapshotDirectory,
    },
    outage: massRecovery,
  };
}
