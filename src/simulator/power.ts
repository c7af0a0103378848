// A node's power. What is on disk stays; what is in memory goes: processes, kubelet, locks, masks at run time.

import { nodeOf, record, type World, withNode } from "./world";

/** Cuts a node's power. */
export function powerOff(world: World, name: string): World {
  const { script: _script, ...node } = nodeOf(world, name);
  if (node.power === "off") return world;
  const { listedAtMs: _listed, ...kubelet } = node.kubelet;
  const forgotten = { ...kubelet, events: [], store: {}, fileKeys: {}, workers: {}, terminations: {}, backOffs: {} };
  const services = Object.fromEntries(
    Object.entries(node.services).map(([service, { startedByClockMs: _s, retryAtMs: _r, ...value }]) => {
      const isMask = value.isPaused && value.manager === "systemd";
      return [service, { ...value, state: "stopped" as const, isPaused: value.isPaused && !isMask }];
    }),
  );
  const dark = {
    ...node,
    power: "off" as const,
    containers: [],
    services,
    kubelet: { ...forgotten, ignores: "nothing" as const },
  };
  return record({ ...world, nodes: { ...world.nodes, [name]: dark } }, name, "power lost");
}

/** Gives a node its power back: it boots and starts what is enabled. */
export function powerOn(world: World, name: string): World {
  const node = nodeOf(world, name);
  if (node.power === "on") return world;
  const services = Object.fromEntries(
    Object.entries(node.services).map(([service, value]) => {
      const starts = value.isEnabled && !value.isPaused;
      const state = starts
        ? ("starting" as const)
        : value.manager === "monit"
          ? ("not-monitored" as const)
          : ("stopped" as const);
      return [service, starts ? { ...value, state, retryAtMs: world.timeMs + bootMs } : { ...value, state }];
    }),
  );
  const lit = withNode(world, name, { power: "on", bootCount: node.bootCount + 1, services });
  return record(lit, name, "power is back");
}

/** From power to services, in milliseconds; a virtual machine needs about this long. */
const bootMs = 15_000;
