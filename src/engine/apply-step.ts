// Does what was planned for one resource, and records it. Source: pulumi/pulumi pkg/resource/deploy/step.go.

import { message, type Step } from "./events";
import type { PlannedStep } from "./plan-step";
import { asSecret, type PropertyMap, type PropertyValue, SecretValue, valuesEqual } from "./property-value";
import { noDiff, type ProviderOutcome } from "./provider";
import type { PendingOperation, ResourceState } from "./resource-state";
import type { RunContext } from "./run-context";
import { isProviderType } from "./urn";

/** How a step ended. */
export interface StepResult {
  readonly succeeded: boolean;
  /** The resource as it is now recorded; without outputs when it failed. */
  readonly state: ResourceState;
}

/** What is not healthy, in the words of the Pulumi CLI. */
function describeReasons(reasons: readonly string[]): string {
  const count = reasons.length === 1 ? "1 error" : `${reasons.length} errors`;
  return `${count} occurred:\n${reasons.map((reason) => `\t* ${reason}`).join("\n")}`;
}

/** Outputs whose input is secret, or that the program asks to be secret, are secret. */
function markSecrets(state: ResourceState): PropertyMap {
  const result: Record<string, PropertyValue> = {};
  for (const [name, value] of Object.entries(state.outputs)) {
    const isSecret = state.additionalSecretOutputs.includes(name) || state.inputs[name] instanceof SecretValue;
    result[name] = isSecret ? asSecret(value) : value;
  }
  return result;
}

function concludes(state: ResourceState, outcome: ProviderOutcome, now: string): ResourceState {
  const next: ResourceState = {
    ...state,
    outputs: outcome.outputs,
    initErrors: outcome.unhealthy ?? [],
    refreshBeforeUpdate: outcome.refreshBeforeUpdate,
    modified: now,
  };
  return { ...next, outputs: markSecrets(next) };
}

async function create(context: RunContext, state: ResourceState): Promise<ProviderOutcome> {
  const { preview } = context;
  const plain = { inputs: undefined, refreshBeforeUpdate: false, unhealthy: undefined };
  if (!state.custom) return { ...plain, id: "", outputs: {} };
  if (isProviderType(state.type)) {
    const id = await context.registry.create(state.urn, state.inputs, preview);
    return { ...plain, id, outputs: state.inputs };
  }
  const provider = await context.registry.find(state.provider);
  const timeoutSeconds = state.customTimeouts?.create ?? 0;
  const outcome = await provider.create({ urn: state.urn, inputs: state.inputs, timeoutSeconds, preview });
  if (!preview && outcome.id === "") throw new Error("the provider did not return an id from create");
  return outcome;
}

async function update(context: RunContext, old: ResourceState, state: ResourceState): Promise<ProviderOutcome> {
  const plain = { id: old.id, inputs: undefined, refreshBeforeUpdate: false, unhealthy: undefined };
  if (!state.custom) return { ...plain, outputs: {} };
  if (isProviderType(state.type)) {
    await context.registry.update(state.urn, old.id, state.inputs);
    return { ...plain, outputs: state.inputs };
  }
  const provider = await context.registry.find(state.provider);
  return provider.update({
    urn: state.urn,
    id: old.id,
    oldInputs: old.inputs,
    oldOutputs: old.outputs,
    newInputs: state.inputs,
    ignoreChanges: state.ignoreChanges,
    timeoutSeconds: state.customTimeouts?.update ?? 0,
    preview: context.preview,
  });
}

/** Does anything differ that the state file should not wait with? */
function differsInState(old: ResourceState, state: ResourceState): boolean {
  const sorted = (urns: readonly string[]) => [...urns].sort().join(" ");
  return (
    old.provider !== state.provider ||
    old.parent !== state.parent ||
    old.protect !== state.protect ||
    old.retainOnDelete !== state.retainOnDelete ||
    sorted(old.dependencies) !== sorted(state.dependencies) ||
    !valuesEqual(old.inputs, state.inputs) ||
    !valuesEqual(old.outputs, state.outputs)
  );
}

async function applySame(context: RunContext, old: ResourceState, planned: ResourceState): Promise<ResourceState> {
  const kept: ResourceState = { ...planned, id: old.id, outputs: old.outputs };
  const state: ResourceState = { ...kept, outputs: markSecrets(kept) };
  if (isProviderType(state.type)) await context.registry.keep({ ...state, inputs: old.inputs }, true);
  context.snapshot.keep(old, state, differsInState(old, state));
  return state;
}

/** Runs a change around which the state file shows a pending operation. */
async function applyChange(context: RunContext, step: PlannedStep): Promise<StepResult> {
  const { old } = step;
  const isUpdate = step.op === "update" && old !== undefined;
  const draft = isUpdate ? { ...step.new, id: old.id } : step.new;
  const operation: PendingOperation = { resource: draft, type: isUpdate ? "updating" : "creating" };
  context.snapshot.begin(operation);
  let outcome: ProviderOutcome;
  try {
    outcome = isUpdate ? await update(context, old, draft) : await create(context, draft);
  } catch (error) {
    context.snapshot.abandon(operation);
    context.emit(message("error", step.urn, error instanceof Error ? error.message : String(error)));
    return { succeeded: false, state: { ...draft, outputs: {} } };
  }
  const now = context.now();
  const concluded = isUpdate && !draft.custom ? draft : concludes(draft, outcome, now);
  // What exists was not made with the new inputs when the change stopped half way: the next diff has to see them again.
  const inputs = isUpdate && outcome.unhealthy !== undefined ? old.inputs : concluded.inputs;
  const state = isUpdate ? { ...concluded, inputs } : { ...concluded, id: outcome.id, created: now };
  if (step.op === "replace" && old !== undefined) context.snapshot.condemn(old);
  context.snapshot.finish(operation, isUpdate ? old : undefined, state);
  if (outcome.unhealthy === undefined) return { succeeded: true, state };
  context.emit(message("error", step.urn, describeReasons(outcome.unhealthy)));
  return { succeeded: false, state: { ...state, outputs: {} } };
}

/** What is shown while a planned step runs: a replacement is the creation of another resource. */
export function shownStep(step: PlannedStep, state: ResourceState): Step {
  return { op: step.op, urn: step.urn, old: step.old, new: state, diff: step.op === "same" ? noDiff : step.diff };
}

/** Does one planned step; a failure is reported and is part of the result. */
export async function applyStep(context: RunContext, step: PlannedStep): Promise<StepResult> {
  const startedAt = Date.now();
  context.emit({ kind: "step-started", step: shownStep(step, step.new) });
  const result =
    step.op === "same" && step.old !== undefined
      ? { succeeded: true, state: await applySame(context, step.old, step.new) }
      : await applyChange(context, step);
  const durationMs = Date.now() - startedAt;
  const kind = result.succeeded ? "step-done" : "step-failed";
  context.emit({ kind, step: shownStep(step, result.state), durationMs });
  return result;
}
