// An Ansible inventory as data: hosts, groups, variables and comments, each with the line it was read from. How it is
// read is in src/inventory/parse-*.ts; what a recovery asks of it is in inventory-recovery.ts.

/** A place in a file that the user can open. */
export interface SourcePosition {
  /** Path as the user gave it. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/**
 * A variable's value. A vaulted or unsafe YAML value is the one-key mapping that `ansible-inventory --list` prints for
 * it (`__ansible_vault`, `__ansible_unsafe`), so that it is carried through without being opened.
 */
export type InventoryValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly InventoryValue[]
  | { readonly [key: string]: InventoryValue };

/** One variable of a host or a group. */
export interface InventoryVariable {
  readonly name: string;
  /** What Ansible makes of it. */
  readonly value: InventoryValue;
  /** INI only: the text before Ansible's literal evaluation, written back unchanged; undefined for YAML and new values. */
  readonly text?: string | undefined;
  readonly position: SourcePosition;
}

/** A host with the variables written beside it in the inventory file (not those of group_vars or host_vars). */
export interface InventoryHost {
  readonly name: string;
  /** One for each name, in order of first appearance; the last value written wins, as in Ansible. */
  readonly variables: readonly InventoryVariable[];
  /** Where it was first named. */
  readonly position: SourcePosition;
}

/** A host or child group as it is listed in a group. */
export interface GroupEntry {
  readonly name: string;
  readonly position: SourcePosition;
}

/** A group. `all` and `ungrouped` are listed only when they carry variables or children. */
export interface InventoryGroup {
  readonly name: string;
  /** Hosts listed in it directly, in order, each once; empty for `all` and `ungrouped`, whose hosts follow from the rest. */
  readonly hosts: readonly GroupEntry[];
  /** Child groups, in order, each once. */
  readonly children: readonly GroupEntry[];
  readonly variables: readonly InventoryVariable[];
  /** Where it was first declared. */
  readonly position: SourcePosition;
}

/** Which part of a group a comment stands in. */
export type SectionPart = "hosts" | "children" | "vars";

/** A comment of the file, kept at the entry it stood before. */
export interface InventoryComment {
  /** With its comment sign, without surrounding blanks. */
  readonly text: string;
  /** Group it stands in; undefined for one before the first section. */
  readonly group: string | undefined;
  readonly part: SectionPart;
  /** Host, child or variable it stands before; undefined at the end of the section. */
  readonly before: string | undefined;
  readonly position: SourcePosition;
}

/** The same host listed twice directly in one group, or given two values for one variable. Ansible takes either silently. */
export interface InventoryRepetition {
  readonly kind: "host" | "variable";
  readonly host: string;
  /** Group for "host", variable name for "variable". */
  readonly subject: string;
  readonly first: SourcePosition;
  readonly again: SourcePosition;
}

/** A whole inventory file. */
export interface Inventory {
  readonly path: string;
  readonly format: "ini" | "yaml";
  /** In order of first appearance. */
  readonly hosts: readonly InventoryHost[];
  /** In order of first appearance. */
  readonly groups: readonly InventoryGroup[];
  readonly comments: readonly InventoryComment[];
  readonly repetitions: readonly InventoryRepetition[];
}

/** A file of group_vars or host_vars. */
export interface VariablesFile {
  readonly kind: "group" | "host";
  /** Group or host it belongs to. */
  readonly owner: string;
  /** Path below the inventory's folder, with `/`: `group_vars/all/etcd.yml`. */
  readonly path: string;
  /** Top-level variables; undefined when the file is vaulted as a whole and was not read. */
  readonly variables: readonly InventoryVariable[] | undefined;
}

/** A file given with `-e @FILE`. */
export interface ExtraVarsFile {
  /** As it is passed on the command line, without the `@`. */
  readonly path: string;
  /** Top-level variables; undefined when the file is vaulted as a whole and was not read. */
  readonly variables: readonly InventoryVariable[] | undefined;
}

/** An inventory with all that stands beside it. */
export interface Site {
  readonly inventory: Inventory;
  /** In the order in which Ansible reads them. */
  readonly variablesFiles: readonly VariablesFile[];
  /** In the order in which they are passed. */
  readonly extraVars: readonly ExtraVarsFile[];
}
