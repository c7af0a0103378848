// What a probe of a simulated node would see: the same NodeObservation that the real probe's parsers make.

import type {
  ContainerObservation,
  ContainersObservation,
  EtcdDataObservation,
  HostObservation,
  Leftover,
  ManifestFile,
  NodeObservation,
  Section,
  ServiceObservation,
} from "../model/node-observation";
import { nodeObservationVersion, seen, unknown } from "../model/node-observation";
import { hasRuntime } from "./advance";
import { hasRunningApiServer, latestContainer } from "./containers";
import { hasQuorum } from "./etcd-member";
import { containersIn } from "./manifest-files";
import { emptyDirectoriesIn } from "./paths";
import { describeService, isKubeletName, isKubeletRunning } from "./services";
import {
  nodeNames,
  nodeOf,
  nodeTimeMs,
  type SectionName,
  type SimulatedContainer,
  type SimulatedNode,
  type World,
} from "./world";

// What a kubelet under load took in the lab, and kubeadm's periodSeconds.
const probesSetUpAfterMs = 3_000;
const startupProbePeriodMs = 10_000;

/** Services that a probe asks for: name -> manager. */
export type AskedServices = Readonly<Record<string, { readonly manager: "systemd" | "monit" }>>;

/** Observes one node; changes nothing. Without `asked` every service of the node is told. */
export function observeNode(world: World, name: string, asked?: AskedServices): NodeObservation {
  const node = nodeOf(world, name);
  const header = { schemaVersion: nodeObservationVersion, node: name } as const;
  if (node.link.kind === "down") {
    return { ...header, kind: "unreachable", level: node.link.level, message: node.link.message };
  }
  if (node.power === "off") {
    const message = `ssh: connect to host ${node.address} port 22: No route to host`;
    return { ...header, kind: "unreachable", level: "connect", message };
  }
  const section = <T>(key: SectionName, value: () => Section<T>) => {
    const reason = node.unseen[key];
    return reason === undefined ? value() : unknown(reason);
  };
  const etcdData = section("etcdData", () => observeEtcdData(world, name));
  return {
    ...header,
    kind: "observed",
    host: section("host", () => seen(observeHost(world, name))),
    manifests: section("manifests", () => seen(observeManifests(world, name))),
    containers: section("containers", () => observeContainers(world, name)),
    services: section("services", () => seen(observeServices(world, name, asked))),
    ...(node.etcdData === undefined ? {} : { etcdData }),
    leftovers: section("leftovers", () => seen(observeLeftovers(world, name))),
  };
}

const seconds = (ms: number) => Math.floor(ms / 1000);

function observeHost(world: World, name: string): HostObservation {
  const node = nodeOf(world, name);
  const { script } = node;
  const bootId = `00000000-0000-4000-8000-${String(node.bootCount).padStart(12, "0")}`;
  const lock = script && {
    holder: script.holder,
    host: script.host,
    since: new Date(script.sinceMs + node.clockSkewMs).toISOString(),
    step: script.title,
  };
  const host = { hostName: name, kubeletNodeName: name, timeSeconds: seconds(nodeTimeMs(world, name)), bootId };
  return lock === undefined ? host : { ...host, lock };
}

function observeManifests(world: World, name: string): ManifestFile[] {
  const { manifests } = nodeOf(world, name);
  return Object.keys(manifests)
    .sort()
    .flatMap((fileName) => {
      const file = manifests[fileName];
      if (file === undefined || fileName.startsWith(".")) return [];
      const { owner, mode, content, modifiedAtMs } = file;
      return [
        {
          fileName,
          owner,
          mode,
          modifiedAtSeconds: seconds(modifiedAtMs),
          content: content as ManifestFile["content"],
        },
      ];
    });
}

function observeContainers(world: World, name: string): Section<ContainersObservation> {
  const node = nodeOf(world, name);
  if (!hasRuntime(world, name)) {
    return unknown(
      "the container runtime does not answer: dial unix /run/containerd/containerd.sock: connect: connection refused",
    );
  }
  // The kubelet asks the API server whether we may ask; without one, and without a kubelet, readiness stays unknown.
  const hasApi = nodeNames(world).some((peer) => hasRunningApiServer(nodeOf(world, peer)));
  const isAsked = isKubeletRunning(world, name) && hasApi;
  const skipped = isAsked
    ? []
    : [`the kubelet's API refused: ${hasApi ? "connection refused" : "no API server to authorise"}`];
  const made = node.containers.map((container) => observeContainer(world, name, container, isAsked));
  const stuck = Object.values(node.kubelet.workers).flatMap((worker) =>
    worker.stuck === undefined || !isAsked ? [] : [stuckContainer(worker.key, name, worker.stuck)],
  );
  return seen({ source: "simulator", skipped, containers: [...made, ...stuck].sort(byPodThenAge) });
}

function observeContainer(
  world: World,
  name: string,
  container: SimulatedContainer,
  isKubeletAsked: boolean,
): ContainerObservation {
  const node = nodeOf(world, name);
  const base = {
    pod: container.podName,
    namespace: container.namespace,
    name: container.name,
    restartCount: container.attempt,
    createdAtSeconds: seconds(container.createdByClockMs),
    command: [...container.command],
    image: container.image,
    hostPaths: [...container.hostPaths],
  };
  if (container.state === "running") {
    const ready = isReady(world, name, container);
    return {
      ...base,
      state: "running",
      startedAtSeconds: seconds(container.createdByClockMs),
      ...(isKubeletAsked ? { ready } : {}),
    };
  }
  const { exitCode, reason, message } = container.exit ?? { exitCode: 255, reason: "Unknown", message: "" };
  const isLatest = latestContainer(node, container.uid, container.name)?.id === container.id;
  const isWaiting =
    isKubeletAsked && isLatest && node.kubelet.backOffs[`${container.uid}/${container.name}`] !== undefined;
  const state = isWaiting
    ? ({ state: "waiting", reason: "CrashLoopBackOff" } as const)
    : ({ state: "exited", reason } as const);
  return { ...base, ...state, message, exitCode, ...(isKubeletAsked ? { ready: false } : {}) };
}

function stuckContainer(key: string, name: string, stuck: { reason: string; message: string }): ContainerObservation {
  const [namespace = "default", pod = ""] = key.split("/");
  return { pod: `${pod}-${name}`, namespace, name: pod, state: "waiting", ready: false, ...stuck };
}

function isReady(world: World, name: string, container: SimulatedContainer): boolean {
  if (world.timeMs - container.startedAtMs < container.readyAfterMs || container.exit !== undefined) return false;
  const unprobed = sayUnprobed(nodeOf(world, name), nodeTimeMs(world, name), container);
  if (unprobed !== undefined) return unprobed;
  const program = container.command[0]?.split("/").at(-1);
  return program === "kube-apiserver" || program === "etcd" ? hasQuorum(world, name) : true;
}

// A kubelet that has just started calls a container that it found running ready until it has set its startup probe up, and
// then not ready until that has passed. Source: kubernetes pkg/kubelet/prober/prober_manager.go, UpdatePodStatus.
function sayUnprobed(node: SimulatedNode, nowMs: number, container: SimulatedContainer): boolean | undefined {
  const worker = node.kubelet.workers[container.uid];
  const declared = worker && containersIn(worker.pod).find(({ name }) => name === container.name);
  const kubelet = Object.entries(node.services).find(([service]) => isKubeletName(service))?.[1];
  const startedByClockMs = kubelet?.startedByClockMs ?? 0;
  if (declared?.startupProbe === undefined || container.createdByClockMs >= startedByClockMs) return undefined;
  const runsForMs = nowMs - startedByClockMs;
  if (runsForMs < probesSetUpAfterMs) return true;
  return runsForMs < probesSetUpAfterMs + startupProbePeriodMs ? false : undefined;
}

function observeServices(world: World, name: string, asked?: AskedServices): ServiceObservation[] {
  const { services } = nodeOf(world, name);
  return Object.keys(asked ?? services)
    .sort()
    .map((service): ServiceObservation => {
      const found = services[service];
      if (found === undefined) return missingService(service, asked?.[service]?.manager ?? "systemd");
      const { manager, state, isPaused: paused, startedByClockMs } = found;
      const base = { name: service, manager, state, detail: describeService(found), paused };
      return startedByClockMs === undefined ? base : { ...base, startedAtSeconds: seconds(startedByClockMs) };
    });
}

function missingService(name: string, manager: "systemd" | "monit"): ServiceObservation {
  const detail = manager === "systemd" ? `Unit ${name} could not be found.` : `There is no service named "${name}"`;
  return { name, manager, state: "missing", detail, paused: false };
}

function observeEtcdData(world: World, name: string): Section<EtcdDataObservation> {
  const data = nodeOf(world, name).etcdData;
  if (data === undefined) return unknown("no etcd on this node");
  const details = {
    present: "member/wal and member/snap/db are there",
    empty: "neither member/wal/*.wal nor member/snap/db is there",
    missing: "there is no such directory",
  } as const;
  return seen({ directory: data.directory, state: data.state, detail: details[data.state] });
}

function observeLeftovers(world: World, name: string): Leftover[] {
  const { files, staged, manifests, manifestDirectory } = nodeOf(world, name);
  const parent = manifestDirectory.slice(0, manifestDirectory.lastIndexOf("/"));
  // What a manifest mentions, right or wrong, is in use and no leftover.
  const mentioned = JSON.stringify(Object.values(manifests).map((file) => file.content));
  const directories = emptyDirectoriesIn(files, parent).filter(
    (path) => path !== manifestDirectory && !mentioned.includes(path),
  );
  return [
    ...directories.map((path): Leftover => ({ kind: "empty-directory", path })),
    ...Object.keys(staged).map((path): Leftover => ({ kind: "staged-file", path })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function byPodThenAge(a: ContainerObservation, b: ContainerObservation): number {
  if (a.pod !== b.pod) return a.pod < b.pod ? -1 : 1;
  return (b.createdAtSeconds ?? 0) - (a.createdAtSeconds ?? 0);
}
