// The resource quorate:index:RecoveryInventory: a kubespray recovery inventory on disk, which has to prove. It reads and
// writes files on the machine that it runs on, and reaches nodes only to look at them.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setAsideStarted } from "../inventory/earlier-recovery";
import { describeProcedure, describeStep } from "../inventory/recovery-files";
import { refuseForeignFolder, writeRecovery } from "../inventory/write-recovery";
import { diffWrittenRecovery } from "../inventory/written-recovery";
import { blockedError, isRecoveryError } from "../model/errors";
import type { RecoveryResult } from "../model/inventory-recovery";
import type { JsonObject } from "../model/json";
import { diffProperties } from "../plan/property-diff";
import { checkInputs } from "./check-inputs";
import type { ObserveSite } from "./observe-site";
import { type DerivedOrder, deriveOrder, orderSchema } from "./recovery-order";
import type { ResourceContext, ResourceType } from "./resource-type";

type Proven = RecoveryResult & { readonly kind: "proven" };

/** The resource. */
export function recoveryInventoryResource(observe: ObserveSite): ResourceType {
  return {
    name: "RecoveryInventory",
    check: (inputs) => checkInputs(orderSchema, inputs),
    diff: diffProperties,

    async preview(inputs, _isNew, context) {
      try {
        const derived = await deriveOrder(inputs, observe);
        const { order, result } = derived;
        for (const line of derived.seen) await context.log("info", line);
        if (derived.isWhole) return wholeOutputs(inputs, derived);
        if (result.kind === "refused") {
          for (const line of refusals(result)) await context.log("error", line);
          return inputs;
        }
        if (hasToBeWritten(derived, result) && !isSetAside(derived)) refuseForeignFolder(order.folder);
        await logProof(derived, result, context);
        return outputsOf(inputs, derived, result);
      } catch (error) {
        for (const line of reasonsOf(error)) await context.log("error", line);
        return inputs;
      }
    },

    async converge(name, inputs, context) {
      const derived = await deriveOrder(inputs, observe);
      const { order, result } = derived;
      for (const line of derived.seen) await context.log("info", line);
      if (derived.isWhole) {
        await context.log(
          "info",
          "every etcd member votes and no control plane is broken: there is nothing to recover",
        );
        if (derived.earlier.isHalfDone) {
          const last = `the recovery in ${order.folder} did not come to its end: what PROOF.md there lists after the playbook is still to be done`;
          await context.log("warning", last);
        }
        return { id: name, inputs, outputs: wholeOutputs(inputs, derived), reasons: [] };
      }
      if (result.kind === "refused") {
        const count = result.violations.length;
        throw blockedError(
          `no recovery inventory for ${order.site.inventory.path}: ${count} rule${count === 1 ? "" : "s"} cannot be met; nothing was written`,
          refusals(result),
        );
      }
      if (hasToBeWritten(derived, result)) {
        const aside = isSetAside(derived) ? setAsideStarted(order.folder) : undefined;
        if (aside !== undefined) await context.log("info", `the recovery that was started before is kept in ${aside}`);
        writeRecovery(order.folder, result.files, order.originalFolder);
        await context.log("info", `written and proven by ${result.proof.rules.length} rules: ${order.folder}`);
      }
      return { id: name, inputs, outputs: outputsOf(inputs, derived, result), reasons: [] };
    },

    async read(id, recorded, context) {
      try {
        const derived = await deriveOrder(recorded.inputs, observe);
        for (const line of derived.seen) await context.log("info", line);
        const unproven = unprovenOf(derived, recorded.outputs);
        if (Object.keys(unproven).length === 0)
          await context.log("info", derived.isWhole ? "nothing is broken" : `${derived.order.folder} still proves`);
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

/** After a look at the hosts a recovery that was started is no reason to stop: what was seen is what it left. */
function isSetAside({ order, earlier }: DerivedOrder): boolean {
  return earlier.attempt > 0 && (order.request.attempt ?? 0) > 0;
}

function hasToBeWritten(derived: DerivedOrder, result: Proven): boolean {
  const { order, earlier } = derived;
  if (isSetAside(derived) && (earlier.isHalfDone || earlier.isFinished)) return true;
  return !existsSync(order.folder) || Object.keys(diffWrittenRecovery(order, result)).length > 0;
}

function unprovenOf(derived: DerivedOrder, recorded: JsonObject): JsonObject {
  const { order, result, earlier, isWhole } = derived;
  const isRun = isSetAside(derived) && (earlier.isHalfDone || earlier.isFinished);
  // A recovery that was written, never run, and is not needed any more is still to be taken back from what up would run.
  const isSettled = recorded.digest === nothingToRecover || earlier.isFinished;
  if (isWhole) return isSettled ? {} : { site: "nothing is broken any more" };
  // What has come to its end is history: a newer quorate would write other scripts, and nobody needs them.
  if (earlier.isFinished && !isRun) return {};
  if (!isRun || result.kind === "refused") return diffWrittenRecovery(order, result);
  return {
    site: earlier.isHalfDone ? "the recovery was started and did not come to its end" : "the site is broken again",
  };
}

/** Stands for a digest where there is no recovery. */
const nothingToRecover = "nothing-to-recover";

function wholeOutputs(inputs: JsonObject, { order, ansibleRequirement }: DerivedOrder): JsonObject {
  return {
    ...inputs,
    unproven: {},
    folder: order.folder,
    script: "",
    procedure: "nothing is broken",
    command: "",
    digest: nothingToRecover,
    ansibleRequirement,
  };
}

function outputsOf(
  inputs: JsonObject,
  { order: { folder }, ansibleRequirement }: DerivedOrder,
  { files, proof, command }: Proven,
): JsonObject {
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
    ansibleRequirement,
  };
}

async function logProof({ order }: DerivedOrder, { proof, command }: Proven, context: ResourceContext): Promise<void> {
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
