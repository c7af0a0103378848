// Drift, steps, blockers and notes as lines for a person. The commands of a step are rendered elsewhere, from templates.

import type { Drift, Note, PropertyChange } from "../model/drift";
import { unreachable } from "../model/errors";
import { isEtcdStep } from "../model/etcd-step";
import type { JsonValue } from "../model/json";
import type { Blocker, Plan } from "../model/plan";
import type { Step } from "../model/step";
import { describeEtcdStep, renderEtcdDrift, renderVerdict } from "./etcd-text";

/** A value longer than this is cut on the screen, characters; the detailed diff shows it whole. */
const valueCharactersMax = 160;

/** The plan as text: what differs, what would be done in which order, what is refused, what cannot be mended. */
export function renderPlan(plan: Plan): string {
  const sections = [
    plan.etcd === undefined ? "" : renderVerdict(plan.etcd.assessment),
    list(
      count(plan.drifts.length, "thing is not as declared", "things are not as declared"),
      plan.drifts.map(renderDrift),
    ),
    list(
      count(plan.steps.length, "step", "steps"),
      plan.steps.map((step, index) => `${index + 1}. ${renderStepLine(step)}`),
    ),
    list(
      count(plan.problems.length, "problem that no step mends", "problems that no step mends"),
      plan.problems.map((problem) => problem.message),
    ),
    list(count(plan.notes.length, "note", "notes"), plan.notes.map(renderNote)),
  ];
  return sections.filter((section) => section !== "").join("\n");
}

/** One blocker: what is refused, and what to do. */
export function renderBlocker(blocker: Blocker): string {
  return `blocked (${blocker.reason}): ${blocker.message}\n  next: ${blocker.nextStep}`;
}

/** One note, with the command that tidies up. */
export function renderNote(note: Note): string {
  return note.command === undefined
    ? `${note.node}: ${note.text}`
    : `${note.node}: ${note.text}; to remove it: ${note.command}`;
}

/** One drift, several lines where it has several parts. */
export function renderDrift(drift: Drift): string {
  switch (drift.kind) {
    case "manifest-differs":
      return withEvidence(
        `${drift.node} ${drift.pod}: ${drift.changes.map(renderChange).join("\n    ")}`,
        drift.evidence,
      );
    case "manifest-missing":
      return withEvidence(`${drift.node} ${drift.pod}: its manifest is missing`, drift.evidence);
    case "manifest-unreadable":
      return withEvidence(`${drift.node} ${drift.pod}: ${drift.reason}`, drift.evidence);
    case "manifest-owner":
      return `${drift.node} ${drift.pod}: its manifest belongs to ${drift.observed} => ${drift.desired}`;
    case "manifest-stray":
      return `${drift.node} ${JSON.stringify(drift.fileName)} in the manifest directory: ${drift.reason}`;
    case "service-not-running":
      return `${drift.node} service ${drift.service}: ${drift.state} (${drift.detail}) => running`;
    case "pod-not-running":
      return `${drift.node} ${drift.pod}: does not run: ${drift.reason}`;
    case "pod-outdated":
      return `${drift.node} ${drift.pod}: ${drift.reason}`;
    case "etcd-member":
    case "etcd-stray-member":
    case "etcd-peer-url":
    case "etcd-alarm":
    case "etcd-paused":
      return renderEtcdDrift(drift);
    default:
      return unreachable(drift);
  }
}

/** One property: `path: observed => desired`. */
export function renderChange(change: PropertyChange): string {
  return `${change.path}: ${renderValue(change.observed, "(not there)")} => ${renderValue(change.desired, "(not declared)")}`;
}

/** One step as a line. */
export function renderStepLine(step: Step): string {
  return `${step.node}: ${describeStep(step)} (${step.reason})`;
}

function describeStep(step: Step): string {
  if (isEtcdStep(step)) return describeEtcdStep(step);
  switch (step.kind) {
    case "writeManifest":
      return `write ${step.manifestDirectory}/${step.fileName}, the old file goes to ${step.archiveDirectory}`;
    case "archiveStrayManifest":
      return `move ${JSON.stringify(step.fileName)} from ${step.manifestDirectory} to ${step.archiveDirectory}`;
    case "setManifestOwner":
      return `give ${step.manifestDirectory}/${step.fileName} to ${step.owner}`;
    case "startService":
      return `start ${step.service}`;
    case "restartService":
      return `restart ${step.service}`;
    case "waitForService":
      return `wait until ${step.service} runs, ${step.timeoutSeconds} s at most`;
    case "waitForPod":
      return `wait until pod ${step.pod} runs, ${step.timeoutSeconds} s at most`;
    default:
      return unreachable(step);
  }
}

function withEvidence(text: string, evidence: string | undefined): string {
  return evidence === undefined ? text : `${text}\n    ${evidence}`;
}

function renderValue(value: JsonValue | undefined, absent: string): string {
  if (value === undefined) return absent;
  const text = JSON.stringify(value);
  return text.length > valueCharactersMax ? `${text.slice(0, valueCharactersMax)}...` : text;
}

function count(length: number, one: string, many: string): string {
  return `${length} ${length === 1 ? one : many}`;
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [`${title}:`, ...lines.map((line) => `  ${line}`)].join("\n");
}
