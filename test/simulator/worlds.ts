// Worlds and declarations for tests: the kubeadm control plane of the demo stack, of as many nodes as wanted.

import * as path from "node:path";
import { type ControlPlaneDeclaration, controlPlaneSchema } from "../../src/model/declaration";
import type { JsonObject } from "../../src/model/json";
import { createWorld, type KubeadmNode, kubeadmTopology, readPodFolder, type World } from "../../src/simulator";

const manifestFolder = path.join(__dirname, "../../stacks/demo/manifests");

/** Nodes cp-0, cp-1, ... with the Pods of the demo stack. */
export function kubeadmNodes(count: number): readonly KubeadmNode[] {
  return Array.from({ length: count }, (_, index) => {
    const values = { name: `cp-${index}`, address: `10.0.0.${11 + index}` };
    return { ...values, pods: readPodFolder(manifestFolder, values) };
  });
}

// Worlds are values that nobody changes, so one of each kind serves every test.
const made = new Map<string, World>();

/** A healthy kubeadm world. */
export function kubeadmWorld(count = 3, seed = "test"): World {
  const key = `${count} ${seed}`;
  const world = made.get(key) ?? createWorld(kubeadmTopology(kubeadmNodes(count)), seed);
  made.set(key, world);
  return world;
}

const declared = new Map<number, ControlPlaneDeclaration>();

/** What a program would declare for that world. Read once: properties ask for it again in every case. */
export function kubeadmDeclaration(count = 3): ControlPlaneDeclaration {
  const known = declared.get(count) ?? readDeclaration(count);
  declared.set(count, known);
  return known;
}

function readDeclaration(count: number): ControlPlaneDeclaration {
  const nodes = kubeadmNodes(count).map(({ name, pods }) => [
    name,
    {
      access: { kind: "simulated", world: "world.json" },
      staticPods: Object.fromEntries(pods.map((pod) => [(pod.metadata as JsonObject).name, pod])),
      services: { kubelet: {}, containerd: {} },
    },
  ]);
  return controlPlaneSchema.parse({ nodes: Object.fromEntries(nodes) });
}
