// The variables that Ansible gives a host: inventory groups, group_vars, the host line, host_vars, each winning over
// the one before. Extra variables are judged apart, because they win over everything.
// Source: ansible-core lib/ansible/vars/manager.py and the default of VARIABLE_PRECEDENCE.

import type { InventoryHost, InventoryVariable, Site, VariablesFile } from "../model/inventory";
import { GroupTree, hostVisibleVariables } from "./group-tree";

type Variables = ReadonlyMap<string, InventoryVariable>;

/** The variables of every host of a site. */
export class EffectiveVariables {
  readonly tree: GroupTree;
  private readonly hosts: ReadonlyMap<string, InventoryHost>;
  private readonly files = new Map<string, VariablesFile[]>();
  /** Sites have thousands of hosts and few combinations of groups. */
  private readonly ofGroups = new Map<string, Variables>();

  constructor(site: Site) {
    this.tree = new GroupTree(site.inventory);
    this.hosts = new Map(site.inventory.hosts.map((host) => [host.name, host]));
    for (const file of site.variablesFiles) {
      const key = `${file.kind} ${file.owner}`;
      const known = this.files.get(key);
      if (known === undefined) this.files.set(key, [file]);
      else known.push(file);
    }
  }

  /** All variables of a host, by name. */
  of(host: string): Variables {
    const variables = new Map(this.fromGroups(this.tree.inPrecedence(this.tree.groupsOf(host))));
    for (const variable of this.hosts.get(host)?.variables ?? []) variables.set(variable.name, variable);
    this.addFiles(variables, "host", host);
    return variables;
  }

  /** One variable of a host as text; undefined when it is not set or is no plain value. */
  text(host: string, name: string): string | undefined {
    const value = this.of(host).get(name)?.value;
    return value === undefined || value === null || typeof value === "object" ? undefined : String(value);
  }

  private fromGroups(names: readonly string[]): Variables {
    const key = names.join(" ");
    const known = this.ofGroups.get(key);
    if (known !== undefined) return known;
    const variables = new Map<string, InventoryVariable>();
    for (const name of names) {
      const group = this.tree.group(name);
      if (group === undefined) continue;
      for (const variable of hostVisibleVariables(group)) variables.set(variable.name, variable);
    }
    this.addFiles(variables, "group", "all");
    for (const name of names) if (name !== "all") this.addFiles(variables, "group", name);
    this.ofGroups.set(key, variables);
    return variables;
  }

  private addFiles(into: Map<string, InventoryVariable>, kind: VariablesFile["kind"], owner: string): void {
    for (const file of this.files.get(`${kind} ${owner}`) ?? []) {
      for (const variable of file.variables ?? []) into.set(variable.name, variable);
    }
  }
}
