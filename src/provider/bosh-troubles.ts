// What of a BOSH deployment is not as declared, as properties: the read fills them in, the declaration has none, so each one
// shows as a difference at its own path.

import { instanceName, isSameInstance } from "../model/bosh";
import { type DiagnosedInstance, isEtcdFailing, isTrouble } from "../model/bosh-condition";
import type { BoshDeploymentDeclaration, BoshObservation, BoshPlan } from "../model/bosh-plan";
import { isJsonObject, type JsonObject, type JsonValue } from "../model/json";
import { describeCondition } from "../plan/bosh-diagnosis";
import { leftPauses, pauseConfigName } from "../plan/bosh-resurrection";

/** The instances that a repair is for, or that still start. */
export function troubledInstances(
  declaration: BoshDeploymentDeclaration,
  { diagnoses }: Pick<BoshPlan, "diagnoses">,
): readonly DiagnosedInstance[] {
  return diagnoses.filter(
    ({ instance, condition }) =>
      isTrouble(condition) ||
      condition.kind === "starting" ||
      (condition.kind === "stopped-on-purpose" &&
        declaration.mustRun.some((required) => isSameInstance(required, instance))),
  );
}

/** Instance -> what is wrong with it, processes one by one; and what an interrupted run left behind. */
export function troublesOf(
  declaration: BoshDeploymentDeclaration,
  observation: BoshObservation,
  plan: Pick<BoshPlan, "diagnoses" | "steps">,
): JsonObject {
  const instances = troubledInstances(declaration, plan).map(
    (diagnosed) => [instanceName(diagnosed.instance), troubleOf(diagnosed)] as const,
  );
  const pause = pauseConfigName(declaration.deployment);
  const isPaused = leftPauses(observation.resurrection).includes(pause) && !observation.isPauseOurs;
  const isOutage = declaration.isMassRecovery && observation.instances === undefined && plan.steps.length > 0;
  return {
    ...Object.fromEntries(instances),
    ...(isPaused ? { resurrector: `paused by ${pause}, which an interrupted run left behind` } : {}),
    ...(isOutage ? { outage: "declared and not recovered yet; no agent was asked" } : {}),
  };
}

function troubleOf({ condition }: DiagnosedInstance): JsonValue {
  if (condition.kind !== "process-failing" || condition.processes.length === 0) return describeCondition(condition);
  return Object.fromEntries(
    condition.processes.map(({ name, state, monitStatus, obstacle }) => [
      name,
      [monitStatus ?? state, ...(obstacle === undefined ? [] : [obstacle])].join(", "),
    ]),
  );
}

/** Why the deployment is not well, one sentence each. */
export function boshReasons(declaration: BoshDeploymentDeclaration, plan: BoshPlan): readonly string[] {
  // What is left to the control plane's plan, or waits for it, must not keep that plan from being carried out.
  const waiting = new Set(putOffNames(plan));
  const troubles = troubledInstances(declaration, plan)
    .filter(({ instance, condition }) => !isEtcdFailing(condition) && !waiting.has(instanceName(instance)))
    .map(({ instance, condition }) => `${instanceName(instance)}: ${describeCondition(condition)}`);
  return [...plan.blockers.map(({ message, nextStep }) => `${message}; next: ${nextStep}`), ...troubles];
}

function putOffNames({ putOff }: BoshPlan): readonly string[] {
  return putOff.flatMap(({ instance }) => (instance === undefined ? [] : [instanceName(instance)]));
}

/** Instance -> its condition in words. */
export function statusOf({ diagnoses }: Pick<BoshPlan, "diagnoses">): JsonObject {
  return Object.fromEntries(
    diagnoses.map(({ instance, condition }) => [instanceName(instance), describeCondition(condition)]),
  );
}

/** The declaration with each troubled instance named and nothing wrong with it, so that a difference is one of its parts. */
export function withTroubledNames(news: JsonObject, recorded: JsonObject): JsonObject {
  if (!isJsonObject(recorded.troubles) || !isJsonObject(news.troubles)) return news;
  const named = Object.entries(recorded.troubles).filter(([, trouble]) => isJsonObject(trouble));
  return { ...news, troubles: { ...Object.fromEntries(named.map(([name]) => [name, {}])), ...news.troubles } };
}
