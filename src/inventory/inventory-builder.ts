// Gathers hosts and groups while a file is read, with Ansible's rules for repetition, and turns them into an Inventory.
// Problems are collected, so that the user sees all of them at once.

import { inputError } from "../model/errors";
import type {
  GroupEntry,
  Inventory,
  InventoryComment,
  InventoryHost,
  InventoryRepetition,
  InventoryValue,
  InventoryVariable,
  SectionPart,
  SourcePosition,
} from "../model/inventory";

/** Problems shown for one file. A file that is no inventory at all has one for each line. */
const problemsMax = 20;

interface HostDraft {
  readonly name: string;
  readonly position: SourcePosition;
  readonly variables: Map<string, InventoryVariable>;
}

interface GroupDraft {
  readonly name: string;
  readonly position: SourcePosition;
  readonly hosts: Map<string, GroupEntry>;
  readonly children: Map<string, GroupEntry>;
  readonly variables: Map<string, InventoryVariable>;
}

const impliedGroups: ReadonlySet<string> = new Set(["all", "ungrouped"]);

/** Collects one inventory file. */
export class InventoryBuilder {
  private readonly hosts = new Map<string, HostDraft>();
  private readonly groups = new Map<string, GroupDraft>();
  private readonly comments: InventoryComment[] = [];
  private readonly repetitions: InventoryRepetition[] = [];
  private readonly problems: string[] = [];
  private problemsCount = 0;

  constructor(private readonly path: string) {}

  position(line: number): SourcePosition {
    return { file: this.path, line };
  }

  problem(line: number, message: string): void {
    this.problemsCount++;
    if (this.problems.length < problemsMax) this.problems.push(`${this.path}:${line}: ${message}`);
  }

  group(name: string, line: number): GroupDraft {
    const known = this.groups.get(name);
    if (known !== undefined) return known;
    const draft = { name, position: this.position(line), hosts: new Map(), children: new Map(), variables: new Map() };
    this.groups.set(name, draft);
    return draft;
  }

  hasGroup(name: string): boolean {
    return this.groups.has(name) || impliedGroups.has(name);
  }

  host(name: string, groupName: string, line: number): void {
    const position = this.position(line);
    if (!this.hosts.has(name)) this.hosts.set(name, { name, position, variables: new Map() });
    if (impliedGroups.has(groupName)) return;
    const { hosts } = this.group(groupName, line);
    const first = hosts.get(name);
    if (first === undefined) hosts.set(name, { name, position });
    else
      this.repetitions.push({ kind: "host", host: name, subject: groupName, first: first.position, again: position });
  }

  hostVariable(host: string, variable: InventoryVariable): void {
    const draft = this.hosts.get(host);
    if (draft === undefined) return;
    const before = draft.variables.get(variable.name);
    if (before !== undefined && !isSameValue(before.value, variable.value)) {
      const [first, again] = [before.position, variable.position];
      this.repetitions.push({ kind: "variable", host, subject: variable.name, first, again });
    }
    setVariable(draft.variables, variable);
  }

  groupVariable(group: string, variable: InventoryVariable): void {
    setVariable(this.group(group, variable.position.line).variables, variable);
  }

  child(groupName: string, child: string, line: number): void {
    const { children } = this.group(groupName, line);
    if (!children.has(child)) children.set(child, { name: child, position: this.position(line) });
  }

  comment(text: string, group: string | undefined, part: SectionPart, before: string | undefined, line: number): void {
    this.comments.push({ text, group, part, before, position: this.position(line) });
  }

  /** @throws RecoveryError "input" with every problem found, each with file and line. */
  build(format: Inventory["format"]): Inventory {
    this.findCycles();
    for (const { name, position } of this.hosts.values()) {
      if (this.groups.has(name)) {
        this.problem(
          position.line,
          `'${name}' is a host and a group; Ansible would mix up their variables: rename one`,
        );
      }
    }
    this.refuseIfProblems();
    const hosts: InventoryHost[] = [...this.hosts.values()].map((host) => ({
      ...host,
      variables: [...host.variables.values()],
    }));
    const groups = [...this.groups.values()]
      .map((group) => ({
        ...group,
        hosts: [...group.hosts.values()],
        // YAML files nest every group below `all`, where each is anyway.
        children: format === "yaml" && group.name === "all" ? [] : [...group.children.values()],
        variables: [...group.variables.values()],
      }))
      .filter((group) => !impliedGroups.has(group.name) || group.children.length + group.variables.length > 0);
    return { path: this.path, format, hosts, groups, comments: this.comments, repetitions: this.repetitions };
  }

  private refuseIfProblems(): void {
    const [first] = this.problems;
    if (first === undefined) return;
    const more = this.problemsCount - 1;
    const left = this.problemsCount - this.problems.length;
    const problems = left > 0 ? [...this.problems, `${this.path}: ${left} more lines like these`] : this.problems;
    throw inputError(more === 0 ? first : `${first} (and ${more} more problem${more === 1 ? "" : "s"})`, {
      problems,
      hint: `correct ${this.path}, or check it with: ansible-inventory -i ${this.path} --list`,
    });
  }

  private findCycles(): void {
    const state = new Map<string, "open" | "done">();
    const visit = (name: string): void => {
      state.set(name, "open");
      for (const child of this.groups.get(name)?.children.values() ?? []) {
        if (state.get(child.name) === "open") {
          const how = child.name === name ? "itself" : `'${child.name}', which contains '${name}' already`;
          this.problem(child.position.line, `group '${name}' cannot contain ${how}`);
        } else if (!state.has(child.name)) visit(child.name);
      }
      state.set(name, "done");
    };
    for (const name of this.groups.keys()) if (!state.has(name)) visit(name);
  }
}

function setVariable(variables: Map<string, InventoryVariable>, variable: InventoryVariable): void {
  variables.set(variable.name, variable);
}

/** Are two values the same to Ansible? */
export function isSameValue(left: InventoryValue | undefined, right: InventoryValue | undefined): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object") return false;
  return comparable(left) === comparable(right);
}

function comparable(value: InventoryValue): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === "bigint") return `bigint ${inner}`;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
