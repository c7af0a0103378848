// The ports NodeAccess and Clock over a simulated world. A step takes a second of virtual time; looking takes none.

import type { ControlPlaneDeclaration } from "../model/declaration";
import { isEtcdStep } from "../model/etcd-step";
import type { Clock } from "../ports/clock";
import type { LocalFiles } from "../ports/local-files";
import type { NodeAccess } from "../ports/node-access";
import { advance } from "./advance";
import { observeNode } from "./observe-node";
import { type Operator, runStep } from "./script";
import { collectFrom, deliverTo } from "./transfers";
import type { WorldHolder } from "./world-holder";

/** Thrown by every call of an access whose operator was killed by an injected fault: nothing it does reaches a node. */
export class OperatorKilled extends Error {
  override readonly name = "OperatorKilled";

  constructor() {
    super("the operator's process was killed by a simulated fault");
  }
}

// One SSH round trip with a short script; seen in the lab: 0.3 to 1 second.
const stepSeconds = 1;

const noFiles = { kind: "failed", message: "this operator has no files to carry" } as const;

/** How the nodes of a simulated world are reached. */
export interface SimulatedNodesOptions {
  /** What is declared: a probe then asks for the declared services only, as the real one does. */
  readonly plane?: ControlPlaneDeclaration;
  /** Who acts; shown to others while a script of this operator holds a node's lock. */
  readonly operator?: Operator;
  /** The operator's own files; undefined: nothing can be carried. */
  readonly files?: LocalFiles;
}

/** Reaches the nodes of a simulated world. */
export function simulatedNodes(holder: WorldHolder, options: SimulatedNodesOptions = {}): NodeAccess {
  const operator = options.operator ?? { holder: "operator", host: "laptop" };
  let isDead = false;
  return {
    observe: async (node) => {
      if (isDead) throw new OperatorKilled();
      return observeNode(holder.read(), node, options.plane?.nodes[node]?.services);
    },
    apply: async (step) => {
      if (isDead) throw new OperatorKilled();
      if (isEtcdStep(step)) {
        return {
          kind: "failed",
          message: `${step.node} is simulated, and simulated nodes have no etcd member to change`,
        };
      }
      const outcome = await holder.change((world) => {
        const { world: next, ...result } = runStep(world, step, operator);
        return { world: advance(next, stepSeconds), result };
      });
      if (!outcome.isOperatorDead) return outcome.outcome;
      isDead = true;
      throw new OperatorKilled();
    },
    collect: async (step, into) => {
      if (isDead) throw new OperatorKilled();
      if (options.files === undefined) return noFiles;
      return collectFrom(holder, step, into, options.files);
    },
    deliver: async (step, from) => {
      if (isDead) throw new OperatorKilled();
      if (options.files === undefined) return noFiles;
      return deliverTo(holder, step, from, options.files);
    },
    close: async () => {},
  };
}

/** The clock of a simulated world: sleeping moves its time on, and with it everything in it. */
export function simulatedClock(holder: WorldHolder): Clock {
  return {
    nowMs: () => holder.read().timeMs,
    sleep: async (ms) => {
      if (ms <= 0) return;
      await holder.change((world) => ({ world: advance(world, ms / 1000), result: undefined }));
    },
  };
}
