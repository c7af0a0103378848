// What the contract of a node looks at in an observation.

import type { JsonObject } from "../../src/model/json";
import type { ManifestFile, ObservedNode, ServiceObservation } from "../../src/model/node-observation";

/** The files in the manifest directory; none when they were not seen. */
function filesIn(node: ObservedNode): readonly ManifestFile[] {
  return node.manifests.kind === "seen" ? node.manifests.value : [];
}

/** One of them. */
export function manifestIn(node: ObservedNode, name: string): ManifestFile | undefined {
  return filesIn(node).find((file) => file.fileName === name);
}

/** All of them but one. */
export function otherFiles(node: ObservedNode, name: string): readonly ManifestFile[] {
  return filesIn(node).filter((file) => file.fileName !== name);
}

/** The command of the first container in a manifest, as text; undefined when the file is missing or holds no Pod. */
export function podIn(node: ObservedNode, name: string): string | undefined {
  const content = manifestIn(node, name)?.content;
  return content?.kind === "pod" ? JSON.stringify(command0(content.pod)) : undefined;
}

/** The command of the first container of a Pod. */
export function command0(value: JsonObject): unknown {
  return (value.spec as { containers: readonly { command: unknown }[] }).containers[0]?.command;
}

/** The kubelet, as its manager tells of it. */
export function kubeletIn(node: ObservedNode): ServiceObservation | undefined {
  return node.services.kind === "seen" ? node.services.value.find((service) => service.name === "kubelet") : undefined;
}

/** Where steps that died have left a staged file. */
export function stagedIn(node: ObservedNode): readonly string[] {
  const leftovers = node.leftovers.kind === "seen" ? node.leftovers.value : [];
  return leftovers.filter((leftover) => leftover.kind === "staged-file").map((leftover) => leftover.path);
}
