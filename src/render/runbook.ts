// The plan as a document that an engineer can follow by hand: the very commands that quorate would run, with what they print,
// how to tell that they worked, and when to stop.

import { isEtcdStep } from "../model/etcd-step";
import type { Plan } from "../model/plan";
import type { Step } from "../model/step";
import { renderEtcdStep } from "./etcd-step-command";
import { renderBlocker, renderDrift, renderNote } from "./plan-text";
import { renderStep } from "./step-command";
import { guideStep } from "./step-guidance";
import { renderTemplate } from "./template";

/** What is printed in place of commands that hold a secret. */
export const hiddenCommands =
  "# These commands write a manifest that holds secret values: quorate runbook --show-secrets prints them.\n";

/** The runbook of one resource's plan. `isHidden` tells the steps whose commands must not be shown. */
export function renderRunbook(name: string, plan: Plan, isHidden: (step: Step) => boolean): string {
  return renderTemplate("runbook.md", {
    name: oneLine(name),
    isSettled: plan.drifts.length + plan.steps.length + plan.blockers.length + plan.problems.length === 0,
    drifts: plan.drifts.map((drift) => oneLine(renderDrift(drift))),
    blockers: plan.blockers.map((blocker) => oneLine(renderBlocker(blocker))),
    problems: plan.problems.map((problem) => oneLine(problem.message)),
    notes: plan.notes.map((note) => oneLine(renderNote(note))),
    hasChain: plan.steps.some(isEtcdStep),
    steps: plan.steps.map((step, index) => {
      const { title, expected, verification, stop } = guideStep(step);
      const commands = isHidden(step) ? hiddenCommands : isEtcdStep(step) ? renderEtcdStep(step) : renderStep(step);
      return {
        number: index + 1,
        node: step.node,
        title: oneLine(title),
        reason: oneLine(step.reason),
        commands: indented(commands),
        expected,
        command: indented(verification.command),
        shows: oneLine(verification.shows),
        stop,
      };
    }),
  });
}

// An indented block has no end that its text could forge, as a fence has.
function indented(text: string): string {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, "; ").replace(/[\p{Cc}]+/gu, " ");
}
