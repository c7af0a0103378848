// The resource quorate:index:BoshDeployment: the instances of one deployment, repaired with least harm first. What is wrong is
// read from the director, from monit on the instance and from the etcd of its masters, and shows at its own path.

import { thisHolder } from "../adapters/pause-holder";
import { observeBosh } from "../converge/bosh-observe";
import { type BoshConvergeEvent, convergeBosh } from "../converge/bosh-round";
import type { BoshObservation, BoshPlan } from "../model/bosh-plan";
import type { JsonObject } from "../model/json";
import { estimatePlanMs } from "../plan/bosh-estimate";
import { planBoshDeployment } from "../plan/bosh-plan";
import { diffProperties } from "../plan/property-diff";
import type { TaskProgress } from "../ports/director-access";
import {
  renderBoshBlocker,
  renderBoshPlan,
  renderBoshPutOff,
  renderBoshStepLine,
  renderTaskEvent,
} from "../render/bosh-plan-text";
import { boshDeploymentSchema, type DeclaredBosh, parseBosh } from "./bosh-declaration";
import { boshReasons, statusOf, troubledInstances, troublesOf, withTroubledNames } from "./bosh-troubles";
import { checkInputs } from "./check-inputs";
import { RunRecorder } from "./keep-record";
import type { OpenBosh, OpenedBosh } from "./open-bosh";
import { directorReasons } from "./open-director";
import { notKnownYet } from "./property-value";
import { boshRecording, recordBosh, recordBoshEnd } from "./record-bosh";
import type { ResourceContext, ResourceState, ResourceType } from "./resource-type";

/** The resource, over the given way to deployments. */
export function boshDeploymentResource(openBosh: OpenBosh): ResourceType {
  const look = async ({ declaration }: DeclaredBosh, { reach }: OpenedBosh) => {
    const observation = await observeBosh(declaration, reach, { isPauseOurs: false, attempts: [] });
    return { observation, plan: planBoshDeployment(declaration, observation) };
  };
  return {
    name: "BoshDeployment",
    check: (inputs) => checkInputs(boshDeploymentSchema, inputs),
    diff: (recorded, news) => diffProperties(recorded, withTroubledNames(news, recorded)),

    async preview(inputs, isNew, context) {
      const declared = parseBosh(inputs, recoveredOutage(context.recorded));
      try {
        const opened = await openBosh(declared.access);
        const { plan } = await look(declared, opened);
        if (isNew) await tellLeftUsers(opened, context);
        await logPlan(declared, isNew ? plan : { ...plan, notes: [] }, context);
        return {
          ...outputsOf(inputs, plan, context.recorded),
          ...(plan.steps.length > 0 ? { repairs: notKnownYet } : {}),
        };
      } catch (error) {
        for (const reason of directorReasons(error)) await context.log("error", reason);
        return inputs;
      }
    },

    async converge(name, inputs, context) {
      const declared = parseBosh(inputs, recoveredOutage(context.recorded));
      const opened = await openBosh(declared.access);
      for (const note of await opened.removeLeftUsers()) await context.log("info", note);
      const telling = tellProgress(context);
      const recorder = new RunRecorder(
        { type: "BoshDeployment", name, phase: "converge" },
        () => opened.clock.nowMs(),
        context,
      );
      const recording = boshRecording(recorder);
      try {
        const result = await convergeBosh({
          ...opened.reach,
          clock: opened.clock,
          declaration: declared.declaration,
          planner: planBoshDeployment,
          holder: thisHolder,
          isCancelled: context.isCancelled,
          onEvent: (event) => {
            recording(event);
            telling.onEvent(event);
          },
          onProgress: telling.onProgress,
        });
        const isStopped = result.isCancelled && result.plan.steps.length > 0;
        // The read before an update has told them; nobody read before a create.
        const untold = Object.keys(context.recorded).length === 0 ? result.plan.notes : [];
        for (const note of untold) await context.log("info", note);
        const reasons = [
          ...(isStopped ? ["stopped by the operator before the plan was done"] : []),
          ...result.failures,
          ...boshReasons(declared.declaration, result.plan),
        ];
        recordBoshEnd(recorder, result.plan, result.failures, reasons);
        const repairs = result.attempts.filter(({ isDone }) => isDone).map(({ step }) => renderBoshStepLine(step));
        const kept = {
          ...context.recorded,
          ...(repairs.length > 0 ? { repairs } : {}),
          ...(reasons.length === 0 && declared.outage !== undefined ? { recoveredOutage: declared.outage } : {}),
        };
        return stateOf(name, inputs, declared, result.observation, result.plan, kept, reasons);
      } catch (error) {
        // An error as such tells the engine that nothing was changed.
        if (!telling.hasBegun()) throw error;
        return { id: name, inputs, outputs: { ...context.recorded, ...inputs }, reasons: directorReasons(error) };
      }
    },

    async read(id, recorded, context) {
      try {
        const declared = parseBosh(recorded.inputs, recoveredOutage(recorded.outputs));
        const opened = await openBosh(declared.access);
        const { observation, plan } = await look(declared, opened);
        await tellLeftUsers(opened, context);
        for (const note of plan.notes) await context.log("info", note);
        const reasons = boshReasons(declared.declaration, plan);
        const resource = { type: "BoshDeployment", name: id, phase: "read" } as const;
        const recorder = new RunRecorder(resource, () => opened.clock.nowMs(), context);
        recordBosh(recorder, plan);
        recordBoshEnd(recorder, plan, [], reasons);
        return stateOf(id, recorded.inputs, declared, observation, plan, recorded.outputs, reasons);
      } catch (error) {
        return { id, ...recorded, reasons: directorReasons(error) };
      }
    },
  };
}

function stateOf(
  id: string,
  inputs: JsonObject,
  { declaration }: DeclaredBosh,
  observation: BoshObservation,
  plan: BoshPlan,
  recorded: JsonObject,
  reasons: readonly string[],
): ResourceState {
  const live = { ...inputs, troubles: troublesOf(declaration, observation, plan) };
  return { id, inputs: live, outputs: outputsOf(live, plan, recorded), reasons: [...new Set(reasons)] };
}

// What a repair did and which outage was recovered from is known to the one who did it only: it is carried along.
function outputsOf(inputs: JsonObject, plan: BoshPlan, recorded: JsonObject): JsonObject {
  const outage = recoveredOutage(recorded);
  return {
    ...inputs,
    status: statusOf(plan),
    putOff: plan.putOff.map(renderBoshPutOff),
    repairs: recorded.repairs ?? [],
    ...(outage === undefined ? {} : { recoveredOutage: outage }),
  };
}

function recoveredOutage(outputs: JsonObject): string | undefined {
  return typeof outputs.recoveredOutage === "string" ? outputs.recoveredOutage : undefined;
}

async function logPlan({ declaration }: DeclaredBosh, plan: BoshPlan, context: ResourceContext): Promise<void> {
  const text = renderBoshPlan(plan, troubledInstances(declaration, plan));
  if (text !== "") await context.log("info", text);
  for (const blocker of plan.blockers) await context.log("error", renderBoshBlocker(blocker));
  for (const blocker of plan.putOff) await context.log("warning", renderBoshPutOff(blocker));
}

async function tellLeftUsers(opened: OpenedBosh, context: ResourceContext): Promise<void> {
  for (const note of opened.leftUsers()) await context.log("warning", note);
}

// A VM that is done is news in a recovery of many; all else that a task says is shown until it says the next thing.
const perVmStage = "Applying problem resolutions";

function tellProgress(context: ResourceContext) {
  let hasBegun = false;
  let isEstimated = false;
  let answered = 0;
  const onEvent = (event: BoshConvergeEvent): void => {
    switch (event.kind) {
      case "planned": {
        const minutes = Math.ceil(estimatePlanMs(event.plan.steps) / 60_000);
        if (minutes > 0 && !isEstimated) void context.log("info", `expected to take about ${minutes} minute(s)`);
        isEstimated ||= minutes > 0;
        break;
      }
      case "step-started":
        hasBegun = true;
        answered = 0;
        void context.log("info", renderBoshStepLine(event.step));
        break;
      case "step-ended":
        if (event.outcome.kind === "failed") void context.log("warning", `failed: ${event.outcome.message}`);
        else if (event.outcome.note !== undefined) void context.log("info", event.outcome.note);
    }
  };
  const onProgress: TaskProgress = (event, taskId) => {
    const line = renderTaskEvent(event, taskId);
    if (line === undefined) return;
    const isVmDone =
      event.kind === "progress" && event.stage === perVmStage && ["finished", "failed"].includes(event.state);
    if (!isVmDone) {
      void context.status(line);
      return;
    }
    answered += 1;
    void context.log(event.state === "failed" ? "warning" : "info", `${answered} of ${event.total}: ${line}`);
  };
  return { onEvent, onProgress, hasBegun: () => hasBegun };
}
