// Makes a healthy world: every node up, every manifest in place, every container running for an hour.

import { inputError } from "../model/errors";
import type { JsonObject } from "../model/json";
import { advance } from "./advance";
import { commandOf, flagOf, programOf } from "./container-fate";
import { containersIn, kubeadmManifestMode, kubeadmManifestOwner, podIdentity } from "./manifest-files";
import { createPrng } from "./prng";
import type { SimulatedNode, World } from "./world";
import { worldVersion } from "./world-schema";

/** One node of a topology. */
export interface NodeTopology {
  /** Its name; the kubelet's name of it too. */
  readonly name: string;
  readonly address: string;
  /** What is in its manifest directory, as on disk: an etcd Pod with its membership flags. */
  readonly pods: readonly JsonObject[];
  /** Files of the node that its pods read, absolute paths. */
  readonly files: readonly string[];
  /** Empty directories. */
  readonly directories: readonly string[];
  /** Image name -> absolute paths of its executables. */
  readonly images: Readonly<Record<string, readonly string[]>>;
  /** Service name -> what watches it and what it cannot start without. */
  readonly services: Readonly<
    Record<string, { readonly manager: "systemd" | "monit"; readonly needs: readonly string[] }>
  >;
}

/** Nodes of one control plane. */
export interface Topology {
  readonly manifestDirectory: string;
  readonly nodes: readonly NodeTopology[];
}

// Any instant will do, but the same one each time: 2026-01-01 00:00 UTC.
const startMs = Date.UTC(2026, 0, 1);
// Long enough for every container to be ready and for back-offs of the start to be forgotten.
const settleSeconds = 3600;

/** Makes a world in which all is well. The same topology and seed give the same world. */
export function createWorld(topology: Topology, seed: string): World {
  const names = topology.nodes.map((node) => node.name);
  if (new Set(names).size !== names.length) throw inputError(`two nodes have the same name: ${names.join(", ")}`);
  const clusterId = createPrng(seed)
    .fork("cluster")
    .integer(1, 2 ** 48)
    .toString(16);
  const nodes = topology.nodes.map((node) => [node.name, createNode(node, topology, clusterId)] as const);
  const world: World = {
    version: worldVersion,
    seed,
    timeMs: startMs,
    nodes: Object.fromEntries(nodes),
    interruptions: [],
    incidents: [],
    trace: { digest: "", count: 0, recent: [] },
  };
  return advance(world, settleSeconds);
}

function createNode(node: NodeTopology, topology: Topology, clusterId: string): SimulatedNode {
  const members = topology.nodes.filter((peer) => etcdContainer(peer.pods) !== undefined);
  const etcd = etcdContainer(node.pods);
  const directory = etcd === undefined ? undefined : (flagOf(etcd, "--data-dir") ?? "/var/lib/etcd");
  const data = { state: "present", clusterId, clusterSize: members.length } as const;
  const files = [
    ...node.files.map((path) => [path, { kind: "file", isEmpty: false }] as const),
    ...node.directories.map((path) => [path, { kind: "directory" }] as const),
  ];
  return {
    address: node.address,
    power: "on",
    bootCount: 1,
    link: { kind: "up" },
    clockSkewMs: 0,
    manifestDirectory: topology.manifestDirectory,
    manifests: Object.fromEntries(
      node.pods.map((pod) => [
        `${podIdentity(pod).name}.yaml`,
        {
          owner: kubeadmManifestOwner,
          mode: kubeadmManifestMode,
          modifiedAtMs: startMs,
          content: { kind: "pod", pod },
        },
      ]),
    ),
    staged: {},
    archive: {},
    files: Object.fromEntries(files),
    images: Object.entries(node.images).map(([name, executables]) => ({ name, executables })),
    containers: [],
    containerCount: 0,
    kubelet: { events: [], store: {}, fileKeys: {}, workers: {}, terminations: {}, backOffs: {}, ignores: "nothing" },
    services: Object.fromEntries(
      Object.entries(node.services).map(([service, { manager, needs }]) => [
        service,
        { manager, needs, state: "running", isPaused: false, isEnabled: true, startedByClockMs: startMs },
      ]),
    ),
    ...(directory === undefined ? {} : { etcdData: { directory, ...data } }),
    unseen: {},
  };
}

function etcdContainer(pods: readonly JsonObject[]): JsonObject | undefined {
  return pods
    .flatMap(containersIn)
    .find((container) => programOf(container) === "etcd" && commandOf(container).length > 0);
}
