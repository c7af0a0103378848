// The plan for a BOSH deployment as lines for a person: what is wrong where, what would be done by which command, how long it
// takes, what is refused.

import { instanceName } from "../model/bosh";
import type { DiagnosedInstance } from "../model/bosh-condition";
import type { BoshBlocker, BoshPlan } from "../model/bosh-plan";
import type { BoshStep } from "../model/bosh-step";
import type { TaskEvent } from "../model/bosh-task";
import { unreachable } from "../model/errors";
import { describeCondition } from "../plan/bosh-diagnosis";
import { estimatePlanMs } from "../plan/bosh-estimate";
import { boshCommandLines } from "./bosh-step-command";

/** The plan as text; empty when there is nothing to tell. */
export function renderBoshPlan(plan: BoshPlan, troubled: readonly DiagnosedInstance[]): string {
  const steps = plan.steps.flatMap((step, index) => [
    `${index + 1}. ${renderBoshStepLine(step)}`,
    ...boshCommandLines(step).map((line) => `     ${line}`),
  ]);
  const minutes = Math.ceil(estimatePlanMs(plan.steps) / 60_000);
  return [
    ...list(
      count(troubled.length, "instance is not as declared", "instances are not as declared"),
      troubled.map(({ instance, condition }) => `${instanceName(instance)}: ${describeCondition(condition)}`),
    ),
    ...list(count(plan.steps.length, "step", "steps"), steps),
    ...(minutes > 0 ? [`expected to take about ${count(minutes, "minute", "minutes")}`] : []),
    ...list(count(plan.notes.length, "note", "notes"), plan.notes),
  ].join("\n");
}

/** One step as a line. */
export function renderBoshStepLine(step: BoshStep): string {
  return `${describeStep(step)} (${step.reason})`;
}

/** One blocker: what is refused, and what to do. */
export function renderBoshBlocker(blocker: BoshBlocker): string {
  return renderRefusal("blocked", blocker);
}

/** What is put off: why, and what comes first. */
export function renderBoshPutOff(blocker: BoshBlocker): string {
  return renderRefusal("put off", blocker);
}

function renderRefusal(word: string, { reason, message, nextStep }: BoshBlocker): string {
  return `${word} (${reason}): ${message}\n  next: ${nextStep}`;
}

/** What a task reports of its progress, as a line; undefined for what is of no interest to somebody who waits. */
export function renderTaskEvent(event: TaskEvent, taskId: number): string | undefined {
  switch (event.kind) {
    case "message":
      return event.level === "warning" ? `task ${taskId}: ${event.text}` : undefined;
    case "error":
      return `task ${taskId} failed: ${event.text}`;
    case "progress": {
      const of = event.total > 1 ? ` (${event.index} of ${event.total})` : "";
      const status = event.status === undefined ? event.state : event.status;
      const error = event.error === undefined ? "" : `: ${event.error}`;
      return `task ${taskId}: ${event.stage}${of}: ${event.task}: ${status}${error}`;
    }
    default:
      return unreachable(event);
  }
}

function describeStep(step: BoshStep): string {
  switch (step.kind) {
    case "undoPause":
      return `take back the pause ${step.configName} that was left behind`;
    case "pauseResurrection":
      return `hold the resurrector off ${step.deployment}`;
    case "waitForMonitor":
      return `wait ${Math.ceil(step.waitMs / 1000)} s for the health monitor`;
    case "resumeResurrection":
      return "put the resurrector back";
    case "waitForTask":
      return `wait for task ${step.taskId}`;
    case "waitForInstance":
      return `wait until ${instanceName(step.instance)} runs, ${Math.round(step.timeoutMs / 1000)} s at most`;
    case "restartProcess":
      return `restart ${step.process} on ${instanceName(step.instance)}`;
    case "startInstance":
      return `start ${instanceName(step.instance)}`;
    case "takeEtcdSnapshot":
      return `keep a verified snapshot of the etcd of ${step.instance.group}`;
    case "recreateInstance":
      return `recreate ${instanceName(step.instance)}${step.scope === "converge" ? " by converging" : " alone"}`;
    case "deleteVm":
      return `delete the VM ${step.vmCid} of ${instanceName(step.instance)}`;
    case "resolveProblems":
      return `answer the problems of ${count(step.targets.length, "instance", "instances")} by cloud check`;
    default:
      return unreachable(step);
  }
}

function count(length: number, one: string, many: string): string {
  return `${length} ${length === 1 ? one : many}`;
}

function list(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
}
