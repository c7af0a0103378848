// Runs for tests of the report of a real up.

import type { UpRun } from "../../src/render/up-report";
import { recordedRun, threeTroubles } from "../provider/recorded-run";

let recorded: ReturnType<typeof recordedRun> | undefined;

/** A run of three broken nodes, as the command gathers it. */
export async function upRun(change: Partial<UpRun> = {}): Promise<UpRun> {
  recorded ??= recordedRun(threeTroubles);
  const { entries } = await recorded;
  const began = (change.records ?? [entries])[0]?.[0] ?? entries[0];
  const startedAtMs = (began?.kind === "began" ? began.wallMs : 0) - 4000;
  return {
    stack: "demo of quorate-demo",
    startedAtMs,
    seconds: 9,
    hasSucceeded: false,
    isCancelled: false,
    resources: [
      { type: "ControlPlane", name: "control-plane", operation: "create", isDone: false, atSeconds: 4, seconds: 5 },
      { type: "command:local:Command", name: "smoke", operation: "create", isDone: true, atSeconds: 9, seconds: 1 },
    ],
    messages: [{ atSeconds: 9, severity: "error", text: "update failed" }],
    records: [entries],
    ...change,
  };
}
