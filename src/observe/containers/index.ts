// The containers section: takes the best source that answered, says why better ones were passed over, and fills in from
// the others what that source does not know: what really runs, and the last words of what does not.

import type { ContainerObservation, ContainersObservation } from "../../model/node-observation";
import { decodeText, type ProbeRecord, recordsOf } from "../sections";
import { parseBundle, parseContainerInfo, type StatusFile } from "./containerd";
import { parseCrictl } from "./crictl";
import { type KubeletContainer, parseKubeletPods } from "./kubelet-api";
import { type ContainerLog, type KubeletComplaint, lastWords, parseJournal } from "./last-words";
import type { RuntimeContainer } from "./runtime-container";

/** A message longer than this is cut, characters. */
const messageCharactersMax = 2000;

/** Names of the containers of each declared static pod, by pod name. */
export type DeclaredContainers = ReadonlyMap<string, readonly string[]>;

/** Parses the containers section. @throws Error when no source answered, with the reason of each. */
export function parseContainers(stdout: string, declared: DeclaredContainers): ContainersObservation {
  const records = recordsOf(stdout);
  if (records.some(([key]) => key === "late")) throw new Error("the container runtime answers too slowly");
  const told = new Told(records);
  const skipped = [...told.skipped];
  const crictl = attempt(skipped, "crictl", () => told.crictl());
  if (crictl !== undefined) return observed("crictl", skipped, crictl, told, declared);
  const runtime = attempt(skipped, "containerd", () => told.containerd());
  const kubelet = attempt(skipped, "the kubelet's API", () => told.kubelet());
  if (kubelet !== undefined) {
    const containers = kubelet.map((container) => fromKubelet(container, runtime ?? [], told));
    return { source: "kubelet-api", skipped: skipped.filter((reason) => reason.startsWith("crictl")), containers };
  }
  if (runtime !== undefined) return observed("containerd", skipped, runtime, told, declared);
  throw new Error(`no source tells of containers: ${skipped.join("; ")}`);
}

/** What the section's records say, by source. */
class Told {
  readonly skipped: readonly string[];
  readonly logs: ReadonlyMap<string, ContainerLog>;
  readonly complaints: readonly KubeletComplaint[];

  constructor(private readonly records: readonly ProbeRecord[]) {
    this.skipped = this.of("skip").map(([, source, reason]) => describeSkip(source ?? "", decodeText(reason)));
    this.logs = new Map(
      this.of("log").map(([, path, number, text]) => [
        decodeText(path).replace(/^.*\/([^/]+\/[^/]+)$/, "$1"),
        { attempt: Number(number), text: decodeText(text) },
      ]),
    );
    const now = Number(this.of("time")[0]?.[1]);
    this.complaints = this.of("journal").flatMap(([, text]) => parseJournal(decodeText(text), now));
  }

  crictl(): readonly RuntimeContainer[] | undefined {
    const [list] = this.of("crictl-ps");
    if (list === undefined) return undefined;
    return parseCrictl(
      decodeText(list[1]),
      this.of("crictl-inspect").map(([, text]) => decodeText(text)),
    );
  }

  kubelet(): readonly KubeletContainer[] | undefined {
    const [pods] = this.of("kubelet-api");
    return pods === undefined ? undefined : parseKubeletPods(decodeText(pods[1]));
  }

  containerd(): readonly RuntimeContainer[] | undefined {
    const bundles = this.of("bundle");
    if (this.of("containerd").length === 0 && bundles.length === 0) return undefined;
    const statuses = new Map(
      this.of("state").map(([, id, alive, text]): [string, StatusFile] => [
        id ?? "",
        { text: decodeText(text), isAlive: alive === "yes" },
      ]),
    );
    const known = this.of("container").map(([, id = "", text]) =>
      parseContainerInfo(id, decodeText(text), statuses.get(id)),
    );
    const left = bundles.map(([, id = "", text]) => parseBundle(id, decodeText(text), statuses.get(id)));
    return [...known, ...left].filter((container) => container !== undefined);
  }

  private of(key: string): readonly ProbeRecord[] {
    return this.records.filter(([name]) => name === key);
  }
}

function attempt<T>(skipped: string[], source: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    skipped.push(`${source}: its answer cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function observed(
  source: "crictl" | "containerd",
  skipped: readonly string[],
  runtime: readonly RuntimeContainer[],
  told: Told,
  declared: DeclaredContainers,
): ContainersObservation {
  const containers = runtime.map((container) => {
    const { id: _id, podUid: _uid, attempt: restartCount, ...facts } = container;
    const message = facts.message ?? (hasFailed(container) ? wordsOf(container, restartCount, told) : undefined);
    return complete({ ...facts, message, restartCount });
  });
  const reasons = skipped.filter((reason) => source === "containerd" || reason.startsWith("crictl"));
  return { source, skipped: reasons, containers: [...containers, ...neverMade(runtime, told, declared)] };
}

function fromKubelet(
  container: KubeletContainer,
  runtime: readonly RuntimeContainer[],
  told: Told,
): ContainerObservation {
  const { id, podUid: _uid, ...facts } = container;
  const known = runtime.find((candidate) => candidate.id === id && id !== "");
  const words =
    facts.state === "running"
      ? undefined
      : (known?.message ?? complaintOn(container, told)?.message ?? wordsOf(container, undefined, told));
  return complete({
    ...facts,
    message: facts.message ?? words,
    image: known?.image ?? facts.image,
    createdAtSeconds: known?.createdAtSeconds,
    command: known?.command,
    hostPaths: known?.hostPaths,
  });
}

// A container that the kubelet cannot make is nowhere but in the kubelet's own words.
function neverMade(
  runtime: readonly RuntimeContainer[],
  told: Told,
  declared: DeclaredContainers,
): readonly ContainerObservation[] {
  const made = new Set(runtime.map(({ pod, name }) => `${pod}/${name}`));
  const found = new Map<string, ContainerObservation>();
  for (const complaint of told.complaints) {
    const owner = [...declared].find(([name]) => complaint.pod.startsWith(`${name}-`));
    const names = complaint.container === undefined ? (owner?.[1] ?? []) : [complaint.container];
    for (const name of names) {
      const key = `${complaint.pod}/${name}`;
      if (made.has(key) || found.has(key)) continue;
      const { pod, reason, message } = complaint;
      found.set(key, complete({ pod, namespace: "kube-system", name, state: "waiting", reason, message }));
    }
  }
  return [...found.values()];
}

function complaintOn(container: { readonly pod: string; readonly name: string }, told: Told) {
  return told.complaints.find(
    (complaint) =>
      complaint.pod === container.pod && (complaint.container === undefined || complaint.container === container.name),
  );
}

// A log that another attempt wrote says nothing of this one.
function wordsOf(
  container: { readonly namespace: string; readonly pod: string; readonly podUid: string; readonly name: string },
  attemptNumber: number | undefined,
  told: Told,
): string | undefined {
  const { namespace, pod, podUid, name } = container;
  const log = told.logs.get(`${namespace}_${pod}_${podUid}/${name}`);
  if (log === undefined || (attemptNumber !== undefined && log.attempt !== attemptNumber)) return undefined;
  return lastWords(log.text);
}

function hasFailed(container: RuntimeContainer): boolean {
  return container.state === "exited" && container.exitCode !== 0;
}

type Identity = "pod" | "namespace" | "name" | "state";

// An empty word in a field that may be absent is none. What tells which container it is stays, even where damage left it empty.
function complete({
  pod,
  namespace,
  name,
  state,
  ...rest
}: Pick<ContainerObservation, Identity> & {
  readonly [K in Exclude<keyof ContainerObservation, Identity>]?: ContainerObservation[K] | undefined;
}): ContainerObservation {
  const message = rest.message?.trim().slice(0, messageCharactersMax);
  const known = Object.entries({ ...rest, message }).filter(([, value]) => value !== undefined && value !== "");
  return { pod, namespace, name, state, ...Object.fromEntries(known) };
}

function describeSkip(source: string, words: string): string {
  const name = { crictl: "crictl", "kubelet-api": "the kubelet's API", containerd: "containerd" }[source] ?? source;
  const match = /^(.*)\n(\d{3})$/s.exec(words.trim());
  const text = match === null ? words : match[2] === "000" ? (match[1] ?? "") : `HTTP ${match[2]}: ${match[1]}`;
  return `${name}: ${text.replace(/\s+/g, " ").trim().slice(0, 300)}`;
}
