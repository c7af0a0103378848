// How each recorded step was made: the command, the program and config of that moment, what lay on the "nodes".

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DeploymentKind } from "../../src/engine/events";
import { type RecordedAnswer, type RecordedStep, recordingsRoot } from "./recording";
import type { Workspace } from "./workspace";

/** The recorded scenarios. */
export const scenarios = ["basic", "unhealthy"] as const;

/** Behaviour files that the recorded plugin of "unhealthy" read, by step. */
const behaviours: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "01-first-preview-plan-logged": { plane: { previewLog: 2 } },
  "04-preview-drift-and-unreachable": { other: { unreach: true } },
  "05-preview-unreachable-expect-no-changes": { other: { unreach: true } },
  "06-up-one-unreachable": { other: { unreach: true } },
  "08-preview-verdict-unhealthy": { plane: { unhealthy: true } },
  "09-up-half-done": { plane: { updPartial: true } },
  "11-preview-blocked": { plane: { previewLog: 3 } },
  "12-check-failures": { other: { checkFail: true } },
};

const headings: Readonly<Record<string, DeploymentKind>> = {
  Previewing: "preview",
  Updating: "up",
  Refreshing: "refresh",
  Destroying: "destroy",
};

/** What the step ran; undefined for a command that runs no deployment. */
export function kindOf(step: RecordedStep): DeploymentKind | undefined {
  if (step.calls.length === 0) return undefined;
  // JSON has no heading; only a preview was recorded as JSON.
  return headings[step.printed.split(" ")[0] ?? ""] ?? "preview";
}

function readsOf(step: RecordedStep): readonly RecordedAnswer[] {
  return Object.entries(step.answers).flatMap(([key, answers]) => (key.startsWith("read ") ? answers : []));
}

/** Lays the "nodes" out as the recorded reads saw them. */
function layOutNodes(workspace: Workspace, scenario: string, step: RecordedStep): void {
  for (const { response } of readsOf(step)) {
    const inputs = response?.inputs as { readonly content?: string } | undefined;
    const id = response?.id;
    if (typeof id !== "string" || inputs === undefined) continue;
    if (scenario === "basic") workspace.write(id.replace(/^\/srv\//, ""), inputs.content ?? "");
    else workspace.write(`live/${id}.json`, JSON.stringify(inputs));
  }
  for (const { initFailure } of readsOf(step)) {
    if (initFailure?.inputs !== undefined)
      workspace.write(`live/${initFailure.id}.json`, JSON.stringify(initFailure.inputs));
  }
  for (const [name, behaviour] of Object.entries(behaviours[step.name] ?? {})) {
    if (scenario === "unhealthy") workspace.write(`beh/${name}.json`, JSON.stringify(behaviour));
  }
}

/** Makes a workspace what the recorded one was at the step. */
export function prepare(workspace: Workspace, scenario: string, step: RecordedStep): void {
  const number = Number(step.name.slice(0, 2));
  if (scenario === "basic" && number < 11) {
    // `note` was added to the config in step 11.
    workspace.write(
      "demo/stacks/Pulumi.prod.yaml",
      readFileSync(join(recordingsRoot, "basic/Pulumi.prod.yaml"), "utf8"),
    );
  }
  if (step.name === "12-up-failing-update")
    workspace.edit("stacks/index.ts", '"command: kube-scheduler\\n"', '"command: FAIL\\n"');
  layOutNodes(workspace, scenario, step);
}
