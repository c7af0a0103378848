// Nodes that are declared by deployment and instance, without an address: each is reached by a shell as `bosh ssh` opens it,
// and from there on by the ordinary OpenSSH adapter. The users are removed when the nodes are closed.

import { parseInstanceName } from "../../model/bosh";
import type { AccessDeclaration, ControlPlaneDeclaration } from "../../model/declaration";
import { inputError, invariantError, isRecoveryError } from "../../model/errors";
import type { UnreachableNode } from "../../model/node-observation";
import type { Clock } from "../../ports/clock";
import type { NodeAccess } from "../../ports/node-access";
import { openSshNodes } from "../open-ssh-node";
import { unreachableNode } from "../script-run";
import { connectDirector } from "./director-client";
import { readDirectorSettings, type SettingsSources } from "./director-settings";
import { shellAccess } from "./instance-access";
import {
  gatewayFromVariables,
  type InstanceShell,
  openInstanceShell,
  removeLeftShellUsers,
  type ShellOptions,
} from "./instance-shell";
import type { ShellRecords } from "./shell-records";

type BoshAccess = Extract<AccessDeclaration, { kind: "bosh" }>;

/** What nodes behind a director need of this machine. */
export interface BoshNodesOptions {
  readonly sources: SettingsSources;
  readonly records: ShellRecords;
  readonly clock: Clock;
  /** Told of each user that a killed run left behind, one sentence each. Default: nobody is. */
  readonly tell?: (note: string) => void;
}

/** A node with its shell. */
interface Way {
  readonly kind: "open";
  readonly nodes: NodeAccess;
  readonly shell: InstanceShell;
}

/**
 * Reaches the nodes of a control plane that are declared as `bosh`. Users that a killed run left behind on instances of the
 * same director are removed first.
 */
export function openBoshNodes(plane: ControlPlaneDeclaration, options: BoshNodesOptions): NodeAccess {
  const ways = new Map<string, Promise<Way | UnreachableNode>>();
  const directors = new Map<string, Promise<ShellOptions>>();
  const directorOf = (access: BoshAccess): Promise<ShellOptions> => {
    const key = JSON.stringify(access.director);
    const opening = directors.get(key) ?? openDirector(access, options);
    directors.set(key, opening);
    // A director that is down now may be there for the next look.
    opening.catch(() => directors.delete(key));
    return opening;
  };
  const wayTo = async (node: string): Promise<Way | UnreachableNode> => {
    const opening = ways.get(node) ?? openWay(plane, node, directorOf);
    ways.set(node, opening);
    const way = await opening.catch((error: unknown) => {
      ways.delete(node);
      throw error;
    });
    // Nothing is open then: the next look tries again.
    if (way.kind === "unreachable") ways.delete(node);
    return way;
  };
  const leave = async (node: string): Promise<void> => {
    // Whoever asked for a way that could not be opened was told why.
    const way = await ways.get(node)?.catch(() => undefined);
    ways.delete(node);
    if (way?.kind !== "open") return;
    try {
      await way.nodes.close();
    } finally {
      await way.shell.close();
    }
  };
  const through = async <Result>(
    node: string,
    use: (nodes: NodeAccess) => Promise<Result>,
  ): Promise<Result | { readonly kind: "interrupted"; readonly message: string }> => {
    const way = await wayTo(node);
    return way.kind === "open" ? use(way.nodes) : { kind: "interrupted", message: way.message };
  };
  return {
    observe: async (node) => {
      const way = await wayTo(node);
      if (way.kind === "unreachable") return way;
      const seen = await way.nodes.observe(node);
      // A VM that was made anew has neither our user nor the old host key: the next look opens a shell of its own.
      if (seen.kind === "unreachable") await leave(node);
      return seen;
    },
    apply: (step) => through(step.node, (nodes) => nodes.apply(step)),
    collect: (step, into) => through(step.node, (nodes) => nodes.collect(step, into)),
    deliver: (step, from) => through(step.node, (nodes) => nodes.deliver(step, from)),
    close: async () => {
      const failures = (await Promise.allSettled([...ways.keys()].map(leave))).flatMap((left) =>
        left.status === "rejected" ? [left.reason] : [],
      );
      if (failures.length > 0) throw failures[0];
    },
  };
}

async function openDirector(access: BoshAccess, options: BoshNodesOptions): Promise<ShellOptions> {
  const { sources, records, clock, tell } = options;
  const director = connectDirector(readDirectorSettings(access.director, sources), { clock });
  const { uuid } = await director.observeDirector();
  const shells = { director, directorUuid: uuid, records, gateway: gatewayFromVariables(sources.variables) };
  for (const note of await removeLeftShellUsers(shells)) tell?.(note);
  return shells;
}

async function openWay(
  plane: ControlPlaneDeclaration,
  node: string,
  directorOf: (access: BoshAccess) => Promise<ShellOptions>,
): Promise<Way | UnreachableNode> {
  const declared = plane.nodes[node];
  if (declared?.access.kind !== "bosh") throw inputError(`node ${node} is not declared as reached by a BOSH director`);
  const { access } = declared;
  const instance = parseInstanceName(access.instance);
  if (instance === undefined) throw invariantError(`${access.instance} is no instance`);
  try {
    const shell = await openInstanceShell(await directorOf(access), access.deployment, instance);
    try {
      const reached = { ...declared, access: shellAccess(shell.target) };
      return { kind: "open", nodes: openSshNodes({ ...plane, nodes: { ...plane.nodes, [node]: reached } }), shell };
    } catch (error) {
      await shell.close();
      throw error;
    }
  } catch (error) {
    if (!isRecoveryError(error) || error.code === "invariant") throw error;
    return unreachableNode(node, "connect", `${node} (${access.instance}) cannot be reached: ${error.message}`);
  }
}
