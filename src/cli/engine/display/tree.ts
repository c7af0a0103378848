// Progress as a tree that is redrawn in place, for a terminal.

import { isDefaultProvider } from "../../../engine/deployment";
import type { EngineEvent, Step } from "../../../engine/events";
import { parseUrn } from "../../../engine/urn";
import { summarizeDiff } from "./diff";
import { renderDuration, renderStatus } from "./lines";
import { signs } from "./report";

/** Redrawing more often than this only makes it flicker. */
const redrawIntervalMs = 80;

interface Row {
  readonly step: Step;
  readonly parent: string;
  readonly state: "started" | "done" | "failed";
  readonly startedAt: number;
  readonly durationMs: number | undefined;
  /** First line of the last message. */
  readonly note: string;
}

/** What the tree needs of a terminal. */
export interface Terminal {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** A tree of resources on a terminal. */
export class Tree {
  private readonly rows = new Map<string, Row>();
  private drawnLines = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly terminal: Terminal,
    private readonly isPreview: boolean,
    private readonly useColour: boolean,
  ) {
    this.timer = setInterval(() => this.redraw(), redrawIntervalMs);
    this.timer.unref();
  }

  /** Takes one event. */
  take(event: EngineEvent): void {
    if (event.kind === "message") this.takeMessage(event);
    if (event.kind !== "step-started" && event.kind !== "step-done" && event.kind !== "step-failed") return;
    const { step } = event;
    if (isDefaultProvider(step.urn)) return;
    const before = this.rows.get(step.urn);
    const isStart = event.kind === "step-started";
    this.rows.set(step.urn, {
      step,
      parent: (step.new ?? step.old)?.parent ?? "",
      state: isStart ? "started" : event.kind === "step-done" ? "done" : "failed",
      startedAt: isStart ? Date.now() : (before?.startedAt ?? Date.now()),
      durationMs: isStart ? undefined : event.durationMs,
      note: before?.note ?? "",
    });
  }

  /** Draws it for the last time and leaves it on the screen. */
  finish(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.redraw(true);
  }

  private takeMessage(event: Extract<EngineEvent, { readonly kind: "message" }>): void {
    const row = this.rows.get(event.urn);
    const [first] = event.text.split("\n");
    if (row === undefined || first === undefined) return;
    const note = event.severity === "info" ? first : `${event.severity}: ${first}`;
    this.rows.set(event.urn, { ...row, note });
  }

  private redraw(isLast = false): void {
    const all = this.renderChildren("", 0);
    const height = this.terminal.rows ?? 24;
    // What does not fit on the screen cannot be redrawn; the end is where things happen.
    const lines = isLast ? all : all.slice(-Math.max(1, height - 1));
    const up = this.drawnLines > 0 ? `\u001b[${this.drawnLines}A` : "";
    this.terminal.write(`${up}\r\u001b[J${lines.map((line) => `${line}\n`).join("")}`);
    this.drawnLines = isLast ? 0 : lines.length;
  }

  private renderChildren(parent: string, depth: number): readonly string[] {
    const known = (urn: string) => this.rows.has(urn);
    return [...this.rows]
      .filter(([, row]) => row.parent === parent || (depth === 0 && row.parent !== "" && !known(row.parent)))
      .flatMap(([urn, row]) => [this.renderRow(urn, row, depth), ...this.renderChildren(urn, depth + 1)]);
  }

  private renderRow(urn: string, row: Row, depth: number): string {
    const { type, name } = parseUrn(urn);
    const took = row.durationMs ?? Date.now() - row.startedAt;
    const time = this.isPreview || row.step.op === "same" ? "" : `(${renderDuration(took)})`;
    const status = renderStatus(row.step, row.state, this.isPreview);
    const diff = row.state === "started" ? "" : summarizeDiff(row.step);
    const parts = [`${"   ".repeat(depth)}${type}`, name, status, time, diff, row.note];
    const text = ` ${signs[row.step.op].padEnd(2)} ${parts.filter((part) => part !== "").join("  ")}`;
    return this.colour(row, text.slice(0, (this.terminal.columns ?? 100) - 1));
  }

  private colour(row: Row, text: string): string {
    if (!this.useColour) return text;
    const codes = { create: 32, update: 33, replace: 35, delete: 31 } as const;
    const code = row.state === "failed" ? 31 : codes[row.step.op as keyof typeof codes];
    return code === undefined ? text : `\u001b[${code}m${text}\u001b[0m`;
  }
}
