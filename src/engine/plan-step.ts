// Decides what a registration means for its resource: check, then diff, then one of same, create, update, replace.
// Changes nothing. Source: pulumi/pulumi pkg/resource/deploy/step_generator.go.

import { randomBytes } from "node:crypto";
import { inputError, unsupportedError } from "../model/errors";
import { message, type Step } from "./events";
import type { Goal } from "./goal";
import { resetPaths } from "./property-path";
import { type PropertyMap, valuesEqual, withoutSecrets } from "./property-value";
import { type CheckFailure, type DiffAnswer, type DiffCall, noDiff } from "./provider";
import type { ResourceState } from "./resource-state";
import type { RunContext } from "./run-context";
import { renderPosition, renderStackTrace } from "./source-position";
import { isProviderType, parseReference } from "./urn";

/** What is to be done for one registration. */
export interface PlannedStep extends Step {
  readonly op: "same" | "create" | "update" | "replace";
  readonly new: ResourceState;
}

/** What the monitor has found out about a registration. */
export interface Registration {
  readonly urn: string;
  readonly goal: Goal;
  /** URN and id; empty for components and providers. */
  readonly provider: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
}

function draftState(context: RunContext, registration: Registration, old: ResourceState | undefined): ResourceState {
  const { goal } = registration;
  return {
    urn: registration.urn,
    custom: goal.custom,
    delete: false,
    id: "",
    type: goal.type,
    inputs: goal.properties,
    outputs: {},
    parent: goal.parent,
    protect: registration.protect,
    dependencies: goal.dependencies,
    initErrors: [],
    provider: registration.provider,
    propertyDependencies: goal.propertyDependencies,
    additionalSecretOutputs: goal.additionalSecretOutputs,
    customTimeouts: goal.customTimeouts,
    retainOnDelete: registration.retainOnDelete,
    created: old?.created,
    modified: old?.modified,
    sourcePosition: renderPosition(context.project.root, goal.sourcePosition),
    stackTrace: renderStackTrace(context.project.root, goal.stackTrace),
    ignoreChanges: goal.ignoreChanges,
    refreshBeforeUpdate: old?.refreshBeforeUpdate ?? false,
    rest: old?.rest ?? {},
  };
}

/** Ends the planning of a resource whose mistakes have been reported one by one. */
class ReportedError extends Error {
  readonly isReported = true;
}

/** Has everything that the error says been reported already? */
export function isReported(error: unknown): boolean {
  return error instanceof ReportedError;
}

function reportFailures(context: RunContext, draft: ResourceState, failures: readonly CheckFailure[]): void {
  const name = draft.urn.slice(draft.urn.lastIndexOf("::") + 2);
  for (const { property, reason } of failures) {
    const place = property === "" ? " has a problem" : `: property ${property} has a problem`;
    context.emit(message("error", draft.urn, `${draft.type} resource '${name}'${place}: ${reason}`));
  }
}

async function checkInputs(
  context: RunContext,
  draft: ResourceState,
  inputs: PropertyMap,
  old: ResourceState | undefined,
): Promise<PropertyMap> {
  const call = { urn: draft.urn, oldInputs: old?.inputs, newInputs: inputs, randomSeed: randomBytes(32) };
  const answer = isProviderType(draft.type)
    ? await context.registry.check(call)
    : await (await context.registry.find(draft.provider)).check(call);
  if (answer.failures.length > 0) {
    reportFailures(context, draft, answer.failures);
    throw new ReportedError(`the inputs of ${draft.urn} are not valid`);
  }
  return answer.inputs;
}

/** Fills in what a provider leaves open: a diff of "unknown" compares the inputs. */
function completeDiff(answer: DiffAnswer, call: DiffCall): DiffAnswer {
  if (answer.changes !== "unknown") return answer;
  const wanted = resetPaths(call.newInputs, call.oldInputs, call.ignoreChanges);
  const names = [...new Set([...Object.keys(call.oldInputs), ...Object.keys(wanted)])].sort();
  const plain = (inputs: PropertyMap, name: string) => withoutSecrets(inputs[name] ?? null);
  const changedKeys = names.filter((name) => !valuesEqual(plain(call.oldInputs, name), plain(wanted, name)));
  return { ...answer, changes: changedKeys.length > 0 ? "some" : "none", changedKeys };
}

/** Asks the provider of a resource for a complete diff. */
export async function diffResource(context: RunContext, state: ResourceState, call: DiffCall): Promise<DiffAnswer> {
  if (isProviderType(state.type)) return context.registry.diff(call);
  return completeDiff(await (await context.registry.find(state.provider)).diff(call), call);
}

/** Does moving from one provider to another mean that the resource has to be made anew? */
async function changesProvider(context: RunContext, old: ResourceState, draft: ResourceState): Promise<boolean> {
  if (old.provider === draft.provider) return false;
  const recorded = context.olds.get(parseReference(old.provider).urn);
  const { urn, id } = parseReference(draft.provider);
  const current = context.snapshot.current().resources.find((state) => state.urn === urn && !state.delete);
  const provider = await context.registry.find(draft.provider);
  const diff = await provider.diffConfig({
    urn,
    id,
    oldInputs: recorded?.inputs ?? {},
    oldOutputs: recorded?.outputs ?? {},
    newInputs: current?.inputs ?? {},
    ignoreChanges: [],
  });
  return diff.replaceKeys.length > 0;
}

async function diffStates(context: RunContext, old: ResourceState, draft: ResourceState): Promise<DiffAnswer> {
  if (!draft.custom) {
    return valuesEqual(old.inputs, draft.inputs) ? noDiff : { ...noDiff, changes: "some" };
  }
  if (!isProviderType(draft.type) && (await changesProvider(context, old, draft))) {
    return { ...noDiff, changes: "some", replaceKeys: ["provider"] };
  }
  return diffResource(context, draft, {
    urn: draft.urn,
    id: old.id,
    oldInputs: old.inputs,
    oldOutputs: old.outputs,
    newInputs: draft.inputs,
    ignoreChanges: draft.ignoreChanges,
  });
}

function decide(old: ResourceState, draft: ResourceState, diff: DiffAnswer): PlannedStep["op"] {
  if (diff.changes !== "some") return old.initErrors.length > 0 ? "update" : "same";
  if (diff.replaceKeys.length === 0) return "update";
  if (diff.deleteBeforeReplace) {
    throw unsupportedError(`${draft.urn} has to be deleted before its replacement; use the pulumi CLI for this stack`);
  }
  if (isProviderType(draft.type)) {
    throw unsupportedError(`${draft.urn} has to be replaced by another provider; use the pulumi CLI for this stack`);
  }
  if (old.protect && draft.protect) {
    throw inputError(`${draft.urn} is protected and cannot be replaced`, {
      hint: "take `protect` off the resource in the program if it is meant to be replaced",
    });
  }
  return "replace";
}

/**
 * Plans one registration.
 *
 * @throws when the inputs are not valid (each failure has been reported) or the provider does not answer.
 */
export async function planStep(context: RunContext, registration: Registration): Promise<PlannedStep> {
  const { urn, goal } = registration;
  const old = context.olds.get(urn);
  if (old !== undefined && old.custom !== goal.custom) {
    throw unsupportedError(`${urn} turns from a component to a resource or back; use the pulumi CLI for this stack`);
  }
  const draft = draftState(context, registration, old);
  const wanted = old === undefined ? goal.properties : resetPaths(goal.properties, old.inputs, goal.ignoreChanges);
  const inputs = goal.custom ? await checkInputs(context, draft, wanted, old) : wanted;
  const state: ResourceState = { ...draft, inputs };
  if (old === undefined) return { op: "create", urn, old, new: state, diff: noDiff };
  const diff = await diffStates(context, old, state);
  const op = decide(old, state, diff);
  if (op !== "replace") return { op, urn, old, new: state, diff };
  // Defaults carried over from the old resource do not hold for its replacement.
  const fresh = await checkInputs(context, draft, goal.properties, undefined);
  return { op, urn, old, new: { ...draft, inputs: fresh }, diff };
}
