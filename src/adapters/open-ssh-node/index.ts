// Nodes reached by the system's ssh. Each node has one shared connection; every probe and every step is one session on it.

import pLimit from "p-limit";
import type { ControlPlaneDeclaration } from "../../model/declaration";
import { inputError } from "../../model/errors";
import type { NodeAccess } from "../../ports/node-access";
import { applyThrough, observeThrough, type RunScript } from "../script-run";
import { collectThrough, deliverThrough, type RunTransfer } from "../transfer-run";
import { openConnection, type SshConnection } from "./connection";
import { type PrivateDirectory, privateDirectory } from "./private-directory";

/** Options of the ssh adapter. */
export interface SshNodesOptions {
  /** How many nodes are talked to at once. Default 8: more would make a jump host drop connections (sshd MaxStartups 10). */
  readonly parallel?: number;
  /** How long a connection may take to come up, seconds. Default 10. */
  readonly connectTimeoutSeconds?: number;
}

/** Reaches the nodes of a control plane that are declared as `ssh`. Connects to none before it is asked for. */
export function openSshNodes(plane: ControlPlaneDeclaration, options: SshNodesOptions = {}): NodeAccess {
  const limit = pLimit(options.parallel ?? 8);
  const connections = new Map<string, SshConnection>();
  let directory: PrivateDirectory | undefined;
  const connectionTo = (node: string): SshConnection => {
    const known = connections.get(node);
    if (known !== undefined) return known;
    const access = plane.nodes[node]?.access;
    if (access?.kind !== "ssh") throw inputError(`node ${node} is not declared as reached by ssh`);
    directory ??= privateDirectory();
    const connection = openConnection(
      node,
      access,
      directory.path,
      connections.size,
      options.connectTimeoutSeconds ?? 10,
    );
    connections.set(node, connection);
    return connection;
  };
  const runOn = (node: string, retries: number): RunScript => {
    const connection = connectionTo(node);
    return (script, secondsMax) => limit(() => connection.run(script, secondsMax, retries));
  };
  const carryOn = (node: string): RunTransfer => {
    const connection = connectionTo(node);
    return (streams, secondsMax) => limit(() => connection.transfer(streams, secondsMax));
  };
  return {
    // A probe changes nothing, so one that a dying connection took along is simply repeated; a step never is.
    observe: async (node) => observeThrough(runOn(node, 1), plane, node),
    apply: async (step) => applyThrough(runOn(step.node, 0), step),
    collect: async (step, into) => collectThrough(carryOn(step.node), step, into),
    deliver: async (step, from) => deliverThrough(carryOn(step.node), step, from),
    close: async () => {
      const open = [...connections.values()];
      connections.clear();
      await Promise.all(open.map((connection) => connection.close()));
      directory?.remove();
      directory = undefined;
    },
  };
}
