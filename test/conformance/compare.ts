// Compares what the embedded engine did with what the Pulumi CLI did. Answers differences as text, for people.

import { isDeepStrictEqual } from "node:util";
import { findSecretsProvider, openCheckpoint } from "../../src/engine/checkpoint";
import { openCrypter } from "../../src/engine/passphrase";
import { secretSignature, signatureKey } from "../../src/engine/property-value";
import type { PluginCall } from "./plugin/wire-json";

type Json = Readonly<Record<string, unknown>>;

/** Passphrase of all recordings. */
export const passphrase = "correct-horse";

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** A UUID that is not in the state before was made up in this run. */
function normaliseIds(text: string, before: string): string {
  return text.replace(uuid, (id) => (before.includes(id) || id.startsWith("04da6b54") ? id : "<new id>"));
}

function normaliseRequest(request: Json, before: string): Json {
  const { resourcestatustoken, randomseed, ...rest } = request;
  const text = normaliseIds(JSON.stringify(rest), before).replace(/127\.0\.0\.1:\d+/g, "<address>");
  return {
    ...(JSON.parse(text) as Json),
    ...(resourcestatustoken === undefined ? {} : { resourcestatustoken: "<token>" }),
    ...(randomseed === undefined ? {} : { randomseed: `${Buffer.from(String(randomseed), "base64").length} bytes` }),
  };
}

/** Calls of one process, per resource; calls about no resource count as those of resource "". */
function byResource(calls: readonly PluginCall[]): ReadonlyMap<string, readonly PluginCall[]> {
  const groups = new Map<string, PluginCall[]>();
  for (const call of calls) {
    const urn = String(call.request.urn ?? "");
    groups.set(urn, [...(groups.get(urn) ?? []), call]);
  }
  return groups;
}

function byProcess(calls: readonly PluginCall[]): readonly (readonly PluginCall[])[] {
  const groups = new Map<number, PluginCall[]>();
  for (const call of calls) groups.set(call.pid, [...(groups.get(call.pid) ?? []), call]);
  return [...groups.values()];
}

/** What a run is made of, in its order. Calls of one phase never come before calls of an earlier one. */
const phases = [
  "handshake",
  "getPluginInfo",
  "checkConfig",
  "diffConfig",
  "configure",
  "read",
  "check",
  "delete",
  "cancel",
];

function checkPhases(calls: readonly PluginCall[]): readonly string[] {
  let reached = 0;
  return calls.flatMap(({ method }) => {
    const phase = phases.indexOf(method);
    if (phase < 0) return [];
    if (phase < reached) return [`${method} came after ${phases[reached] ?? ""}`];
    reached = phase;
    return [];
  });
}

/**
 * Differences between the calls of two runs: per process and per resource the same requests in the same order. When an
 * input is not valid the Pulumi CLI stops wherever it is and the embedded engine goes on with the other resources: what
 * was recorded then only has to be the beginning of what is observed.
 */
export function compareCalls(
  recorded: readonly PluginCall[],
  observed: readonly PluginCall[],
  before: string,
  wasCutShort = false,
): readonly string[] {
  const [wanted, found] = [byProcess(recorded), byProcess(observed)];
  if (wanted.length !== found.length) {
    return [`${found.length} plugin processes instead of ${wanted.length}`];
  }
  const begin = (calls: readonly PluginCall[], like: readonly PluginCall[]) =>
    wasCutShort ? calls.slice(0, like.length) : calls;
  return wanted.flatMap((calls, index) => {
    const own = found[index] ?? [];
    const [left, right] = [byResource(calls), byResource(own)];
    const urns = [...new Set([...left.keys(), ...right.keys()])];
    const differences = urns.flatMap((urn) =>
      compareSequence(urn, left.get(urn) ?? [], begin(right.get(urn) ?? [], left.get(urn) ?? []), before).map(
        (text) => `process ${index + 1}: ${text}`,
      ),
    );
    return [...differences, ...checkPhases(own)];
  });
}

function compareSequence(
  urn: string,
  recorded: readonly PluginCall[],
  observed: readonly PluginCall[],
  before: string,
): readonly string[] {
  const names = (calls: readonly PluginCall[]) => calls.map(({ method }) => method).join(", ");
  if (names(recorded) !== names(observed)) return [`${urn}: got [${names(observed)}] instead of [${names(recorded)}]`];
  return recorded.flatMap((call, index) => {
    const wanted = normaliseRequest(call.request, before);
    const found = normaliseRequest(observed[index]?.request ?? {}, before);
    if (isDeepStrictEqual(wanted, found)) return [];
    return [`${urn}: ${call.method} got ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`];
  });
}

/** A resource's calls begin only when those of all it depends on have ended. */
export function compareOrder(observed: readonly PluginCall[], state: string): readonly string[] {
  const { resources = [] } = (JSON.parse(state) as { checkpoint: { latest: { resources?: readonly Json[] } } })
    .checkpoint.latest;
  const changing = observed.filter(({ method }) => ["check", "create", "update"].includes(method));
  return resources.flatMap((resource) =>
    ((resource.dependencies ?? []) as readonly string[]).flatMap((needed) => {
      const first = changing.findIndex(({ request }) => request.urn === resource.urn);
      const last = changing.map(({ request }) => request.urn).lastIndexOf(needed);
      return first >= 0 && last > first ? [`${String(resource.urn)} began before ${needed} had ended`] : [];
    }),
  );
}

/** Replaces every encrypted secret by its plaintext. */
function decryptAll(value: unknown, decrypt: (ciphertext: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => decryptAll(item, decrypt));
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Json;
  if (fields[signatureKey] === secretSignature) return { ...fields, ciphertext: decrypt(String(fields.ciphertext)) };
  return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, decryptAll(item, decrypt)]));
}

interface StateFile {
  readonly checkpoint: { readonly stack: string; readonly latest: Json & { readonly resources?: readonly Json[] } };
}

function timesOf(state: string): ReadonlyMap<string, Json> {
  const { resources = [] } = (JSON.parse(state) as StateFile).checkpoint.latest;
  return new Map(resources.map((resource) => [String(resource.urn), resource]));
}

/** A state file without what may differ: times become "kept" or "set". */
async function normaliseState(state: string, before: string): Promise<ReadonlyMap<string, string>> {
  const opened = openCheckpoint(state);
  const crypter = await openCrypter(passphrase, findSecretsProvider(opened)?.salt ?? "");
  const file = decryptAll(JSON.parse(normaliseIds(state, before)), (text) => crypter.decrypt(text)) as StateFile;
  const earlier = timesOf(before);
  const parts = new Map<string, string>();
  const { resources = [], ...latest } = file.checkpoint.latest;
  parts.set(
    "file",
    JSON.stringify({
      ...file,
      checkpoint: { ...file.checkpoint, latest: { ...latest, manifest: {}, secrets_providers: {} } },
    }),
  );
  for (const resource of resources) {
    const { sourcePosition: _position, stackTrace: _trace, ...rest } = resource;
    const times = Object.fromEntries(
      ["created", "modified"]
        .filter((name) => rest[name] !== undefined)
        .map((name) => [name, earlier.get(String(resource.urn))?.[name] === rest[name] ? "kept" : "set"]),
    );
    parts.set(String(resource.urn), JSON.stringify({ ...rest, ...times }));
  }
  return parts;
}

/** Differences between two state files, key order included, but not the order of resources. */
export async function compareStates(recorded: string, observed: string, before: string): Promise<readonly string[]> {
  const [wanted, found] = await Promise.all([normaliseState(recorded, before), normaliseState(observed, before)]);
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((urn) =>
    wanted.get(urn) === found.get(urn) ? [] : [`${urn} is ${found.get(urn)} instead of ${wanted.get(urn)}`],
  );
}
