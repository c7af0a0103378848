// The record of a control plane's run: its nodes with their pods, services and members as they were seen, and every step.

import type { ConvergeEvent } from "../converge/round";
import type { ControlPlaneDeclaration } from "../model/declaration";
import { unreachable } from "../model/errors";
import type { EtcdCondition, EtcdVerdict } from "../model/etcd-verdict";
import type { NodeObservation, ObservedNode } from "../model/node-observation";
import type { Plan } from "../model/plan";
import type { ReportHealth } from "../model/report";
import type { RunPlace } from "../model/run-record";
import { type Step, subjectOf } from "../model/step";
import type { DeclaredPodNames } from "../plan/live-inputs";
import { manifestOf } from "../plan/node-drift";
import { podEvidence } from "../plan/pod-health";
import { hiddenCommands } from "../render/runbook";
import { renderStep } from "../render/step-command";
import { guideStep } from "../render/step-guidance";
import type { RunRecorder } from "./keep-record";
import { podOf } from "./keep-runbook";
import { podNamesOf, podStatus, serviceStatus } from "./plane-outputs";
import type { PlaneLens } from "./plane-resource";
import type { ResourceContext } from "./resource-type";

/** Writes down how the nodes are. */
export function recordPlane(
  recorder: RunRecorder,
  plane: ControlPlaneDeclaration,
  observations: readonly NodeObservation[],
  plan: Plan,
): void {
  if (!recorder.isKept) return;
  const names = podNamesOf(plane, {});
  const places = observations.map((observation) => placeOf(observation, plane, names, plan));
  const verdict = plan.etcd?.assessment.verdict;
  const whole =
    verdict === undefined ? {} : { whole: { name: "etcd", health: verdictHealth(verdict.kind), why: verdict.summary } };
  recorder.add({ kind: "seen", places, ...whole });
}

/** Writes down what happens while a control plane converges. */
export function planeRecording(
  recorder: RunRecorder,
  plane: ControlPlaneDeclaration,
  lens: Pick<PlaneLens, "podPath">,
  context: Pick<ResourceContext, "isSecret">,
): (event: ConvergeEvent) => void {
  const commandOf = (step: Step): string => {
    const pod = podOf(step);
    return pod !== undefined && context.isSecret(lens.podPath(step.node, pod)) ? hiddenCommands : renderStep(step);
  };
  return (event) => {
    if (!recorder.isKept) return;
    switch (event.kind) {
      case "planned":
        recordPlane(recorder, plane, event.observations, event.plan);
        return;
      case "step-started": {
        const { step } = event;
        recorder.add({
          kind: "step-started",
          title: `${guideStep(step).title}: ${step.reason}`,
          where: step.node,
          command: commandOf(step),
        });
        return;
      }
      case "step-ended": {
        const { outcome } = event;
        const isDone = outcome.kind === "done";
        recorder.add({
          kind: "step-ended",
          outcome: isDone ? "done" : outcome.kind === "locked" ? "refused" : "failed",
          message: isDone ? "" : outcome.message,
        });
        return;
      }
      case "waiting":
        if (event.waitedSeconds === 0)
          recorder.add({
            kind: "said",
            text: `waits for ${subjectOf(event.step)} on ${event.step.node}: ${event.step.reason}`,
          });
        return;
      case "waiting-for-lock":
        if (event.waitedSeconds === 0) recorder.add({ kind: "said", text: `waits: ${event.message}` });
        return;
      default:
        unreachable(event);
    }
  };
}

/** Writes down where it ended. */
export function recordEnd(
  recorder: RunRecorder,
  plan: Plan,
  failures: readonly string[],
  reasons: readonly string[],
): void {
  recorder.add({
    kind: "ended",
    failures: [...failures],
    blockers: plan.blockers.map(({ reason, node, message, nextStep }) => ({ reason, where: node, message, nextStep })),
    reasons: [...reasons],
  });
}

function placeOf(
  observation: NodeObservation,
  plane: ControlPlaneDeclaration,
  names: DeclaredPodNames,
  plan: Plan,
): RunPlace {
  const { node } = observation;
  const member = plan.etcd?.assessment.members.find((candidate) => candidate.node === node);
  const own = member === undefined ? [] : [item("etcd member", memberHealth(member.condition), member.condition)];
  const pods = names[node] ?? [];
  const services = Object.keys(plane.nodes[node]?.services ?? {}).sort();
  if (observation.kind !== "observed") {
    const parts = [...pods, ...services].map((name) => item(name, "unknown", "the node does not answer"));
    return { name: node, items: [item("reached", "down", observation.message), ...parts, ...own] };
  }
  return {
    name: node,
    items: [
      item("reached", "up", "answers"),
      ...pods.map((pod) => podItem(observation, pod, plan)),
      ...services.map((service) => {
        const state = serviceStatus(observation, service);
        return item(service, state === "running" ? "up" : state === "unknown" ? "unknown" : "down", state);
      }),
      ...own,
    ],
  };
}

function podItem(observation: ObservedNode, pod: string, plan: Plan): RunPlace["items"][number] {
  const status = podStatus(observation, pod);
  if (status === "unknown") return item(pod, "unknown", "its containers could not be seen");
  const content = manifestOf(observation, pod)?.content;
  const evidence = podEvidence(observation, pod, content?.kind === "pod" ? content.pod : undefined);
  if (status !== "running") return item(pod, "down", evidence ?? "not running");
  const drift = plan.drifts.find((one) => one.node === observation.node && "pod" in one && one.pod === pod);
  return drift === undefined ? item(pod, "up", "running") : item(pod, "partial", `runs, but ${drift.kind}`);
}

function item(name: string, health: ReportHealth, detail: string): RunPlace["items"][number] {
  return { name, health, detail };
}

function memberHealth(condition: EtcdCondition): ReportHealth {
  switch (condition) {
    case "voting":
      return "up";
    case "learning":
    case "starting":
    case "wiped-running":
      return "partial";
    case "tool-failure":
    case "unreachable":
    case "unknown":
      return "unknown";
    default:
      return "down";
  }
}

function verdictHealth(kind: EtcdVerdict["kind"]): ReportHealth {
  switch (kind) {
    case "healthy":
      return "up";
    case "minority-lost":
    case "tool-failure":
      return "partial";
    case "unknown":
      return "unknown";
    case "full":
    case "forked":
    case "corrupt":
    case "certificates":
    case "quorum-lost":
      return "down";
    default:
      return unreachable(kind);
  }
}
