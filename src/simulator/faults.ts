// What can go wrong in a simulated world, as data. `injectFault` makes it so; most faults have a fault that ends them.

import { unreachable } from "../model/errors";
import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../model/json";
import type { UnreachableNode } from "../model/node-observation";
import { ownManifest, takeManifest, writeManifest } from "./manifest-files";
import { withEmptyFile, withoutPath } from "./paths";
import { powerOff, powerOn } from "./power";
import { pauseService, stopService, withService } from "./services";
import {
  type Interruption,
  nodeOf,
  nodeTimeMs,
  record,
  type SectionName,
  type SimulatedFile,
  type SimulatedService,
  type World,
  withKubelet,
  withNode,
  without,
} from "./world";

interface OnNode {
  readonly node: string;
}
interface OnFile extends OnNode {
  /** In the manifest directory. */
  readonly fileName: string;
}
interface OnService extends OnNode {
  readonly service: string;
}

/** One thing that goes wrong, or ends being wrong, on one node. */
export type Fault =
  | (OnNode & { readonly kind: "power-lost" | "power-back" })
  | (OnNode & { readonly kind: "unreachable"; readonly level: UnreachableNode["level"]; readonly message: string })
  | (OnNode & { readonly kind: "reachable" })
  /** Every occurrence of a text in the strings of a manifest becomes another, as `sed -i` does it. */
  | (OnFile & { readonly kind: "manifest-edited"; readonly from: string; readonly to: string })
  /** One property is set, at a path of keys and indices. */
  | (OnFile & { readonly kind: "manifest-set"; readonly path: readonly (string | number)[]; readonly value: JsonValue })
  | (OnFile & { readonly kind: "manifest-removed" })
  /** The whole content becomes another: empty, not YAML, some other document. */
  | (OnFile & { readonly kind: "manifest-content"; readonly content: SimulatedFile["content"] })
  | (OnFile & { readonly kind: "manifest-owned"; readonly owner: string })
  /** A copy under another name in the same directory, as editors and hurried people leave it. */
  | (OnFile & { readonly kind: "manifest-copied"; readonly to: string })
  | (OnService & { readonly kind: "service-stopped" | "service-paused" })
  /** It ends and cannot start until mended. */
  | (OnService & { readonly kind: "service-broken"; readonly message: string })
  | (OnService & { readonly kind: "service-mended" })
  /**
   * Until its restart the kubelet acts on no change of a manifest ("changes": the old container goes on), or ends the old
   * pod and never starts the new one ("starts"). Source: kubernetes issues 109596, 112814, 52939.
   */
  | (OnNode & { readonly kind: "kubelet-ignores"; readonly what: "changes" | "starts" })
  | (OnNode & { readonly kind: "file-removed" | "file-emptied"; readonly path: string })
  | (OnNode & { readonly kind: "image-missing"; readonly image: string })
  | (OnNode & { readonly kind: "etcd-data-lost"; readonly state: "empty" | "missing" })
  /** A part of the probe does not come back in time, or (no reason) does again. */
  | (OnNode & { readonly kind: "section-unseen"; readonly section: SectionName; readonly reason?: string })
  | (OnNode & { readonly kind: "clock-skewed"; readonly seconds: number })
  /** A staged file that nobody installed. */
  | (OnNode & { readonly kind: "staged-file-left"; readonly path: string })
  /** Another operator's script runs on the node. */
  | (OnNode & { readonly kind: "locked"; readonly holder: string; readonly host: string; readonly seconds: number })
  /** Something happens in the middle of a step that is yet to come. */
  | ({ readonly kind: "interruption" } & Interruption);

/** The world with one more thing wrong. */
export function injectFault(world: World, fault: Fault): World {
  const { kind: _kind, node: _node, ...details } = fault;
  return applyFault(record(world, fault.node, `fault: ${fault.kind} ${JSON.stringify(details).slice(0, 300)}`), fault);
}

function applyFault(world: World, fault: Fault): World {
  const { node } = fault;
  switch (fault.kind) {
    case "power-lost":
      return powerOff(world, node);
    case "power-back":
      return powerOn(world, node);
    case "unreachable":
      return withNode(world, node, { link: { kind: "down", level: fault.level, message: fault.message } });
    case "reachable":
      return withNode(world, node, { link: { kind: "up" } });
    case "manifest-edited":
      return editPod(world, fault, (pod) => replaceText(pod, fault.from, fault.to));
    case "manifest-set":
      return editPod(world, fault, (pod) => setAt(pod, fault.path, fault.value));
    case "manifest-removed":
      return takeManifest(world, node, fault.fileName);
    case "manifest-content":
      return writeManifest(world, node, fault.fileName, fault.content);
    case "manifest-owned":
      return ownManifest(world, node, fault.fileName, fault.owner);
    case "manifest-copied": {
      const file = nodeOf(world, node).manifests[fault.fileName];
      return file === undefined ? world : writeManifest(world, node, fault.to, file.content);
    }
    case "service-stopped":
      return stopService(world, node, fault.service);
    case "service-paused":
      return pauseService(world, node, fault.service);
    case "service-broken":
      return breakService(world, fault);
    case "service-mended": {
      const { fault: _fault, ...service }: SimulatedService =
        nodeOf(world, node).services[fault.service] ?? missingService;
      return withService(world, node, fault.service, service);
    }
    case "kubelet-ignores":
      return withKubelet(world, node, { ignores: fault.what });
    case "file-removed":
      return withNode(world, node, { files: withoutPath(nodeOf(world, node).files, fault.path) });
    case "file-emptied":
      return withNode(world, node, {
        files: withEmptyFile(withoutPath(nodeOf(world, node).files, fault.path), fault.path),
      });
    case "image-missing":
      return withNode(world, node, {
        images: nodeOf(world, node).images.filter((image) => image.name !== fault.image),
      });
    case "etcd-data-lost":
      return loseEtcdData(world, node, fault.state);
    case "section-unseen": {
      const { unseen } = nodeOf(world, node);
      const next =
        fault.reason === undefined ? without(unseen, fault.section) : { ...unseen, [fault.section]: fault.reason };
      return withNode(world, node, { unseen: next });
    }
    case "clock-skewed":
      return withNode(world, node, { clockSkewMs: fault.seconds * 1000 });
    case "staged-file-left": {
      const file = {
        owner: "root:root",
        mode: "0600",
        modifiedAtMs: nodeTimeMs(world, node),
        content: { kind: "empty" },
      } as const;
      return withNode(world, node, { staged: { ...nodeOf(world, node).staged, [fault.path]: file } });
    }
    case "locked": {
      const { holder, host, seconds } = fault;
      const script = {
        holder,
        host,
        sinceMs: world.timeMs,
        endsAtMs: world.timeMs + seconds * 1000,
        title: "a step",
        effectsDone: 0,
      };
      return withNode(world, node, { script });
    }
    case "interruption": {
      const { kind: _kind, ...interruption } = fault;
      return { ...world, interruptions: [...world.interruptions, interruption] };
    }
    default:
      return unreachable(fault);
  }
}

const missingService = { manager: "systemd", state: "stopped", isPaused: false, isEnabled: true, needs: [] } as const;

function breakService(world: World, fault: OnService & { readonly message: string }): World {
  const stopped = stopService(world, fault.node, fault.service);
  const service = nodeOf(stopped, fault.node).services[fault.service] ?? missingService;
  return withService(stopped, fault.node, fault.service, { ...service, state: "failed", fault: fault.message });
}

// etcd holds its files open: one that runs goes on over a directory that was emptied, until it is started again.
function loseEtcdData(world: World, node: string, state: "empty" | "missing"): World {
  const data = nodeOf(world, node).etcdData;
  if (data === undefined) return world;
  return withNode(world, node, {
    etcdData: { ...data, state, clusterId: "", clusterSize: 0 },
    files: withoutPath(nodeOf(world, node).files, data.directory),
  });
}

function editPod(world: World, { node, fileName }: OnFile, change: (pod: JsonObject) => JsonValue): World {
  const file = nodeOf(world, node).manifests[fileName];
  if (file?.content.kind !== "pod") return world;
  const pod = change(file.content.pod as JsonObject);
  return isJsonObject(pod) ? writeManifest(world, node, fileName, { kind: "pod", pod }) : world;
}

function replaceText(value: JsonValue, from: string, to: string): JsonValue {
  if (typeof value === "string") return value.replaceAll(from, to);
  if (isJsonList(value)) return value.map((inner) => replaceText(inner, from, to));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replaceText(inner, from, to)]));
}

function setAt(value: JsonValue, path: readonly (string | number)[], leaf: JsonValue): JsonValue {
  const [key, ...rest] = path;
  if (key === undefined) return leaf;
  if (isJsonList(value)) return value.map((inner, index) => (index === key ? setAt(inner, rest, leaf) : inner));
  const object = isJsonObject(value) ? value : {};
  return { ...object, [key]: setAt(object[key] ?? {}, rest, leaf) };
}
