// Reads a YAML inventory and the files of group_vars, host_vars and extra variables, with the line of every entry.
// Source: ansible-core lib/ansible/plugins/inventory/yaml.py.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { inputError } from "../model/errors";
import type { Inventory, InventoryValue, InventoryVariable } from "../model/inventory";
import { parseHostPattern } from "./host-pattern";
import { InventoryBuilder } from "./inventory-builder";
import { plainYamlValue } from "./yaml-scalar";

interface YamlText {
  readonly path: string;
  readonly lines: LineCounter;
  readonly document: Document;
}

function readYaml(path: string, text: string): YamlText {
  const lines = new LineCounter();
  // Only the syntax is left to the parser: what a scalar means is PyYAML's business (yaml-scalar.ts).
  const document = parseDocument(text, { schema: "failsafe", version: "1.1", lineCounter: lines, logLevel: "silent" });
  const [error] = document.errors;
  if (error !== undefined) {
    const reason = error.message.split("\n")[0] ?? "it is no YAML";
    throw inputError(
      `${path}:${lines.linePos(error.pos[0]).line}: the YAML cannot be read: ${reason.replace(/ at line .*$/, "")}`,
    );
  }
  return { path, lines, document: document as Document };
}

function lineOf(file: YamlText, node: unknown): number {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  return range?.[0] === undefined ? 1 : file.lines.linePos(range[0]).line;
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function resolved(file: YamlText, node: unknown): unknown {
  return isAlias(node) ? node.resolve(file.document) : node;
}

/** The entries of a mapping; those merged in with `<<` first, so that its own entries win. */
function itemsOf(file: YamlText, map: YAMLMap, depth = 0): readonly Pair[] {
  if (!map.items.some((pair) => keyText(pair) === "<<")) return map.items;
  if (depth > 100) throw inputError(`${file.path}:${lineOf(file, map)}: the mapping is merged into itself`);
  const merged = new Map<string, Pair>();
  for (const pair of map.items.filter((item) => keyText(item) === "<<")) {
    const value = resolved(file, pair.value);
    const sources = isSeq(value) ? value.items.map((item) => resolved(file, item)) : [value];
    for (const source of sources.reverse()) {
      if (isMap(source)) for (const item of itemsOf(file, source, depth + 1)) merged.set(keyText(item), item);
    }
  }
  for (const pair of map.items) if (keyText(pair) !== "<<") merged.set(keyText(pair), pair);
  return [...merged.values()];
}

/** The value of a YAML node as Ansible would show it. Aliases are followed; tagged secrets are carried unopened. */
function variableValue(file: YamlText, raw: unknown, depth = 0): InventoryValue {
  if (depth > 100) throw inputError(`${file.path}:${lineOf(file, raw)}: the value is nested too deeply`);
  const node = resolved(file, raw);
  if (isMap(node)) {
    const entries = itemsOf(file, node).map(
      (pair) => [keyText(pair), variableValue(file, pair.value, depth + 1)] as const,
    );
    return Object.fromEntries(entries);
  }
  if (isSeq(node)) return node.items.map((item) => variableValue(file, item, depth + 1));
  if (!isScalar(node)) return null;
  const text = String(node.value ?? "");
  if (node.tag === "!vault" || node.tag === "!vault-encrypted") return { __ansible_vault: text };
  if (node.tag === "!unsafe") return { __ansible_unsafe: text };
  return isPlain(node) ? plainYamlValue(text) : text;
}

/** Written without quotes and without a tag, so that its text decides what it is. */
function isPlain(node: Scalar): boolean {
  return node.tag === undefined && (node.type === undefined || node.type === "PLAIN");
}

function isNothing(node: unknown): boolean {
  if (node === null || node === undefined) return true;
  return isScalar(node) && isPlain(node) && plainYamlValue(String(node.value ?? "")) === null;
}

/**
 * Reads the top-level variables of a YAML or JSON file; undefined when the whole file is vaulted.
 * @throws RecoveryError "input" with file and line when it is no mapping.
 */
export function parseVariables(path: string, text: string): readonly InventoryVariable[] | undefined {
  if (text.startsWith("$ANSIBLE_VAULT;")) return undefined;
  const file = readYaml(path, text);
  const root = file.document.contents;
  if (isNothing(root)) return [];
  if (!isMap(root))
    throw inputError(`${path}:${lineOf(file, root)}: expected variables (name: value), found something else`);
  return itemsOf(file, root).map((pair) => ({
    name: keyText(pair),
    value: variableValue(file, pair.value),
    position: { file: path, line: lineOf(file, pair.key) },
  }));
}

/**
 * Reads the text of a YAML (or JSON) inventory.
 * @throws RecoveryError "input" with every problem found, each with file and line.
 */
export function parseYamlInventory(path: string, text: string): Inventory {
  const file = readYaml(path, text);
  const root = file.document.contents;
  const builder = new InventoryBuilder(path);
  if (!isMap(root)) {
    throw inputError(`${path}:1: expected groups with hosts, children and vars, found no mapping at all`);
  }
  if (root.has("plugin")) {
    throw inputError(`${path}:1: this configures an inventory plugin and lists no hosts`, {
      hint: `write what the plugin finds to a file: ansible-inventory -i ${path} --list --yaml > hosts.yml`,
    });
  }
  for (const pair of itemsOf(file, root)) readGroup(file, builder, pair);
  // Comments have no fixed place in a written YAML file; they are kept together at its head.
  text.split(/\r?\n/).forEach((line, index) => {
    const comment = /^\s*(#.*)$/.exec(line)?.[1];
    if (comment !== undefined) builder.comment(comment.trimEnd(), undefined, "hosts", undefined, index + 1);
  });
  return builder.build("yaml");
}

function readGroup(file: YamlText, builder: InventoryBuilder, pair: Pair): void {
  const name = keyText(pair);
  const line = lineOf(file, pair.key);
  const data = resolved(file, pair.value);
  builder.group(name, line);
  if (isNothing(data)) return;
  if (!isMap(data)) {
    builder.problem(line, `group '${name}' must hold hosts, children or vars`);
    return;
  }
  for (const section of itemsOf(file, data)) {
    const key = keyText(section);
    if (key !== "hosts" && key !== "children" && key !== "vars") {
      builder.problem(
        lineOf(file, section.key),
        `'${key}' in group '${name}' is not hosts, children or vars; Ansible would skip it`,
      );
      continue;
    }
    for (const entry of entriesOf(file, builder, section, name)) {
      if (key === "vars") {
        const position = builder.position(lineOf(file, entry.key));
        builder.groupVariable(name, { name: keyText(entry), value: variableValue(file, entry.value), position });
      } else if (key === "children") {
        builder.child(name, keyText(entry), lineOf(file, entry.key));
        readGroup(file, builder, entry);
      } else readHosts(file, builder, name, entry);
    }
  }
}

function entriesOf(file: YamlText, builder: InventoryBuilder, section: Pair, group: string): readonly Pair[] {
  const value = resolved(file, section.value);
  if (isMap(value)) return itemsOf(file, value);
  if (isNothing(value)) return [];
  // Ansible takes a lone name for a mapping with that one key.
  if (isScalar(value) && typeof value.value === "string") return [{ key: value, value: null } as Pair];
  builder.problem(
    lineOf(file, section.key),
    `'${keyText(section)}' of group '${group}' must be a mapping (name: ...), not a list`,
  );
  return [];
}

function readHosts(file: YamlText, builder: InventoryBuilder, group: string, entry: Pair): void {
  const line = lineOf(file, entry.key);
  const hosts = parseHostPattern(keyText(entry));
  if (hosts.kind === "invalid") {
    builder.problem(line, hosts.reason);
    return;
  }
  const data = resolved(file, entry.value);
  if (!isNothing(data) && !isMap(data)) {
    builder.problem(line, `the variables of host '${keyText(entry)}' must be a mapping (name: value)`);
    return;
  }
  for (const name of hosts.names) {
    builder.host(name, group, line);
    if (hosts.port !== undefined) {
      builder.hostVariable(name, { name: "ansible_port", value: hosts.port, position: builder.position(line) });
    }
    for (const pair of isMap(data) ? itemsOf(file, data) : []) {
      const position = builder.position(lineOf(file, pair.key));
      builder.hostVariable(name, { name: keyText(pair), value: variableValue(file, pair.value), position });
    }
  }
}
