// Names of etcd members. kubespray's join file calls the members already in the cluster "etcd" + their position, so a
// joiner under such a name can collide with a living member. Source: kubespray roles/etcd/tasks/join_etcd_member.yml.

import type { Violation } from "../model/inventory-recovery";
import { factsOf, type Situation } from "./situation";

/** Name of every etcd host's member: before the recovery, and after it. */
export interface MemberNames {
  /** By host; also for hosts that are replaced. */
  readonly before: ReadonlyMap<string, string>;
  /** By host of the new group etcd. */
  readonly after: ReadonlyMap<string, string>;
  readonly violations: readonly Violation[];
  readonly notes: readonly string[];
}

/** Is it a name that the join file may give to another member of a cluster of this size? */
export function isPositionLabel(name: string, etcdCount: number): boolean {
  const position = /^etcd([1-9]\d*)$/.exec(name)?.[1];
  return position !== undefined && Number(position) <= etcdCount;
}

/**
 * Names the members: those in `staying` keep theirs; every other host of `newOrder` gets one that is no position label
 * and that nobody else has or had.
 */
export function nameMembers(
  situation: Situation,
  newOrder: readonly string[],
  staying: ReadonlySet<string>,
): MemberNames {
  const { before, notes } = namesBefore(situation);
  const violations: Violation[] = [];
  const after = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const host of newOrder.filter((name) => staying.has(name))) {
    const name = before.get(host) ?? host;
    const owner = owners.get(name);
    if (owner !== undefined) violations.push(duplicateName(name, owner, host));
    owners.set(name, host);
    after.set(host, name);
  }
  violations.push(...ambiguousRemovals(situation, before, staying));
  const former = new Set(before.values());
  for (const host of newOrder.filter((name) => !staying.has(name))) {
    const isFree = (name: string): boolean => !isPositionLabel(name, newOrder.length) && !owners.has(name);
    const own = before.get(host);
    const name =
      own !== undefined && isFree(own)
        ? own
        : freeName(host, (candidate) => isFree(candidate) && !former.has(candidate));
    owners.set(name, host);
    after.set(host, name);
  }
  return { before, after, violations, notes };
}

/** A member that is removed by its name must be the only one with that name. */
function ambiguousRemovals(
  situation: Situation,
  before: ReadonlyMap<string, string>,
  staying: ReadonlySet<string>,
): readonly Violation[] {
  if (!situation.isQuorumKept) return [];
  const owners = new Map([...before].filter(([host]) => staying.has(host)).map(([host, name]) => [name, host]));
  return situation.brokenEtcd.flatMap((host) => {
    const name = before.get(host) ?? "";
    const owner = owners.get(name);
    const isKnownById = factsOf(situation.facts, host) !== undefined;
    owners.set(name, host);
    return owner === undefined || isKnownById ? [] : [duplicateName(name, owner, host)];
  });
}

function namesBefore(situation: Situation): {
  readonly before: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
} {
  const notes: string[] = [];
  const before = new Map<string, string>();
  situation.etcdHosts.forEach((host, index) => {
    const observed = factsOf(situation.facts, host)?.member?.name;
    const pinned = situation.variables.text(host, "etcd_member_name");
    const fromInventory = pinned ?? `etcd${index + 1}`;
    // A member that was added and never started has no name yet.
    const name = observed === undefined || observed === "" ? fromInventory : observed;
    if (name !== fromInventory) {
      const how = pinned === undefined ? "by its position" : "in the original";
      notes.push(`${host} is member '${name}' in truth, not '${fromInventory}' as ${how}; the observed name is used.`);
    }
    before.set(host, name);
  });
  return { before, notes };
}

function freeName(host: string, isFree: (name: string) => boolean): string {
  // `=` and `,` separate names in --initial-cluster.
  const base = host.replace(/[^A-Za-z0-9._-]/g, "-");
  if (isFree(base)) return base;
  for (let count = 2; ; count++) {
    const name = `${base}-r${count}`;
    if (isFree(name)) return name;
  }
}

function duplicateName(name: string, first: string, second: string): Violation {
  return {
    code: "duplicate-member-name",
    message: `'${first}' and '${second}' are members under one name, '${name}'`,
    smallestChange: `give them the names that 'etcdctl member list' shows (etcd_member_name), or look with --observe`,
  };
}
