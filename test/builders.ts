// Objects for tests, each healthy until an option named for a condition says otherwise.

import { join } from "node:path";
import { type ControlPlaneDeclaration, controlPlaneSchema } from "../src/model/declaration";
import type { JsonObject } from "../src/model/json";
import {
  type ContainerObservation,
  type EtcdDataObservation,
  type ManifestContent,
  type ManifestFile,
  type ObservedNode,
  type ServiceObservation,
  seen,
  type UnreachableNode,
  unknown,
} from "../src/model/node-observation";
import type { WriteManifestStep } from "../src/model/step";

/** The nodes' clock in every observation, Unix seconds. */
export const nowSeconds = 1_800_000_000;

/** A Pod of one container that runs `command`. */
export function pod(name: string, command: readonly string[] = [name]): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "kube-system" },
    spec: { containers: [{ name, image: `registry.k8s.io/${name}:v1.33.0`, command: [...command] }] },
  };
}

/** An etcd Pod whose data is in /var/lib/etcd. */
export function etcdPod(...flags: readonly string[]): JsonObject {
  return pod("etcd", [
    "etcd",
    "--name=cp-0",
    "--initial-advertise-peer-urls=https://10.0.0.1:2380",
    "--data-dir=/var/lib/etcd",
    ...flags,
  ]);
}

/** A step that writes the scheduler's manifest on cp-0, whose folders are below `root` and belong to whoever runs the test. */
export function schedulerStep(root: string): WriteManifestStep {
  return {
    kind: "writeManifest",
    node: "cp-0",
    reason: "test",
    pod: "kube-scheduler",
    fileName: "kube-scheduler.yaml",
    manifestDirectory: join(root, "kubernetes/manifests"),
    archiveDirectory: join(root, "archive"),
    manifest: pod("kube-scheduler"),
    owner: `${process.getuid?.()}:${process.getgid?.()}`,
    mode: "0600",
  };
}

/** A declaration of nodes that all run `pods` and the services `containerd` and `kubelet`. */
export function plane(
  nodes: readonly string[],
  pods: readonly JsonObject[],
  extra: JsonObject = {},
): ControlPlaneDeclaration {
  const staticPods = Object.fromEntries(pods.map((one) => [(one.metadata as { name: string }).name, one]));
  return controlPlaneSchema.parse({
    nodes: Object.fromEntries(
      nodes.map((name) => [
        name,
        { access: { kind: "ssh", host: `${name}.test` }, staticPods, services: { containerd: {}, kubelet: {} } },
      ]),
    ),
    ...extra,
  });
}

/** A manifest file that holds `content`, written an hour ago. */
export function file(
  name: string,
  content: JsonObject | Exclude<ManifestContent, { kind: "pod" }>,
  fields: Partial<ManifestFile> = {},
): ManifestFile {
  const isContent = typeof content.kind === "string" && content.kind !== "Pod";
  return {
    fileName: name,
    owner: "root:root",
    mode: "0600",
    modifiedAtSeconds: nowSeconds - 3600,
    content: isContent
      ? (content as Exclude<ManifestContent, { kind: "pod" }>)
      : { kind: "pod", pod: content as JsonObject },
    ...fields,
  };
}

/** A container that has run since shortly after its manifest was written. */
export function container(
  node: string,
  name: string,
  fields: Partial<ContainerObservation> = {},
): ContainerObservation {
  return {
    pod: `${name}-${node}`,
    namespace: "kube-system",
    name,
    state: "running",
    createdAtSeconds: nowSeconds - 3500,
    startedAtSeconds: nowSeconds - 3500,
    ...fields,
  };
}

/** A service that has run for two hours. */
export function service(name: string, fields: Partial<ServiceObservation> = {}): ServiceObservation {
  return {
    name,
    manager: "systemd",
    state: "running",
    detail: "active (running)",
    paused: false,
    startedAtSeconds: nowSeconds - 7200,
    ...fields,
  };
}

/** An etcd data directory. */
export function etcdData(state: EtcdDataObservation["state"]): ObservedNode["etcdData"] {
  return seen({ directory: "/var/lib/etcd", state, detail: state });
}

/** A node that answers and on which all of `pods` run. */
export function observed(name: string, pods: readonly JsonObject[], fields: Partial<ObservedNode> = {}): ObservedNode {
  const names = pods.map((one) => (one.metadata as { name: string }).name);
  return {
    schemaVersion: 1,
    kind: "observed",
    node: name,
    host: seen({ hostName: name, kubeletNodeName: name, timeSeconds: nowSeconds }),
    manifests: seen(pods.map((one, index) => file(`${names[index]}.yaml`, one))),
    containers: seen({ source: "simulator", skipped: [], containers: names.map((one) => container(name, one)) }),
    services: seen([service("containerd"), service("kubelet")]),
    etcdData: etcdData("present"),
    leftovers: seen([]),
    ...fields,
  };
}

/** A node that does not answer. */
export function unreachableNode(name: string): UnreachableNode {
  return {
    schemaVersion: 1,
    kind: "unreachable",
    node: name,
    level: "timeout",
    message: "connect timed out after 5 s",
  };
}

export { seen, unknown };
