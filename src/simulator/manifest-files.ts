// The files in a node's manifest directory. Every change tells a running kubelet, which watches the directory by inotify.

import { createHash } from "node:crypto";
import { isJsonList, isJsonObject, type JsonObject, sortKeys } from "../model/json";
import { nodeOf, nodeTimeMs, type SimulatedFile, type World, withNode, without } from "./world";

/** What kubeadm gives its manifests. Source: kubernetes cmd/kubeadm/app/util/staticpod/utils.go (WriteStaticPodToDisk). */
export const kubeadmManifestOwner = "root:root";
/** See {@link kubeadmManifestOwner}. */
export const kubeadmManifestMode = "0600";

/** Puts a file into the manifest directory, in place of one of the same name. */
export function putManifest(world: World, name: string, fileName: string, file: SimulatedFile): World {
  const { manifests } = nodeOf(world, name);
  return notify(withNode(world, name, { manifests: { ...manifests, [fileName]: file } }), name, fileName, "written");
}

/** Writes into a file as an editor does: owner and mode stay, the time of change is now. */
export function writeManifest(
  world: World,
  name: string,
  fileName: string,
  content: SimulatedFile["content"],
  attributes: { readonly owner?: string; readonly mode?: string } = {},
): World {
  const old = nodeOf(world, name).manifests[fileName];
  return putManifest(world, name, fileName, {
    owner: attributes.owner ?? old?.owner ?? kubeadmManifestOwner,
    mode: attributes.mode ?? old?.mode ?? kubeadmManifestMode,
    modifiedAtMs: nodeTimeMs(world, name),
    content,
  });
}

/** Takes a file out of the manifest directory. */
export function takeManifest(world: World, name: string, fileName: string): World {
  const { manifests } = nodeOf(world, name);
  return notify(withNode(world, name, { manifests: without(manifests, fileName) }), name, fileName, "removed");
}

/** Gives a file another owner; its time of change stays. */
export function ownManifest(world: World, name: string, fileName: string, owner: string): World {
  const { manifests } = nodeOf(world, name);
  const file = manifests[fileName];
  if (file === undefined) return world;
  const next = withNode(world, name, { manifests: { ...manifests, [fileName]: { ...file, owner } } });
  return notify(next, name, fileName, "written");
}

/** The pod that a file holds, as the kubelet takes it: undefined for all that it refuses. */
export function readablePod(file: SimulatedFile): JsonObject | undefined {
  if (file.content.kind !== "pod") return undefined;
  const { pod } = file.content;
  const isNamed = isJsonObject(pod.metadata) && typeof pod.metadata.name === "string" && pod.metadata.name !== "";
  return isNamed && containersIn(pod).length > 0 ? pod : undefined;
}

/** The containers that a Pod declares. */
export function containersIn(pod: JsonObject): readonly JsonObject[] {
  return isJsonObject(pod.spec) && isJsonList(pod.spec.containers) ? pod.spec.containers.filter(isJsonObject) : [];
}

/** The name and namespace of a Pod. */
export function podIdentity(pod: JsonObject): { readonly name: string; readonly namespace: string } {
  const metadata = isJsonObject(pod.metadata) ? pod.metadata : {};
  const namespace = typeof metadata.namespace === "string" ? metadata.namespace : "default";
  return { name: String(metadata.name), namespace };
}

/**
 * The uid of a static pod: it follows from the Pod, the node and the path of its file, so that a file written again with
 * the same meaning changes nothing. Source: kubernetes pkg/kubelet/config/common.go (applyDefaults).
 */
export function podUid(pod: JsonObject, nodeName: string, path: string): string {
  const digest =
    digests.get(pod) ??
    createHash("sha256")
      .update(JSON.stringify(sortKeys(pod)))
      .digest("hex");
  digests.set(pod, digest);
  return createHash("sha256").update(`${digest}\0${nodeName}\0${path}`).digest("hex").slice(0, 32);
}

// Pods are values that nobody changes; the kubelet reads each of them every 20 seconds.
const digests = new WeakMap<JsonObject, string>();

// A kubelet that does not run has no watch; one that does ignores hidden files.
// Source: kubernetes pkg/kubelet/config/file_linux.go (produceWatchEvent).
function notify(world: World, name: string, fileName: string, change: "written" | "removed"): World {
  const { kubelet } = nodeOf(world, name);
  if (kubelet.listedAtMs === undefined || fileName.startsWith(".")) return world;
  return withNode(world, name, { kubelet: { ...kubelet, events: [...kubelet.events, { fileName, change }] } });
}
