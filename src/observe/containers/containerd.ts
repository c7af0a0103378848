// Containers as containerd tells of them: by `ctr containers info`, by the status file that its CRI plugin keeps for each
// container, and, while containerd itself is down, by the OCI bundles of the containers that it left running.

import type { JsonValue } from "../../model/json";
import { integerAt, objectsAt, readJson, secondsOf, textAt, textsAt, valueAt } from "./json-value";
import { endReason, hostPathsAmong, labels, type RuntimeContainer } from "./runtime-container";

/** A status file and whether its process is there. */
export interface StatusFile {
  readonly text: string;
  readonly isAlive: boolean;
}

/** A container from `ctr containers info`; undefined for one that belongs to no pod. @throws Error for no JSON. */
export function parseContainerInfo(
  id: string,
  text: string,
  status: StatusFile | undefined,
): RuntimeContainer | undefined {
  const info = readJson(text);
  const label = (key: string) => textAt(info, "Labels", key);
  const [name, pod] = [label(labels.container), label(labels.pod)];
  if (name === undefined || pod === undefined) return undefined;
  const metadata = criMetadata(info);
  return {
    id,
    name,
    pod,
    namespace: label(labels.namespace) ?? "",
    podUid: label(labels.uid) ?? "",
    attempt: integerAt(metadata, "Metadata", "Config", "metadata", "attempt") ?? 0,
    createdAtSeconds: secondsOf(textAt(info, "CreatedAt")),
    ...specOf(valueAt(info, "Spec")),
    image: imageOf(textAt(info, "Image"), valueAt(info, "Spec")),
    ...statusOf(status),
  };
}

/** A container from its OCI bundle; undefined for a pod's sandbox. @throws Error for no JSON. */
export function parseBundle(id: string, text: string, status: StatusFile | undefined): RuntimeContainer | undefined {
  const spec = readJson(text);
  const annotation = (key: string) => textAt(spec, "annotations", `io.kubernetes.cri.${key}`);
  const [name, pod] = [annotation("container-name"), annotation("sandbox-name")];
  if (annotation("container-type") !== "container" || name === undefined || pod === undefined) return undefined;
  return {
    id,
    name,
    pod,
    namespace: annotation("sandbox-namespace") ?? "",
    podUid: annotation("sandbox-uid") ?? "",
    attempt: 0,
    ...specOf(spec),
    image: imageOf(undefined, spec),
    ...statusOf(status),
  };
}

// Source: containerd internal/cri/store/container/status.go. StartedAt and FinishedAt are 0 until they happen.
function statusOf(file: StatusFile | undefined): Pick<RuntimeContainer, "state"> & Partial<RuntimeContainer> {
  if (file === undefined) return { state: "unknown" };
  let status: JsonValue;
  try {
    status = readJson(file.text);
  } catch {
    // The file is being replaced at this moment, or its disk is damaged: the state is not known, the rest is.
    return { state: "unknown" };
  }
  const startedAtSeconds = secondsOf(valueAt(status, "StartedAt"));
  const createdAtSeconds = secondsOf(valueAt(status, "CreatedAt"));
  const exitCode = integerAt(status, "ExitCode") ?? 0;
  const times = {
    ...(createdAtSeconds === undefined ? {} : { createdAtSeconds }),
    ...(startedAtSeconds === undefined ? {} : { startedAtSeconds }),
  };
  if (secondsOf(valueAt(status, "FinishedAt")) !== undefined) {
    const reason = endReason(textAt(status, "Reason"), exitCode);
    return { ...times, state: "exited", exitCode, reason, message: textAt(status, "Message") };
  }
  if (startedAtSeconds === undefined) return { ...times, state: "created" };
  return { ...times, state: file.isAlive ? "running" : "unknown" };
}

function specOf(spec: JsonValue | undefined): Partial<RuntimeContainer> {
  const mounts = objectsAt(spec, "mounts").filter((mount) => mount.type === "bind");
  return {
    command: textsAt(spec, "process", "args"),
    hostPaths: hostPathsAmong(mounts.map((mount) => textAt(mount, "source") ?? "")),
  };
}

function imageOf(image: string | undefined, spec: JsonValue | undefined): string | undefined {
  const named = textAt(spec, "annotations", "io.kubernetes.cri.image-name");
  return image === undefined || image.startsWith("sha256:") ? (named ?? image) : image;
}

// The plugin's own record is JSON in base64, under a key that changed with containerd 2.0.
function criMetadata(info: JsonValue): JsonValue | undefined {
  for (const key of ["io.cri-containerd.container.metadata", "io.containerd.cri.container.metadata"]) {
    const value = textAt(info, "Extensions", key, "value");
    if (value === undefined) continue;
    try {
      return readJson(Buffer.from(value, "base64").toString("utf8"));
    } catch {
      // Another containerd may encode it otherwise; only the number of the attempt is lost.
    }
  }
  return undefined;
}
