// Progress as plain lines, one for each thing that begins or ends: for logs, pipes and CI.

import { isDefaultProvider } from "../../../engine/deployment";
import type { EngineEvent, Step, StepOp } from "../../../engine/events";
import { parseUrn } from "../../../engine/urn";
import { unreachable } from "../../../model/errors";
import { summarizeDiff } from "./diff";
import { signs } from "./report";

const doing: Readonly<Record<StepOp, string>> = {
  same: "",
  create: "creating",
  update: "updating",
  delete: "deleting",
  replace: "replacing",
  "create-replacement": "creating replacement",
  "delete-replaced": "deleting the replaced one",
  refresh: "refreshing",
};

const done: Readonly<Record<StepOp, string>> = {
  same: "",
  create: "created",
  update: "updated",
  delete: "deleted",
  replace: "replaced",
  "create-replacement": "created replacement",
  "delete-replaced": "deleted the replaced one",
  refresh: "refresh",
};

/** `type name` of a resource. */
export function describeUrn(urn: string): string {
  const { type, name } = parseUrn(urn);
  return `${type} ${name}`;
}

/** How long something took. */
export function renderDuration(durationMs: number): string {
  return durationMs < 10_000 ? `${(durationMs / 1000).toFixed(2)}s` : `${Math.round(durationMs / 1000)}s`;
}

/** What a step is doing or has done, in a word or two. */
export function renderStatus(step: Step, state: "started" | "done" | "failed", isPreview: boolean): string {
  if (state === "failed") return `**${doing[step.op]} failed**`;
  if (isPreview && step.op !== "refresh") return step.op === "same" ? "" : step.op;
  return state === "started" ? doing[step.op] : done[step.op];
}

/** One line for an event; undefined for events that make none. */
export function renderLine(event: EngineEvent, isPreview: boolean): string | undefined {
  switch (event.kind) {
    case "step-started":
      if (isDefaultProvider(event.step.urn) || event.step.op === "same") return undefined;
      if (isPreview && event.step.op !== "refresh") return undefined;
      return stepLine(event.step, renderStatus(event.step, "started", isPreview));
    case "step-done":
    case "step-failed": {
      if (isDefaultProvider(event.step.urn)) return undefined;
      const status = renderStatus(event.step, event.kind === "step-done" ? "done" : "failed", isPreview);
      const time = isPreview || event.step.op === "same" ? "" : `(${renderDuration(event.durationMs)})`;
      return stepLine(event.step, [status, time, summarizeDiff(event.step)].filter((part) => part !== "").join(" "));
    }
    case "message": {
      const [first] = event.text.split("\n");
      if (first === undefined || first.trim() === "") return undefined;
      const prefix = event.severity === "info" ? "" : `${event.severity}: `;
      return event.urn === "" ? `    ${prefix}${first}` : `    ${describeUrn(event.urn)}: ${prefix}${first}`;
    }
    case "outputs":
      return undefined;
    default:
      return unreachable(event);
  }
}

function stepLine(step: Step, status: string): string {
  return ` ${signs[step.op].padEnd(2)} ${describeUrn(step.urn)} ${status}`.trimEnd();
}
