// Has a pod proved itself since its manifest was written? Asked before anything else is changed, so that a declaration that
// does not work, or a kubelet that is slow, is never found out on all nodes at once.

import { containersOf, type NodeObservation, type ObservedNode } from "../model/node-observation";

/**
 * How long a pod has to run from a manifest that was just written before anything else is changed, seconds, where the
 * kubelet's own readiness is not known: an API server that does not find its etcd ends after 20.
 */
export const provenAfterSeconds = 30;

/** Do containers made since the manifest was written run, and are they ready or have run for long enough? */
export function hasProved(node: ObservedNode, podName: string, fileName: string): boolean {
  if (node.manifests.kind === "unknown" || node.host.kind === "unknown") return false;
  const nowSeconds = node.host.value.timeSeconds;
  const file = node.manifests.value.find((candidate) => candidate.fileName === fileName);
  const newest = new Map([...containersOf(node, podName)].reverse().map((container) => [container.name, container]));
  if (file === undefined || newest.size === 0) return false;
  return [...newest.values()].every((container) => {
    // Whole seconds of a runtime against fractions of a file system.
    const isNew = (container.createdAtSeconds ?? 0) >= Math.floor(file.modifiedAtSeconds);
    const startedAt = container.startedAtSeconds ?? container.createdAtSeconds ?? nowSeconds;
    const hasLasted = container.ready === undefined && nowSeconds - startedAt >= provenAfterSeconds;
    return isNew && container.state === "running" && (container.ready === true || hasLasted);
  });
}

/** Does the pod run on that node? A node that does not answer is taken to run it: nothing there may be lost. */
export function isPodRunning(observations: readonly NodeObservation[], node: string, podName: string): boolean {
  const observation = observations.find((candidate) => candidate.node === node);
  if (observation?.kind !== "observed") return true;
  const containers = containersOf(observation, podName);
  return containers.length > 0 && containers[0]?.state === "running";
}
