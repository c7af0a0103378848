// Data carried between a simulated node and the operator: the same outcomes as over a real link. A link that is cut lets half
// of it through.

import { createHash } from "node:crypto";
import type { Writable } from "node:stream";
import type { StepOutcome } from "../model/step";
import type { CollectStep, DeliverStep, LocalFile, TransferOutcome } from "../model/transfer";
import type { LocalFiles } from "../ports/local-files";
import { nodeOf, record, type World, withNode } from "./world";
import type { WorldHolder } from "./world-holder";

/** Carries a file of a node into a local one. */
export async function collectFrom(
  holder: WorldHolder,
  step: CollectStep,
  into: LocalFile,
  files: LocalFiles,
): Promise<TransferOutcome> {
  const { data, outcome } = await holder.change((world) => {
    const { world: next, isCut } = takeCut(world, step.node);
    return { world: next, result: printed(world, step, isCut) };
  });
  const kept = await files.write(
    into,
    async (sink) => {
      await ended(sink, data);
      return outcome;
    },
    () => outcome.kind === "done",
  );
  if (kept.kind === "kept") return { kind: "done", ...kept.sums };
  if (kept.kind === "failed") return { kind: "failed", message: kept.message };
  if (outcome.kind !== "done") return outcome;
  return { kind: "failed", message: `${into.path} was not kept` };
}

/** Carries a local file to a node. */
export async function deliverTo(
  holder: WorldHolder,
  step: DeliverStep,
  from: LocalFile,
  files: LocalFiles,
): Promise<TransferOutcome> {
  const chunks: Uint8Array[] = [];
  const file = files.read(from);
  try {
    for await (const chunk of file.data) chunks.push(chunk as Uint8Array);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "failed", message: `${from.path} cannot be read on this machine: ${why}` };
  }
  const data = Buffer.concat(chunks);
  const outcome = await holder.change<StepOutcome>((world) => {
    const { world: next, isCut } = takeCut(world, step.node);
    const refused = unreached(world, step.node) ?? (isCut ? lost(step) : undefined) ?? locked(world, step.node);
    if (refused !== undefined) return { world: next, result: refused };
    const what = step.kind === "deliverPki" ? "archive" : "snapshot";
    if (sum(data) !== step.sha256) {
      const message = `${step.kind} failed: the ${what} did not arrive whole`;
      return { world: next, result: { kind: "failed", message } as const };
    }
    if (step.kind === "deliverPki") return { world: next, result: noPki(step) };
    const { contents } = nodeOf(world, step.node);
    const kept = withNode(next, step.node, { contents: { ...contents, [step.path]: data.toString("base64") } });
    return { world: record(kept, step.node, `${step.kind}: ${step.path}`), result: { kind: "done" } as const };
  });
  return outcome.kind === "done" ? { kind: "done", ...file.sums() } : outcome;
}

type Refusal = Exclude<TransferOutcome, { kind: "done" }>;

function printed(world: World, step: CollectStep, isCut: boolean) {
  const none = (outcome: Refusal) => ({ data: Buffer.alloc(0), outcome });
  const away = unreached(world, step.node);
  if (away !== undefined) return none(away);
  if (step.kind === "collectPki") return none(noPki(step));
  const text = nodeOf(world, step.node).contents?.[step.path];
  const data = Buffer.from(text ?? "", "base64");
  if (text === undefined || sum(data) !== step.sha256) {
    return none({ kind: "failed", message: `${step.kind} failed: the snapshot is not the one that was verified` });
  }
  if (isCut) return { data: data.subarray(0, Math.floor(data.length / 2)), outcome: lost(step) };
  return { data, outcome: { kind: "done" } as const };
}

function noPki(step: CollectStep | DeliverStep): Refusal {
  return { kind: "failed", message: `${step.kind} failed: a simulated node keeps no certificates` };
}

function unreached(world: World, name: string): Refusal | undefined {
  const node = nodeOf(world, name);
  if (node.link.kind === "down") return { kind: "interrupted", message: node.link.message };
  if (node.power === "on") return undefined;
  return { kind: "interrupted", message: `ssh: connect to host ${node.address} port 22: No route to host` };
}

function locked(world: World, name: string): Refusal | undefined {
  const { script } = nodeOf(world, name);
  if (script === undefined) return undefined;
  return { kind: "locked", message: `${script.holder} on ${script.host} runs ${script.title} there` };
}

function lost(step: CollectStep | DeliverStep): Refusal {
  return { kind: "interrupted", message: `the connection to ${step.node} was lost while ${step.kind} ran` };
}

/** Takes the cut that waits for the next script of this node, if one does. */
function takeCut(world: World, node: string): { readonly world: World; readonly isCut: boolean } {
  const found = world.interruptions.find(
    ({ node: name, how, skip }) => name === node && how === "cut-link" && skip === 0,
  );
  if (found === undefined) return { world, isCut: false };
  const interruptions = world.interruptions.filter((one) => one !== found);
  return { world: record({ ...world, interruptions }, node, "link cut"), isCut: true };
}

function sum(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function ended(sink: Writable, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    // An error of the sink is told by what writes the file.
    sink.once("error", () => resolve());
    sink.end(data, () => resolve());
  });
}
