// The difference between two states of a resource as nested text, down to the field that differs:
//   ~ command: [
//       ~ [0]: "kube-schedulerrrr" => "kube-scheduler"

import type { Step } from "../../../engine/events";
import { findAtPath, type PathPart, parsePath } from "../../../engine/property-path";
import {
  isPropertyList,
  isPropertyMap,
  type PropertyMap,
  type PropertyValue,
  SecretValue,
  UnknownValue,
  valuesEqual,
} from "../../../engine/property-value";
import { renderInline, renderValue } from "./values";

/** A difference: a changed value, or the differing parts of a list or map. */
type DiffNode =
  | { readonly kind: "leaf"; readonly old: PropertyValue | undefined; readonly new: PropertyValue | undefined }
  | { readonly kind: "branch"; readonly list: boolean; readonly children: ReadonlyMap<PathPart, DiffNode> };

function isOpaque(value: PropertyValue | undefined): boolean {
  return value instanceof SecretValue || value instanceof UnknownValue;
}

/** Compares two values; undefined when they are the same. */
export function diffValues(old: PropertyValue | undefined, now: PropertyValue | undefined): DiffNode | undefined {
  if (valuesEqual(old, now)) return undefined;
  if (!isOpaque(old) && !isOpaque(now)) {
    if (isPropertyMap(old) && isPropertyMap(now)) return diffMaps(old, now);
    if (isPropertyList(old) && isPropertyList(now)) return diffLists(old, now);
  }
  return { kind: "leaf", old, new: now };
}

function diffMaps(old: PropertyMap, now: PropertyMap): DiffNode {
  const children = new Map<PathPart, DiffNode>();
  for (const name of [...new Set([...Object.keys(old), ...Object.keys(now)])].sort()) {
    const node = diffValues(old[name], now[name]);
    if (node !== undefined) children.set(name, node);
  }
  return { kind: "branch", list: false, children };
}

function diffLists(old: readonly PropertyValue[], now: readonly PropertyValue[]): DiffNode {
  const children = new Map<PathPart, DiffNode>();
  for (let index = 0; index < Math.max(old.length, now.length); index += 1) {
    const node = diffValues(old[index], now[index]);
    if (node !== undefined) children.set(index, node);
  }
  return { kind: "branch", list: true, children };
}

/** Builds the tree of the differences that the provider has named by their paths. */
function diffPaths(step: Step): DiffNode | undefined {
  const detailed = step.diff.detailedDiff;
  if (detailed === undefined || step.old === undefined || step.new === undefined) return undefined;
  const root = new Map<PathPart, DiffNode>();
  for (const path of [...detailed.keys()].sort()) {
    const inputDiff = detailed.get(path)?.inputDiff === true;
    const parts = parsePath(path);
    const old = findAtPath(inputDiff ? step.old.inputs : step.old.outputs, parts);
    const node = diffValues(old ?? findAtPath(step.old.inputs, parts), findAtPath(step.new.inputs, parts));
    if (node !== undefined) insert(root, parts, node);
  }
  return root.size === 0 ? undefined : { kind: "branch", list: false, children: root };
}

function insert(into: Map<PathPart, DiffNode>, path: readonly PathPart[], node: DiffNode): void {
  const [first, ...rest] = path;
  if (first === undefined) return;
  if (rest.length === 0) {
    into.set(first, node);
    return;
  }
  const present = into.get(first);
  const children = new Map(present?.kind === "branch" ? present.children : []);
  insert(children, rest, node);
  into.set(first, { kind: "branch", list: typeof rest[0] === "number", children });
}

function renderNode(key: PathPart, node: DiffNode, indent: number): readonly string[] {
  const name = typeof key === "number" ? `[${key}]` : key;
  const pad = " ".repeat(indent);
  if (node.kind === "branch") {
    const [open, close] = node.list ? ["[", "]"] : ["{", "}"];
    const inner = [...node.children].flatMap(([child, diff]) => renderNode(child, diff, indent + 4));
    return [`${pad}~ ${name}: ${open}`, ...inner, `${pad}  ${close}`];
  }
  if (node.old === undefined) return keyed(`${pad}+ ${name}`, renderValue(node.new, indent + 2, "+"));
  if (node.new === undefined) return keyed(`${pad}- ${name}`, renderValue(node.old, indent + 2, "-"));
  const [before, after] = [renderInline(node.old), renderInline(node.new)];
  if (before !== undefined && after !== undefined) return [`${pad}~ ${name}: ${before} => ${after}`];
  return [`${pad}~ ${name}:`, ...renderLines(node.old, "-", indent + 4), ...renderLines(node.new, "+", indent + 4)];
}

function renderLines(value: PropertyValue, sign: string, indent: number): readonly string[] {
  const pad = " ".repeat(indent);
  const inline = renderInline(value);
  if (inline !== undefined) return [`${pad}${sign} ${inline}`];
  if (typeof value === "string")
    return value
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `${pad}${sign} ${line}`);
  return keyed(`${pad}${sign}`, renderValue(value, indent, sign), " ");
}

function keyed(head: string, lines: readonly string[], separator = ": "): readonly string[] {
  const [first, ...rest] = lines;
  return [`${head}${separator}${first ?? ""}`, ...rest];
}

function renderTree(tree: DiffNode | undefined, indent: number): readonly string[] {
  if (tree?.kind !== "branch") return [];
  return [...tree.children].flatMap(([key, node]) => renderNode(key, node, indent));
}

/** Lines of what a step changes; a refresh shows what has happened to the outputs. */
export function renderStepDiff(step: Step, indent: number): readonly string[] {
  if (step.op === "refresh") {
    return step.old === undefined ? [] : renderTree(diffValues(step.old.outputs, step.new?.outputs ?? {}), indent);
  }
  if (step.old === undefined || step.new === undefined) return [];
  return renderTree(diffPaths(step) ?? diffValues(step.old.inputs, step.new.inputs), indent);
}

/** Lines of all properties of a resource that is new or goes away. */
export function renderProperties(properties: PropertyMap, indent: number): readonly string[] {
  const pad = " ".repeat(indent);
  const names = Object.keys(properties).sort();
  const width = Math.max(0, ...names.map((name) => name.length));
  return names.flatMap((name) => keyed(`${pad}${name.padEnd(width)}`, renderValue(properties[name], indent, " ")));
}

/** Names of the properties that differ, signed: ~content, +note. */
export function summarizeDiff(step: Step): string {
  const tree =
    step.op === "refresh"
      ? step.new === undefined
        ? undefined
        : diffValues(step.old?.inputs ?? {}, step.new.inputs)
      : step.old === undefined || step.new === undefined
        ? undefined
        : (diffPaths(step) ?? diffValues(step.old.inputs, step.new.inputs));
  if (tree?.kind !== "branch" || tree.children.size === 0) return "";
  const names = [...tree.children].map(([name, node]) => {
    const sign = node.kind === "branch" ? "~" : node.old === undefined ? "+" : node.new === undefined ? "-" : "~";
    return `${sign}${name}`;
  });
  return `[diff: ${names.join(",")}]`;
}
