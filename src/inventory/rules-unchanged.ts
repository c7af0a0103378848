// The rules that nothing else has changed: every host, group and variable of the original is there, but for the changes
// that are listed.

import type { InventoryVariable } from "../model/inventory";
import type { VariableChange } from "../model/inventory-recovery";
import { isSameValue } from "./inventory-builder";
import { met, ownError, type ProofContext, type Rule, violated } from "./proof-context";

const addedNames: ReadonlySet<string> = new Set(["etcd_member_name", "main_ip", "main_access_ip"]);

/** Every variable of every host that differs from the original, group_vars and host_vars included. */
export function variableChanges({ situation, variables, written }: ProofContext): readonly VariableChange[] {
  const changes: VariableChange[] = [];
  const replacedBy = new Map(situation.request.replacements.map((r) => [r.newHost, r.oldHost]));
  for (const { name: host } of written.hosts) {
    const before = situation.variables.of(replacedBy.get(host) ?? host);
    const after = variables.of(host);
    for (const [name, variable] of after) {
      const old = before.get(name);
      if (old === undefined || !isSameValue(old.value, variable.value)) {
        changes.push({ host, name, before: shown(old), after: shown(variable) });
      }
    }
    for (const [name, variable] of before) {
      if (!after.has(name)) changes.push({ host, name, before: shown(variable), after: undefined });
    }
  }
  return changes;
}

function shown(variable: InventoryVariable | undefined): string | undefined {
  const value = variable?.value;
  if (value === undefined || typeof value === "string") return value;
  // A vaulted value is never printed, and a long one says nothing here.
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner));
  return text.length > 60 || text.includes("__ansible_vault") ? "(a longer value)" : text;
}

const addressNames: ReadonlySet<string> = new Set([
  "ansible_host",
  "ansible_ssh_host",
  "ip",
  "access_ip",
  "ip6",
  "access_ip6",
]);

const variablesUnchanged: Rule = {
  rule: "variables-unchanged",
  title:
    "No host's variables differ from the original's, group_vars and host_vars included, except those listed below.",
  check: (context) => {
    const created = new Set(context.situation.request.replacements.map((r) => r.newHost));
    // A host that is replaced leaves its groups and keeps what is written beside it.
    const left = new Set(context.situation.request.replacements.map((r) => r.oldHost));
    const unexpected = variableChanges(context).find(
      ({ host, name, after }) =>
        !(left.has(host) && after === undefined) &&
        !addedNames.has(name) &&
        !(created.has(host) && addressNames.has(name)),
    );
    if (unexpected === undefined) return met(`${context.written.hosts.length} hosts were compared.`);
    const { host, name, before, after } = unexpected;
    return violated(
      `'${name}' of '${host}' would change from '${before ?? "not set"}' to '${after ?? "not set"}' because its groups change`,
      `set ${name} beside ${host} in the original, so that it does not depend on its groups`,
    );
  },
};

const contentKept: Rule = {
  rule: "content-kept",
  title: "Every host, group, child group, variable and comment of the original is still there.",
  check: (context) => {
    const { inventory } = context.situation.site;
    const { written, variables, situation } = context;
    const hosts = new Set(written.hosts.map((host) => host.name));
    const lostHost = inventory.hosts.find((host) => !hosts.has(host.name));
    if (lostHost !== undefined) return violated(`host '${lostHost.name}' is gone`, ownError);
    const rewritten = new Set([
      "etcd",
      "broken_etcd",
      situation.traits.controlPlaneGroup,
      situation.traits.brokenControlPlaneGroup,
    ]);
    const renamed = new Map(situation.request.replacements.map((r) => [r.oldHost, r.newHost]));
    for (const group of inventory.groups) {
      const kept = variables.tree.group(group.name);
      const names = group.hosts.map((host) => renamed.get(host.name) ?? host.name);
      const isSame =
        kept !== undefined &&
        kept.children.map((child) => child.name).join() === group.children.map((child) => child.name).join() &&
        (rewritten.has(group.name) || kept.hosts.map((host) => host.name).join() === names.join());
      if (!isSame) return violated(`group '${group.name}' is not as it was`, ownError);
    }
    if (written.comments.length < inventory.comments.length) return violated("comments are gone", ownError);
    return met(
      `${inventory.hosts.length} hosts, ${inventory.groups.length} groups, ${inventory.comments.length} comments.`,
    );
  },
};

/** The rules that nothing else has changed. */
export const unchangedRules: readonly Rule[] = [variablesUnchanged, contentKept];
