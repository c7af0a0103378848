// The manifests section: the files that the kubelet reads, each parsed as the kubelet would.

import { parseDocument } from "yaml";
import { isJsonObject, type JsonValue } from "../model/json";
import type { ManifestContent, ManifestFile } from "../model/node-observation";
import { decodeBytes, decodeText, type ProbeRecord, recordsOf } from "./sections";

/**
 * Parses the manifests section, sorted by name. What is no regular file is told only under a declared name, where it stands
 * in the way; elsewhere the kubelet passes over it.
 * @throws Error when a record is not complete.
 */
export function parseManifests(stdout: string, declaredFiles: ReadonlySet<string>): ManifestFile[] {
  return recordsOf(stdout)
    .filter(([key]) => key === "file")
    .map(parseFile)
    .filter(({ file, type }) => type === "file" || declaredFiles.has(file.fileName))
    .map(({ file }) => file)
    .sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
}

// kubeadm's manifests have 2 to 5 KB and a hundred quotes. The parser's time grows with the square of some hostile texts,
// and while it works nothing else does.
const manifestCharactersMax = 64 * 1024;
const manifestMarksMax = 4000;

/** What a manifest's text means to the kubelet. Never throws. */
export function parseManifestText(text: string): ManifestContent {
  const marks = text.match(/["'[{&*]/g)?.length ?? 0;
  if (text.length > manifestCharactersMax || marks > manifestMarksMax) {
    return {
      kind: "unread",
      reason: `it is no plausible manifest: ${text.length} characters, ${marks} quotes and brackets`,
    };
  }
  if (
    text
      .replace(/^\s*(#.*)?$/gm, "")
      .replace(/^---\s*$/gm, "")
      .trim() === ""
  )
    return { kind: "empty" };
  let value: unknown;
  try {
    // The kubelet reads YAML 1.1 and takes the first document of a file.
    const document = parseDocument(firstDocument(text), { version: "1.1", uniqueKeys: false, intAsBigInt: true });
    const [error] = document.errors;
    if (error !== undefined) return { kind: "not-yaml", reason: firstLine(error.message) };
    value = plainJson(document.toJS({ maxAliasCount: 100 }));
  } catch (error) {
    return { kind: "not-yaml", reason: firstLine(error instanceof Error ? error.message : String(error)) };
  }
  if (value === null || value === undefined) return { kind: "empty" };
  if (!isJsonObject(value))
    return { kind: "not-a-pod", reason: `it is ${Array.isArray(value) ? "a list" : "one value"}` };
  if (value.kind !== "Pod" || value.apiVersion !== "v1") {
    return {
      kind: "not-a-pod",
      reason: `it is ${describe(value.kind)} of ${describe(value.apiVersion)}, not Pod of v1`,
    };
  }
  return { kind: "pod", pod: value };
}

function parseFile(record: ProbeRecord): { readonly file: ManifestFile; readonly type: string } {
  const [, name, type, attributes, preciseTime, content] = record;
  const fileName = decodeText(name);
  const [user, group, uid, gid, mode, modifiedAt, size] = decodeText(attributes).trim().split(" ");
  const seconds = Number(modifiedAt);
  if (type === undefined || size === undefined || !/^[0-7]{1,5}$/.test(mode ?? "") || !Number.isSafeInteger(seconds)) {
    throw new Error(`the attributes of ${JSON.stringify(fileName)} could not be read`);
  }
  const precise = preciseTime === undefined ? Number.NaN : Number(decodeText(preciseTime).trim());
  return {
    type,
    file: {
      fileName,
      owner: `${user === "UNKNOWN" ? uid : user}:${group === "UNKNOWN" ? gid : group}`,
      mode: (mode ?? "").padStart(4, "0"),
      modifiedAtSeconds: Math.floor(precise) === seconds ? precise : seconds,
      content: contentOf(type, content, Number(size)),
    },
  };
}

function contentOf(type: string, content: string | undefined, size: number): ManifestContent {
  switch (type) {
    case "file":
      break;
    case "directory":
      return { kind: "unread", reason: "it is a directory" };
    case "dangling":
      return { kind: "unread", reason: "it is a symbolic link that leads nowhere" };
    default:
      return { kind: "unread", reason: "it is not a regular file" };
  }
  if (content === undefined) return { kind: "unread", reason: "there is no right to read it" };
  const bytes = decodeBytes(content);
  if (bytes.length !== size)
    return { kind: "unread", reason: `it has ${size} bytes, of which ${bytes.length} could be read` };
  return parseManifestText(bytes.toString("utf8"));
}

function firstDocument(text: string): string {
  const lines = text.split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== "" && !line.startsWith("#") && !/^---\s*$/.test(line));
  const next = lines.findIndex((line, index) => index > first && /^(---|\.\.\.)(\s|$)/.test(line));
  return lines.slice(Math.max(first, 0), next < 0 ? undefined : next).join("\n");
}

// Whole numbers come as BigInt, so that one beyond 2^53 keeps its digits, as text.
function plainJson(value: unknown): JsonValue {
  switch (typeof value) {
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "object":
      if (value === null) return null;
      if (Array.isArray(value)) return value.map(plainJson);
      if (value instanceof Date) return value.toISOString();
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainJson(inner)]));
    default:
      return null;
  }
}

function describe(value: JsonValue | undefined): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60);
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/:$/, "").slice(0, 200);
}
