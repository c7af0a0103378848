// The steps that bring one node to what is declared, in order: stray files out, manifests right, services up, pods up.

import { type ControlPlaneDeclaration, manifestFileName, type NodeDeclaration } from "../model/declaration";
import type { NodeDrift } from "../model/drift";
import type { JsonObject } from "../model/json";
import type { ObservedNode, ServiceObservation } from "../model/node-observation";
import type { NodeStep } from "../model/step";
import { containerFlag, isEtcdPod, observedMembershipFlags, withMembershipFlags } from "./canonical-pod";
import { declaredPods, manifestOf } from "./node-drift";
import { judgePod } from "./pod-health";

/** Container runtimes come before the kubelet, which cannot start without one; all else comes after it. */
const runtimes = ["containerd", "crio", "cri-o", "docker", "cri-docker"];

/** kubeadm's mode of a manifest. Source: kubernetes cmd/kubeadm/app/util/staticpod (WriteStaticPodToDisk). */
const newManifestMode = "0600";

/** How long a service may take to come up, in seconds. systemd's own default (DefaultTimeoutStartSec) is 90. */
const serviceStartTimeoutSeconds = 90;

/** What stands in the way of a part of the node's repair; the planner passes it in. */
export interface NodeLimits {
  /** May a manifest that starts etcd be written? */
  readonly canWriteEtcd: boolean;
  /** May a service be started that boots an etcd member: the kubelet, the runtime below it, etcd itself? */
  readonly canBootEtcd: boolean;
}

/** The steps for one observed node. */
export function planNode(
  plane: ControlPlaneDeclaration,
  declared: NodeDeclaration,
  node: ObservedNode,
  drifts: readonly NodeDrift[],
  limits: NodeLimits,
): readonly NodeStep[] {
  if (node.manifests.kind === "unknown") return planServices(declared, node, limits);
  const written = new Set<string>();
  const files = drifts.flatMap((drift) => planFile(plane, declared, node, drift, limits, written));
  const services = planServices(declared, node, limits);
  return [...files, ...services, ...planPods(plane, declared, node, written, services, limits)];
}

/** Is it the kubelet's unit? */
export function isKubelet(service: string): boolean {
  return service.replace(/\.service$/, "") === "kubelet";
}

/** Is it etcd's own unit or process? */
export function isEtcdService(service: string): boolean {
  return service.replace(/\.service$/, "") === "etcd";
}

/** Does starting it start an etcd member: the kubelet, the runtime that a running kubelet waits for, etcd itself? */
export function canBootEtcdMember(service: string): boolean {
  return isKubelet(service) || isEtcdService(service) || runtimes.includes(service.replace(/\.service$/, ""));
}

function planFile(
  plane: ControlPlaneDeclaration,
  declared: NodeDeclaration,
  node: ObservedNode,
  drift: NodeDrift,
  limits: NodeLimits,
  written: Set<string>,
): readonly NodeStep[] {
  const { manifestDirectory, archiveDirectory } = plane;
  switch (drift.kind) {
    case "manifest-stray":
      return [
        {
          kind: "archiveStrayManifest",
          node: node.node,
          fileName: drift.fileName,
          manifestDirectory,
          archiveDirectory,
          reason: drift.reason,
        },
      ];
    case "manifest-missing":
    case "manifest-unreadable":
    case "manifest-differs": {
      const pod = declared.staticPods[drift.pod];
      if (pod === undefined || (isEtcdPod(pod) && !limits.canWriteEtcd)) return [];
      written.add(drift.pod);
      const file = manifestOf(node, drift.pod);
      return [
        {
          kind: "writeManifest",
          node: node.node,
          pod: drift.pod,
          fileName: manifestFileName(drift.pod),
          manifestDirectory,
          archiveDirectory,
          manifest: manifestToWrite(pod, node),
          owner: declared.manifestOwner,
          mode: file?.mode ?? newManifestMode,
          reason: describeFileDrift(drift),
        },
      ];
    }
    case "manifest-owner":
      if (written.has(drift.pod)) return [];
      return [
        {
          kind: "setManifestOwner",
          node: node.node,
          pod: drift.pod,
          fileName: manifestFileName(drift.pod),
          manifestDirectory,
          owner: drift.desired,
          reason: `the manifest of ${drift.pod} belongs to ${drift.observed}`,
        },
      ];
    default:
      return [];
  }
}

function planServices(declared: NodeDeclaration, node: ObservedNode, limits: NodeLimits): readonly NodeStep[] {
  if (node.services.kind === "unknown") return [];
  const rank = (service: ServiceObservation) => {
    const name = service.name.replace(/\.service$/, "");
    return runtimes.includes(name) ? 0 : isKubelet(name) ? 1 : 2;
  };
  return node.services.value
    .filter((service) => Object.hasOwn(declared.services, service.name) && service.state !== "unknown")
    .filter((service) => limits.canBootEtcd || !canBootEtcdMember(service.name))
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    .flatMap((service) => planService(node, service));
}

function planService(node: ObservedNode, service: ServiceObservation): readonly NodeStep[] {
  if (service.state === "running" && !service.paused) return [];
  const { name, manager } = service;
  const wait: NodeStep = {
    kind: "waitForService",
    node: node.node,
    service: name,
    manager,
    timeoutSeconds: serviceStartTimeoutSeconds,
    reason: `${name} has to run`,
  };
  if (service.state === "starting" && !service.paused) return [wait];
  const reason = `${name} is ${service.state} (${service.detail})`;
  // monit restarts what failed under it; `start` of a failed process is ignored while its start is pending.
  const kind = service.state === "failed" && manager === "monit" ? "restartService" : "startService";
  return [{ kind, node: node.node, service: name, manager, reason }, wait];
}

function planPods(
  plane: ControlPlaneDeclaration,
  declared: NodeDeclaration,
  node: ObservedNode,
  written: ReadonlySet<string>,
  services: readonly NodeStep[],
  limits: NodeLimits,
): readonly NodeStep[] {
  const timeoutSeconds = plane.containerStartTimeoutSeconds;
  const isKubeletStarting = services.some((step) => "service" in step && isKubelet(step.service));
  const waits: NodeStep[] = [];
  let ignoredReason: string | undefined;
  for (const [name, pod] of declaredPods(declared)) {
    const wait = (seconds: number, reason: string): NodeStep => ({
      kind: "waitForPod",
      node: node.node,
      pod: name,
      fileName: manifestFileName(name),
      manifestDirectory: plane.manifestDirectory,
      timeoutSeconds: seconds,
      reason,
    });
    const file = manifestOf(node, name);
    if (written.has(name)) {
      waits.push(wait(timeoutSeconds, `${name} has to run what its manifest says`));
      continue;
    }
    if (file === undefined || file.content.kind !== "pod") continue;
    const health = judgePod(node, pod, file, timeoutSeconds);
    if (health.kind === "pending") waits.push(wait(health.remainingSeconds, health.reason));
    if (health.kind === "ignored") {
      ignoredReason ??= `${name}: ${health.reason}, ${timeoutSeconds} s after its manifest was written`;
      waits.push(wait(timeoutSeconds, `${name} has to run what its manifest says`));
    }
    if (health.kind === "failing" && isKubeletStarting) waits.push(wait(timeoutSeconds, health.reason));
  }
  const kubelet = Object.entries(declared.services).find(([name]) => isKubelet(name));
  if (ignoredReason === undefined || isKubeletStarting || kubelet === undefined || !limits.canBootEtcd) return waits;
  const [service, { manager }] = kubelet;
  return [{ kind: "restartService", node: node.node, service, manager, reason: ignoredReason }, ...waits];
}

/** The declared Pod; for etcd with the membership flags that are on the node, which the declaration does not own. */
function manifestToWrite(pod: JsonObject, node: ObservedNode): JsonObject {
  if (!isEtcdPod(pod)) return pod;
  const name = (pod.metadata as { readonly name: string }).name;
  const file = manifestOf(node, name);
  const flags = file?.content.kind === "pod" ? observedMembershipFlags(file.content.pod) : [];
  return withMembershipFlags(pod, flags.length > 0 ? flags : joiningFlags(pod));
}

// Where no flags are left to keep: `existing` never starts a new cluster, and beside a data directory it is ignored.
function joiningFlags(pod: JsonObject): readonly string[] {
  const [name, peerUrl] = [containerFlag(pod, "--name"), containerFlag(pod, "--initial-advertise-peer-urls")];
  const cluster = name === undefined || peerUrl === undefined ? [] : [`--initial-cluster=${name}=${peerUrl}`];
  return [...cluster, "--initial-cluster-state=existing"];
}

function describeFileDrift(
  drift: Extract<NodeDrift, { kind: "manifest-missing" | "manifest-unreadable" | "manifest-differs" }>,
): string {
  switch (drift.kind) {
    case "manifest-missing":
      return `the manifest of ${drift.pod} is missing`;
    case "manifest-unreadable":
      return `the manifest of ${drift.pod}: ${drift.reason}`;
    case "manifest-differs":
      return `the manifest of ${drift.pod} differs at ${drift.changes.map((change) => change.path).join(", ")}`;
  }
}
