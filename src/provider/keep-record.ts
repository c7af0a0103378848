// Where an update leaves the record of what it did for `quorate up --report`, which reads it: a private folder that the command
// names. Without one nothing is kept.

import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../adapters/system-clock";
import type { RunEntry } from "../model/run-record";
import type { ResourceContext } from "./resource-type";

/** The folder that records are left in; not set: none is wanted. */
export const recordFolderVariable = "QUORATE_RECORD_FOLDER";

/** An entry without its time. */
type Untimed<Entry extends RunEntry> = Entry extends RunEntry ? Omit<Entry, "atMs"> : never;

/** See the head of this file. */
export class RunRecorder {
  private readonly file: string | undefined;
  private isBroken = false;

  constructor(
    resource: { readonly type: string; readonly name: string; readonly phase: "read" | "converge" },
    private readonly nowMs: () => number,
    private readonly context: Pick<ResourceContext, "mask">,
    folder = process.env[recordFolderVariable],
  ) {
    if (folder === undefined || folder === "") return;
    const hash = createHash("sha256").update(resource.name).digest("hex").slice(0, 16);
    this.file = join(folder, `${resource.type}-${hash}.jsonl`);
    this.add({ kind: "began", ...resource, wallMs: systemClock().nowMs() });
  }

  /** Is anything kept? What costs something to tell is told only then. */
  get isKept(): boolean {
    return this.file !== undefined;
  }

  /** Adds an entry, with every secret of the inputs taken out. */
  add(entry: Untimed<RunEntry>): void {
    if (this.file === undefined || this.isBroken) return;
    const masked = maskTexts({ ...entry, atMs: this.nowMs() }, this.context.mask);
    try {
      appendFileSync(this.file, `${JSON.stringify(masked)}\n`, { mode: 0o600 });
    } catch {
      // A full disk on the operator's machine ends the telling, never the repair.
      this.isBroken = true;
    }
  }
}

// Text by text: in the document as a whole a secret with a quote in it would be written otherwise.
function maskTexts(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === "string") return mask(value);
  if (Array.isArray(value)) return value.map((inner) => maskTexts(inner, mask));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, maskTexts(inner, mask)]));
}
