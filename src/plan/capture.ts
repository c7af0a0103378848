// Turns what healthy nodes have into what a program declares: one Pod for all nodes where they are the same but for the
// node's name and address, one for the node where they are not.

import { isEqualJson, isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../model/json";
import type { ObservedNode } from "../model/node-observation";
import { canonicalPod, containerFlag, isEtcdPod, withMembershipFlags } from "./canonical-pod";
import { podName } from "./pod-health";

/** A declaration made from live nodes. */
export interface Captured {
  /** Pod name -> the Pod with {{name}} and {{address}} in place of what is each node's own; sorted by name. */
  readonly common: Readonly<Record<string, JsonObject>>;
  /** Node name -> its own Pods by name: those that are not the same everywhere. */
  readonly own: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  /** Node name -> its values. */
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What was left out, one sentence each. */
  readonly skipped: readonly string[];
}

/** Captures the static pods of nodes whose manifests were seen. */
export function captureNodes(nodes: readonly ObservedNode[]): Captured {
  const templates = nodes.map((node) => ({ node: node.node, values: valuesOf(node), pods: templatesOf(node) }));
  const names = [...new Set(templates.flatMap(({ pods }) => Object.keys(pods)))].sort();
  const isCommon = (name: string) => templates.every(({ pods }) => isEqualJson(pods[name], templates[0]?.pods[name]));
  const pick = (pods: Readonly<Record<string, JsonObject>>, wanted: (name: string) => boolean) =>
    Object.fromEntries(names.filter(wanted).flatMap((name) => (pods[name] === undefined ? [] : [[name, pods[name]]])));
  const own = templates.map(({ node, pods }) => [node, pick(pods, (name) => !isCommon(name))] as const);
  return {
    common: pick(templates[0]?.pods ?? {}, isCommon),
    own: Object.fromEntries(own.filter(([, pods]) => Object.keys(pods).length > 0)),
    values: Object.fromEntries(templates.map(({ node, values }) => [node, values])),
    skipped: nodes.flatMap(skippedFiles),
  };
}

function templatesOf(node: ObservedNode): Readonly<Record<string, JsonObject>> {
  const values = valuesOf(node);
  const pods = manifestPods(node).map(
    (pod) => [podName(pod), templateOf(withoutMembership(canonicalPod(pod)), node.node, values)] as const,
  );
  return Object.fromEntries(pods);
}

function manifestPods(node: ObservedNode): readonly JsonObject[] {
  const files = node.manifests.kind === "seen" ? node.manifests.value : [];
  return files.flatMap((file) =>
    file.content.kind === "pod" && file.fileName === `${podName(file.content.pod)}.yaml` ? [file.content.pod] : [],
  );
}

function skippedFiles(node: ObservedNode): readonly string[] {
  const files = node.manifests.kind === "seen" ? node.manifests.value : [];
  return files.flatMap((file) => {
    if (file.content.kind !== "pod") return [`${node.node}: ${file.fileName} holds no Pod`];
    const name = podName(file.content.pod);
    return file.fileName === `${name}.yaml`
      ? []
      : [`${node.node}: ${file.fileName} is not named after its Pod ${name}`];
  });
}

// The address that the control plane itself uses says more than the one that ssh uses.
function valuesOf(node: ObservedNode): Readonly<Record<string, string>> {
  const pods = manifestPods(node);
  const advertised = pods.map((pod) => containerFlag(pod, "--advertise-address")).find((value) => value !== undefined);
  const peerUrl = pods
    .map((pod) => containerFlag(pod, "--initial-advertise-peer-urls"))
    .find((value) => value !== undefined);
  const address =
    advertised ?? (peerUrl === undefined ? undefined : /^https?:\/\/\[?([^\]/]+?)\]?:\d+/.exec(peerUrl)?.[1]);
  return address === undefined ? {} : { address };
}

function withoutMembership(pod: JsonObject): JsonObject {
  return isEtcdPod(pod) ? withMembershipFlags(pod, []) : pod;
}

function templateOf(pod: JsonObject, name: string, values: Readonly<Record<string, string>>): JsonObject {
  return replaceTexts(pod, (text) => {
    const { address } = values;
    const withAddress = address === undefined ? text : text.replace(addressPattern(address), "{{address}}");
    // The name only where it is a whole value: `cp-0` may well be a part of something else.
    if (withAddress === name) return "{{name}}";
    return withAddress.endsWith(`=${name}`) ? `${withAddress.slice(0, -name.length)}{{name}}` : withAddress;
  }) as JsonObject;
}

// 10.0.0.1 is no part of 10.0.0.11.
function addressPattern(address: string): RegExp {
  return new RegExp(`(?<![0-9A-Fa-f.:])${address.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![0-9A-Fa-f]|\\.[0-9])`, "g");
}

function replaceTexts(value: JsonValue, replace: (text: string) => string): JsonValue {
  if (typeof value === "string") return replace(value);
  if (isJsonList(value)) return value.map((inner) => replaceTexts(inner, replace));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replaceTexts(inner, replace)]));
}
