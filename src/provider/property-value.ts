// Property values on the wire: plain JSON, with secrets and unknowns marked by signatures.
// Source: pulumi sdk/go/common/resource/plugin/rpc.go and sdk/nodejs/runtime/rpc.ts.

import { isJsonList, isJsonObject, type JsonObject, type JsonValue } from "../model/json";
import { childPath } from "../plan/property-diff";

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
/** Any of the strings that stand for a value not known before other resources are updated. */
const unknownValues: readonly string[] = [
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
];

/** Stands for a value that only an update will know. */
export const notKnownYet = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Plain values, with the paths of those that are secret or not yet known. */
export interface PlainProperties {
  readonly value: JsonObject;
  /** Pulumi property paths, sorted. */
  readonly secretPaths: readonly string[];
  /** Pulumi property paths, sorted. */
  readonly unknownPaths: readonly string[];
  /** The texts that are secret, longest first. */
  readonly secretTexts: readonly string[];
  /** The texts that are not. */
  readonly plainTexts: ReadonlySet<string>;
}

/** The message with every secret text of the properties masked. */
export function maskSecrets(message: string, { secretTexts }: PlainProperties): string {
  return secretTexts.reduce((masked, secret) => masked.replaceAll(secret, "[secret]"), message);
}

/** Takes the signatures off. */
export function unwrapProperties(properties: JsonObject): PlainProperties {
  const secretPaths: string[] = [];
  const unknownPaths: string[] = [];
  const secretTexts: string[] = [];
  const plainTexts = new Set<string>();
  const value = unwrap(properties, "", { secretPaths, unknownPaths, secretTexts, plainTexts }) as JsonObject;
  return {
    value,
    secretPaths: secretPaths.sort(),
    unknownPaths: unknownPaths.sort(),
    secretTexts: secretTexts.sort((a, b) => b.length - a.length),
    plainTexts,
  };
}

/**
 * Marks every value at a secret path as secret, and every text that holds a known secret: a list that has grown on a node
 * has moved it to another place.
 */
export function wrapSecrets(
  value: JsonObject,
  known: Pick<PlainProperties, "secretPaths" | "secretTexts" | "plainTexts">,
): JsonObject {
  return wrap(value, "", {
    paths: new Set(known.secretPaths),
    lists: listsWithSecrets(known.secretPaths),
    texts: known.secretTexts,
    plainTexts: known.plainTexts,
  }) as JsonObject;
}

interface Known {
  readonly paths: ReadonlySet<string>;
  /** Lists that have a secret element: what stands in one of them may be an older secret at another place. */
  readonly lists: ReadonlySet<string>;
  readonly texts: readonly string[];
  readonly plainTexts: ReadonlySet<string>;
}

function listsWithSecrets(paths: readonly string[]): ReadonlySet<string> {
  return new Set(paths.flatMap((path) => [...path.matchAll(/\[\d+\]/g)].map((match) => path.slice(0, match.index))));
}

interface Found {
  readonly secretPaths: string[];
  readonly unknownPaths: string[];
  readonly secretTexts: string[];
  readonly plainTexts: Set<string>;
}

function unwrap(value: JsonValue, path: string, found: Found): JsonValue {
  if (typeof value === "string") {
    if (unknownValues.includes(value)) found.unknownPaths.push(path);
    found.plainTexts.add(value);
    return value;
  }
  if (isJsonList(value)) return value.map((inner, index) => unwrap(inner, `${path}[${index}]`, found));
  if (!isJsonObject(value)) return value;
  if (value[signatureKey] === secretSignature) {
    found.secretPaths.push(path);
    const inner = unwrap(value.value ?? null, path, { ...found, plainTexts: new Set() });
    found.secretTexts.push(...textsOf(inner));
    return inner;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, unwrap(inner, childPath(path, key), found)]),
  );
}

// Shorter texts than this would mask half of every message and protect nothing.
const secretTextCharactersMin = 4;

function textsOf(value: JsonValue): readonly string[] {
  if (isJsonList(value)) return value.flatMap(textsOf);
  if (isJsonObject(value)) return Object.values(value).flatMap(textsOf);
  return typeof value === "string" && value.length >= secretTextCharactersMin ? [value] : [];
}

function wrap(value: JsonValue, path: string, known: Known): JsonValue {
  const inner = wrapInside(value, path, known);
  const isSecret = known.paths.has(path) || holdsSecret(value, path, known);
  return isSecret ? { [signatureKey]: secretSignature, value } : inner;
}

// In a list with a secret, a text that was not there before may be an older secret.
function holdsSecret(value: JsonValue, path: string, known: Known): boolean {
  if (typeof value !== "string") return false;
  const list = path.replace(/\[\d+\]$/, "");
  return (
    (list !== path && known.lists.has(list) && !known.plainTexts.has(value)) ||
    known.texts.some((text) => value.includes(text))
  );
}

function wrapInside(value: JsonValue, path: string, known: Known): JsonValue {
  if (isJsonList(value)) return value.map((inner, index) => wrap(inner, `${path}[${index}]`, known));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, wrap(inner, childPath(path, key), known)]),
  );
}
