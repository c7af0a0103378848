// What one node has that is not as declared, section by section. A section that could not be read yields no drift: it is
// a blocker, never a finding.

import { manifestFileName, type NodeDeclaration } from "../model/declaration";
import type { NodeDrift, Note, PropertyChange } from "../model/drift";
import type { JsonObject } from "../model/json";
import type { ManifestContent, ManifestFile, ObservedNode } from "../model/node-observation";
import { alignPod, canonicalPod } from "./canonical-pod";
import { judgePod, podEvidence, podName } from "./pod-health";
import { diffProperties } from "./property-diff";

/** Static pods in the order in which they depend on each other; any other comes after them, by name. */
const podOrder: readonly string[] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/** Everything on an observed node that is not as declared, sorted by kind of part, then in the order of repair. */
export function diffNode(
  node: ObservedNode,
  declared: NodeDeclaration,
  containerStartTimeoutSeconds: number,
): readonly NodeDrift[] {
  return [
    ...strayDrift(node, declared),
    ...declaredPods(declared).flatMap(([name, pod]) =>
      podDrift(node, declared, name, pod, containerStartTimeoutSeconds),
    ),
    ...serviceDrift(node, declared),
  ];
}

/** What an operator should know about the node although nothing acts on it. */
export function noteNode(node: ObservedNode, declared: NodeDeclaration): readonly Note[] {
  const leftovers = node.leftovers.kind === "seen" ? node.leftovers.value : [];
  const empty = leftovers
    .filter((leftover) => leftover.kind === "empty-directory")
    .map(({ path }) => ({
      node: node.node,
      text: `${path} is empty and no manifest mentions it: a hostPath of type DirectoryOrCreate leaves such a directory behind`,
      command: `rmdir ${quoted(path)}`,
    }));
  const staged = leftovers
    .filter((leftover) => leftover.kind === "staged-file")
    .map(({ path }) => ({
      node: node.node,
      text: `${path} was staged by a step that did not end; the kubelet does not read it`,
      command: `rm ${quoted(path)}`,
    }));
  const strays = new Set(strayFiles(node, declared).map((stray) => stray.fileName));
  const others = undeclaredFiles(node, declared)
    .filter((file) => !strays.has(file.fileName))
    .map((file) => ({ node: node.node, text: `manifest ${file.fileName} is not declared and is left alone` }));
  return [...empty, ...staged, ...others];
}

/** The declared static pods in the order of repair. */
export function declaredPods(declared: NodeDeclaration): readonly (readonly [string, JsonObject])[] {
  const rank = (name: string) => (podOrder.includes(name) ? podOrder.indexOf(name) : podOrder.length);
  return Object.entries(declared.staticPods).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** The file of a declared pod; undefined when there is none or the directory could not be read. */
export function manifestOf(node: ObservedNode, name: string): ManifestFile | undefined {
  if (node.manifests.kind === "unknown") return undefined;
  return node.manifests.value.find((file) => file.fileName === manifestFileName(name));
}

/** Why a manifest's content is no Pod, in words. */
export function describeUnreadable(content: Exclude<ManifestContent, { kind: "pod" }>): string {
  switch (content.kind) {
    case "empty":
      return "the file is empty";
    case "not-yaml":
      return `the file is not YAML: ${content.reason}`;
    case "not-a-pod":
      return `the file holds no Pod: ${content.reason}`;
    case "unread":
      return `the file cannot be read: ${content.reason}`;
  }
}

/** Files that the kubelet would run beside the declared ones, each with the reason why that is wrong. */
export function strayFiles(
  node: ObservedNode,
  declared: NodeDeclaration,
): readonly { readonly fileName: string; readonly reason: string }[] {
  return undeclaredFiles(node, declared).flatMap((file) => {
    if (file.content.kind === "pod" && Object.hasOwn(declared.staticPods, podName(file.content.pod))) {
      return [
        {
          fileName: file.fileName,
          reason: `it defines the Pod ${podName(file.content.pod)} a second time, and the kubelet runs every file`,
        },
      ];
    }
    // The kubelet reads every file whose name does not begin with a dot, whatever its extension.
    // Source: kubernetes pkg/kubelet/config/file.go (extractFromDir).
    if (/\.(ya?ml|json)$/.test(file.fileName)) return [];
    return [
      { fileName: file.fileName, reason: "it is no manifest by its name, and the kubelet reads it all the same" },
    ];
  });
}

function undeclaredFiles(node: ObservedNode, declared: NodeDeclaration): readonly ManifestFile[] {
  if (node.manifests.kind === "unknown") return [];
  const names = new Set(Object.keys(declared.staticPods).map(manifestFileName));
  return node.manifests.value.filter((file) => !names.has(file.fileName));
}

function strayDrift(node: ObservedNode, declared: NodeDeclaration): readonly NodeDrift[] {
  return strayFiles(node, declared).map((stray) => ({ kind: "manifest-stray", node: node.node, ...stray }));
}

// Most looks find most Pods as the last one did.
const unchangedPods = new WeakMap<JsonObject, JsonObject>();

function podChanges(observed: JsonObject, desired: JsonObject): readonly PropertyChange[] {
  if (unchangedPods.get(observed) === desired) return [];
  const changes = diffProperties(alignPod(observed, desired), canonicalPod(desired));
  if (changes.length === 0) unchangedPods.set(observed, desired);
  return changes;
}

function podDrift(
  node: ObservedNode,
  declared: NodeDeclaration,
  name: string,
  pod: JsonObject,
  timeoutSeconds: number,
): readonly NodeDrift[] {
  if (node.manifests.kind === "unknown") return [];
  const file = manifestOf(node, name);
  const subject = { node: node.node, pod: name };
  const evidence = podEvidence(node, name, pod);
  if (file === undefined) return [{ kind: "manifest-missing", ...subject, evidence }];
  const owner: readonly NodeDrift[] =
    file.owner === declared.manifestOwner
      ? []
      : [{ kind: "manifest-owner", ...subject, observed: file.owner, desired: declared.manifestOwner }];
  if (file.content.kind !== "pod") {
    return [{ kind: "manifest-unreadable", ...subject, reason: describeUnreadable(file.content), evidence }, ...owner];
  }
  const changes = podChanges(file.content.pod, pod);
  if (changes.length > 0) return [{ kind: "manifest-differs", ...subject, changes, evidence }, ...owner];
  const health = judgePod(node, pod, file, timeoutSeconds);
  switch (health.kind) {
    case "running":
    case "unknown":
      return owner;
    case "ignored":
      return [...owner, { kind: "pod-outdated", ...subject, reason: health.reason }];
    case "pending":
    case "failing":
      return [...owner, { kind: "pod-not-running", ...subject, reason: health.reason }];
  }
}

function serviceDrift(node: ObservedNode, declared: NodeDeclaration): readonly NodeDrift[] {
  if (node.services.kind === "unknown") return [];
  return node.services.value
    .filter(
      (service) => Object.hasOwn(declared.services, service.name) && (service.state !== "running" || service.paused),
    )
    .filter((service) => service.state !== "unknown")
    .map((service) => ({
      kind: "service-not-running",
      node: node.node,
      service: service.name,
      state: service.state === "running" ? "paused" : service.state,
      detail: service.detail,
    }));
}

// For a person to paste; a path that needs quoting is quoted.
function quoted(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
