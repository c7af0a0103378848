// The resource quorate:index:ControlPlaneBackup: verified backups of a control plane, kept on the machine that quorate runs on.

import { observeAll } from "../converge/round";
import { listBackups, rotateBackups, takeBackup } from "../converge/take-backup";
import { type BackupDeclaration, backupSchema } from "../model/backup";
import { type ControlPlaneDeclaration, controlPlaneSchema } from "../model/declaration";
import { blockedError, convergenceError } from "../model/errors";
import type { JsonObject } from "../model/json";
import {
  describeNewest,
  isFromFuture,
  judgeMembers,
  judgeNewest,
  nodesIn,
  type Overdue,
  planBackup,
  type VerifiedBackup,
} from "../plan/backup";
import type { Planning } from "../plan/etcd/planning";
import { viewOf } from "../plan/etcd/views";
import { diffProperties } from "../plan/property-diff";
import type { BackupStore } from "../ports/backup-store";
import type { Clock } from "../ports/clock";
import type { NodeAccess } from "../ports/node-access";
import { renderOpenCommand } from "../render/backup-guide";
import { checkInputs } from "./check-inputs";
import type { OpenNodes } from "./plane-resource";
import type { ResourceContext, ResourceType } from "./resource-type";

/** Opens the backups in a folder. */
export type OpenStore = (directory: string) => BackupStore;

interface Look {
  readonly declared: BackupDeclaration;
  readonly nodes: NodeAccess;
  readonly clock: Clock;
  readonly store: BackupStore;
  readonly planning: Planning;
  readonly newest: VerifiedBackup | undefined;
  readonly overdue: Overdue | undefined;
  readonly troubles: readonly string[];
}

/** The resource, over the given ways to nodes and backups. */
export function controlPlaneBackupResource(openNodes: OpenNodes, openStore: OpenStore): ResourceType {
  const withLook = async <T>(
    inputs: JsonObject,
    context: ResourceContext,
    use: (look: Look) => Promise<T>,
  ): Promise<T> => {
    const declared = backupSchema.parse({ ...inputs, overdue: {} });
    const plane = planeOf(declared);
    const { nodes, clock } = await openNodes(plane, (note) => void context.log("info", note));
    try {
      const store = openStore(declared.directory);
      const observations = await observeAll(plane, nodes);
      const views = observations.map(viewOf);
      const answering = observations.filter(({ kind }) => kind === "observed").map(({ node }) => node);
      const isCurrent = (backup: VerifiedBackup) => !isFromFuture(backup, clock.nowMs());
      const { verified, troubles } = await listBackups(store, (found) => found.some(isCurrent));
      const newest = verified.find(isCurrent) ?? verified[0];
      const planning = judgeMembers(declared, views, newest);
      const clusterId = planning.assessment.quorum?.clusterId;
      const overdue = judgeNewest(newest, {
        clusterId,
        answering,
        maxAgeHours: declared.maxAgeHours,
        nowMs: clock.nowMs(),
      });
      return await use({ declared, nodes, clock, store, planning, newest, overdue, troubles });
    } finally {
      await nodes.close();
    }
  };
  return {
    name: "ControlPlaneBackup",
    check: (inputs) => checkInputs(backupSchema, inputs),
    diff: diffProperties,

    preview: (inputs, isNew, context) =>
      withLook(inputs, context, async (look) => {
        if (isNew) await logTroubles(look, context);
        if (look.overdue !== undefined) await logPlan(look, look.overdue, context);
        return outputsOf(inputs, look.newest);
      }),

    converge: (name, inputs, context) =>
      withLook(inputs, context, async (look) => {
        if (look.overdue === undefined) {
          const clusterId = look.newest?.record.clusterId ?? "";
          await logRotation(
            await rotateBackups(look.store, clusterId, look.declared.keep, look.clock.nowMs()),
            context,
          );
          return { id: name, inputs, outputs: outputsOf(inputs, look.newest), reasons: [] };
        }
        const plan = planBackup(look.declared, look.planning);
        if (plan.kind === "blocked") throw blockedError(plan.message, [`${plan.message}; ${plan.nextStep}`]);
        const { declared, nodes, store, clock } = look;
        const outcome = await takeBackup({
          declared,
          nodes,
          store,
          clock,
          plan,
          isCancelled: context.isCancelled,
          onProgress: (text) => void context.log("info", text),
        });
        if (outcome.kind === "not-kept") {
          // What was kept before is as it was.
          const message = `no backup was kept in ${declared.directory}: ${outcome.message}`;
          throw convergenceError(message, [message]);
        }
        const newest: VerifiedBackup = { kind: "recorded", folder: outcome.folder, record: outcome.record };
        await context.log("info", keptText(newest));
        await replaceIncomplete(look, newest);
        await logRotation(await rotateBackups(store, plan.clusterId, declared.keep, clock.nowMs()), context);
        return { id: name, inputs, outputs: outputsOf(inputs, newest), reasons: outcome.failures };
      }),

    read: (id, recorded, context) =>
      withLook(recorded.inputs, context, async (look) => {
        await logTroubles(look, context);
        const found = look.overdue === undefined ? {} : { ...look.overdue };
        const inputs = { ...recorded.inputs, overdue: found };
        const outputs = { ...outputsOf(recorded.inputs, look.newest), overdue: found };
        return { id, inputs, outputs, reasons: [] };
      }),
  };
}

// One that was due for what the last one lacked stands in its place: a node that cannot be archived must not push older ones out.
async function replaceIncomplete({ declared, store, clock, newest }: Look, taken: VerifiedBackup): Promise<void> {
  if (newest === undefined) return;
  const need = { clusterId: taken.record.clusterId, answering: [], maxAgeHours: declared.maxAgeHours };
  const isYoung = judgeNewest(newest, { ...need, nowMs: clock.nowMs() }) === undefined;
  const held = nodesIn(taken.record);
  if (isYoung && nodesIn(newest.record).every((node) => held.includes(node))) await store.remove(newest.folder);
}

// The nodes as the probe takes them: it asks etcd and nothing else that would have to be declared.
function planeOf({ nodes, etcd }: BackupDeclaration): ControlPlaneDeclaration {
  return controlPlaneSchema.parse({ nodes, etcd });
}

function outputsOf(inputs: JsonObject, newest: VerifiedBackup | undefined): JsonObject {
  const described = describeNewest(newest);
  return { ...inputs, overdue: {}, ...(described === undefined ? {} : { newest: { ...described } }) };
}

async function logTroubles(look: Look, context: ResourceContext): Promise<void> {
  for (const trouble of look.troubles)
    await context.log("warning", `${trouble}; it counts for nothing and is left as it is`);
}

async function logRotation(folders: readonly string[], context: ResourceContext): Promise<void> {
  for (const folder of folders) await context.log("info", `removed, as newer ones are verified: ${folder}`);
}

async function logPlan(look: Look, overdue: Overdue, context: ResourceContext): Promise<void> {
  const plan = planBackup(look.declared, look.planning);
  if (plan.kind === "blocked") {
    await context.log("error", `${plan.message}\n  next: ${plan.nextStep}`);
    return;
  }
  const { declared } = look;
  const lines = [
    `a backup is due: newest verified: ${overdue.newest}; ${overdue.because}`,
    `  1. ${plan.source}, verified there, to ${plan.snapshot.path}`,
    `  2. brought to ${declared.directory}${declared.passphrase === undefined ? "" : ", encrypted on the way"}, its SHA-256 compared`,
    ...plan.pki.map(({ node, paths }, index) => `  ${index + 3}. ${node}: archive of ${paths.join(" ")}`),
    `  ${plan.pki.length + 3}. the ${declared.keep} newest verified ones stay`,
  ];
  await context.log("info", lines.join("\n"));
}

function keptText({ folder, record }: VerifiedBackup): string {
  const opening = record.files
    .map((file) => renderOpenCommand(record, file, folder))
    .filter((command) => command !== undefined)
    .map((command) => `  ${command}`);
  return [
    `kept and verified: ${folder} (cluster ${record.clusterId}, revision ${record.revision})`,
    `to open it${record.isEncrypted ? ", openssl asks for the passphrase" : ""}:`,
    ...opening,
  ].join("\n");
}
