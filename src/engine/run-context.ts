// What all parts of one run share.

import type { EventSink } from "./events";
import type { Project } from "./project";
import type { ProviderRegistry } from "./provider-registry";
import type { ResourceState } from "./resource-state";
import type { Slots } from "./slots";
import type { SnapshotStore } from "./snapshot-store";
import type { PlainConfig } from "./stack-config";

/** The always same organization of stacks in a file:// backend. */
export const organization = "organization";

/** What all parts of one run share. */
export interface RunContext {
  readonly project: Project;
  readonly stack: string;
  readonly config: PlainConfig;
  /** True when nothing may be changed. */
  readonly preview: boolean;
  /** How many resources are worked on at the same time. */
  readonly parallel: number;
  readonly registry: ProviderRegistry;
  readonly snapshot: SnapshotStore;
  readonly emit: EventSink;
  /** Limits how many resources are worked on at the same time. */
  readonly slots: Slots;
  /** Time of now as state records it. */
  readonly now: () => string;
  /** Live resources as last refreshed, by URN. Changes only when a refresh has ended. */
  olds: ReadonlyMap<string, ResourceState>;
}

/** Live resources by URN: those that are not waiting for their deletion. */
export function indexOlds(resources: readonly ResourceState[]): ReadonlyMap<string, ResourceState> {
  return new Map(resources.filter((state) => !state.delete).map((state) => [state.urn, state]));
}
