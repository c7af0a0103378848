// The nodes of a kubeadm drill and what is declared of them.

import * as path from "node:path";
import { type ControlPlaneDeclaration, controlPlaneSchema } from "../../model/declaration";
import { inputError } from "../../model/errors";
import { packageFolder } from "../../model/package-folder";
import { readPodFolder } from "../pod-folder";
import type { KubeadmDrillScenario } from "./kubeadm-drill-scenario";

const manifests = path.join(packageFolder, "stacks/demo/manifests");

/** Nodes cp-0, cp-1, ... with the Pods of the demo stack. */
export function declareNodes(count: number) {
  return Array.from({ length: count }, (_, index) => {
    const values = { name: `cp-${index}`, address: `10.0.0.${11 + index}` };
    return { ...values, pods: readPodFolder(manifests, values) };
  });
}

/** What a program would declare for them. */
export function declarationOf(
  declared: ReturnType<typeof declareNodes>,
  containerStart: number,
): ControlPlaneDeclaration {
  const nodes = declared.map(({ name, pods }) => [
    name,
    {
      access: { kind: "simulated", world: "drill" },
      staticPods: Object.fromEntries(pods.map((pod) => [(pod.metadata as { name: string }).name, pod])),
      services: { kubelet: {}, containerd: {} },
    },
  ]);
  return controlPlaneSchema.parse({
    nodes: Object.fromEntries(nodes),
    containerStartTimeoutSeconds: Math.ceil(containerStart),
  });
}

/** @throws RecoveryError "input" for nodes that the drill does not have. */
export function checkNodes({ name, faults, operator }: KubeadmDrillScenario, nodes: readonly string[]): void {
  const named = [
    ...faults.map(({ fault }, index) => [`faults.${index}.fault.node`, fault.node] as const),
    ...operator.flatMap(({ action }, index) =>
      "node" in action ? [[`operator.${index}.action.node`, action.node] as const] : [],
    ),
  ];
  const problems = named
    .filter(([, node]) => !nodes.includes(node))
    .map(([at, node]) => `${at}: there is no node ${node}`);
  if (problems.length > 0)
    throw inputError(`the drill ${name} cannot be played`, { problems, hint: `its nodes are ${nodes.join(", ")}` });
}
