// `bosh cck` as an operator runs it: a scan, then one answer for every problem, then progress VM by VM.
// Source: cloudfoundry/bosh-cli cmd/cloud_check.go (the first given resolution that a problem offers; else "ignore").

import type { SimulatedDirector } from "../director/simulated-director";
import type { SimulatedTask } from "../director/tasks";

/** Where a cloud check stands. */
export type CloudCheckState =
  | { readonly kind: "running" }
  | { readonly kind: "done"; readonly problems: number; readonly skipped: number }
  | { readonly kind: "failed"; readonly message: string };

/** See the head of this file. */
export class CloudCheck {
  private readonly scan: SimulatedTask;
  private answers: SimulatedTask | undefined;
  private problems = 0;
  private skipped = 0;

  constructor(
    private readonly director: SimulatedDirector,
    private readonly deployment: string,
    private readonly resolutions: readonly string[],
  ) {
    this.scan = director.startScan(deployment, { user: "operator", contextId: "" });
  }

  /** Looks how far it has come; the answers are given as soon as the scan is done. */
  poll(): CloudCheckState {
    const task = this.director.task((this.answers ?? this.scan).id);
    if (task.state === "queued" || task.state === "processing" || task.state === "cancelling")
      return { kind: "running" };
    if (task.state !== "done") return { kind: "failed", message: task.result === "" ? task.state : task.result };
    if (this.answers !== undefined) return { kind: "done", problems: this.problems, skipped: this.skipped };
    const open = this.director.problems.open(this.deployment);
    this.problems = open.length;
    if (open.length === 0) return { kind: "done", problems: 0, skipped: 0 };
    const chosen = open.map((problem) => {
      const name = this.resolutions.find((candidate) =>
        problem.resolutions.some((offered) => offered.name === candidate),
      );
      if (name === undefined) this.skipped += 1;
      return [String(problem.id), name ?? "ignore"] as const;
    });
    this.answers = this.director.startAnswers(this.deployment, Object.fromEntries(chosen), {
      user: "operator",
      contextId: "",
    });
    return { kind: "running" };
  }
}
