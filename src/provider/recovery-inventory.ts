// The resource quorate:index:RecoveryInventory: a kubespray recovery inventory on disk, which has to prove. It reads and
// writes files on the machine that it runs on, and reaches no node.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseKubesprayVersion } from "../inventory/kubespray-version";
import { type ReadOrder, type RecoveryOrder, readOrder } from "../inventory/read-order";
import { deriveRecovery } from "../inventory/recovery";
import { describeProcedure, describeStep } from "../inventory/recovery-files";
import { refuseForeignFolder, writeRecovery } from "../inventory/write-recovery";
import { diffWrittenRecovery } from "../inventory/written-recovery";
import { blockedError, isRecoveryError } from "../model/errors";
import type { RecoveryResult } from "../model/inventory-recovery";
import type { JsonObject } from "../model/json";
import { diffProperties } from "../plan/property-diff";
import { checkInputs } from "./check-inputs";
import type { ResourceContext, ResourceType } from "./resource-type";

const filePath = z.string().min(1, "must be a path");
const hostNames = z.array(z.string().min(1, "must be a host's name")).min(1, "must name a host, or be left out");

const orderSchema = z
  .strictObject({
    programFolder: filePath,
    inventory: filePath,
    output: filePath,
    flavor: z.enum(["kubespray", "taco"]).default("kubespray"),
    brokenEtcd: hostNames.optional(),
    brokenControlPlane: hostNames.optional(),
    replacements: z
      .array(z.strictObject({ oldHost: z.string().min(1), newHost: z.string().min(1), address: z.string().min(1) }))
      .default([]),
    snapshot: filePath.optional(),
    sourceSurvivor: z.string().min(1, "must be a host's name").optional(),
    extraVars: z.array(filePath).default([]),
    kubesprayDirectory: filePath.optional(),
    kubesprayVersion: z
      .string()
      .refine((tag) => parseKubesprayVersion(tag) !== undefined, "must be a tag of kubespray, for example v2.28.1")
      .optional(),
    pkiBackup: filePath.optional(),
    facts: filePath.optional(),
    followUp: z.boolean().default(false),
    // Only read fills it: a recovery that proves has nothing in it, so what does not shows as a difference.
    unproven: z.strictObject({}).default({}),
  })
  .superRefine((order, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (order.snapshot !== undefined && order.sourceSurvivor !== undefined)
      refuse("sourceSurvivor", "must not be given together with snapshot: the data comes from one of them");
    if (order.kubesprayDirectory === undefined && order.kubesprayVersion === undefined && order.flavor === "kubespray")
      refuse("kubesprayVersion", "must be given, or kubesprayDirectory: what the playbook does depends on it");
    if (order.brokenEtcd === undefined && order.brokenControlPlane === undefined && order.facts === undefined)
      if (order.replacements.length === 0)
        refuse("brokenEtcd", "must name the broken hosts, unless brokenControlPlane, replacements or facts do");
  });

type Derived = { readonly order: ReadOrder; readonly result: RecoveryResult };
type Proven = RecoveryResult & { readonly kind: "proven" };

/** The resource. */
export function recoveryInventoryResource(): ResourceType {
  return {
    name: "RecoveryInventory",
    check: (inputs) => checkInputs(orderSchema, inputs),
    diff: diffProperties,

    async preview(inputs, _isNew, context) {
      try {
        const { order, result } = derive(inputs);
        if (result.kind === "refused") {
          for (const line of refusals(result)) await context.log("error", line);
          return inputs;
        }
        if (hasToBeWritten(order, result)) refuseForeignFolder(order.folder);
        await logProof(order, result, context);
        return outputsOf(inputs, order, result);
      } catch (error) {
        for (const line of reasonsOf(error)) await context.log("error", line);
        return inputs;
      }
    },

    async converge(name, inputs, context) {
      const { order, result } = derive(inputs);
      if (result.kind === "refused") {
        const count = result.violations.length;
        throw blockedError(
          `no recovery inventory for ${order.site.inventory.path}: ${count} rule${count === 1 ? "" : "s"} cannot be met; nothing was written`,
          refusals(result),
        );
      }
      if (hasToBeWritten(order, result)) {
        writeRecovery(order.folder, result.files, order.originalFolder);
        await context.log("info", `written and proven by ${result.proof.rules.length} rules: ${order.folder}`);
      }
      return { id: name, inputs, outputs: outputsOf(inputs, order, result), reasons: [] };
    },

    async read(id, recorded, context) {
      try {
        const { order, result } = derive(recorded.inputs);
        const unproven = diffWrittenRecovery(order, result);
        if (Object.keys(unproven).length === 0) await context.log("info", `${order.folder} still proves`);
        return {
          id,
          inputs: { ...recorded.inputs, unproven },
          outputs: { ...recorded.outputs, unproven },
          reasons: [],
        };
      } catch (error) {
        return { id, ...recorded, reasons: reasonsOf(error) };
      }
    },
  };
}

function derive(inputs: JsonObject): Derived {
  // A read gives back what it found in `unproven`; nothing is ordered by it.
  const { programFolder, unproven: _found, ...rest } = orderSchema.parse({ ...inputs, unproven: {} });
  const asked: RecoveryOrder = { ...rest, baseFolder: programFolder };
  const order = readOrder(asked);
  return { order, result: deriveRecovery(order.site, order.request, order.facts) };
}

function hasToBeWritten(order: ReadOrder, result: Proven): boolean {
  return !existsSync(order.folder) || Object.keys(diffWrittenRecovery(order, result)).length > 0;
}

function outputsOf(inputs: JsonObject, { folder }: ReadOrder, { files, proof, command }: Proven): JsonObject {
  const texts = files.map(({ path, text }) => [path, text]);
  const digest = createHash("sha256").update(JSON.stringify(texts)).digest("hex");
  return {
    ...inputs,
    unproven: {},
    folder,
    script: join(folder, "recover.sh"),
    procedure: describeProcedure(proof.procedure),
    command,
    digest,
  };
}

async function logProof(order: ReadOrder, { proof, command }: Proven, context: ResourceContext): Promise<void> {
  const lines = [
    `proven: ${describeProcedure(proof.procedure)}`,
    ...proof.rules.map(
      ({ rule, status, because }) => `  ${status === "met" ? "met" : "not needed"}  ${rule}: ${because}`,
    ),
    "before the playbook:",
    ...proof.preparation.map((step, index) => `  ${index + 1}. ${describeStep(step)}`),
    "the command:",
    `  ${command}`,
    `in ${order.folder}`,
    ...proof.notes.map((note) => `note: ${note}`),
  ];
  await context.log("info", lines.join("\n"));
}

function refusals(result: RecoveryResult & { readonly kind: "refused" }): readonly string[] {
  return result.violations.map(
    ({ code, message, smallestChange }) => `${code}: ${message}; smallest change: ${smallestChange}`,
  );
}

function reasonsOf(error: unknown): readonly string[] {
  if (!isRecoveryError(error)) throw error;
  const hint = error.hint === undefined ? "" : `; ${error.hint}`;
  return error.problems.length > 1 ? error.problems : [`${error.message}${hint}`];
}
