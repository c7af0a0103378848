// Virtual time of the world: what happens on every node from one second to the next.

import { tickContainers } from "./containers";
import { tickPods } from "./kubelet-pods";
import { tickSource } from "./kubelet-source";
import { tickScript } from "./script";
import { isKubeletRunning, isRunning, tickServices } from "./services";
import { nodeNames, nodeOf, type World } from "./world";

const tickMs = 1000;

/** The world some time later. Nodes change at whole seconds only. */
export function advance(world: World, seconds: number): World {
  const endMs = world.timeMs + Math.round(seconds * 1000);
  let next = world;
  for (;;) {
    const tickAtMs = (Math.floor(next.timeMs / tickMs) + 1) * tickMs;
    if (tickAtMs > endMs) return { ...next, timeMs: endMs };
    next = nodeNames(next).reduce(tickNode, { ...next, timeMs: tickAtMs });
  }
}

function tickNode(world: World, name: string): World {
  if (nodeOf(world, name).power === "off") return world;
  const served = tickServices(tickScript(world, name), name);
  const lived = tickContainers(served, name);
  if (!isKubeletRunning(lived, name)) return lived;
  const known = tickSource(lived, name);
  return hasRuntime(known, name) ? tickPods(known, name) : known;
}

/** Does a container runtime answer on the node? */
export function hasRuntime(world: World, name: string): boolean {
  const runtimes = Object.keys(nodeOf(world, name).services).filter((service) => runtimeNames.has(service));
  return runtimes.length === 0 || runtimes.some((runtime) => isRunning(world, name, runtime));
}

const runtimeNames: ReadonlySet<string> = new Set(["containerd", "containerd.service", "crio", "crio.service"]);
