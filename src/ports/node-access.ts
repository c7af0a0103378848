// How the core reaches nodes, at the level of meaning. Adapters render and parse; the simulator does neither.

import type { NodeObservation } from "../model/node-observation";
import type { AppliedStep, StepOutcome } from "../model/step";
import type { CollectStep, DeliverStep, LocalFile, TransferOutcome } from "../model/transfer";

/** Reaches the nodes of one control plane. */
export interface NodeAccess {
  /** Probes one node, read-only. Never throws for a node in trouble: unreachable is an observation. */
  observe(node: string): Promise<NodeObservation>;
  /** Applies one step and reports what came of it. Never throws for a node in trouble. */
  apply(step: AppliedStep): Promise<StepOutcome>;
  /**
   * Carries what a step prints into a local file, byte for byte and of any length. The file, mode 0600, is there under its
   * name only when it is whole and on the disk; otherwise what was there before still is. Does not wait for the node's lock.
   * Never throws for a node in trouble or a local disk that is full.
   */
  collect(step: CollectStep, into: LocalFile): Promise<TransferOutcome>;
  /** Carries a local file to a step's standard input, byte for byte and of any length. Never throws for a node in trouble. */
  deliver(step: DeliverStep, from: LocalFile): Promise<TransferOutcome>;
  /** Ends connections. Safe to call twice. */
  close(): Promise<void>;
}
