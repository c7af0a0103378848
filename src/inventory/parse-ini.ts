// Reads an INI inventory in Ansible's dialect, which is no INI: a host line is shell words, a `:vars` line is not, and
// order matters. Why the `ini` package cannot do it: docs/decisions/0010-own-reader-for-ansible-ini.md.
// Source: ansible-core lib/ansible/plugins/inventory/ini.py.

import type { Inventory, SectionPart } from "../model/inventory";
import { splitHostLine } from "./host-line";
import { parseHostPattern } from "./host-pattern";
import { InventoryBuilder } from "./inventory-builder";
import { parsePythonLiteral } from "./python-literal";

const sectionPattern = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(#.*)?$/;
const childPattern = /^([^:\]\s]+)\s*(#.*)?$/;

// Python's splitlines, which Ansible uses, ends a line at these control characters too.
const lineSeparators = String.fromCharCode(0x0b, 0x0c, 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029);
const lineBreak = new RegExp(`\r\n|[\n\r${lineSeparators}]`);

interface Section {
  readonly group: string;
  readonly part: SectionPart;
}

interface PendingComment {
  readonly text: string;
  readonly line: number;
}

/** Names that are used before, or without, being declared, with the line to blame. */
interface Pending {
  readonly children: Map<string, { readonly parent: string; readonly line: number }>;
  readonly vars: Map<string, number>;
  readonly declared: Set<string>;
}

/**
 * Reads the text of an INI inventory.
 * @throws RecoveryError "input" with every problem found, each with file and line.
 */
export function parseIniInventory(path: string, text: string): Inventory {
  const builder = new InventoryBuilder(path);
  const pending: Pending = { children: new Map(), vars: new Map(), declared: new Set(["all", "ungrouped"]) };
  let section: Section = { group: "ungrouped", part: "hosts" };
  let isInSection = false;
  let comments: PendingComment[] = [];
  const place = (before: string | undefined): void => {
    if (comments.length === 0) return;
    // Hosts above the first section are written back in [all].
    const group = section.group === "ungrouped" && section.part === "hosts" ? "all" : section.group;
    for (const { text: comment, line } of comments) {
      builder.comment(comment, isInSection || before !== undefined ? group : undefined, section.part, before, line);
    }
    comments = [];
  };
  let lineNumber = 0;
  for (const raw of text.split(lineBreak)) {
    lineNumber++;
    const line = raw.trim();
    if (line === "") continue;
    if (line.startsWith("#") || line.startsWith(";")) {
      comments.push({ text: line, line: lineNumber });
      continue;
    }
    if (line.startsWith("[")) {
      const header = parseHeader(builder, line, lineNumber);
      if (header === "bad") continue;
      if (header !== undefined) {
        place(undefined);
        section = header.section;
        isInSection = true;
        if (header.comment !== undefined) comments.push({ text: header.comment, line: lineNumber });
        declare(builder, pending, section, lineNumber);
        continue;
      }
    }
    const entry = parseEntry(builder, pending, section, line, lineNumber);
    if (entry.comment !== undefined) comments.push({ text: entry.comment, line: lineNumber });
    place(entry.name);
  }
  place(undefined);
  reportUndeclared(builder, pending);
  return builder.build("ini");
}

function parseHeader(
  builder: InventoryBuilder,
  line: string,
  lineNumber: number,
): { readonly section: Section; readonly comment: string | undefined } | "bad" | undefined {
  const match = sectionPattern.exec(line);
  const group = match?.[1];
  if (match === null || group === undefined) {
    if (!line.endsWith("]")) return undefined;
    builder.problem(lineNumber, `'${line}' is no section: a group name has no spaces and only one ':' before its part`);
    return "bad";
  }
  const part = match[2] ?? "hosts";
  if (part !== "hosts" && part !== "children" && part !== "vars") {
    builder.problem(
      lineNumber,
      `section [${group}:${part}] has an unknown part; a section ends in :children, :vars or nothing`,
    );
    return "bad";
  }
  return { section: { group, part }, comment: match[3] };
}

function declare(builder: InventoryBuilder, pending: Pending, section: Section, lineNumber: number): void {
  builder.group(section.group, lineNumber);
  if (section.part === "vars") {
    if (!pending.declared.has(section.group) && !pending.vars.has(section.group)) {
      pending.vars.set(section.group, lineNumber);
    }
  } else pending.declared.add(section.group);
}

interface Entry {
  /** What a comment before this line belongs to; undefined when the line was refused. */
  readonly name?: string | undefined;
  readonly comment?: string | undefined;
}

function parseEntry(
  builder: InventoryBuilder,
  pending: Pending,
  section: Section,
  line: string,
  lineNumber: number,
): Entry {
  switch (section.part) {
    case "hosts":
      return parseHostEntry(builder, section.group, line, lineNumber);
    case "children": {
      const match = childPattern.exec(line);
      const child = match?.[1];
      if (match === null || child === undefined) {
        builder.problem(lineNumber, `expected the name of a group, found '${shown(line)}'`);
        return {};
      }
      builder.child(section.group, child, lineNumber);
      if (!pending.children.has(child)) pending.children.set(child, { parent: section.group, line: lineNumber });
      return { name: child, comment: match[2] };
    }
    case "vars": {
      const at = line.indexOf("=");
      const name = line.slice(0, Math.max(at, 0)).trim();
      if (name === "") {
        builder.problem(lineNumber, `expected key=value, found '${shown(line)}'`);
        return {};
      }
      const text = line.slice(at + 1).trim();
      const position = builder.position(lineNumber);
      builder.groupVariable(section.group, { name, value: parsePythonLiteral(text), text, position });
      return { name };
    }
  }
}

function parseHostEntry(builder: InventoryBuilder, group: string, line: string, lineNumber: number): Entry {
  const split = splitHostLine(line);
  const [pattern, ...assignments] = split.kind === "words" ? split.words : [];
  if (split.kind === "invalid" || pattern === undefined) {
    builder.problem(
      lineNumber,
      `the host line cannot be read: ${split.kind === "invalid" ? split.reason : "it is empty"}`,
    );
    return {};
  }
  const hosts = parseHostPattern(pattern);
  if (hosts.kind === "invalid") {
    builder.problem(lineNumber, hosts.reason);
    return {};
  }
  const position = builder.position(lineNumber);
  const variables = [];
  for (const assignment of assignments) {
    const at = assignment.indexOf("=");
    if (at < 1) {
      builder.problem(
        lineNumber,
        `expected key=value after the host '${shown(pattern)}', found '${shown(assignment)}'`,
      );
      return {};
    }
    const text = assignment.slice(at + 1);
    variables.push({ name: assignment.slice(0, at), value: parsePythonLiteral(text), text, position });
  }
  for (const name of hosts.names) {
    builder.host(name, group, lineNumber);
    if (hosts.port !== undefined) {
      const text = String(hosts.port);
      builder.hostVariable(name, { name: "ansible_port", value: hosts.port, text, position });
    }
    for (const variable of variables) builder.hostVariable(name, variable);
  }
  return { name: hosts.names[0], comment: split.comment };
}

function reportUndeclared(builder: InventoryBuilder, pending: Pending): void {
  for (const [child, { parent, line }] of pending.children) {
    if (!pending.declared.has(child)) {
      builder.problem(
        line,
        `[${parent}:children] names the group '${child}', which is declared nowhere: add a section [${child}]`,
      );
    }
  }
  for (const [group, line] of pending.vars) {
    if (!pending.declared.has(group)) {
      builder.problem(line, `[${group}:vars] is for a group that is declared nowhere: add a section [${group}]`);
    }
  }
}

function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
