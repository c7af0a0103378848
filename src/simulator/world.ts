// The simulated world as the rest of the simulator handles it: read-only values, changed by making the next one.

import { createHash } from "node:crypto";
import type { z } from "zod";
import { inputError } from "../model/errors";
import type { JsonObject } from "../model/json";
import type { nodeSchema, worldSchema } from "./world-schema";

/** Data that nobody changes in place. */
export type Frozen<T> = JsonObject extends T
  ? T
  : T extends (infer U)[]
    ? readonly Frozen<U>[]
    : T extends object
      ? { readonly [K in keyof T]: Frozen<T[K]> }
      : T;

/** A simulated world: plain JSON, so that a copy of the value is a copy of the world. */
export type World = Frozen<z.infer<typeof worldSchema>>;
/** One node of it. */
export type SimulatedNode = Frozen<z.infer<typeof nodeSchema>>;
/** A manifest, staged file or archived file. */
export type SimulatedFile = SimulatedNode["manifests"][string];
/** A container as the runtime has it. */
export type SimulatedContainer = SimulatedNode["containers"][number];
/** A service and the manager that watches it. */
export type SimulatedService = SimulatedNode["services"][string];
/** What the kubelet holds in memory; lost when it ends. */
export type SimulatedKubelet = SimulatedNode["kubelet"];
/** A part of a probe. */
export type SectionName = keyof SimulatedNode["unseen"];
/** Something that is going to happen in the middle of a step. */
export type Interruption = World["interruptions"][number];

// Enough for a demo to tell what happened; the digest covers every event.
const recentEventsMax = 400;

/** The names of the world's nodes, sorted. */
export function nodeNames(world: World): readonly string[] {
  return Object.keys(world.nodes).sort();
}

/** One node. @throws RecoveryError "input" for a node that the world does not have. */
export function nodeOf(world: World, name: string): SimulatedNode {
  const node = Object.hasOwn(world.nodes, name) ? world.nodes[name] : undefined;
  if (node !== undefined) return node;
  throw inputError(`the simulated world has no node "${name}"`, { hint: `it has ${nodeNames(world).join(", ")}` });
}

/** The world with some fields of one node replaced. */
export function withNode(world: World, name: string, change: Partial<SimulatedNode>): World {
  return { ...world, nodes: { ...world.nodes, [name]: { ...nodeOf(world, name), ...change } } };
}

/** The world with some of what one node's kubelet holds replaced. */
export function withKubelet(world: World, name: string, change: Partial<SimulatedKubelet>): World {
  return withNode(world, name, { kubelet: { ...nodeOf(world, name).kubelet, ...change } });
}

/** A record without one of its keys. */
export function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  const { [key]: _gone, ...rest } = record;
  return rest;
}

/** Adds one event to the trace. */
export function record(world: World, node: string, text: string): World {
  const event = { atMs: world.timeMs, node, text };
  const digest = createHash("sha256").update(world.trace.digest).update(JSON.stringify(event)).digest("hex");
  const recent = [...world.trace.recent, event].slice(-recentEventsMax);
  return { ...world, trace: { digest, count: world.trace.count + 1, recent } };
}

/** Adds harm that was done, to the incidents and to the trace. */
export function recordIncident(world: World, node: string, text: string): World {
  const next = record(world, node, `HARM: ${text}`);
  return { ...next, incidents: [...next.incidents, { atMs: world.timeMs, node, text }] };
}

/** The time on a node's own clock, milliseconds. */
export function nodeTimeMs(world: World, name: string): number {
  return world.timeMs + nodeOf(world, name).clockSkewMs;
}
