// Containers as crictl tells of them. Source: cri-tools cmd/crictl/container.go, k8s.io/cri-api runtime/v1/api.proto.

import { isJsonList, type JsonObject, type JsonValue } from "../../model/json";
import { integerAt, objectsAt, readJson, secondsOf, textAt, textsAt } from "./json-value";
import { endReason, hostPathsAmong, labels, type RuntimeContainer } from "./runtime-container";

/** Containers from `crictl ps -a -o json` and the `crictl inspect` of each. @throws Error when the list is not JSON. */
export function parseCrictl(list: string, details: readonly string[]): readonly RuntimeContainer[] {
  const inspected = new Map(
    details.flatMap(inspectedObjects).map((detail) => [textAt(detail, "status", "id") ?? "", detail] as const),
  );
  return objectsAt(readJson(list), "containers").flatMap((container) => {
    const id = textAt(container, "id") ?? "";
    const name = textAt(container, "labels", labels.container) ?? textAt(container, "metadata", "name");
    const pod = textAt(container, "labels", labels.pod);
    if (name === undefined || pod === undefined) return [];
    return [
      {
        id,
        name,
        pod,
        namespace: textAt(container, "labels", labels.namespace) ?? "",
        podUid: textAt(container, "labels", labels.uid) ?? "",
        attempt: integerAt(container, "metadata", "attempt") ?? 0,
        state: stateOf(textAt(container, "state")),
        createdAtSeconds: secondsOf(textAt(container, "createdAt")),
        image: textAt(container, "image", "image"),
        ...detailOf(inspected.get(id)),
      },
    ];
  });
}

function detailOf(detail: JsonObject | undefined): Partial<RuntimeContainer> {
  if (detail === undefined) return {};
  const isExited = textAt(detail, "status", "state") === "CONTAINER_EXITED";
  const exitCode = integerAt(detail, "status", "exitCode") ?? 0;
  const image = textAt(detail, "status", "image", "userSpecifiedImage") ?? textAt(detail, "status", "image", "image");
  const mounts = objectsAt(detail, "status", "mounts").map((mount) => textAt(mount, "hostPath") ?? "");
  return {
    state: stateOf(textAt(detail, "status", "state")),
    startedAtSeconds: secondsOf(textAt(detail, "status", "startedAt")),
    command: textsAt(detail, "info", "runtimeSpec", "process", "args"),
    hostPaths: hostPathsAmong(mounts),
    ...(image === undefined ? {} : { image }),
    ...(isExited ? { exitCode, reason: endReason(textAt(detail, "status", "reason"), exitCode) } : {}),
    message: textAt(detail, "status", "message"),
  };
}

// Several ids give several documents or one list, by crictl's version; here each was asked for alone.
function inspectedObjects(text: string): readonly JsonObject[] {
  try {
    const value: JsonValue = readJson(text);
    return objectsAt({ list: isJsonList(value) ? value : [value] }, "list");
  } catch {
    // One container that cannot be inspected keeps what the list says of it.
    return [];
  }
}

function stateOf(state: string | undefined): RuntimeContainer["state"] {
  switch (state) {
    case "CONTAINER_RUNNING":
      return "running";
    case "CONTAINER_EXITED":
      return "exited";
    case "CONTAINER_CREATED":
      return "created";
    default:
      return "unknown";
  }
}
