// The record of a BOSH deployment's run: its instances as the director and their agents tell of them, and every step.

import type { BoshConvergeEvent } from "../converge/bosh-round";
import { instanceName } from "../model/bosh";
import type { InstanceCondition } from "../model/bosh-condition";
import type { BoshPlan } from "../model/bosh-plan";
import { unreachable } from "../model/errors";
import type { ReportHealth } from "../model/report";
import { describeCondition } from "../plan/bosh-diagnosis";
import { renderBoshStepLine } from "../render/bosh-plan-text";
import { renderBoshStep } from "../render/bosh-step-command";
import type { RunRecorder } from "./keep-record";

/** Writes down how the instances are, group by group. */
export function recordBosh(recorder: RunRecorder, { diagnoses }: Pick<BoshPlan, "diagnoses">): void {
  const groups = [...new Set(diagnoses.map(({ instance }) => instance.group))].sort();
  recorder.add({
    kind: "seen",
    places: groups.map((group) => ({
      name: group,
      items: diagnoses
        .filter(({ instance }) => instance.group === group)
        .map(({ instance, condition }) => ({
          name: instanceName(instance),
          health: healthOf(condition),
          detail: describeCondition(condition),
        })),
    })),
  });
}

/** Writes down what happens while a deployment converges. */
export function boshRecording(recorder: RunRecorder): (event: BoshConvergeEvent) => void {
  return (event) => {
    if (!recorder.isKept) return;
    switch (event.kind) {
      case "planned":
        recordBosh(recorder, event.plan);
        return;
      case "step-started": {
        const { step } = event;
        const where = "instance" in step ? instanceName(step.instance) : step.deployment;
        recorder.add({ kind: "step-started", title: renderBoshStepLine(step), where, command: renderBoshStep(step) });
        return;
      }
      case "step-ended": {
        const { outcome } = event;
        const message = outcome.kind === "done" ? (outcome.note ?? "") : outcome.message;
        recorder.add({ kind: "step-ended", outcome: outcome.kind, message });
        return;
      }
      default:
        unreachable(event);
    }
  };
}

/** Writes down where it ended. */
export function recordBoshEnd(
  recorder: RunRecorder,
  { blockers, putOff }: Pick<BoshPlan, "blockers" | "putOff">,
  failures: readonly string[],
  reasons: readonly string[],
): void {
  recorder.add({
    kind: "ended",
    failures: [...failures],
    blockers: [...blockers, ...putOff].map(({ reason, deployment, instance, message, nextStep }) => ({
      reason,
      where: instance === undefined ? deployment : instanceName(instance),
      message,
      nextStep,
    })),
    reasons: [...reasons],
  });
}

function healthOf(condition: InstanceCondition): ReportHealth {
  switch (condition.kind) {
    case "running":
      return "up";
    case "starting":
    case "process-failing":
    case "disk-problem":
      return "partial";
    case "errand":
    case "stopped-on-purpose":
    case "ignored":
    case "not-observed":
      return "unknown";
    case "agent-unresponsive":
    case "vm-missing":
      return "down";
    default:
      return unreachable(condition);
  }
}
