// Reads the Pods of a stack from YAML files: <folder>/<pod>.yaml for every node, <folder>/<node>/<pod>.yaml for one.
// {{name}} and {{<value>}} in any text of a Pod stand for the node's name and its values.

import * as fs from "node:fs";
import * as path from "node:path";
import { parseDocument } from "yaml";
import type { NodeValues, Pod, PodTemplate } from "../src/resources";

/** The Pods of one folder, or every mistake in it. */
export interface ManifestFolder {
  readonly pods: Readonly<Record<string, PodTemplate>>;
  readonly mistakes: readonly string[];
}

/** Reads <folder>/*.yaml. A folder that does not exist is a mistake unless `isOptional`. */
export function readManifests(folder: string, nodes: readonly NodeValues[], isOptional = false): ManifestFolder {
  if (!fs.existsSync(folder)) {
    return {
      pods: {},
      mistakes: isOptional ? [] : [`${folder} does not exist: it has to hold one <pod>.yaml for each static pod`],
    };
  }
  const files = fs
    .readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort();
  const read = files.map((name) => readManifest(path.join(folder, name), nodes));
  return {
    pods: Object.fromEntries(read.flatMap(({ pod }) => (pod === undefined ? [] : [pod]))),
    mistakes: read.flatMap(({ mistakes }) => mistakes),
  };
}

function readManifest(
  file: string,
  nodes: readonly NodeValues[],
): { readonly pod?: readonly [string, PodTemplate]; readonly mistakes: readonly string[] } {
  const document = parseDocument(fs.readFileSync(file, "utf8"));
  const error = document.errors[0];
  if (error !== undefined) return { mistakes: [`${file}: not YAML: ${error.message.split("\n")[0]}`] };
  const pod: unknown = document.toJS();
  const name = path.basename(file).replace(/\.ya?ml$/, "");
  if (typeof pod !== "object" || pod === null) return { mistakes: [`${file}: holds no Pod`] };
  const missing = [
    ...new Set(
      nodes.flatMap((node) =>
        missingValues(pod, node).map(
          (key) => `${file}: node ${node.name} has no value {{${key}}}: set it under nodes.${node.name}.values`,
        ),
      ),
    ),
  ];
  return missing.length > 0 ? { mistakes: missing } : { pod: [name, (node) => fill(pod, node) as Pod], mistakes: [] };
}

const placeholder = /\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}/g;

function valueFor(node: NodeValues, key: string): string | undefined {
  return key === "name" ? node.name : node.values[key];
}

function missingValues(value: unknown, node: NodeValues): readonly string[] {
  if (typeof value === "string") {
    return [...value.matchAll(placeholder)].flatMap(([, key]) =>
      key !== undefined && valueFor(node, key) === undefined ? [key] : [],
    );
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((inner) => missingValues(inner, node));
}

function fill(value: unknown, node: NodeValues): unknown {
  if (typeof value === "string") return value.replace(placeholder, (_text, key: string) => valueFor(node, key) ?? "");
  if (Array.isArray(value)) return value.map((inner) => fill(inner, node));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, node)]));
}
