// How the core reaches nodes, at the level of meaning. Adapters render and parse; the simulator does neither.

import type { NodeObservation } from "../model/node-observation";
import type { ChangeStep, StepOutcome } from "../model/step";

/** Reaches the nodes of one control plane. */
export interface NodeAccess {
  /** Probes one node, read-only. Never throws for a node in trouble: unreachable is an observation. */
  observe(node: string): Promise<NodeObservation>;
  /** Applies one step and reports what came of it. Never throws for a node in trouble. */
  apply(step: ChangeStep): Promise<StepOutcome>;
  /** Ends connections. Safe to call twice. */
  close(): Promise<void>;
}
