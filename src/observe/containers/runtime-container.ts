// One container as its runtime knows it, whichever tool told of it, and the rules that are the same for all tools.

import type { ContainerObservation } from "../../model/node-observation";

/** A container as the runtime knows it. */
export interface RuntimeContainer {
  readonly id: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly name: string;
  /** 0 for the first of its pod, one more for each restart. */
  readonly attempt: number;
  readonly state: ContainerObservation["state"];
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly createdAtSeconds?: number | undefined;
  readonly startedAtSeconds?: number | undefined;
  readonly command?: string[] | undefined;
  readonly image?: string | undefined;
  readonly hostPaths?: string[] | undefined;
}

/** The labels that the kubelet gives to every container. */
export const labels = {
  pod: "io.kubernetes.pod.name",
  namespace: "io.kubernetes.pod.namespace",
  uid: "io.kubernetes.pod.uid",
  container: "io.kubernetes.container.name",
} as const;

// Mounts that the kubelet and the runtime add to every container: /etc/hosts, resolv.conf, /dev/shm, service account tokens.
const addedMounts =
  /^\/(var\/lib\/kubelet\/pods|var\/lib\/containerd|run\/containerd|var\/lib\/containers|run\/containers)\//;

/** Of the sources of a container's mounts those that are hostPath volumes, sorted. */
export function hostPathsAmong(sources: readonly string[]): string[] {
  return [...new Set(sources.filter((source) => source.startsWith("/") && !addedMounts.test(source)))].sort();
}

/** The reason that the kubelet would give for an ended container to which the runtime gives none. */
export function endReason(reason: string | undefined, exitCode: number | undefined): string {
  return reason ?? (exitCode === 0 ? "Completed" : "Error");
}
