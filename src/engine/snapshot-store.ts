// The state of a stack while a run changes it: what has been done so far, then what was there before. Written to disk
// after every change, so that a crash loses nothing that was done. Source: pulumi/pulumi pkg/backend/snapshot.go.

import { type Checkpoint, checkIntegrity } from "./checkpoint";
import type { PendingOperation, ResourceState } from "./resource-state";

/** Saves a checkpoint; undefined in a preview, which saves nothing. */
export type Persist = (checkpoint: Checkpoint) => void;

/** The state of a running deployment. */
export class SnapshotStore {
  private base: readonly ResourceState[];
  private news: readonly ResourceState[] = [];
  private done: ReadonlySet<ResourceState> = new Set();
  private operations: readonly PendingOperation[] = [];
  private isDirty = false;

  constructor(
    private readonly before: Checkpoint,
    private readonly persist: Persist | undefined,
  ) {
    this.base = before.resources;
  }

  /** Takes refreshed resources as what was there before. They are written with the next change. */
  rebase(resources: readonly ResourceState[]): void {
    this.base = resources;
    this.isDirty = true;
  }

  /** What was there before, as last refreshed. */
  baseResources(): readonly ResourceState[] {
    return this.base;
  }

  /** Records that an operation begins. */
  begin(operation: PendingOperation): void {
    this.operations = [...this.operations, operation];
    this.write();
  }

  /** Records that an operation has ended without effect on the state. */
  abandon(operation: PendingOperation): void {
    this.operations = this.operations.filter((candidate) => candidate !== operation);
    this.write();
  }

  /** Records the end of an operation: `old` is replaced by `state`; either may be undefined. */
  finish(operation: PendingOperation, old: ResourceState | undefined, state: ResourceState | undefined): void {
    this.operations = this.operations.filter((candidate) => candidate !== operation);
    this.exchange(old, state);
    this.write();
  }

  /** Takes an unchanged resource over. It is written with the next change unless something that matters differs. */
  keep(old: ResourceState, state: ResourceState, isWritten: boolean): void {
    this.exchange(old, state);
    if (isWritten) this.write();
    else this.isDirty = true;
  }

  /** Replaces what was recorded for a resource in this run. */
  amend(state: ResourceState, amended: ResourceState): void {
    this.news = this.news.map((candidate) => (candidate === state ? amended : candidate));
    this.write();
  }

  /** Marks a resource that has been replaced and is still to be deleted. */
  condemn(old: ResourceState): ResourceState {
    const condemned: ResourceState = { ...old, delete: true };
    this.base = this.base.map((candidate) => (candidate === old ? condemned : candidate));
    this.isDirty = true;
    return condemned;
  }

  /** Writes what is not written yet. */
  flush(): void {
    if (this.isDirty) this.write();
  }

  /** The state as it would be written now. */
  current(): Checkpoint {
    const created = new Set(this.news.map((state) => state.urn));
    const interrupted = this.before.pendingOperations.filter(
      ({ type, resource }) => type === "creating" && !created.has(resource.urn),
    );
    return {
      ...this.before,
      resources: [...this.news, ...this.base.filter((state) => !this.done.has(state))],
      pendingOperations: [...this.operations, ...interrupted],
    };
  }

  private exchange(old: ResourceState | undefined, state: ResourceState | undefined): void {
    if (old !== undefined) this.done = new Set([...this.done, old]);
    if (state !== undefined) this.news = [...this.news, state];
  }

  private write(): void {
    this.isDirty = false;
    if (this.persist === undefined) return;
    const checkpoint = this.current();
    checkIntegrity(checkpoint);
    this.persist(checkpoint);
  }
}
