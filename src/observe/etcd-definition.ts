// What would start the member of a node, as lines for the etcd parsers: for a static pod from its manifest, in place or
// parked; otherwise as the probe's own section says it.

import { manifestFileName } from "../model/declaration";
import type { EtcdMemberSettings } from "../model/etcd-settings";
import { isJsonList, isJsonObject, type JsonObject } from "../model/json";
import type { ManifestContent, ManifestFile, ObservedNode } from "../model/node-observation";
import type { ToolOutput } from "./etcd";
import { parseManifestText } from "./manifests";
import { decodeText, recordsOf } from "./sections";

/** The node with everything but its etcd. */
export type NodeWithoutEtcd = Omit<ObservedNode, "etcd">;

/** Lines of key=value, as the parsers take them. */
export function linesOutput(pairs: Readonly<Record<string, string | number | undefined>>): ToolOutput {
  const lines = Object.entries(pairs).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}\n`]));
  return { stdout: lines.join(""), stderr: "", exitCode: 0, timedOut: false };
}

/** The definition section; undefined when nothing is known of it. */
export function describeDefinition(
  { runner }: EtcdMemberSettings,
  node: NodeWithoutEtcd,
  output: ToolOutput | undefined,
): ToolOutput | undefined {
  if (runner.kind !== "static-pod") return output;
  if (node.manifests.kind === "unknown") return undefined;
  const inPlace = node.manifests.value.filter((file) => mayStart(file, runner.pod));
  const [first] = inPlace.sort((a, b) => rank(a, runner.pod) - rank(b, runner.pod));
  if (first !== undefined) return describe("in-place", first.content, runner.pod);
  const parked = recordsOf(output?.stdout ?? "").find(([key]) => key === "parked");
  if (parked === undefined) return linesOutput({ state: "absent" });
  return describe("parked", parseManifestText(decodeText(parked[1])), runner.pod);
}

// The kubelet reads every file of the directory, whatever its name, and starts nothing from one that holds no Pod. What
// could not be read may well be a Pod.
function mayStart(file: ManifestFile, pod: string): boolean {
  if (file.content.kind === "pod") return podNameOf(file.content.pod) === pod;
  return file.content.kind === "unread" && file.fileName === manifestFileName(pod);
}

function rank(file: ManifestFile, pod: string): number {
  return file.fileName === manifestFileName(pod) ? 0 : 1;
}

function describe(state: "in-place" | "parked", content: ManifestContent, podName: string): ToolOutput {
  if (content.kind !== "pod") return linesOutput({ state });
  const words = commandOf(content.pod, podName);
  return linesOutput({
    state,
    name: flagOf(words, "--name"),
    data_dir: flagOf(words, "--data-dir"),
    initial_cluster: flagOf(words, "--initial-cluster"),
    initial_cluster_state: flagOf(words, "--initial-cluster-state"),
    token: flagOf(words, "--initial-cluster-token"),
    force_new_cluster: words.some((word) => /^--force-new-cluster(=true)?$/.test(word)) ? "yes" : "no",
  });
}

function podNameOf(pod: JsonObject): unknown {
  return isJsonObject(pod.metadata) ? pod.metadata.name : undefined;
}

function commandOf(pod: JsonObject, podName: string): readonly string[] {
  const containers = isJsonObject(pod.spec) && isJsonList(pod.spec.containers) ? pod.spec.containers : [];
  const objects = containers.filter(isJsonObject);
  const container = objects.length === 1 ? objects[0] : objects.find(({ name }) => name === podName);
  return [container?.command, container?.args].flatMap((words) => (isJsonList(words) ? words.map(String) : []));
}

function flagOf(words: readonly string[], flag: string): string | undefined {
  const inline = words.find((word) => word.startsWith(`${flag}=`));
  if (inline !== undefined) return inline.slice(flag.length + 1);
  return words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined;
}
