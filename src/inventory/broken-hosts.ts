// Which hosts are broken: as the operator says, as observed, or both compared.

import type { Site, SourcePosition } from "../model/inventory";
import type { EtcdFacts, HostReplacement, RecoveryRequest, Violation } from "../model/inventory-recovery";

/** The broken hosts, in the order of the inventory's groups. */
export interface BrokenHosts {
  readonly etcd: readonly string[];
  readonly controlPlane: readonly string[];
  readonly violations: readonly Violation[];
  readonly notes: readonly string[];
}

/** Finds the broken hosts among those of the two groups. */
export function findBroken(
  site: Site,
  request: RecoveryRequest,
  facts: EtcdFacts | undefined,
  etcdHosts: readonly string[],
  controlPlaneHosts: readonly string[],
): BrokenHosts {
  const violations: Violation[] = [];
  const replaced = request.replacements.map((replacement) => replacement.oldHost);
  const named = (
    names: readonly string[] | undefined,
    option: string,
    group: readonly string[],
  ): readonly string[] | undefined => {
    if (names === undefined) return undefined;
    for (const name of new Set(names)) {
      if (!group.includes(name)) violations.push(unknownHost(site, name, option, group));
    }
    return group.filter((host) => names.includes(host) || replaced.includes(host));
  };
  violations.push(...replacementViolations(site, request.replacements, [...etcdHosts, ...controlPlaneHosts]));
  const observedEtcd =
    facts && etcdHosts.filter((host) => facts.hosts.some((f) => f.host === host && !f.isHealthyVoter));
  const observedPlane =
    facts &&
    controlPlaneHosts.filter((host) => facts.hosts.some((f) => f.host === host && f.isControlPlaneBroken === true));
  const ofReplaced = (group: readonly string[]): readonly string[] => group.filter((host) => replaced.includes(host));
  const declaredEtcd = named(request.brokenEtcd, "--broken-etcd", etcdHosts);
  const declaredPlane = named(request.brokenControlPlane, "--broken-control-plane", controlPlaneHosts);
  const withReplaced = (observed: readonly string[], group: readonly string[]): readonly string[] =>
    group.filter((host) => observed.includes(host) || replaced.includes(host));
  const etcd = declaredEtcd ?? (observedEtcd ? withReplaced(observedEtcd, etcdHosts) : ofReplaced(etcdHosts));
  const controlPlane =
    declaredPlane ?? (observedPlane ? withReplaced(observedPlane, controlPlaneHosts) : ofReplaced(controlPlaneHosts));
  if (declaredEtcd !== undefined && observedEtcd !== undefined) {
    violations.push(...compare(declaredEtcd, observedEtcd, facts));
  }
  if (etcd.length === 0 && controlPlane.length === 0 && violations.length === 0) violations.push(nothingBroken(facts));
  const unseen = facts === undefined ? [] : etcdHosts.filter((host) => !facts.hosts.some((f) => f.host === host));
  const notes = unseen.map((host) => `${host} was not observed; it is taken as named on the command line.`);
  return { etcd, controlPlane, violations, notes };
}

function compare(
  declared: readonly string[],
  observed: readonly string[],
  facts: EtcdFacts | undefined,
): readonly Violation[] {
  const seen = new Set(facts?.hosts.map((host) => host.host));
  const healthy = declared.filter((host) => seen.has(host) && !observed.includes(host));
  const missing = observed.filter((host) => !declared.includes(host));
  return [
    ...healthy.map(
      (host): Violation => ({
        code: "declared-broken-but-healthy",
        message: `'${host}' is named broken, but its etcd member is a healthy voter`,
        smallestChange: `leave ${host} out of --broken-etcd`,
      }),
    ),
    ...missing.map(
      (host): Violation => ({
        code: "observed-broken-not-declared",
        message: `'${host}' is not named broken, but its etcd member is not a healthy voter`,
        smallestChange: `add ${host} to --broken-etcd, or leave --broken-etcd out and take what is observed`,
      }),
    ),
  ];
}

function nothingBroken(facts: EtcdFacts | undefined): Violation {
  return facts === undefined
    ? {
        code: "nothing-broken",
        message: "no broken host is named",
        smallestChange: "name them with --broken-etcd and --broken-control-plane, or look with --observe",
      }
    : {
        code: "nothing-broken",
        message: "every etcd member is a healthy voter and no control plane is broken: there is nothing to recover",
        smallestChange: "leave the inventory as it is",
      };
}

function unknownHost(site: Site, name: string, option: string, group: readonly string[]): Violation {
  const known = site.inventory.hosts.find((host) => host.name === name);
  const closest = [...group].sort((a, b) => distance(a, name) - distance(b, name))[0];
  const position: SourcePosition | undefined = known?.position;
  return {
    code: "unknown-host",
    message:
      known === undefined
        ? `${option} names '${name}', which is no host of ${site.inventory.path}`
        : `${option} names '${name}' (${known.position.file}:${known.position.line}), which is in another group`,
    smallestChange: `name one of ${shown(group)}${closest !== undefined && distance(closest, name) <= 2 ? `; did you mean ${closest}?` : ""}`,
    position,
  };
}

function shown(names: readonly string[]): string {
  return names.length > 10 ? `${names.slice(0, 10).join(", ")} and ${names.length - 10} more` : names.join(", ");
}

function replacementViolations(
  site: Site,
  replacements: readonly HostReplacement[],
  members: readonly string[],
): readonly Violation[] {
  const violations: Violation[] = [];
  const refuse = (message: string, smallestChange: string): void => {
    violations.push({ code: "replacement-name", message, smallestChange });
  };
  const known = new Set(site.inventory.hosts.map((host) => host.name));
  const taken = new Set<string>();
  for (const { oldHost, newHost, address } of replacements) {
    if (!members.includes(oldHost)) {
      refuse(
        `--replace names '${oldHost}', which is in neither etcd nor the control plane`,
        "name a host of these groups",
      );
    }
    if (known.has(newHost) || taken.has(newHost)) {
      refuse(`--replace gives '${oldHost}' the name '${newHost}', which is taken`, "choose a name that no host has");
    }
    if (!/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(newHost)) {
      refuse(`--replace: '${newHost}' is no host name`, "use letters, digits, '-' and '.'");
    }
    if (!/^[0-9A-Fa-f:.]+$/.test(address)) {
      refuse(`--replace: '${address}' is no IP address`, `write --replace ${oldHost}=${newHost}:ADDRESS`);
    }
    taken.add(newHost);
  }
  return violations;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substituted));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
