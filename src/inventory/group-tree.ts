// Questions about the groups of an inventory, answered as Ansible answers them: whose hosts, in which order, and which
// group's variables win. Source: ansible-core lib/ansible/inventory/group.py and helpers.py (sort_groups).

import type { Inventory, InventoryGroup, InventoryVariable } from "../model/inventory";

/** The groups of one inventory, indexed. */
export class GroupTree {
  private readonly groups: ReadonlyMap<string, InventoryGroup>;
  private readonly depths = new Map<string, number>();
  private readonly groupsOfHost = new Map<string, Set<string>>();
  private readonly parents = new Map<string, Set<string>>();

  constructor(inventory: Inventory) {
    this.groups = new Map(inventory.groups.map((group) => [group.name, group]));
    for (const group of inventory.groups) {
      for (const { name } of group.children) addTo(this.parents, name, group.name);
      for (const { name } of group.hosts) addTo(this.groupsOfHost, name, group.name);
    }
  }

  has(name: string): boolean {
    return this.groups.has(name);
  }

  group(name: string): InventoryGroup | undefined {
    return this.groups.get(name);
  }

  /**
   * The group's hosts in Ansible's order: its own first, then those of its children, level by level. Below the children
   * Ansible walks a set, in no order that could be relied on; here it is the order of the file.
   */
  hostsOf(name: string): readonly string[] {
    const found = new Set<string>();
    const seen = new Set<string>();
    let level = [name];
    while (level.length > 0) {
      const next: string[] = [];
      for (const current of level) {
        if (seen.has(current)) continue;
        seen.add(current);
        const group = this.groups.get(current);
        for (const host of group?.hosts ?? []) found.add(host.name);
        next.push(...(group?.children.map((child) => child.name) ?? []));
      }
      level = next;
    }
    return [...found];
  }

  /** Every group a host is in, itself or through children, with `all` and, where it is in no other, `ungrouped`. */
  groupsOf(host: string): ReadonlySet<string> {
    const found = new Set<string>();
    const open = [...(this.groupsOfHost.get(host) ?? [])];
    if (open.length === 0) found.add("ungrouped");
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (found.has(name)) continue;
      found.add(name);
      open.push(...(this.parents.get(name) ?? []));
    }
    return found.add("all");
  }

  /** The groups in the order in which their variables are applied; a later one wins. */
  inPrecedence(names: Iterable<string>): readonly string[] {
    return [...names].sort(
      (a, b) => this.depth(a) - this.depth(b) || this.priority(a) - this.priority(b) || (a < b ? -1 : 1),
    );
  }

  private depth(name: string): number {
    const known = this.depths.get(name);
    if (known !== undefined) return known;
    // A group without a parent hangs below `all`, which is at depth 0.
    const above = [...(this.parents.get(name) ?? [])].map((parent) => this.depth(parent));
    const depth = name === "all" ? 0 : Math.max(0, ...above) + 1;
    this.depths.set(name, depth);
    return depth;
  }

  private priority(name: string): number {
    const variable = this.groups.get(name)?.variables.find((entry) => entry.name === "ansible_group_priority");
    return variable === undefined ? 1 : Number(variable.value);
  }
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([value]));
  else known.add(value);
}

/** The variables of a group that reach its hosts: all but the one that only orders groups. */
export function hostVisibleVariables(group: InventoryGroup): readonly InventoryVariable[] {
  return group.variables.filter((variable) => variable.name !== "ansible_group_priority");
}
