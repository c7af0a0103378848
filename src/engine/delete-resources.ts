// Deletes what the program no longer declares, dependents first.
// Source: pulumi/pulumi pkg/resource/deploy/step_generator.go (GenerateDeletes, ScheduleDeletes).

import { inputError } from "../model/errors";
import { message, type Step } from "./events";
import { noDiff } from "./provider";
import { dependenciesAmong, type PendingOperation, type ResourceState } from "./resource-state";
import type { RunContext } from "./run-context";
import { isProviderType } from "./urn";

type Graph = ReadonlyMap<ResourceState, ReadonlySet<ResourceState>>;

/** Groups that are deleted one after the other; members of a group do not depend on each other. */
function scheduleDeletes(condemned: readonly ResourceState[], graph: Graph): readonly (readonly ResourceState[])[] {
  const groups: (readonly ResourceState[])[] = [];
  let left = new Set(condemned);
  while (left.size > 0) {
    const free = [...left].filter((state) => ![...(graph.get(state) ?? [])].some((needed) => left.has(needed)));
    groups.unshift(free);
    left = new Set([...left].filter((state) => !free.includes(state)));
  }
  return groups;
}

function addDependencies(state: ResourceState, graph: Graph, into: Set<ResourceState>): void {
  for (const needed of graph.get(state) ?? []) {
    if (into.has(needed)) continue;
    into.add(needed);
    addDependencies(needed, graph, into);
  }
}

async function callDelete(context: RunContext, state: ResourceState): Promise<void> {
  if (state.protect && !state.delete) {
    throw inputError(
      `resource "${state.urn}" cannot be deleted\nbecause it is protected. To unprotect it, take \`protect\` off the ` +
        "resource in the program and run `up`",
    );
  }
  if (context.preview || state.retainOnDelete || !state.custom || isProviderType(state.type)) return;
  const provider = await context.registry.find(state.provider);
  const { urn, id, inputs, outputs } = state;
  await provider.delete({ urn, id, inputs, outputs, timeoutSeconds: state.customTimeouts?.delete ?? 0 });
}

async function deleteOne(context: RunContext, state: ResourceState): Promise<boolean> {
  const startedAt = Date.now();
  const op = state.delete ? "delete-replaced" : "delete";
  const step: Step = { op, urn: state.urn, old: state, new: undefined, diff: noDiff };
  const operation: PendingOperation = { resource: state, type: "deleting" };
  context.emit({ kind: "step-started", step });
  context.snapshot.begin(operation);
  try {
    await callDelete(context, state);
  } catch (error) {
    context.snapshot.abandon(operation);
    context.emit(message("error", state.urn, error instanceof Error ? error.message : String(error)));
    context.emit({ kind: "step-failed", step, durationMs: Date.now() - startedAt });
    return false;
  }
  context.snapshot.finish(operation, state, undefined);
  context.emit({ kind: "step-done", step, durationMs: Date.now() - startedAt });
  return true;
}

/**
 * Deletes every recorded resource that was not registered in this run.
 *
 * @param isStopped asked before each group: nothing new is started once it says so.
 * @returns false when a delete failed; what the failed one needs was then left alone.
 */
export async function deleteUnregistered(
  context: RunContext,
  registered: ReadonlySet<string>,
  isStopped: () => boolean,
): Promise<boolean> {
  const base = context.snapshot.baseResources();
  const condemned = base.filter((state) => state.delete || !registered.has(state.urn));
  if (condemned.length === 0) return true;
  for (const state of condemned) await context.registry.ensure(state.provider, base);
  const graph = dependenciesAmong(base);
  const spared = new Set<ResourceState>();
  let succeeded = true;
  for (const group of scheduleDeletes(condemned, graph)) {
    if (isStopped()) return false;
    const chosen = group.filter((state) => !spared.has(state));
    await Promise.all(
      chosen.map((state) =>
        context.slots.run(async () => {
          if (await deleteOne(context, state)) return;
          succeeded = false;
          addDependencies(state, graph, spared);
        }),
      ),
    );
  }
  return succeeded;
}
