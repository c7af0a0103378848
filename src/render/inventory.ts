// Inventories, commands and proofs as text. The templates are in templates/inventory; what they are given is plain data.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import Handlebars, { type HelperDelegate, type HelperOptions } from "handlebars";
import { templateError } from "../model/errors";
import type { Inventory, InventoryComment, InventoryVariable, SectionPart } from "../model/inventory";
import { packageFolder } from "../model/package-folder";
import { type QuoteKind, quote } from "./inventory-quoting";

const engine = Handlebars.create();
// Ansible's own templating uses Handlebars' braces; this prints an expression of theirs.
engine.registerHelper("j", (expression: string) => `{{ ${expression} }}`);
engine.registerHelper("q", (kind: QuoteKind, value: unknown) => quote(kind, given(value)));
// Handlebars' strict mode does not reach the arguments of helpers: a name misspelt there would print as nothing.
for (const name of ["each", "if"]) {
  const original: HelperDelegate | undefined = engine.helpers[name];
  engine.registerHelper(name, function (this: unknown, value: unknown, options: HelperOptions): unknown {
    return original?.call(this, given(value), options);
  });
}

function given(value: unknown): unknown {
  if (value === undefined) throw new Error("it names a value that is not given");
  return value;
}

const folder = join(packageFolder, "templates", "inventory");
const compiled = new Map<string, HandlebarsTemplateDelegate>();

/**
 * Renders a template of templates/inventory.
 * @throws RecoveryError "template" when it names a value that it is not given.
 */
export function renderInventoryTemplate(name: string, view: object): string {
  let template = compiled.get(name);
  if (template === undefined) {
    template = engine.compile(readFileSync(join(folder, name), "utf8"), { noEscape: true, strict: true });
    compiled.set(name, template);
  }
  try {
    return template(view);
  } catch (cause) {
    throw templateError(name, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

interface EntryView {
  readonly comments: readonly string[];
  readonly name: string;
  readonly variables: readonly InventoryVariable[];
}

interface SectionView {
  readonly header: string;
  readonly isVars: boolean;
  readonly entries: readonly EntryView[];
  readonly comments: readonly string[];
}

/** An inventory as INI: every host with its variables once in [all], then the groups with bare names. */
export function renderIniInventory(inventory: Inventory): string {
  const comments = new CommentIndex(inventory.comments);
  const sections = [section(comments, "all", "hosts", "all", inventory.hosts)];
  for (const group of inventory.groups) {
    const isImplied = group.name === "all" || group.name === "ungrouped";
    const { name, children, variables } = group;
    const hosts = group.hosts.map((host) => ({ name: host.name, variables: [] }));
    // An empty section declares the group: kubespray needs broken_etcd to exist even when nothing is broken.
    if (!isImplied && (hosts.length > 0 || children.length === 0))
      sections.push(section(comments, name, "hosts", name, hosts));
    if (children.length > 0) {
      const entries = children.map((child) => ({ name: child.name, variables: [] }));
      sections.push(section(comments, name, "children", `${name}:children`, entries));
    }
    if (variables.length > 0) {
      const entries = variables.map((variable) => ({ name: variable.name, variables: [variable] }));
      sections.push(section(comments, name, "vars", `${name}:vars`, entries));
    }
  }
  return renderInventoryTemplate("hosts.ini.hbs", { comments: comments.head(), sections });
}

/** An inventory as YAML. Its comments stand together at the head. */
export function renderYamlInventory(inventory: Inventory): string {
  const all = inventory.groups.find((group) => group.name === "all");
  const groups = inventory.groups
    .filter((group) => group.name !== "all")
    .map((group) => ({ ...group, isEmpty: group.hosts.length + group.children.length + group.variables.length === 0 }));
  return renderInventoryTemplate("hosts.yml.hbs", {
    comments: inventory.comments.map((comment) => comment.text),
    hosts: inventory.hosts,
    variables: all?.variables ?? [],
    groups,
  });
}

/** An inventory in the format it was read in. */
export function renderInventory(inventory: Inventory): string {
  return inventory.format === "ini" ? renderIniInventory(inventory) : renderYamlInventory(inventory);
}

function section(
  comments: CommentIndex,
  group: string,
  part: SectionPart,
  header: string,
  entries: readonly { readonly name: string; readonly variables: readonly InventoryVariable[] }[],
): SectionView {
  const names = new Set(entries.map((entry) => entry.name));
  return {
    header,
    isVars: part === "vars",
    entries: entries.map((entry) => ({ ...entry, comments: comments.before(group, part, entry.name) })),
    comments: comments.rest(group, part, names),
  };
}

/** Finds the comments of a place. One whose entry is gone stands at the end of its section. */
class CommentIndex {
  private readonly places = new Map<string, InventoryComment[]>();
  private readonly sections = new Map<string, InventoryComment[]>();

  constructor(private readonly comments: readonly InventoryComment[]) {
    for (const comment of comments) {
      const key = `${comment.part} ${comment.group ?? ""}`;
      push(this.sections, key, comment);
      push(this.places, `${key} ${comment.before ?? ""}`, comment);
    }
  }

  head(): readonly string[] {
    return this.comments.filter((comment) => comment.group === undefined).map((comment) => comment.text);
  }

  before(group: string, part: SectionPart, name: string): readonly string[] {
    return (this.places.get(`${part} ${group} ${name}`) ?? []).map((comment) => comment.text);
  }

  rest(group: string, part: SectionPart, names: ReadonlySet<string>): readonly string[] {
    const all = this.sections.get(`${part} ${group}`) ?? [];
    return all.filter(({ before }) => before === undefined || !names.has(before)).map((comment) => comment.text);
  }
}

function push(map: Map<string, InventoryComment[]>, key: string, comment: InventoryComment): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [comment]);
  else known.push(comment);
}
