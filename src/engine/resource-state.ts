// One resource as it is recorded in state, and the questions one can ask of it alone.

import type { PropertyMap } from "./property-value";
import { parseReference } from "./urn";

/** Deadlines in seconds; undefined or 0 means the provider's own. */
export interface Timeouts {
  readonly create?: number;
  readonly update?: number;
  readonly delete?: number;
}

/** One resource of a stack. Field names are those of the state file. */
export interface ResourceState {
  readonly urn: string;
  /** True when a provider manages it, false for a component. */
  readonly custom: boolean;
  /** True when a replacement exists already and this one has still to be deleted. */
  readonly delete: boolean;
  /** Empty for a component. */
  readonly id: string;
  readonly type: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
  /** Empty for the stack and for providers. */
  readonly parent: string;
  readonly protect: boolean;
  readonly dependencies: readonly string[];
  /** Why the resource is not healthy, one sentence each. */
  readonly initErrors: readonly string[];
  /** URN and id of the provider; empty for a component. */
  readonly provider: string;
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly additionalSecretOutputs: readonly string[];
  readonly customTimeouts: Timeouts | undefined;
  readonly retainOnDelete: boolean;
  readonly created: string | undefined;
  readonly modified: string | undefined;
  readonly sourcePosition: string;
  readonly stackTrace: readonly unknown[];
  readonly ignoreChanges: readonly string[];
  /** True when the resource wants to be read before every update and preview. */
  readonly refreshBeforeUpdate: boolean;
  /** Fields of the state file that this engine does not use, kept as they were. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** A resource of which nothing is known. */
export const emptyState: ResourceState = {
  urn: "",
  custom: true,
  delete: false,
  id: "",
  type: "",
  inputs: {},
  outputs: {},
  parent: "",
  protect: false,
  dependencies: [],
  initErrors: [],
  provider: "",
  propertyDependencies: {},
  additionalSecretOutputs: [],
  customTimeouts: undefined,
  retainOnDelete: false,
  created: undefined,
  modified: undefined,
  sourcePosition: "",
  stackTrace: [],
  ignoreChanges: [],
  refreshBeforeUpdate: false,
  rest: {},
};

/** An operation that had begun when the state was written. */
export interface PendingOperation {
  readonly resource: ResourceState;
  readonly type: "creating" | "updating" | "deleting" | "reading" | "importing";
}

/** URNs of everything the resource refers to except its parent. */
export function referencesOf(state: ResourceState): ReadonlySet<string> {
  const urns = new Set<string>(state.dependencies);
  for (const list of Object.values(state.propertyDependencies)) for (const urn of list) urns.add(urn);
  if (state.provider !== "") urns.add(parseReference(state.provider).urn);
  return urns;
}

/**
 * What each resource depends on directly, in a list where dependencies come first. A dependency on a component counts
 * as one on all its children that come before the dependent. Source: pkg/resource/graph/dependency_graph.go.
 */
export function dependenciesAmong(
  resources: readonly ResourceState[],
): ReadonlyMap<ResourceState, ReadonlySet<ResourceState>> {
  const result = new Map<ResourceState, ReadonlySet<ResourceState>>();
  resources.forEach((state, index) => {
    const before = resources.slice(0, index);
    const references = referencesOf(state);
    const found = new Set<ResourceState>();
    for (const candidate of before) {
      if (candidate.urn === state.parent) found.add(candidate);
      if (!references.has(candidate.urn)) continue;
      found.add(candidate);
      if (!candidate.custom) for (const child of descendantsOf(candidate, before)) found.add(child);
    }
    result.set(state, found);
  });
  return result;
}

function descendantsOf(component: ResourceState, resources: readonly ResourceState[]): readonly ResourceState[] {
  const family = new Set([component.urn]);
  return resources.filter((state) => {
    if (!family.has(state.parent)) return false;
    family.add(state.urn);
    return true;
  });
}
