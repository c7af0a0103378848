// Does a static pod run what its manifest says? Decided from one observation alone, by the node's own clock, so that the
// answer is the same after a crash of the operator's machine.

import { isJsonList, isJsonObject, type JsonObject } from "../model/json";
import {
  type ContainerObservation,
  containersOf,
  type ManifestFile,
  type ObservedNode,
} from "../model/node-observation";

/** How long a container has to run before it counts as running, in seconds: one that cannot read its configuration ends within two. */
const settledAfterSeconds = 5;

/**
 * How long a kubelet that has just started takes to set its probes up, in seconds. Before that it calls every container that
 * runs ready, then none until its probe has answered. Source: kubernetes pkg/kubelet/prober/prober_manager.go, UpdatePodStatus.
 */
const kubeletSettledAfterSeconds = 10;

/** What is known about the containers of one static pod. */
export type PodHealth =
  | { readonly kind: "running" }
  /** Not yet: the kubelet still has `remainingSeconds` to bring it up. */
  | { readonly kind: "pending"; readonly remainingSeconds: number; readonly reason: string }
  /** The kubelet has not acted on the manifest in time and was not restarted since it was written. */
  | { readonly kind: "ignored"; readonly reason: string }
  /** The kubelet acted; the container does not run. */
  | { readonly kind: "failing"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

/** The health of one static pod whose manifest is `file` and holds `pod`. */
export function judgePod(node: ObservedNode, pod: JsonObject, file: ManifestFile, timeoutSeconds: number): PodHealth {
  if (node.containers.kind === "unknown") return { kind: "unknown", reason: node.containers.reason };
  if (node.host.kind === "unknown") return { kind: "unknown", reason: node.host.reason };
  const observed = containersOf(node, podName(pod));
  // What runs is compared with the file, which the kubelet reads: it holds etcd's membership flags, the declaration does not.
  const onDisk = file.content.kind === "pod" ? file.content.pod : pod;
  const now = node.host.value.timeSeconds;
  const kubeletStartedAt = kubeletStart(node);
  const verdicts = declaredContainers(onDisk).map((container) => {
    const newest = newestOf(observed, container);
    const verdict = judgeContainer(onDisk, container, newest, file, now);
    const isProbed = newest === undefined || isProbedAgain(container, newest, kubeletStartedAt, now, timeoutSeconds);
    if (verdict.kind !== "running" || isProbed) return verdict;
    const reason = `the kubelet has just started and has yet to probe container ${newest.name}`;
    return { kind: "failing" as const, reason, since: kubeletStartedAt };
  });
  const bad = verdicts.find((verdict) => verdict.kind !== "running");
  if (bad === undefined) return { kind: "running" };
  const waitingSince = Math.max(file.modifiedAtSeconds, kubeletStartedAt, ...verdicts.map((verdict) => verdict.since));
  const remainingSeconds = Math.min(timeoutSeconds, Math.ceil(waitingSince + timeoutSeconds - now));
  if (remainingSeconds > 0) return { kind: "pending", remainingSeconds, reason: bad.reason };
  const isIgnored =
    verdicts.some((verdict) => verdict.kind === "ignored") && kubeletStartedAt <= file.modifiedAtSeconds;
  return isIgnored ? { kind: "ignored", reason: bad.reason } : { kind: "failing", reason: bad.reason };
}

/**
 * What the containers of a static pod say for themselves where they do not run; undefined when all of them run. With the
 * Pod at hand only its own containers count: an init container that has ended has done its work.
 */
export function podEvidence(node: ObservedNode, name: string, pod?: JsonObject): string | undefined {
  const own = pod === undefined ? undefined : new Set(declaredContainers(pod).map((container) => container.name));
  const newest = new Map<string, ContainerObservation>();
  for (const container of containersOf(node, name)) {
    if ((own === undefined || own.has(container.name)) && !newest.has(container.name))
      newest.set(container.name, container);
  }
  const stopped = [...newest.values()].filter((container) => container.state !== "running");
  return stopped.length === 0 ? undefined : stopped.map(describeState).join("; ");
}

/** The name of a Pod. */
export function podName(pod: JsonObject): string {
  return isJsonObject(pod.metadata) && typeof pod.metadata.name === "string" ? pod.metadata.name : "";
}

interface ContainerVerdict {
  readonly kind: "running" | "ignored" | "failing";
  readonly reason: string;
  /** When it came into this state, as far as that restarts the clock; 0 when it does not. */
  readonly since: number;
}

function judgeContainer(
  pod: JsonObject,
  declared: JsonObject,
  observed: ContainerObservation | undefined,
  file: ManifestFile,
  nowSeconds: number,
): ContainerVerdict {
  const name = String(declared.name);
  if (observed === undefined) return { kind: "ignored", reason: `container ${name} does not exist`, since: 0 };
  const isOlder = (observed.createdAtSeconds ?? Number.POSITIVE_INFINITY) < file.modifiedAtSeconds;
  // Age alone does not tell: a kubelet that missed the change goes on making containers from the manifest it knows.
  const outdated = outdatedBecause(pod, declared, observed);
  if (observed.state !== "running") {
    // A container that ended before the manifest was written says nothing about the manifest.
    const isOther = isOlder || outdated !== undefined;
    return { kind: isOther ? "ignored" : "failing", reason: describeState(observed), since: 0 };
  }
  if (outdated !== undefined) return { kind: "ignored", reason: outdated, since: 0 };
  if (observed.ready === true) return { kind: "running", reason: "", since: 0 };
  const startedAt = observed.startedAtSeconds ?? observed.createdAtSeconds ?? 0;
  if (observed.ready === false)
    return { kind: "failing", reason: `container ${name} runs but is not ready`, since: startedAt };
  if (nowSeconds - startedAt >= settledAfterSeconds) return { kind: "running", reason: "", since: 0 };
  return { kind: "failing", reason: `container ${name} has just started`, since: startedAt };
}

/** Has the kubelet had the time to learn whether a container that is older than itself is ready? */
function isProbedAgain(
  declared: JsonObject,
  observed: ContainerObservation,
  kubeletStartedAt: number,
  nowSeconds: number,
  timeoutSeconds: number,
): boolean {
  const probes = [declared.startupProbe, declared.readinessProbe].filter(isJsonObject);
  const startedAt = observed.startedAtSeconds ?? observed.createdAtSeconds ?? 0;
  // A kubelet that started in the future was there before the clock was set back.
  if (probes.length === 0 || startedAt > kubeletStartedAt || kubeletStartedAt > nowSeconds) return true;
  // 10 is the period of a probe that names none.
  const periods = probes.map(({ periodSeconds }) => (typeof periodSeconds === "number" ? periodSeconds : 10));
  const settledAfter = Math.min(kubeletSettledAfterSeconds + Math.max(...periods), timeoutSeconds);
  return nowSeconds >= kubeletStartedAt + settledAfter;
}

/** Why a container is not what the manifest says; undefined when nothing observed contradicts it. */
function outdatedBecause(pod: JsonObject, declared: JsonObject, observed: ContainerObservation): string | undefined {
  if (isOtherCommand(declared, observed)) {
    return `container ${observed.name} still runs an older command than its manifest has`;
  }
  if (
    observed.image !== undefined &&
    declared.image !== undefined &&
    !isSameImage(String(declared.image), observed.image)
  ) {
    return `container ${observed.name} still runs image ${observed.image}`;
  }
  const unmounted = hostPathsOf(pod, declared).find((path) => observed.hostPaths?.includes(path) === false);
  if (unmounted !== undefined) return `container ${observed.name} still runs without ${unmounted} mounted`;
  return undefined;
}

// Without a declared command the image's entry point comes first, and $(NAME) stands for the value of a variable: in both
// cases what runs is right and reads otherwise.
function isOtherCommand(declared: JsonObject, observed: ContainerObservation): boolean {
  if (observed.command === undefined || !isJsonList(declared.command)) return false;
  const words = [declared.command, declared.args].flatMap((list) => (isJsonList(list) ? list.map(String) : []));
  return !words.some((word) => word.includes("$(")) && words.join("\0") !== observed.command.join("\0");
}

/** The host's paths that a declared container mounts whole. */
function hostPathsOf(pod: JsonObject, declared: JsonObject): readonly string[] {
  const volumes = isJsonObject(pod.spec) && isJsonList(pod.spec.volumes) ? pod.spec.volumes.filter(isJsonObject) : [];
  const mounts = isJsonList(declared.volumeMounts) ? declared.volumeMounts.filter(isJsonObject) : [];
  return mounts.flatMap((mount) => {
    const volume = mount.subPath === undefined ? volumes.find((candidate) => candidate.name === mount.name) : undefined;
    const path = isJsonObject(volume?.hostPath) ? volume.hostPath.path : undefined;
    return typeof path === "string" ? [path.replace(/(?<=.)\/+$/, "")] : [];
  });
}

// The runtime may answer with an image id or digest, which says nothing about the tag.
function isSameImage(declared: string, observed: string): boolean {
  return (
    observed.startsWith("sha256:") || observed.includes("@sha256:") || declared.includes("@") || observed === declared
  );
}

function describeState(container: ContainerObservation): string {
  const reason = container.reason === undefined ? "" : ` (${container.reason})`;
  const message = container.message === undefined ? "" : `: ${container.message.trim()}`;
  return `container ${container.name} is ${container.state}${reason}${message}`;
}

function newestOf(observed: readonly ContainerObservation[], declared: JsonObject): ContainerObservation | undefined {
  return observed.find((container) => container.name === declared.name);
}

function declaredContainers(pod: JsonObject): readonly JsonObject[] {
  return isJsonObject(pod.spec) && isJsonList(pod.spec.containers) ? pod.spec.containers.filter(isJsonObject) : [];
}

function kubeletStart(node: ObservedNode): number {
  if (node.services.kind === "unknown") return 0;
  const kubelet = node.services.value.find((service) => service.name.replace(/\.service$/, "") === "kubelet");
  return kubelet?.startedAtSeconds ?? 0;
}
