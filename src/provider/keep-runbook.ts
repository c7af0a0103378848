// Where a preview leaves the runbook of a plan for `quorate runbook`, which reads it: a private folder that the command names.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject } from "../model/json";
import type { Plan } from "../model/plan";
import type { Step } from "../model/step";
import { renderRunbook } from "../render/runbook";
import { maskPlan } from "./mask-plan";
import type { PlaneLens } from "./plane-resource";
import type { ResourceContext } from "./resource-type";

/** The folder that runbooks are left in; not set: none is wanted. */
export const runbookFolderVariable = "QUORATE_RUNBOOK_FOLDER";
/** Set: secret values are printed. */
export const runbookSecretsVariable = "QUORATE_RUNBOOK_SECRETS";

/** Leaves the runbook of a plan where it is asked for. `name` tells it apart from others of the same preview. */
export function keepRunbook(
  plan: Plan,
  lens: Pick<PlaneLens, "name" | "podPath">,
  context: Pick<ResourceContext, "isSecret" | "mask">,
  nodes: readonly string[],
): void {
  const folder = process.env[runbookFolderVariable];
  if (folder === undefined || folder === "") return;
  const isShown = process.env[runbookSecretsVariable] === "1";
  const isHidden = (step: Step) => {
    const pod = podOf(step);
    return !isShown && pod !== undefined && context.isSecret(lens.podPath(step.node, pod));
  };
  const name = `${lens.name} (${[...nodes].sort().join(", ")})`;
  const text = renderRunbook(name, isShown ? plan : maskPlan(plan, lens, context), isHidden);
  // By what it says: two resources may be on the same node.
  const file = createHash("sha256").update(text).digest("hex").slice(0, 16);
  writeFileSync(join(folder, `${lens.name}-${file}.md`), isShown ? text : context.mask(text), { mode: 0o600 });
}

/** The declared pod whose manifest the commands of a step may hold. */
export function podOf(step: Step): string | undefined {
  if ("pod" in step) return step.pod;
  if (step.kind !== "etcdStartMember" || step.manifest === undefined) return undefined;
  const { metadata } = step.manifest;
  return isJsonObject(metadata) && typeof metadata.name === "string" ? metadata.name : undefined;
}
