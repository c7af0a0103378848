// `quorate up --report FILE`: gathers what a run tells and what its resources leave behind, and writes the page.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { systemClock } from "../../adapters/system-clock";
import { type DeploymentResult, isDefaultProvider } from "../../engine/deployment";
import type { EngineEvent, Step } from "../../engine/events";
import { parseUrn, stackType } from "../../engine/urn";
import { inputError } from "../../model/errors";
import { parseRunRecord } from "../../model/run-record";
import { recordFolderVariable } from "../../provider/keep-record";
import { renderReport } from "../../render/report";
import { reportOfUp, type UpResource, type UpRun } from "../../render/up-report";

/** One run that is to be reported. */
export class UpReport {
  private readonly clock = systemClock();
  private readonly startedAtMs = this.clock.nowMs();
  private readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-record-"));
  private readonly resources: UpResource[] = [];
  private readonly messages: UpRun["messages"][number][] = [];

  /** @throws RecoveryError "input" when the file cannot be written: known before anything is changed. */
  constructor(
    private readonly file: string,
    private readonly stack: string,
  ) {
    try {
      checkWritable(file);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** What the plugin is given, so that its resources leave their records. */
  get environment(): NodeJS.ProcessEnv {
    return { [recordFolderVariable]: this.folder };
  }

  /** Takes one event of the run. */
  take(event: EngineEvent): void {
    switch (event.kind) {
      case "step-done":
      case "step-failed":
        this.takeStep(event.step, event.durationMs / 1000, event.kind === "step-done");
        return;
      case "message":
        if (event.severity === "warning" || event.severity === "error")
          this.messages.push({ atSeconds: this.seconds(), severity: event.severity, text: event.text.trim() });
        return;
      default:
    }
  }

  /** The same for a run that came to no end of its own. */
  writeFailure(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.messages.push({ atSeconds: this.seconds(), severity: "error", text });
    this.write({ succeeded: false, isCancelled: false });
  }

  /** Writes the page, readable by its owner alone: it shows commands and what nodes said. */
  write(result: Pick<DeploymentResult, "succeeded" | "isCancelled">): void {
    const records = fs
      .readdirSync(this.folder)
      .sort()
      .map((name) => parseRunRecord(fs.readFileSync(path.join(this.folder, name), "utf8")));
    const report = reportOfUp({
      stack: this.stack,
      startedAtMs: this.startedAtMs,
      seconds: this.seconds(),
      hasSucceeded: result.succeeded,
      isCancelled: result.isCancelled,
      resources: this.resources,
      messages: this.messages,
      records,
    });
    // Another file of that name may be readable by everyone.
    fs.rmSync(this.file, { force: true });
    fs.writeFileSync(this.file, renderReport([report]), { mode: 0o600, flag: "wx" });
  }

  /** Leaves nothing behind but the page. */
  close(): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  private takeStep(step: Step, seconds: number, isDone: boolean): void {
    const { type, name } = parseUrn(step.urn);
    if (isDefaultProvider(step.urn) || type === stackType) return;
    const shortType = type.replace(/^quorate:index:/, "");
    const atSeconds = Math.max(0, this.seconds() - seconds);
    this.resources.push({ type: shortType, name, operation: step.op, isDone, atSeconds, seconds });
  }

  private seconds(): number {
    return (this.clock.nowMs() - this.startedAtMs) / 1000;
  }
}

function checkWritable(file: string): void {
  try {
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) throw new Error(`${file} is a directory`);
    fs.accessSync(found === undefined ? path.dirname(file) : file, fs.constants.W_OK);
  } catch (error) {
    throw inputError(`the report cannot be written: ${error instanceof Error ? error.message : String(error)}`, {
      hint: "name another file by --report; nothing was changed",
    });
  }
}
