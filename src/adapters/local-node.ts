// The machine that quorate runs on, as a node: the same scripts as over ssh, through a local shell.

import type { ControlPlaneDeclaration } from "../model/declaration";
import type { NodeAccess } from "../ports/node-access";
import { runProcess } from "./run-process";
import { applyThrough, observeThrough, type RunScript, shellCommand, streamCommand } from "./script-run";
import { streamProcess } from "./stream-process";
import { collectThrough, deliverThrough, type RunTransfer } from "./transfer-run";

/** Reaches the nodes of a control plane that are declared as `local`. */
export function openLocalNode(plane: ControlPlaneDeclaration): NodeAccess {
  return {
    observe: (node) => observeThrough(runLocally(isSudoWanted(plane, node)), plane, node),
    apply: (step) => applyThrough(runLocally(isSudoWanted(plane, step.node)), step),
    collect: (step, into) => collectThrough(transferLocally(isSudoWanted(plane, step.node)), step, into),
    deliver: (step, from) => deliverThrough(transferLocally(isSudoWanted(plane, step.node)), step, from),
    close: () => Promise.resolve(),
  };
}

function isSudoWanted(plane: ControlPlaneDeclaration, node: string): boolean {
  const access = plane.nodes[node]?.access;
  return (access?.kind === "local" ? access.sudo : undefined) ?? true;
}

function runLocally(isSudo: boolean): RunScript {
  return (script, secondsMax) =>
    runProcess("sh", ["-c", shellCommand(secondsMax, isSudo)], { input: script, timeoutMs: (secondsMax + 15) * 1000 });
}

function transferLocally(isSudo: boolean): RunTransfer {
  return ({ script, ...streams }, secondsMax) =>
    streamProcess("sh", ["-c", streamCommand(Buffer.byteLength(script), secondsMax, isSudo)], {
      ...streams,
      head: script,
      timeoutMs: (secondsMax + 15) * 1000,
    });
}
