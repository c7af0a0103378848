// What a run leaves to read when it has ended: what changes, diagnostics, outputs, counts. Collected from its events.

import { type DeploymentResult, isDefaultProvider } from "../../../engine/deployment";
import type { DeploymentKind, EngineEvent, Severity, Step, StepOp } from "../../../engine/events";
import type { ResourceState } from "../../../engine/resource-state";
import { parseUrn, stackType } from "../../../engine/urn";
import { unreachable } from "../../../model/errors";
import { diffValues, renderProperties, renderStepDiff } from "./diff";
import { renderValue } from "./values";

/** Sign of each operation. */
export const signs: Readonly<Record<StepOp, string>> = {
  same: " ",
  create: "+",
  update: "~",
  delete: "-",
  replace: "+-",
  "create-replacement": "++",
  "delete-replaced": "--",
  refresh: "~",
};

const pastTense: Readonly<Record<StepOp, string>> = {
  same: "unchanged",
  create: "created",
  update: "updated",
  delete: "deleted",
  replace: "replaced",
  "create-replacement": "created",
  "delete-replaced": "deleted",
  refresh: "refreshed",
};

/** Operations in the order in which they are counted. */
const countedOps: readonly StepOp[] = ["create", "update", "replace", "delete", "same"];

interface Diagnostic {
  readonly severity: Severity;
  readonly urn: string;
  readonly text: string;
}

/** Collects the events of a run. */
export class Report {
  readonly steps: Step[] = [];
  readonly diagnostics: Diagnostic[] = [];
  private readonly streams = new Map<string, number>();
  private stack: { readonly old: ResourceState | undefined; readonly new: ResourceState } | undefined;

  /** Takes one event. */
  take(event: EngineEvent): void {
    switch (event.kind) {
      case "step-done":
        if (!isDefaultProvider(event.step.urn)) this.steps.push(event.step);
        return;
      case "message":
        if (!event.ephemeral) this.takeMessage(event);
        return;
      case "outputs":
        if (parseUrn(event.urn).type === stackType) this.stack = event;
        return;
      case "step-started":
      case "step-failed":
        return;
      default:
        unreachable(event);
    }
  }

  /** Lines of what changes, resource by resource. Full ones list every property of new resources too. */
  renderChanges(isFull: boolean): readonly string[] {
    return this.steps.flatMap((step) => {
      const body = this.renderBody(step, isFull);
      const isShown = isFull ? step.op !== "same" || body.length > 0 : body.length > 0;
      if (!isShown || (step.op === "refresh" && body.length === 0)) return [];
      const { type, name } = parseUrn(step.urn);
      const what = step.op === "refresh" && step.new === undefined ? "refresh: it is gone" : step.op;
      return [`${signs[step.op].padEnd(2)}${type} ${name} (${what})`, ...body];
    });
  }

  /** Lines of all messages, resource by resource. */
  renderDiagnostics(stackUrn: string): readonly string[] {
    const byUrn = new Map<string, Diagnostic[]>();
    for (const diagnostic of this.diagnostics) {
      const urn = diagnostic.urn === "" ? stackUrn : diagnostic.urn;
      byUrn.set(urn, [...(byUrn.get(urn) ?? []), diagnostic]);
    }
    if (byUrn.size === 0) return [];
    const lines = [...byUrn].flatMap(([urn, diagnostics]) => {
      const { type, name } = parseUrn(urn);
      const texts = diagnostics.flatMap(({ severity, text }) => {
        const prefix = severity === "info" ? "" : `${severity}: `;
        return `${prefix}${text}`
          .trimEnd()
          .split("\n")
          .map((line) => `    ${line}`);
      });
      return [`  ${type} (${name}):`, ...texts, ""];
    });
    return ["Diagnostics:", ...lines];
  }

  /** Lines of the stack's outputs. */
  renderOutputs(): readonly string[] {
    if (this.stack === undefined) return [];
    const tree = diffValues(this.stack.old?.outputs ?? {}, this.stack.new.outputs);
    const changed = new Set(tree?.kind === "branch" ? [...tree.children.keys()].map(String) : []);
    const names = Object.keys(this.stack.new.outputs).sort();
    if (names.length === 0) return [];
    const width = Math.max(...names.map((name) => name.length));
    const lines = names.flatMap((name) => {
      const sign = changed.has(name) ? (this.stack?.old?.outputs[name] === undefined ? "+ " : "~ ") : "  ";
      const [first, ...rest] = renderValue(this.stack?.new.outputs[name], 4, " ");
      return [`  ${sign}${name.padEnd(width)}: ${first ?? ""}`, ...rest];
    });
    return ["Outputs:", ...lines, ""];
  }

  /** Lines that count the resources. */
  renderCounts(result: DeploymentResult, kind: DeploymentKind): readonly string[] {
    const isPreview = kind === "preview";
    const lines = countedOps.flatMap((op) => {
      const count = result.counts[op] ?? 0;
      if (count === 0) return [];
      const sign = op === "same" ? "" : `${signs[op]} `;
      const what = isPreview && op !== "same" ? `to ${op}` : pastTense[op];
      return [`    ${sign}${count} ${what}`];
    });
    const failed = result.failedCount > 0 ? [`    ${result.failedCount} errored`] : [];
    return lines.length + failed.length === 0 ? [] : ["Resources:", ...lines, ...failed, ""];
  }

  private takeMessage(event: Extract<EngineEvent, { readonly kind: "message" }>): void {
    const key = `${event.urn} ${event.severity} ${event.streamId}`;
    const at = event.streamId === 0 ? undefined : this.streams.get(key);
    const earlier = at === undefined ? undefined : this.diagnostics[at];
    if (at !== undefined && earlier !== undefined) {
      this.diagnostics[at] = { ...earlier, text: `${earlier.text}${event.text}` };
      return;
    }
    if (event.streamId !== 0) this.streams.set(key, this.diagnostics.length);
    this.diagnostics.push({ severity: event.severity, urn: event.urn, text: event.text });
  }

  private renderBody(step: Step, isFull: boolean): readonly string[] {
    if (step.op === "same") return [];
    if (isFull && step.op === "create") return renderProperties(step.new?.inputs ?? {}, 6);
    return renderStepDiff(step, 4);
  }
}
