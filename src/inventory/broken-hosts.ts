// Which hosts are broken: as the operator says, as observed, or both compared.

import type { Site, SourcePosition } from "../model/inventory";
import type { EtcdFacts, HostFacts, HostReplacement, RecoveryRequest, Violation } from "../model/inventory-recovery";

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
  // What an earlier run of this recovery has brought back is named no longer rightly, and that is no contradiction.
  const stillBroken = (hosts: readonly string[] | undefined, isBack: (entry: HostFacts) => boolean) =>
    (request.attempt ?? 0) === 0
      ? hosts
      : hosts?.filter((host) => facts?.hosts.some((entry) => entry.host === host && isBack(entry)) !== true);
  violations.push(...replacementViolations(site, request.replacements, [...etcdHosts, ...controlPlaneHosts]));
  const observedEtcd =
    facts && etcdHosts.filter((host) => facts.hosts.some((f) => f.host === host && !f.isHealthyVoter));
  const observedPlane =
    facts &&
    controlPlaneHosts.filter((host) => facts.hosts.some((f) => f.host === host && f.isControlPlaneBroken === true));
  const ofReplaced = (group: readonly string[]): readonly string[] => group.filter((host) => replaced.includes(host));
  const declaredEtcd = stillBroken(
    named(request.brokenEtcd, "--broken-etcd", etcdHosts),
    (entry) => entry.isReachable && entry.isHealthyVoter,
  );
  const declaredPlane = stillBroken(
    named(request.brokenControlPlane, "--broken-control-plane", controlPlaneHosts),
    (entry) => entry.isControlPlaneBroken === false,
  );
  const withReplaced = (observed: readonly string[], group: readonly string[]): readonly string[] =>
    group.filter((host) => observed.includes(host) || replaced.includes(host));
  const etcd = declaredEtcd ?? (observedEtcd ? withReplaced(observedEtcd, etcdHosts) : ofReplaced(etcdHosts));
  const controlPlane =
    declaredPlane ?? (observedPlane ? withReplaced(observedPlane, controlPlaneHosts) : ofReplaced(controlPlaneHosts));
  if (facts !== undefined) {
    const isPlaneKnown = (entry: HostFacts): boolean => entry.isControlPlaneBroken !== undefined;
    if (declaredEtcd !== undefined && observedEtcd !== undefined) {
      const seen = facts.hosts.filter((entry) => entry.isReachable);
      violations.push(...compare(etcdPart, declaredEtcd, observedEtcd, seen));
    }
    if (declaredPlane !== undefined && observedPlane !== undefined) {
      violations.push(...compare(planePart, declaredPlane, observedPlane, facts.hosts.filter(isPlaneKnown)));
    }
    violations.push(...unreachableViolations(facts, etcdHosts, [...(declaredEtcd ?? []), ...replaced], etcdPart));
    const unseenPlane = { ...facts, hosts: facts.hosts.filter((entry) => !isPlaneKnown(entry)) };
    const planeNamed = [...(declaredPlane ?? []), ...replaced];
    violations.push(...unreachableViolations(unseenPlane, controlPlaneHosts, planeNamed, planePart));
  }
  if (etcd.length === 0 && controlPlane.length === 0 && violations.length === 0) violations.push(nothingBroken(facts));
  const unseen = facts === undefined ? [] : etcdHosts.filter((host) => !facts.hosts.some((f) => f.host === host));
  const notes = unseen.map((host) => `${host} was not observed; it is taken as named on the command line.`);
  return { etcd, controlPlane, violations, notes };
}

/** What of a host is compared, in the operator's words. */
interface ComparedPart {
  readonly option: string;
  readonly isHealthy: string;
  readonly isBroken: string;
}

const etcdPart: ComparedPart = {
  option: "--broken-etcd",
  isHealthy: "its etcd member is a healthy voter",
  isBroken: "its etcd member is not a healthy voter",
};
const planePart: ComparedPart = {
  option: "--broken-control-plane",
  isHealthy: "its static pods and its kubelet are as they should be",
  isBroken: "its static pods or its kubelet are not as they should be",
};

function compare(
  part: ComparedPart,
  declared: readonly string[],
  observed: readonly string[],
  seenHosts: readonly HostFacts[],
): readonly Violation[] {
  const seen = new Set(seenHosts.map((host) => host.host));
  const healthy = declared.filter((host) => seen.has(host) && !observed.includes(host));
  const missing = observed.filter((host) => seen.has(host) && !declared.includes(host));
  return [
    ...healthy.map(
      (host): Violation => ({
        code: "declared-broken-but-healthy",
        message: `'${host}' is named broken, but ${part.isHealthy}`,
        smallestChange: `leave ${host} out of ${part.option}`,
      }),
    ),
    ...missing.map(
      (host): Violation => ({
        code: "observed-broken-not-declared",
        message: `'${host}' is not named broken, but ${part.isBroken}`,
        smallestChange: `add ${host} to ${part.option}, or leave ${part.option} out and take what is observed`,
      }),
    ),
  ];
}

/** A host that cannot be reached may well be alive, and its member may vote: only the operator knows that it is gone. */
function unreachableViolations(
  facts: EtcdFacts,
  group: readonly string[],
  named: readonly string[],
  { option }: ComparedPart,
): readonly Violation[] {
  return facts.hosts
    .filter((entry) => !entry.isReachable && group.includes(entry.host) && !named.includes(entry.host))
    .map(({ host }) => ({
      code: "unreachable-not-named",
      message: `'${host}' cannot be reached, and unreachable is not broken: it may be alive and in use`,
      smallestChange: `make it reachable, or, when it is gone for good, name it: ${option} ${host}`,
    }));
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
