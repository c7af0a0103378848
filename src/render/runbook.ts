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
        commands: fenced(commands),
        expected,
        command: fenced(verification.command),
        shows: oneLine(verification.shows),
        stop,
      };
    }),
  });
}

// The very bytes: what is indented is no longer what runs, as a here-document ends only at the margin. No text holds the
// fence's own end, for it has more backticks than any row of them in the text.
function fenced(text: string): string {
  const rows = [...text.matchAll(/`+/g)].map(([row]) => row.length);
  const fence = "`".repeat(Math.max(3, ...rows.map((length) => length + 1)));
  return `${fence}sh\n${text.replace(/\n$/, "")}\n${fence}`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, "; ").replace(/[\p{Cc}]+/gu, " ");
}
