// What a step that carries data did and what that means, the same whether it went by ssh or through a local shell.

import type { Readable, Writable } from "node:stream";
import type { UnreachableNode } from "../model/node-observation";
import type { CollectStep, DeliverStep, LocalFile, TransferOutcome } from "../model/transfer";
import { renderCollectScript, renderDeliverScript } from "../render/step-script";
import { isCutOff, localFiles } from "./kept-file";
import { newBoundary, outcomeOf, type ScriptRun, thisOperator } from "./script-run";

/** How a script is run whose input or output is streamed. */
export interface TransferStreams {
  /** The shell command of the node that the script is given to, in `head`. */
  readonly script: string;
  /** Goes to the script's standard input. */
  readonly input?: Readable;
  /** Takes the script's standard output. */
  readonly output?: Writable;
}

/** Runs a script on one node with its streams, or says why the node could not be reached. */
export type RunTransfer = (streams: TransferStreams, secondsMax: number) => Promise<ScriptRun | UnreachableNode>;

/** 8 GiB, the largest database that etcd advises, take this long at 10 Mbit/s. A dead link ends much earlier. */
export const transferSecondsMax = 7200;

/** Carries what a step prints into a local file. Never throws for a node in trouble. */
export async function collectThrough(run: RunTransfer, step: CollectStep, into: LocalFile): Promise<TransferOutcome> {
  const boundary = newBoundary();
  const script = renderCollectScript(step, boundary);
  const kept = await localFiles.write(
    into,
    async (output) => {
      const result = await run({ script, output }, transferSecondsMax);
      if ("kind" in result) return { kind: "interrupted", message: result.message } as const;
      return outcomeOf(step, result, result.stderr, boundary, transferSecondsMax);
    },
    (outcome) => outcome.kind === "done",
  );
  if (kept.kind === "failed") return { kind: "failed", message: kept.message };
  if (kept.kind === "kept") return { kind: "done", ...kept.sums };
  if (kept.filled.kind !== "done") return kept.filled;
  return { kind: "failed", message: `${into.path} was not kept` };
}

/** Carries a local file to a step. Never throws for a node in trouble. */
export async function deliverThrough(run: RunTransfer, step: DeliverStep, from: LocalFile): Promise<TransferOutcome> {
  const boundary = newBoundary();
  const script = renderDeliverScript(step, thisOperator(), boundary);
  const file = localFiles.read(from);
  let broken: Error | undefined;
  file.data.once("error", (error) => {
    broken = error;
  });
  const result = await run({ script, input: file.data }, transferSecondsMax);
  // A node that has heard enough closes its end: that is no fault of the file.
  if (broken !== undefined && !isCutOff(broken)) {
    return { kind: "failed", message: `${from.path} cannot be read on this machine: ${broken.message}` };
  }
  if ("kind" in result) return { kind: "interrupted", message: result.message };
  const outcome = outcomeOf(step, result, Buffer.from(result.stdout).toString("utf8"), boundary, transferSecondsMax);
  return outcome.kind === "done" ? { kind: "done", ...file.sums() } : outcome;
}
