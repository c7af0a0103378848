// The script that an adapter sends to a node for one step: the commands of the step, the node lock around them, and a last
// line that says how it ended and that nothing in the step's own output can forge.

import type { ChangeStep } from "../model/step";
import { renderStep } from "./step-command";
import { renderTemplate, shellText } from "./template";

/** Who runs a step, for the next operator who finds the node locked. */
export interface Operator {
  /** User name. */
  readonly user: string;
  /** Host that quorate runs on. */
  readonly host: string;
}

/** The script for one step. `boundary` is random for every run. */
export function renderStepScript(step: ChangeStep, operator: Operator, boundary: string): string {
  const subject = "fileName" in step ? step.fileName : step.service;
  const oneLine = (text: string) => text.replace(/[\p{Cc}]+/gu, " ").slice(0, 300);
  return renderTemplate("steps/parts/script", {
    step: shellText(renderStep(step)),
    boundary,
    holder: oneLine(operator.user),
    host: oneLine(operator.host),
    title: oneLine(`${step.kind} ${subject}`),
  });
}
