// What a deployment tells whoever shows it. Plain data; nothing here prints.

import type { DiffAnswer } from "./provider";
import type { ResourceState } from "./resource-state";

/** What is done to a resource. */
export type StepOp =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "refresh";

/** What a run is for. */
export type DeploymentKind = "preview" | "up" | "refresh" | "destroy";

/** One thing that is done, or would be, to one resource. */
export interface Step {
  readonly op: StepOp;
  readonly urn: string;
  /** Undefined when the resource is new. */
  readonly old: ResourceState | undefined;
  /** Undefined when the resource goes away, and before a refresh is done. */
  readonly new: ResourceState | undefined;
  /** How the two differ; of a refresh, seen from what was recorded to what is live. */
  readonly diff: DiffAnswer;
}

/** How serious a message is. */
export type Severity = "debug" | "info" | "warning" | "error";

/** Something that happened in a run. */
export type EngineEvent =
  | { readonly kind: "step-started"; readonly step: Step }
  | { readonly kind: "step-done"; readonly step: Step; readonly durationMs: number }
  | { readonly kind: "step-failed"; readonly step: Step; readonly durationMs: number }
  | {
      readonly kind: "message";
      readonly severity: Severity;
      /** The resource it is about; empty when it is about the run. */
      readonly urn: string;
      readonly text: string;
      /** True for a message that only shows progress and is not kept. */
      readonly ephemeral: boolean;
      /** Messages with the same number other than 0 are parts of one text. */
      readonly streamId: number;
    }
  | {
      readonly kind: "outputs";
      readonly urn: string;
      readonly old: ResourceState | undefined;
      readonly new: ResourceState;
    };

/** Takes the events of a run, in order. */
export type EventSink = (event: EngineEvent) => void;

/** Makes a message event. */
export function message(severity: Severity, urn: string, text: string): EngineEvent {
  return { kind: "message", severity, urn, text, ephemeral: false, streamId: 0 };
}
