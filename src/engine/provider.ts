// What the engine asks of a provider, whoever it is: a plugin process (plugin-provider.ts) or one built in
// (command-provider.ts). Field names follow the engine's view, not the wire's.

import type { PropertyMap } from "./property-value";

/** Names the resource that a call is about. */
export interface ResourceCall {
  readonly urn: string;
}

/** Validate the inputs of a resource and fill in defaults. */
export interface CheckCall extends ResourceCall {
  /** Inputs in state; undefined for a new resource. */
  readonly oldInputs: PropertyMap | undefined;
  readonly newInputs: PropertyMap;
  /** 32 bytes from which the provider may draw names. */
  readonly randomSeed: Uint8Array;
}

/** One thing that is wrong with the inputs. */
export interface CheckFailure {
  /** Empty when the reason names the place itself. */
  readonly property: string;
  readonly reason: string;
}

/** Answer to a check. */
export interface CheckAnswer {
  readonly inputs: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

/** Compare what is recorded with what is wanted. */
export interface DiffCall extends ResourceCall {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly newInputs: PropertyMap;
  readonly ignoreChanges: readonly string[];
}

/** What happens to one property. */
export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

/** One line of a detailed diff. */
export interface PropertyDiff {
  readonly kind: DiffKind;
  /** True when the difference is between inputs, false between an output and an input. */
  readonly inputDiff: boolean;
}

/** Answer to a diff. */
export interface DiffAnswer {
  readonly changes: "none" | "some" | "unknown";
  readonly changedKeys: readonly string[];
  readonly replaceKeys: readonly string[];
  readonly deleteBeforeReplace: boolean;
  /** By property path; undefined when the provider gave none. */
  readonly detailedDiff: ReadonlyMap<string, PropertyDiff> | undefined;
}

/** Make a new resource. */
export interface CreateCall extends ResourceCall {
  readonly inputs: PropertyMap;
  readonly timeoutSeconds: number;
  readonly preview: boolean;
}

/** Look at the live resource. */
export interface ReadCall extends ResourceCall {
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

/** Change a resource. */
export interface UpdateCall extends ResourceCall {
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly newInputs: PropertyMap;
  readonly ignoreChanges: readonly string[];
  readonly timeoutSeconds: number;
  readonly preview: boolean;
}

/** Remove a resource. */
export interface DeleteCall extends ResourceCall {
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
  readonly timeoutSeconds: number;
}

/** Answer to create, read and update. */
export interface ProviderOutcome {
  /** Empty from read when the resource is gone, and from a create in preview. */
  readonly id: string;
  readonly outputs: PropertyMap;
  /** Live inputs, from read; undefined keeps those in state. */
  readonly inputs: PropertyMap | undefined;
  readonly refreshBeforeUpdate: boolean;
  /** Why the resource is not healthy or the change stopped half way; undefined when all is well. */
  readonly unhealthy: readonly string[] | undefined;
}

/** Configuration of a provider resource. */
export interface ConfigureCall extends ResourceCall {
  readonly id: string;
  readonly inputs: PropertyMap;
}

/** Something that manages resources. A failed call throws an Error whose message is for the user. */
export interface Provider {
  checkConfig(call: CheckCall): Promise<CheckAnswer>;
  diffConfig(call: DiffCall): Promise<DiffAnswer>;
  configure(call: ConfigureCall): Promise<void>;
  check(call: CheckCall): Promise<CheckAnswer>;
  diff(call: DiffCall): Promise<DiffAnswer>;
  create(call: CreateCall): Promise<ProviderOutcome>;
  read(call: ReadCall): Promise<ProviderOutcome>;
  update(call: UpdateCall): Promise<ProviderOutcome>;
  delete(call: DeleteCall): Promise<void>;
  /** Asks running calls to finish early. */
  cancel(): Promise<void>;
  /** Ends it; no call may follow. */
  close(): Promise<void>;
}

/** A provider's "no difference". */
export const noDiff: DiffAnswer = {
  changes: "none",
  changedKeys: [],
  replaceKeys: [],
  deleteBeforeReplace: false,
  detailedDiff: undefined,
};
