// What the kubelet does about the static pods that it knows: it ends those that are gone or changed, starts the new ones
// once the old are gone, and restarts containers with a growing delay. Source: kubernetes pkg/kubelet/pod_workers.go.

import { latestContainer, startContainer, stopPod } from "./containers";
import { containersIn, podIdentity, readablePod } from "./manifest-files";
import { createPrng } from "./prng";
import { nodeOf, record, type SimulatedKubelet, type World, withKubelet, withNode, without } from "./world";

type Worker = SimulatedKubelet["workers"][string];

// initialCrashLoopBackOff and MaxContainerBackOff; a container that ran for ten minutes starts anew.
// Source: kubernetes pkg/kubelet/kubelet.go.
const backOffInitialMs = 10_000;
const backOffMaxMs = 300_000;
const backOffForgottenAfterMs = 600_000;

// A pod that has to wait for its predecessor is tried again after 10 to 15 seconds (backOffPeriod with a jitter of 0.5).
const retryMinSeconds = 10;
const retryMaxSeconds = 15;

/** Acts on the pods that the kubelet knows and on the containers that ended. */
export function tickPods(world: World, name: string): World {
  const ended = endTerminations(world, name);
  const dismissed = dismissWorkers(ended, name);
  return startWorkers(dismissed, name);
}

function endTerminations(world: World, name: string): World {
  const due = Object.values(nodeOf(world, name).kubelet.terminations).filter((one) => one.endsAtMs <= world.timeMs);
  return due.reduce((next, termination) => {
    const node = nodeOf(next, name);
    const containers = node.containers.filter((container) => container.uid !== termination.uid);
    const kubelet = { ...node.kubelet, terminations: without(node.kubelet.terminations, termination.uid) };
    const emptied = withNode(next, name, { containers, kubelet });
    return record(emptied, name, `kubelet removed the old containers of ${termination.key}`);
  }, world);
}

/** Ends every pod that runs and is not known any more, those too that an earlier run of the kubelet started. */
function dismissWorkers(world: World, name: string): World {
  const { kubelet, containers } = nodeOf(world, name);
  const known = new Set(Object.values(kubelet.store).map((entry) => entry.uid));
  const present = [...new Set([...Object.keys(kubelet.workers), ...containers.map((container) => container.uid)])];
  const gone = present.filter((uid) => !known.has(uid) && kubelet.terminations[uid] === undefined);
  return gone.sort().reduce((next, uid) => stopPod(next, name, uid), world);
}

function startWorkers(world: World, name: string): World {
  const { kubelet } = nodeOf(world, name);
  return Object.keys(kubelet.store)
    .sort()
    .reduce((next, key) => startWorker(next, name, key), world);
}

function startWorker(world: World, name: string, key: string): World {
  const node = nodeOf(world, name);
  const entry = node.kubelet.store[key];
  if (entry === undefined) return world;
  const worker = node.kubelet.workers[entry.uid];
  if (worker === undefined) return admitWorker(world, name, key, entry);
  if (worker.retryAtMs > world.timeMs) return world;
  const isBlocked = Object.values(node.kubelet.terminations).some((one) => one.key === key);
  if (isBlocked || node.kubelet.ignores === "starts") {
    return withWorker(world, name, { ...worker, retryAtMs: world.timeMs + retryDelayMs(world, name, worker) });
  }
  return containersIn(worker.pod).reduce((next, container) => {
    return syncContainer(next, name, entry.uid, String(container.name));
  }, world);
}

function admitWorker(world: World, name: string, key: string, entry: { fileName: string; uid: string }): World {
  const file = nodeOf(world, name).manifests[entry.fileName];
  const pod = file === undefined ? undefined : readablePod(file);
  if (pod === undefined) return world;
  const worker: Worker = { uid: entry.uid, key, fileName: entry.fileName, pod, retryAtMs: world.timeMs };
  const next = withWorker(world, name, worker);
  const isAdopted = nodeOf(world, name).containers.some((container) => container.uid === entry.uid);
  if (isAdopted) return next;
  return startWorker(record(next, name, `kubelet took up ${podIdentity(pod).name} from ${entry.fileName}`), name, key);
}

function syncContainer(world: World, name: string, uid: string, container: string): World {
  const node = nodeOf(world, name);
  const latest = latestContainer(node, uid, container);
  if (latest === undefined) return startContainer(world, name, uid, container);
  if (latest.state === "running") return world;
  const key = `${uid}/${container}`;
  const backOff = node.kubelet.backOffs[key];
  const isForgotten = backOff === undefined || world.timeMs - backOff.touchedAtMs > backOffForgottenAfterMs;
  if (!isForgotten && world.timeMs - (latest.finishedAtMs ?? 0) < backOff.delayMs) return world;
  const delayMs = isForgotten ? backOffInitialMs : Math.min(backOff.delayMs * 2, backOffMaxMs);
  const backOffs = { ...node.kubelet.backOffs, [key]: { delayMs, touchedAtMs: world.timeMs } };
  return startContainer(withKubelet(world, name, { backOffs }), name, uid, container);
}

function withWorker(world: World, name: string, worker: Worker): World {
  const { workers } = nodeOf(world, name).kubelet;
  return withKubelet(world, name, { workers: { ...workers, [worker.uid]: worker } });
}

function retryDelayMs(world: World, name: string, worker: Worker): number {
  const prng = createPrng(world.seed).fork(`retry ${name} ${worker.uid} ${world.timeMs}`);
  return prng.integer(retryMinSeconds, retryMaxSeconds) * 1000;
}
