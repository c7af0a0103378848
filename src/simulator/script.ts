// The script that runs a step on a node and holds its lock: whole, cut in the middle, or going on after its operator left.

import { unreachable } from "../model/errors";
import type { JsonObject } from "../model/json";
import { effectsOfKind, type NodeChangeStep, type StepOutcome, subjectOf } from "../model/step";
import { applyEffect } from "./effects";
import { powerOff } from "./power";
import { type Interruption, nodeOf, record, type World, withNode } from "./world";

/** How long a script goes on that lost its operator, in milliseconds: it holds the lock until then. */
const orphanMs = 8000;

/** Who applies a step. */
export interface Operator {
  /** User name. */
  readonly holder: string;
  /** Host name of the operator's machine. */
  readonly host: string;
}

/** What came of a step, and whether the operator's own process died over it. */
export interface ScriptResult {
  readonly world: World;
  readonly outcome: StepOutcome;
  readonly isOperatorDead: boolean;
}

/** Runs a step on its node. */
export function runStep(world: World, step: NodeChangeStep, operator: Operator): ScriptResult {
  const node = nodeOf(world, step.node);
  const cut = (message: string): ScriptResult => ({
    world,
    outcome: { kind: "interrupted", message },
    isOperatorDead: false,
  });
  if (node.link.kind === "down") return cut(node.link.message);
  if (node.power === "off") return cut(`ssh: connect to host ${node.address} port 22: No route to host`);
  if (node.script !== undefined) {
    const { holder, host, title, sinceMs } = node.script;
    const message = `${holder} on ${host} runs ${title} there since ${new Date(sinceMs).toISOString()}`;
    return { world, outcome: { kind: "locked", message }, isOperatorDead: false };
  }
  const { interruption, rest } = takeInterruption(world, step.node);
  const effects = effectsOfKind[step.kind];
  if (interruption === undefined) return complete({ ...world, interruptions: rest }, step, 0, effects.length);
  const done = complete(
    { ...world, interruptions: rest },
    step,
    0,
    Math.min(interruption.afterEffects, effects.length),
  );
  if (done.outcome.kind === "failed") return done;
  return interrupt(done.world, step, operator, interruption);
}

/** Lets a script that lost its operator end. */
export function tickScript(world: World, name: string): World {
  const { script } = nodeOf(world, name);
  if (script === undefined || script.endsAtMs > world.timeMs) return world;
  const { script: _ended, ...node } = nodeOf(world, name);
  const freed = { ...world, nodes: { ...world.nodes, [name]: node } };
  if (script.step === undefined) return freed;
  const step = script.step as unknown as NodeChangeStep;
  return complete(freed, step, script.effectsDone, effectsOfKind[step.kind].length).world;
}

function complete(world: World, step: NodeChangeStep, from: number, to: number): ScriptResult {
  let next = world;
  for (const effect of effectsOfKind[step.kind].slice(from, to)) {
    const result = applyEffect(next, step, effect);
    next = record(result.world, step.node, `${step.kind}: ${effect}${result.error === undefined ? "" : " failed"}`);
    if (result.error === undefined) continue;
    return { world: next, outcome: { kind: "failed", message: `${effect}: ${result.error}` }, isOperatorDead: false };
  }
  return { world: next, outcome: { kind: "done" }, isOperatorDead: false };
}

function interrupt(world: World, step: NodeChangeStep, operator: Operator, interruption: Interruption): ScriptResult {
  const { node } = step;
  const goesOn = interruption.script === "goes-on" && interruption.how !== "lose-power";
  const script = {
    ...operator,
    sinceMs: world.timeMs,
    endsAtMs: world.timeMs + orphanMs,
    title: `${step.kind} ${subjectOf(step)}`,
    step: step as unknown as JsonObject,
    effectsDone: interruption.afterEffects,
  };
  const left = goesOn ? withNode(world, node, { script }) : world;
  const message = `the connection to ${node} was lost while ${step.kind} ran`;
  const outcome = { kind: "interrupted", message } as const;
  switch (interruption.how) {
    case "cut-link":
      return { world: record(left, node, "link cut"), outcome, isOperatorDead: false };
    case "kill-operator":
      return { world: record(left, node, "operator killed"), outcome, isOperatorDead: true };
    case "lose-power":
      return { world: powerOff(left, node), outcome, isOperatorDead: false };
    default:
      return unreachable(interruption.how);
  }
}

/** The interruption that this step meets, and those that still wait. */
function takeInterruption(world: World, node: string) {
  const index = world.interruptions.findIndex((candidate) => candidate.node === node);
  const found = world.interruptions[index];
  if (found === undefined) return { interruption: undefined, rest: world.interruptions };
  const others = world.interruptions.filter((_, position) => position !== index);
  if (found.skip === 0) return { interruption: found, rest: others };
  const counted = world.interruptions.map((one, position) =>
    position === index ? { ...one, skip: one.skip - 1 } : one,
  );
  return { interruption: undefined, rest: counted };
}
