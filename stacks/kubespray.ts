// A kubespray site: the recovery by Ansible of hosts that are named, or, without an inventory, the control plane itself.

import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { KubesprayRecovery } from "../src/resources";
import { declareKubeadm } from "./kubeadm";
import { configError, parseStackConfig, withoutUndefined } from "./stack-config";

const filePath = z.string().min(1, "must be a path, relative to the stacks folder");
const hostNames = z.array(z.string().min(1, "must be a host's name"));

const recoveryConfig = z.strictObject({
  topology: z.literal("kubespray"),
  inventory: filePath,
  output: filePath,
  brokenEtcd: hostNames.optional(),
  brokenControlPlane: hostNames.optional(),
  replacements: z.array(z.strictObject({ oldHost: z.string(), newHost: z.string(), address: z.string() })).optional(),
  snapshot: filePath.optional(),
  sourceSurvivor: z.string().optional(),
  extraVars: z.array(filePath).optional(),
  kubesprayDirectory: filePath.optional(),
  kubesprayVersion: z.string().optional(),
  flavor: z.enum(["kubespray", "taco"]).optional(),
  pkiBackup: filePath.optional(),
  facts: filePath.optional(),
  observe: z.boolean().optional(),
  sshConfig: filePath.optional(),
  followUp: z.boolean().optional(),
  run: z.boolean().optional(),
  ansible: filePath.optional(),
  virtualenv: z
    .strictObject({
      folder: filePath,
      wheels: filePath.optional(),
      index: z.url("must be the URL of a package index").optional(),
      requirements: filePath.optional(),
    })
    .optional(),
});

/** Declares the recovery or the control plane of the stack's configuration. */
export function declareKubespray(): void {
  const config = new pulumi.Config("quorate");
  if (config.get("inventory") === undefined && config.get("nodes") !== undefined) {
    declareKubeadm();
    return;
  }
  if (config.get("inventory") !== undefined && config.get("nodes") !== undefined)
    throw configError(["quorate:inventory: must not be set together with quorate:nodes: make it two stacks"]);
  const { topology: _topology, ...recovery } = parseStackConfig(recoveryConfig);
  const { virtualenv, ...rest } = withoutUndefined(recovery);
  new KubesprayRecovery("recovery", {
    ...rest,
    ...(virtualenv === undefined ? {} : { virtualenv: withoutUndefined(virtualenv) }),
  });
}
