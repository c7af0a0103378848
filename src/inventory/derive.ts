// Derives the recovery inventory: order, names, groups and addresses, as data. Nothing is trusted afterwards: what is
// written is read back and proven (prove.ts).

import type { GroupEntry, Inventory, InventoryHost, InventoryVariable, SourcePosition } from "../model/inventory";
import type { HostReplacement, Violation } from "../model/inventory-recovery";
import { type MemberNames, nameMembers } from "./member-names";
import type { ChosenProcedure } from "./procedure";
import { factsOf, type Situation } from "./situation";

/** The recovery inventory as data. */
export interface DerivedInventory {
  readonly inventory: Inventory;
  readonly names: MemberNames;
  /** New order of group etcd. */
  readonly etcd: readonly string[];
  /** Hosts whose member stays in the cluster. */
  readonly staying: ReadonlySet<string>;
  readonly controlPlane: readonly string[];
  readonly brokenEtcd: readonly string[];
  readonly brokenControlPlane: readonly string[];
  /** No control plane host is left that could serve the API. */
  readonly isApiGone: boolean;
  readonly violations: readonly Violation[];
}

/** Derives the inventory for the chosen procedure. */
export function deriveInventory(situation: Situation, chosen: ChosenProcedure): DerivedInventory {
  const { request, site, traits } = situation;
  const renamed = new Map(request.replacements.map((replacement) => [replacement.oldHost, replacement.newHost]));
  const rename = (host: string): string => renamed.get(host) ?? host;
  const isBrokenEtcd = new Set(situation.brokenEtcd);
  const isKept = situation.isQuorumKept;
  const oldEtcd = isKept
    ? [...situation.etcdHosts].sort((a, b) => Number(isBrokenEtcd.has(a)) - Number(isBrokenEtcd.has(b)))
    : [chosen.firstEtcd, ...situation.etcdHosts.filter((host) => host !== chosen.firstEtcd)];
  const etcd = oldEtcd.map(rename);
  const staying = new Set(isKept ? situation.etcdHosts.filter((host) => !isBrokenEtcd.has(host)) : etcd.slice(0, 1));
  const names = nameMembers(situation, etcd, staying);

  const isBrokenPlane = new Set(situation.brokenControlPlane);
  const controlPlane = [...situation.controlPlaneHosts]
    .sort((a, b) => Number(isBrokenPlane.has(a)) - Number(isBrokenPlane.has(b)))
    .map(rename);
  const isApiGone = isNoApiLeft(situation);
  const brokenEtcd =
    chosen.emptyBecause.length > 0 ? [] : situation.brokenEtcd.filter((host) => rename(host) !== etcd[0]);
  const brokenControlPlane = isApiGone ? [] : situation.brokenControlPlane;

  const addresses = traits.needsMainAddresses ? mainAddresses(situation, etcd, controlPlane) : undefined;
  const inventory = assemble(site.inventory, {
    hosts: deriveHosts(situation, names, addresses?.found ?? new Map()),
    lists: new Map([
      ["etcd", etcd],
      [traits.controlPlaneGroup, controlPlane],
      ["broken_etcd", brokenEtcd],
      [traits.brokenControlPlaneGroup, brokenControlPlane],
    ]),
    rename,
  });
  const violations = [...names.violations, ...(addresses?.violations ?? []), ...pinnedElsewhere(situation, names)];
  return { inventory, names, etcd, staying, controlPlane, brokenEtcd, brokenControlPlane, isApiGone, violations };
}

function isNoApiLeft(situation: Situation): boolean {
  const left = situation.controlPlaneHosts.filter((host) => !situation.brokenControlPlane.includes(host));
  if (left.length === 0) return true;
  // Without a quorum no API server answers now, and those on living hosts will once the data is back.
  return situation.isQuorumKept && left.every((host) => factsOf(situation.facts, host)?.apiServerAnswers === false);
}

interface Addresses {
  readonly found: ReadonlyMap<string, { readonly mainIp: string; readonly mainAccessIp: string }>;
  readonly violations: readonly Violation[];
}

/** From v2.28 on the etcd role needs addresses that nothing has set yet on a fresh controller; they become host variables. */
function mainAddresses(situation: Situation, etcd: readonly string[], controlPlane: readonly string[]): Addresses {
  const found = new Map<string, { mainIp: string; mainAccessIp: string }>();
  const violations: Violation[] = [];
  const replacedBy = new Map(situation.request.replacements.map((r) => [r.newHost, r]));
  for (const host of new Set([...etcd, ...controlPlane])) {
    const read = (name: string): string | undefined =>
      situation.variables.text(replacedBy.get(host)?.oldHost ?? host, name);
    const own = replacedBy.get(host)?.address;
    const peer = factsOf(situation.facts, host)?.member?.peerUrl;
    const mainIp =
      own ?? read("ip") ?? read("ip6") ?? read("main_ip") ?? hostOfUrl(peer) ?? (isAddress(host) ? host : undefined);
    const mainAccessIp = own ?? read("access_ip") ?? read("access_ip6") ?? read("main_access_ip") ?? mainIp;
    if (mainIp !== undefined && mainAccessIp !== undefined) found.set(host, { mainIp, mainAccessIp });
    else {
      const position = situation.site.inventory.hosts.find((entry) => entry.name === host)?.position;
      violations.push({
        code: "main-address-unknown",
        message: `the address of '${host}' is in no variable (ip, access_ip), and kubespray v${situation.request.tree?.major}.${situation.request.tree?.minor} cannot start without it`,
        smallestChange: `write ip=ADDRESS beside ${host} (the address of its default route), or look with --observe`,
        position,
      });
    }
  }
  return { found, violations };
}

function hostOfUrl(url: string | undefined): string | undefined {
  return /^https?:\/\/\[?([^\]/]+?)\]?:\d+\/?$/.exec(url ?? "")?.[1];
}

function isAddress(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) || (/^[0-9a-f:]+$/i.test(text) && text.includes(":"));
}

/** The lines that quorate adds have no place in the original; they point at the host they belong to. */
function added(name: string, value: string, position: SourcePosition): InventoryVariable {
  return { name, value, position };
}

function deriveHosts(
  situation: Situation,
  names: MemberNames,
  addresses: Addresses["found"],
): readonly InventoryHost[] {
  const replacedBy = new Map(situation.request.replacements.map((r) => [r.oldHost, r]));
  const hosts: InventoryHost[] = [];
  for (const host of situation.site.inventory.hosts) {
    const replacement = replacedBy.get(host.name);
    const name = replacement === undefined ? names.after.get(host.name) : names.before.get(host.name);
    const own = replacement === undefined ? addresses.get(host.name) : undefined;
    hosts.push({ ...host, variables: withAdditions(situation, host, host.variables, name, own) });
    if (replacement !== undefined) {
      const { newHost } = replacement;
      const variables = variablesOfNewHost(situation, host, replacement);
      const created = { name: newHost, position: host.position, variables };
      const additions = withAdditions(situation, created, variables, names.after.get(newHost), addresses.get(newHost));
      hosts.push({ ...created, variables: additions });
    }
  }
  return hosts;
}

function withAdditions(
  situation: Situation,
  host: InventoryHost,
  variables: readonly InventoryVariable[],
  memberName: string | undefined,
  address: { readonly mainIp: string; readonly mainAccessIp: string } | undefined,
): readonly InventoryVariable[] {
  const result = new Map(variables.map((variable) => [variable.name, variable]));
  if (memberName !== undefined) result.set("etcd_member_name", added("etcd_member_name", memberName, host.position));
  const isSet = (name: string): boolean => result.has(name) || situation.variables.of(host.name).has(name);
  if (address !== undefined) {
    if (!isSet("main_ip")) result.set("main_ip", added("main_ip", address.mainIp, host.position));
    if (!isSet("main_access_ip")) {
      result.set("main_access_ip", added("main_access_ip", address.mainAccessIp, host.position));
    }
  }
  return [...result.values()];
}

/** A replacement takes over what is set for the old host by name (line and host_vars), but its addresses and its member name. */
function variablesOfNewHost(
  situation: Situation,
  host: InventoryHost,
  replacement: HostReplacement,
): readonly InventoryVariable[] {
  const variables = new Map(host.variables.map((variable) => [variable.name, variable]));
  for (const file of situation.site.variablesFiles) {
    if (file.kind !== "host" || file.owner !== host.name) continue;
    for (const variable of file.variables ?? []) variables.set(variable.name, variable);
  }
  for (const name of ["etcd_member_name", "main_ip", "main_access_ip", "ip6", "access_ip6"]) variables.delete(name);
  for (const name of ["ansible_host", "ansible_ssh_host", "ip", "access_ip"]) {
    const isNeeded = variables.has(name) || name === "ansible_host";
    if (isNeeded) variables.set(name, added(name, replacement.address, host.position));
  }
  return [...variables.values()];
}

/** A file of host_vars wins over the host's line, so a pinned name there would undo the new one. */
function pinnedElsewhere(situation: Situation, names: MemberNames): readonly Violation[] {
  const replaced = new Set(situation.request.replacements.map((r) => r.oldHost));
  return situation.site.variablesFiles.flatMap((file) => {
    const wanted = replaced.has(file.owner) ? names.before.get(file.owner) : names.after.get(file.owner);
    if (file.kind !== "host" || wanted === undefined) return [];
    const pinned = (file.variables ?? []).find((variable) => variable.name === "etcd_member_name");
    if (pinned === undefined || String(pinned.value) === wanted) return [];
    const violation: Violation = {
      code: "member-name-pinned-elsewhere",
      message: `${pinned.position.file}:${pinned.position.line}: etcd_member_name of '${file.owner}' wins over the inventory, where it must be '${wanted}'`,
      smallestChange: `delete that line (quorate pins the name beside the host)`,
      position: pinned.position,
    };
    return [violation];
  });
}

interface Assembly {
  readonly hosts: readonly InventoryHost[];
  /** Groups whose hosts are written anew, in the order in which missing ones are added. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly rename: (host: string) => string;
}

function assemble(original: Inventory, { hosts, lists, rename }: Assembly): Inventory {
  const position = { file: original.path, line: 1 };
  const places = new Map(hosts.map((host) => [host.name, host.position]));
  const entry = (name: string): GroupEntry => ({ name, position: places.get(name) ?? position });
  const renameEntry = (old: GroupEntry): GroupEntry => ({ ...old, name: rename(old.name) });
  const groups = original.groups.map((group) => {
    const list = lists.get(group.name);
    return { ...group, hosts: list?.map(entry) ?? group.hosts.map(renameEntry) };
  });
  const known = new Set(groups.map((group) => group.name));
  for (const [name, list] of lists) {
    if (!known.has(name)) groups.push({ name, hosts: list.map(entry), children: [], variables: [], position });
  }
  return { ...original, hosts, groups, repetitions: [] };
}
