// The script that an adapter sends to a node for one step: the commands of the step, the node lock around them, and a last
// line that says how it ended and that nothing in the step's own output can forge.

import { type AppliedStep, subjectOf } from "../model/step";
import type { CollectStep, DeliverStep } from "../model/transfer";
import { renderEtcdStep } from "./etcd-step-command";
import { renderPkiStep } from "./pki-step-command";
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
export function renderStepScript(step: AppliedStep, operator: Operator, boundary: string): string {
  return renderLocked(renderStep(step), `${step.kind} ${subjectOf(step)}`, operator, boundary, false);
}

/** The script for a step that prints data: its last line, with how it ended, is on standard error. */
export function renderCollectScript(step: CollectStep, boundary: string): string {
  return renderTemplate("steps/parts/collect", { step: shellText(renderTransfer(step)), boundary });
}

/** The script for a step that reads data from its standard input. */
export function renderDeliverScript(step: DeliverStep, operator: Operator, boundary: string): string {
  const subject = step.kind === "deliverPki" ? step.paths.join(" ") : step.subject;
  return renderLocked(renderTransfer(step), `${step.kind} ${subject}`, operator, boundary, true);
}

function renderTransfer(step: CollectStep | DeliverStep): string {
  return step.kind === "collectPki" || step.kind === "deliverPki" ? renderPkiStep(step) : renderEtcdStep(step);
}

function renderLocked(step: string, title: string, operator: Operator, boundary: string, hasInput: boolean): string {
  const oneLine = (text: string) => text.replace(/[\p{Cc}]+/gu, " ").slice(0, 300);
  return renderTemplate("steps/parts/script", {
    step: shellText(step),
    boundary,
    holder: oneLine(operator.user),
    host: oneLine(operator.host),
    title: oneLine(title),
    hasInput,
  });
}
