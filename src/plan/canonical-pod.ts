// Compares Pods by meaning: both sides go through the same rules, and what is observed is then spelled as it is declared
// wherever the two mean the same, so that a difference on the screen is a difference in fact. Nothing is completed with
// defaults: a key on disk that is not declared is drift.

import { isJsonList, isJsonObject, type JsonObject, type JsonValue, ownValue } from "../model/json";

/**
 * Flags of etcd that the etcd plan computes when a member is created. etcd ignores them once data exists, so they are
 * neither declared nor compared. Source: etcd server/etcdmain/help.go, "clustering flags".
 */
export const membershipFlags = [
  "--initial-cluster",
  "--initial-cluster-state",
  "--initial-cluster-token",
  "--force-new-cluster",
] as const;

// List elements that Kubernetes tells apart by a key; their order means nothing.
// Source: kubernetes staging/src/k8s.io/api/core/v1/types.go, patchMergeKey of PodSpec and Container.
const mergeKeys: Readonly<Record<string, string>> = {
  volumes: "name",
  volumeMounts: "mountPath",
  containers: "name",
};

/** The Pod without what means nothing: nulls, `status`, an empty `resources`, and etcd's membership flags. */
export function canonicalPod(pod: JsonObject): JsonObject {
  const known = canonicalPods.get(pod);
  if (known !== undefined) return known;
  const { status: _status, ...rest } = pod;
  const made = canonicalValue(rest, "") as JsonObject;
  canonicalPods.set(pod, made);
  return made;
}

// A Pod does not change, and a plan, a wait or a rehearsal asks for the same ones again at every look.
const canonicalPods = new WeakMap<JsonObject, JsonObject>();

/** The canonical observed Pod, in the order and spelling of the canonical declared one wherever they mean the same. */
export function alignPod(observed: JsonObject, desired: JsonObject): JsonObject {
  return alignValue(canonicalPod(observed), canonicalPod(desired), "") as JsonObject;
}

/** The membership flags of an observed etcd Pod, in order; empty for any other Pod. */
export function observedMembershipFlags(pod: JsonObject): readonly string[] {
  return splitMembership(etcdCommand(pod)).membership.map(String);
}

/** The Pod with `flags` put behind the command of its etcd container. */
export function withMembershipFlags(pod: JsonObject, flags: readonly string[]): JsonObject {
  const spec = pod.spec;
  if (!isJsonObject(spec) || !isJsonList(spec.containers)) return pod;
  const containers = spec.containers.map((container) => {
    if (!isJsonObject(container) || !runsEtcd(container)) return container;
    const command = isJsonList(container.command) ? container.command : [];
    return { ...container, command: [...splitMembership(command).rest, ...flags] };
  });
  return { ...pod, spec: { ...spec, containers } };
}

/** Does one of its containers run etcd? */
export function isEtcdPod(pod: JsonObject): boolean {
  return isJsonObject(pod.spec) && isJsonList(pod.spec.containers) && pod.spec.containers.some(runsEtcd);
}

/** The command of the etcd container; empty when there is none. */
export function etcdCommand(pod: JsonObject): readonly string[] {
  if (!isJsonObject(pod.spec) || !isJsonList(pod.spec.containers)) return [];
  const container = pod.spec.containers.find(runsEtcd);
  if (!isJsonObject(container)) return [];
  return [container.command, container.args].flatMap((words) =>
    isJsonList(words) ? words.filter((word): word is string => typeof word === "string") : [],
  );
}

/** The value of a `--flag=value` of the first container that has it; undefined when none has. */
export function containerFlag(pod: JsonObject, flag: string): string | undefined {
  if (!isJsonObject(pod.spec) || !isJsonList(pod.spec.containers)) return undefined;
  const words = pod.spec.containers
    .filter(isJsonObject)
    .flatMap((container) =>
      [container.command, container.args].flatMap((list) => (isJsonList(list) ? list.map(String) : [])),
    );
  return words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
}

function runsEtcd(container: JsonValue): boolean {
  if (!isJsonObject(container) || !isJsonList(container.command)) return false;
  const program = container.command[0];
  return typeof program === "string" && /(^|\/)etcd$/.test(program);
}

// etcd takes `--flag=value` and `--flag value`; --force-new-cluster alone needs no value.
function splitMembership(words: readonly JsonValue[]): {
  readonly membership: readonly JsonValue[];
  readonly rest: readonly JsonValue[];
} {
  const membership: JsonValue[] = [];
  const rest: JsonValue[] = [];
  let takesNext = false;
  for (const word of words) {
    const text = String(word);
    const isValue = takesNext && !text.startsWith("-");
    const flag = membershipFlags.find((name) => text === name || text.startsWith(`${name}=`));
    takesNext = flag !== undefined && text === flag && flag !== "--force-new-cluster";
    (isValue || flag !== undefined ? membership : rest).push(word);
  }
  return { membership, rest };
}

function canonicalValue(value: JsonValue, key: string): JsonValue {
  if (isJsonList(value)) {
    const words = key === "command" && value[0] !== undefined && /(^|\/)etcd$/.test(String(value[0]));
    return (words ? splitMembership(value).rest : value).map((inner) => canonicalValue(inner, ""));
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value)
    .filter(([name, inner]) => inner !== null && !(name === "resources" && isEmptyObject(inner)))
    .map(([name, inner]) => [name, canonicalValue(inner, name)] as const);
  return Object.fromEntries(entries);
}

function alignValue(observed: JsonValue, desired: JsonValue | undefined, key: string): JsonValue {
  if (isJsonList(observed) && isJsonList(desired)) return alignList(observed, desired, key);
  if (isJsonObject(observed) && isJsonObject(desired)) return alignObject(observed, desired, key);
  return observed;
}

function alignObject(observed: JsonObject, desired: JsonObject, key: string): JsonObject {
  const hasQuantities = key === "requests" || key === "limits";
  const names = new Set([...Object.keys(desired), ...Object.keys(observed)]);
  const entries = [...names].flatMap((name): readonly (readonly [string, JsonValue])[] => {
    const value = ownValue(observed, name);
    if (value === undefined) return [];
    const wanted = ownValue(desired, name);
    const isSame = hasQuantities && wanted !== undefined && isEqualQuantity(value, wanted);
    return [[name, isSame && wanted !== undefined ? wanted : alignValue(value, wanted, name)]];
  });
  return Object.fromEntries(entries);
}

function alignList(observed: readonly JsonValue[], desired: readonly JsonValue[], key: string): readonly JsonValue[] {
  const mergeKey = Object.hasOwn(mergeKeys, key) ? mergeKeys[key] : undefined;
  if (mergeKey === undefined) return observed.map((value, index) => alignValue(value, desired[index], ""));
  const identity = (value: JsonValue) => (isJsonObject(value) ? value[mergeKey] : undefined);
  const rest = [...observed];
  const matched = desired.flatMap((wanted) => {
    const index = rest.findIndex((value) => identity(value) !== undefined && identity(value) === identity(wanted));
    return index < 0 ? [] : rest.splice(index, 1).map((value) => alignValue(value, wanted, ""));
  });
  // A renamed element stays at its place, so that the difference names its key and not the whole list.
  if (matched.length < desired.length && observed.length === desired.length) {
    return observed.map((value, index) => alignValue(value, desired[index], ""));
  }
  return [...matched, ...rest];
}

function isEmptyObject(value: JsonValue): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function isEqualQuantity(left: JsonValue, right: JsonValue): boolean {
  const [a, b] = [quantityOf(left), quantityOf(right)];
  return a !== undefined && b !== undefined && Math.abs(a - b) <= Math.abs(b) * 1e-12;
}

// Source: kubernetes apimachinery/pkg/api/resource/suffix.go.
const quantityFactors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

function quantityOf(value: JsonValue): number | undefined {
  const match = /^([+-]?[0-9.]+)(?:([eE][+-]?[0-9]+)|([A-Za-z]{0,2}))$/.exec(String(value));
  if (match === null) return undefined;
  const factor = match[2] === undefined ? quantityFactors[match[3] ?? ""] : 1;
  const number = Number(`${match[1]}${match[2] ?? ""}`);
  return factor === undefined || Number.isNaN(number) ? undefined : number * factor;
}
