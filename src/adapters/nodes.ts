// The one way to the nodes of a control plane: each goes to the adapter that its access names.

import type { ControlPlaneDeclaration } from "../model/declaration";
import { inputError, unreachable } from "../model/errors";
import type { NodeAccess } from "../ports/node-access";
import { type BoshNodesOptions, openBoshNodes } from "./bosh-director/bosh-nodes";
import { openLocalNode } from "./local-node";
import { openSshNodes } from "./open-ssh-node";

/** What is not an adapter and is therefore handed in. */
export interface NodesOptions {
  /** How instances of BOSH deployments are reached. Not given: they are refused. */
  readonly bosh?: BoshNodesOptions;
  /** Opens the nodes of a simulated world, named by its file. Not given: simulated nodes are refused. */
  readonly simulated?: (world: string, plane: ControlPlaneDeclaration) => NodeAccess;
}

/** Reaches every declared node of a control plane. Connects to none before it is asked for. */
export function openNodes(plane: ControlPlaneDeclaration, options: NodesOptions = {}): NodeAccess {
  const opened = new Map<string, NodeAccess>();
  const open = (key: string, make: () => NodeAccess): NodeAccess => {
    const known = opened.get(key) ?? make();
    opened.set(key, known);
    return known;
  };
  const accessTo = (node: string): NodeAccess => {
    const access = plane.nodes[node]?.access;
    if (access === undefined) throw inputError(`node ${node} is not declared`);
    switch (access.kind) {
      case "ssh":
        return open("ssh", () => openSshNodes(plane));
      case "local":
        return open("local", () => openLocalNode(plane));
      case "bosh": {
        const { bosh } = options;
        if (bosh === undefined) throw inputError(`node ${node} is behind a BOSH director, which cannot be asked here`);
        return open("bosh", () => openBoshNodes(plane, bosh));
      }
      case "simulated": {
        const { simulated } = options;
        if (simulated === undefined) throw inputError(`node ${node} is simulated, which is not possible here`);
        return open(`simulated ${access.world}`, () => simulated(access.world, plane));
      }
      default:
        return unreachable(access);
    }
  };
  return {
    observe: async (node) => accessTo(node).observe(node),
    apply: async (step) => accessTo(step.node).apply(step),
    collect: async (step, into) => accessTo(step.node).collect(step, into),
    deliver: async (step, from) => accessTo(step.node).deliver(step, from),
    close: async () => {
      await Promise.all([...opened.values()].map((nodes) => nodes.close()));
      opened.clear();
    },
  };
}
