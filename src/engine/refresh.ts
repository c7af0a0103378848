// Reads the live state of recorded resources and takes it as the base of the run.
// Source: pulumi/pulumi pkg/resource/deploy/deployment_executor.go (refresh, rebuildBaseState).

import { message, type Step } from "./events";
import { diffResource } from "./plan-step";
import { valuesEqual } from "./property-value";
import { type DiffAnswer, type DiffKind, noDiff, type PropertyDiff } from "./provider";
import type { ResourceState } from "./resource-state";
import { indexOlds, type RunContext } from "./run-context";
import { isProviderType } from "./urn";

const inverse: Readonly<Record<DiffKind, DiffKind>> = {
  add: "delete",
  "add-replace": "delete-replace",
  delete: "add",
  "delete-replace": "add-replace",
  update: "update",
  "update-replace": "update-replace",
};

/** The provider says what an update would do; a refresh shows what has happened, which is the opposite. */
function invert(diff: DiffAnswer): DiffAnswer {
  if (diff.detailedDiff === undefined) return diff;
  const detailedDiff = new Map<string, PropertyDiff>();
  for (const [path, { kind, inputDiff }] of diff.detailedDiff) {
    detailedDiff.set(path, { kind: inverse[kind], inputDiff });
  }
  return { ...diff, detailedDiff };
}

interface Refreshed {
  /** Undefined when the resource is gone. */
  readonly state: ResourceState | undefined;
  readonly diff: DiffAnswer;
}

async function readLive(context: RunContext, old: ResourceState): Promise<Refreshed> {
  if (!old.custom || isProviderType(old.type)) return { state: old, diff: noDiff };
  const provider = await context.registry.find(old.provider);
  const outcome = await provider.read({ urn: old.urn, id: old.id, inputs: old.inputs, outputs: old.outputs });
  if (outcome.unhealthy !== undefined) {
    const reasons = outcome.unhealthy.map((reason) => `\n* ${reason}`).join("");
    context.emit(message("warning", old.urn, `Refreshed resource is in an unhealthy state:${reasons}`));
  }
  if (outcome.id === "") return { state: undefined, diff: noDiff };
  const inputs = outcome.inputs ?? old.inputs;
  const isChanged = !valuesEqual(inputs, old.inputs) || !valuesEqual(outcome.outputs, old.outputs);
  const state: ResourceState = {
    ...old,
    id: outcome.id,
    inputs,
    outputs: outcome.outputs,
    initErrors: outcome.unhealthy ?? [],
    refreshBeforeUpdate: outcome.refreshBeforeUpdate,
    modified: isChanged ? context.now() : old.modified,
  };
  const diff = await diffResource(context, state, {
    urn: old.urn,
    id: state.id,
    oldInputs: state.inputs,
    oldOutputs: state.outputs,
    newInputs: old.inputs,
    ignoreChanges: old.ignoreChanges,
  });
  return { state, diff: invert(diff) };
}

async function refreshOne(context: RunContext, old: ResourceState): Promise<Refreshed | "failed"> {
  const startedAt = Date.now();
  const step: Step = { op: "refresh", urn: old.urn, old, new: undefined, diff: noDiff };
  context.emit({ kind: "step-started", step });
  try {
    const refreshed = await readLive(context, old);
    const done: Step = { ...step, new: refreshed.state, diff: refreshed.diff };
    context.emit({ kind: "step-done", step: done, durationMs: Date.now() - startedAt });
    return refreshed;
  } catch (error) {
    context.emit(message("error", old.urn, error instanceof Error ? error.message : String(error)));
    context.emit({ kind: "step-failed", step, durationMs: Date.now() - startedAt });
    return "failed";
  }
}

/** Leaves out references to resources that are gone. */
function repairReferences(states: readonly ResourceState[]): readonly ResourceState[] {
  const present = new Set<string>();
  return states.map((state) => {
    present.add(state.urn);
    const propertyDependencies: Record<string, readonly string[]> = {};
    for (const [name, urns] of Object.entries(state.propertyDependencies)) {
      const kept = urns.filter((urn) => present.has(urn));
      if (kept.length > 0) propertyDependencies[name] = kept;
    }
    return {
      ...state,
      dependencies: state.dependencies.filter((urn) => present.has(urn)),
      propertyDependencies,
    };
  });
}

/**
 * Refreshes all resources, or only those that ask for it before every update.
 *
 * @returns false when a read failed; the base is then as it was.
 */
export async function refresh(context: RunContext, only: "all" | "asking"): Promise<boolean> {
  const base = context.snapshot.baseResources();
  const chosen = base.filter((state) => only === "all" || state.refreshBeforeUpdate);
  if (chosen.length === 0) return true;
  for (const state of chosen) await context.registry.ensure(state.provider, base);
  const results = new Map<ResourceState, Refreshed | "failed">();
  await Promise.all(
    chosen.map((state) =>
      context.slots.run(async () => {
        results.set(state, await refreshOne(context, state));
      }),
    ),
  );
  if ([...results.values()].includes("failed")) return false;
  const gone = new Map<string, string>();
  const live = base.flatMap((state) => {
    const result = results.get(state);
    if (result === undefined || result === "failed") return [state];
    if (result.state === undefined) gone.set(state.urn, state.parent);
    return result.state === undefined ? [] : [result.state];
  });
  const repaired = repairReferences(live.map((state) => adopt(state, gone)));
  context.snapshot.rebase(repaired);
  context.olds = indexOlds(repaired);
  return true;
}

/** The nearest ancestor that still exists becomes the parent. */
function adopt(state: ResourceState, gone: ReadonlyMap<string, string>): ResourceState {
  let { parent } = state;
  for (let next = gone.get(parent); next !== undefined; next = gone.get(parent)) parent = next;
  return parent === state.parent ? state : { ...state, parent };
}
