// systemd units and monit processes of a node: starting, stopping, pausing, and what a manager does by itself.

import { nodeOf, nodeTimeMs, record, type SimulatedService, type World, withKubelet, withNode } from "./world";

// monit acts on an order at once and tells of it after its next cycle (`set daemon 10` on BOSH).
const monitCycleMs = 10_000;
// RestartSec of kubeadm's kubelet unit. Source: kubernetes/release cmd/krel/templates/latest/kubelet.
const retryMs = 10_000;

/** What a manager answers to an order. */
export interface ServiceAnswer {
  readonly world: World;
  /** Undefined when it took the order. */
  readonly error?: string;
}

/** The name of the kubelet's service on a node: with or without ".service". */
export function isKubeletName(service: string): boolean {
  return service.replace(/\.service$/, "") === "kubelet";
}

/** Does the service run? */
export function isRunning(world: World, name: string, service: string): boolean {
  return nodeOf(world, name).services[service]?.state === "running";
}

/** Does a kubelet run on the node? */
export function isKubeletRunning(world: World, name: string): boolean {
  return Object.entries(nodeOf(world, name).services).some(
    ([service, { state }]) => isKubeletName(service) && state === "running",
  );
}

/** `systemctl start` or `monit start`; a pause by `systemctl mask --runtime` or `monit unmonitor` ends with it. */
export function startService(world: World, name: string, service: string): ServiceAnswer {
  const found = nodeOf(world, name).services[service];
  if (found === undefined) return { world, error: notFound(service) };
  const wanted = { ...found, isPaused: false };
  if (found.state === "running") return { world: withService(world, name, service, wanted) };
  if (found.manager === "monit") {
    const { startedByClockMs: _started, ...starting } = wanted;
    const retryAtMs = world.timeMs + monitCycleMs;
    return { world: withService(world, name, service, { ...starting, state: "starting", retryAtMs }) };
  }
  const next = attempt(withService(world, name, service, wanted), name, service);
  const state = nodeOf(next, name).services[service]?.state;
  const isFailed = found.manager === "systemd" && state === "failed";
  return isFailed
    ? { world: next, error: `Job for ${service} failed: ${found.fault ?? "see journalctl"}` }
    : { world: next };
}

/** `systemctl restart` or `monit restart`. */
export function restartService(world: World, name: string, service: string): ServiceAnswer {
  const found = nodeOf(world, name).services[service];
  if (found === undefined) return { world, error: notFound(service) };
  if (found.isPaused && found.manager === "systemd") return { world, error: `Unit ${service} is masked.` };
  return startService(stopService(world, name, service), name, service);
}

/** `systemctl stop` or `monit stop`. Containers go on without their kubelet and without containerd. */
export function stopService(world: World, name: string, service: string): World {
  const found = nodeOf(world, name).services[service];
  if (found === undefined) return world;
  const { startedByClockMs: _started, retryAtMs: _retry, ...rest } = found;
  const state = found.manager === "systemd" ? "stopped" : "not-monitored";
  const next = withService(world, name, service, { ...rest, state });
  return record(isKubeletName(service) ? forget(next, name) : next, name, `${service} stopped`);
}

/** Stops a service so that nothing starts it again: `systemctl mask --runtime --now`, `monit unmonitor` and a stop. */
export function pauseService(world: World, name: string, service: string): World {
  const stopped = stopService(world, name, service);
  const found = nodeOf(stopped, name).services[service];
  return found === undefined ? stopped : withService(stopped, name, service, { ...found, isPaused: true });
}

/** Lets the managers try again what did not come up. */
export function tickServices(world: World, name: string): World {
  return Object.keys(nodeOf(world, name).services)
    .sort()
    .reduce((next, service) => {
      const found = nodeOf(next, name).services[service];
      const isDue = found?.state === "starting" && (found.retryAtMs ?? 0) <= next.timeMs;
      return isDue ? attempt(next, name, service) : next;
    }, world);
}

/** Replaces one service. */
export function withService(world: World, name: string, service: string, value: SimulatedService): World {
  return withNode(world, name, { services: { ...nodeOf(world, name).services, [service]: value } });
}

/** What the manager itself says about a service. */
export function describeService(service: SimulatedService): string {
  const words = service.manager === "systemd" ? systemdWords : monitWords;
  const why = service.state === "starting" && service.fault !== undefined ? `: ${service.fault}` : "";
  return `${words[service.state]}${service.isPaused && service.manager === "systemd" ? ", masked, masked-runtime" : ""}${why}`;
}

const systemdWords: Readonly<Record<SimulatedService["state"], string>> = {
  running: "active (running)",
  stopped: "inactive (dead)",
  failed: "failed (failed), exit-code, exit code 203",
  starting: "activating (auto-restart), exit-code, exit code 1",
  "not-monitored": "inactive (dead)",
};
const monitWords: Readonly<Record<SimulatedService["state"], string>> = {
  running: "running",
  stopped: "not monitored",
  failed: "Execution failed",
  starting: "initializing",
  "not-monitored": "not monitored",
};

function attempt(world: World, name: string, service: string): World {
  const found = nodeOf(world, name).services[service];
  if (found === undefined) return world;
  const missing = found.needs.find((other) => !isRunning(world, name, other));
  const { startedByClockMs: _started, retryAtMs: _retry, ...rest } = found;
  if (found.fault !== undefined || missing !== undefined) {
    // Units with Restart= go on trying; one whose program is not there ends as failed for systemd's start limit.
    const state = found.fault === undefined ? "starting" : "failed";
    const next = withService(world, name, service, { ...rest, state, retryAtMs: world.timeMs + retryMs });
    return record(next, name, `${service} could not start: ${found.fault ?? `${missing} does not run`}`);
  }
  const running = withService(world, name, service, {
    ...rest,
    state: "running",
    startedByClockMs: nodeTimeMs(world, name),
  });
  return record(isKubeletName(service) ? forget(running, name) : running, name, `${service} started`);
}

/** A kubelet that starts or ends knows nothing; what it misses it sees again. */
function forget(world: World, name: string): World {
  const { listedAtMs: _listed, ...kubelet } = nodeOf(world, name).kubelet;
  const empty = { ...kubelet, events: [], store: {}, fileKeys: {}, workers: {}, terminations: {}, backOffs: {} };
  return withKubelet(withNode(world, name, { kubelet: { ...empty, ignores: "nothing" } }), name, {});
}

function notFound(service: string): string {
  return `Unit ${service} not found.`;
}
