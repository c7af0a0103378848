// What a kind of resource answers to the engine, in plain JSON: the server puts secrets, details and errors on the wire.

import type { PropertyChange } from "../model/drift";
import type { JsonObject } from "../model/json";

/** How loud a message of a resource is. */
export type LogSeverity = "debug" | "info" | "warning" | "error";

/** What a resource may use while it works. */
export interface ResourceContext {
  /** The outputs that the engine keeps of the resource; empty for one that is not there yet. */
  readonly recorded: JsonObject;
  /** Shown by the engine under the resource. */
  log(severity: LogSeverity, message: string): Promise<void>;
  /** Progress that a later message replaces. */
  status(message: string): Promise<void>;
  /** Is the input at this property path, or a part of it, a secret? */
  isSecret(path: string): boolean;
  /** The text with every secret of the inputs taken out, as `log` does it. */
  mask(text: string): string;
  /** True once the operator has asked to stop. */
  isCancelled(): boolean;
}

/** Inputs as they are to be used, or every problem with them, one sentence each with its path. */
export type CheckedInputs =
  | { readonly kind: "valid"; readonly inputs: JsonObject }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

/** What a resource is now. */
export interface ResourceState {
  readonly id: string;
  readonly inputs: JsonObject;
  /** The inputs and what else a person would act on. */
  readonly outputs: JsonObject;
  /** Why it is not as it should be, one sentence each; empty: all is well. */
  readonly reasons: readonly string[];
}

/** One kind of resource. */
export interface ResourceType {
  /** The part behind `quorate:index:`. */
  readonly name: string;
  /** Validates and completes inputs. Depends on its argument only. */
  check(inputs: JsonObject): CheckedInputs;
  /** Every property in which the recorded inputs differ from the new ones. Depends on its arguments only. */
  diff(recorded: JsonObject, news: JsonObject): readonly PropertyChange[];
  /**
   * Plans a create (`isNew`) or an update, and logs the plan and its blockers. Returns the outputs to expect. What a read
   * has told already, right before an update, is not told again.
   */
  preview(inputs: JsonObject, isNew: boolean, context: ResourceContext): Promise<JsonObject>;
  /** Brings the live system to the inputs, for a new resource and a known one alike. */
  converge(name: string, inputs: JsonObject, context: ResourceContext): Promise<ResourceState>;
  /** Observes the live system and logs its notes. `recorded` are the inputs and outputs that the engine keeps. */
  read(
    id: string,
    recorded: { readonly inputs: JsonObject; readonly outputs: JsonObject },
    context: ResourceContext,
  ): Promise<ResourceState>;
}
