// Containers as the kubelet tells of them (`GET /pods`): it alone knows readiness, back-off and why a pod has no container.

import type { JsonObject, JsonValue } from "../../model/json";
import { integerAt, objectsAt, readJson, secondsOf, textAt, valueAt } from "./json-value";
import type { RuntimeContainer } from "./runtime-container";

/** A container of a pod as the kubelet tells of it. */
export interface KubeletContainer
  extends Omit<RuntimeContainer, "attempt" | "createdAtSeconds" | "command" | "hostPaths"> {
  readonly ready: boolean;
  readonly restartCount: number;
}

/** The containers of every pod of the kubelet. @throws Error when the text is no list of pods. */
export function parseKubeletPods(text: string): readonly KubeletContainer[] {
  const list = readJson(text);
  if (!textAt(list, "kind")?.endsWith("List")) throw new Error("it is no list of pods");
  return objectsAt(list, "items").flatMap(containersOfPod);
}

function containersOfPod(pod: JsonObject): readonly KubeletContainer[] {
  const statuses = objectsAt(pod, "status", "containerStatuses");
  const identity = {
    pod: textAt(pod, "metadata", "name") ?? "",
    namespace: textAt(pod, "metadata", "namespace") ?? "",
    podUid: textAt(pod, "metadata", "uid") ?? "",
  };
  return objectsAt(pod, "spec", "containers").flatMap((container) => {
    const name = textAt(container, "name");
    if (name === undefined) return [];
    const status = statuses.find((candidate) => candidate.name === name);
    return [
      {
        ...identity,
        name,
        ready: valueAt(status, "ready") === true,
        restartCount: integerAt(status, "restartCount") ?? 0,
        image: textAt(status, "image"),
        id: containerId(status),
        ...stateOf(status),
      },
    ];
  });
}

function stateOf(status: JsonObject | undefined): Pick<KubeletContainer, "state"> & Partial<KubeletContainer> {
  const running = valueAt(status, "state", "running");
  if (running !== undefined) {
    const startedAtSeconds = secondsOf(textAt(running, "startedAt"));
    return { state: "running", ...(startedAtSeconds === undefined ? {} : { startedAtSeconds }) };
  }
  const terminated = valueAt(status, "state", "terminated");
  if (terminated !== undefined) return { state: "exited", ...endOf(terminated) };
  const waiting = valueAt(status, "state", "waiting");
  const last = endOf(valueAt(status, "lastState", "terminated"));
  return {
    state: "waiting",
    ...last,
    reason: textAt(waiting, "reason") ?? "ContainerCreating",
    message: last.message ?? causeOf(waiting),
  };
}

function endOf(terminated: JsonValue | undefined): Pick<KubeletContainer, "reason" | "message" | "exitCode"> {
  if (terminated === undefined) return {};
  return {
    reason: textAt(terminated, "reason"),
    message: textAt(terminated, "message"),
    exitCode: integerAt(terminated, "exitCode"),
  };
}

// "back-off 10s restarting failed container" says when the next try is, not what failed; the log may say that.
function causeOf(waiting: JsonValue | undefined): string | undefined {
  return textAt(waiting, "reason") === "CrashLoopBackOff" ? undefined : textAt(waiting, "message");
}

function containerId(status: JsonObject | undefined): string {
  const id = textAt(status, "containerID") ?? textAt(status, "lastState", "terminated", "containerID") ?? "";
  return id.slice(id.indexOf("://") < 0 ? 0 : id.indexOf("://") + 3);
}
