// The containers of a node: how the kubelet starts and stops them, and how they end by themselves or for want of another.

import { commandOf, containerFate, hostPathsOf, mountVolumes, programOf } from "./container-fate";
import { hasQuorum, startEtcd } from "./etcd-member";
import { containersIn, podIdentity } from "./manifest-files";
import {
  nodeOf,
  nodeTimeMs,
  record,
  type SimulatedContainer,
  type SimulatedNode,
  type World,
  withKubelet,
  withNode,
} from "./world";

// After a failed mount or pull the pod is tried again with the pod workers' back-off.
const stuckRetryMs = 10_000;
// The startup probe's first answer (kubeadm: initialDelaySeconds 10), before which no container of kubeadm is ready.
const readyAfterMs = 10_000;
// The API server drains its connections; seen in the lab. The others end within a second of the signal.
const apiServerStopMs = 31_000;
const otherStopMs = 1000;
// The liveness probe of kubeadm (8 failures, 10 s apart) ends an API server whose etcd is gone; one that starts gives up
// earlier; controller manager and scheduler end when their lease cannot be renewed (10 s).
const livenessMs = 90_000;
const apiServerStartMs = 20_000;
const leaseMs = 10_000;

/** The newest container of a pod by this name; undefined when there is none. */
export function latestContainer(node: SimulatedNode, uid: string, container: string): SimulatedContainer | undefined {
  const own = node.containers.filter((candidate) => candidate.uid === uid && candidate.name === container);
  return own.reduce<SimulatedContainer | undefined>((a, b) => (a === undefined || b.id > a.id ? b : a), undefined);
}

/** Starts one container of a pod that the kubelet has taken up. */
export function startContainer(world: World, name: string, uid: string, containerName: string): World {
  const worker = nodeOf(world, name).kubelet.workers[uid];
  const declared = worker && containersIn(worker.pod).find((container) => container.name === containerName);
  if (worker === undefined || declared === undefined) return world;
  const { paths, problem } = mountVolumes(nodeOf(world, name).files, worker.pod);
  const mounted = withNode(world, name, { files: paths });
  const fate =
    problem === undefined
      ? containerFate(nodeOf(mounted, name), worker.pod, declared)
      : ({ kind: "stuck", reason: "ContainerCreating", message: problem } as const);
  if (fate.kind === "stuck") {
    const stuck = { reason: fate.reason, message: fate.message };
    const next = { ...worker, stuck, retryAtMs: world.timeMs + stuckRetryMs };
    return withKubelet(mounted, name, { workers: { ...nodeOf(mounted, name).kubelet.workers, [uid]: next } });
  }
  const booted =
    fate.kind === "runs" && programOf(declared) === "etcd" ? startEtcd(mounted, name, declared) : { world: mounted };
  const node = nodeOf(booted.world, name);
  const older = latestContainer(node, uid, containerName);
  const identity = podIdentity(worker.pod);
  const base = {
    id: node.containerCount,
    uid,
    podName: `${identity.name}-${name}`,
    namespace: identity.namespace,
    name: containerName,
    attempt: older === undefined ? 0 : older.attempt + 1,
    startedAtMs: world.timeMs,
    createdByClockMs: nodeTimeMs(world, name),
    readyAfterMs,
    command: commandOf(declared),
    image: String(declared.image),
    hostPaths: hostPathsOf(worker.pod, declared),
  };
  const end = booted.exit ?? (fate.kind === "exits" ? fate : undefined);
  const container: SimulatedContainer =
    fate.kind === "start-error"
      ? {
          ...base,
          state: "exited",
          finishedAtMs: world.timeMs,
          exit: { atMs: world.timeMs, exitCode: 128, reason: "StartError", message: fate.message, isForWant: false },
        }
      : end === undefined
        ? { ...base, state: "running" }
        : {
            ...base,
            state: "running",
            exit: {
              atMs: world.timeMs + end.afterMs,
              exitCode: end.exitCode,
              reason: "Error",
              message: end.message,
              isForWant: false,
            },
          };
  // The kubelet keeps one dead container beside the newest (maximum-dead-containers-per-container).
  const kept = node.containers.filter((one) => one.uid !== uid || one.name !== containerName || one.id === older?.id);
  const started = withNode(booted.world, name, {
    containers: [...kept, container],
    containerCount: node.containerCount + 1,
  });
  const { stuck: _stuck, ...free } = worker;
  const freed = withKubelet(started, name, { workers: { ...nodeOf(started, name).kubelet.workers, [uid]: free } });
  const verb = fate.kind === "start-error" ? "could not start" : "started";
  return record(freed, name, `kubelet ${verb} container ${containerName} of ${base.podName}`);
}

/** Begins to end a pod; its containers are gone when they had the time that they take. */
export function stopPod(world: World, name: string, uid: string): World {
  const { kubelet, containers } = nodeOf(world, name);
  const running = containers.filter((container) => container.uid === uid && container.state === "running");
  const isApiServer = running.some((container) => container.command[0]?.endsWith("kube-apiserver") === true);
  const worker = kubelet.workers[uid];
  const any = containers.find((container) => container.uid === uid);
  const { [uid]: _gone, ...workers } = kubelet.workers;
  if (any === undefined) return withKubelet(world, name, { workers });
  const key = worker?.key ?? `${any.namespace}/${any.podName.slice(0, -(name.length + 1))}`;
  const endsAtMs = world.timeMs + (isApiServer ? apiServerStopMs : otherStopMs);
  const terminations = { ...kubelet.terminations, [uid]: { uid, key, endsAtMs } };
  return record(
    withKubelet(world, name, { workers, terminations }),
    name,
    `kubelet stops the old containers of ${key}`,
  );
}

/** Ends the containers that end by themselves. They do so whether the kubelet runs or not. */
export function tickContainers(world: World, name: string): World {
  return nodeOf(world, name)
    .containers.filter((container) => container.state === "running")
    .reduce((next, container) => tickContainer(next, name, container), world);
}

function tickContainer(world: World, name: string, container: SimulatedContainer): World {
  const due = container.exit ?? wantOf(world, name, container);
  if (due !== undefined && due.atMs > world.timeMs) {
    return container.exit === undefined
      ? replaceContainer(world, name, { ...container, exit: due })
      : keepWant(world, name, container);
  }
  if (due === undefined) return world;
  const ended = replaceContainer(world, name, { ...container, state: "exited", finishedAtMs: world.timeMs, exit: due });
  return record(ended, name, `container ${container.name} of ${container.podName} ended with ${due.exitCode}`);
}

/** Takes back an end that was due for want of something that has come back. */
function keepWant(world: World, name: string, container: SimulatedContainer): World {
  if (container.exit?.isForWant !== true || wantOf(world, name, container) !== undefined) return world;
  const { exit: _exit, ...living } = container;
  return replaceContainer(world, name, living);
}

function wantOf(world: World, name: string, container: SimulatedContainer): SimulatedContainer["exit"] | undefined {
  const program = container.command[0]?.split("/").at(-1);
  const ageMs = world.timeMs - container.startedAtMs;
  if (program === "kube-apiserver" && !hasQuorum(world, name)) {
    const afterMs = ageMs < apiServerStartMs ? apiServerStartMs - ageMs : livenessMs;
    const message =
      '"command failed" err="problem initializing API group: context deadline exceeded: dial tcp 127.0.0.1:2379"';
    return { atMs: world.timeMs + afterMs, exitCode: 1, reason: "Error", message, isForWant: true };
  }
  const needsApi = program === "kube-controller-manager" || program === "kube-scheduler";
  if (!needsApi || hasRunningApiServer(nodeOf(world, name))) return undefined;
  const message = '"command failed" err="leaderelection lost"';
  return { atMs: world.timeMs + leaseMs, exitCode: 1, reason: "Error", message, isForWant: true };
}

/** Does this node's API server run? kubeadm points controller manager and scheduler to the one of their own node. */
export function hasRunningApiServer(node: SimulatedNode): boolean {
  return node.containers.some(
    (container) => container.state === "running" && container.command[0]?.endsWith("kube-apiserver") === true,
  );
}

function replaceContainer(world: World, name: string, container: SimulatedContainer): World {
  const containers = nodeOf(world, name).containers.map((one) => (one.id === container.id ? container : one));
  return withNode(world, name, { containers });
}
