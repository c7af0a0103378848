// Which procedure fits: who removes members, who restores, and whether the playbook may be shown any broken etcd host at
// all. Evidence for each rule: kubespray roles/recover_control_plane/etcd/tasks and its behaviour with real etcdctl output.

import type { HostFacts, Procedure, Violation } from "../model/inventory-recovery";
import { factsOf, type Situation } from "./situation";

/** The procedure and the host that the recovery starts from. */
export interface ChosenProcedure {
  readonly procedure: Procedure;
  /** First host of group etcd. */
  readonly firstEtcd: string;
  /** Why [broken_etcd] must stay empty, one sentence each; empty when it lists the broken hosts. */
  readonly emptyBecause: readonly string[];
}

/** A procedure, or what is missing for one. */
export type ProcedureResult =
  | { readonly kind: "chosen"; readonly chosen: ChosenProcedure }
  | { readonly kind: "refused"; readonly violations: readonly Violation[] };

/** Chooses the procedure for a situation. */
export function chooseProcedure(situation: Situation): ProcedureResult {
  const { brokenEtcd, etcdHosts, isQuorumKept, request } = situation;
  const survivors = etcdHosts.filter((host) => !brokenEtcd.includes(host));
  if (isQuorumKept) {
    const [firstEtcd] = survivors;
    const isDone = (request.attempt ?? 0) > 0 && situation.facts !== undefined;
    if (request.source.kind !== "none" && !isDone) return refused(sourceNotNeeded(request.source.kind));
    if (firstEtcd === undefined) return refused(contradictoryVerdict());
    if (brokenEtcd.length === 0) {
      return { kind: "chosen", chosen: { procedure: { kind: "control-plane-only" }, firstEtcd, emptyBecause: [] } };
    }
    const emptyBecause = reasonsAgainstRemoval(situation, survivors);
    return { kind: "chosen", chosen: { procedure: { kind: "replace-members" }, firstEtcd, emptyBecause } };
  }
  const first = chooseFirst(situation, survivors);
  if (typeof first !== "string") return refused(first);
  const reasons = reasonsAgainstRestore(situation, first);
  const procedure: Procedure =
    reasons.length === 0 ? { kind: "restore-by-playbook" } : { kind: "restore-by-quorate", because: reasons.join(" ") };
  return { kind: "chosen", chosen: { procedure, firstEtcd: first, emptyBecause: reasons } };
}

function refused(...violations: readonly Violation[]): ProcedureResult {
  return { kind: "refused", violations };
}

function sourceNotNeeded(kind: "snapshot" | "survivor"): Violation {
  const option = kind === "snapshot" ? "--snapshot" : "--source-survivor";
  return {
    code: "data-source-not-needed",
    message: "the quorum is kept, so no data is restored: joining members copy it from the living ones",
    smallestChange: `leave ${option} out; if the quorum is lost in truth, name every broken host, or look with --observe`,
  };
}

function contradictoryVerdict(): Violation {
  return {
    code: "verdict",
    message: "the quorum is said to be kept, but every etcd host is broken",
    smallestChange: "leave healthy hosts out of --broken-etcd, or observe again",
  };
}

function chooseFirst(situation: Situation, survivors: readonly string[]): string | Violation {
  const { source } = situation.request;
  const best = mostAdvanced(situation, survivors);
  switch (source.kind) {
    case "none": {
      const advice =
        survivors.length === 0 ? "" : `, or start from a survivor with --source-survivor ${best ?? survivors[0]}`;
      const from = survivors.length === 0 ? "no etcd host survived" : `only ${survivors.join(", ")} survived`;
      return {
        code: "data-source-missing",
        message: `the etcd quorum is lost (${from} of ${situation.etcdHosts.length}), and nothing is named to restore from`,
        smallestChange: `name a snapshot with --snapshot FILE${advice}`,
      };
    }
    case "snapshot":
      return best ?? survivors[0] ?? situation.etcdHosts[0] ?? "";
    case "survivor": {
      if (!survivors.includes(source.host)) {
        return {
          code: "data-source-not-a-survivor",
          message: `--source-survivor names '${source.host}', which is ${situation.etcdHosts.includes(source.host) ? "broken" : "no etcd host"}`,
          smallestChange: survivors.length === 0 ? "use --snapshot FILE" : `name one of ${survivors.join(", ")}`,
        };
      }
      return behindViolation(situation, source.host, best) ?? source.host;
    }
  }
}

/** The survivor with the newest data; undefined when none was observed. Ties go to the first in the inventory. */
function mostAdvanced(situation: Situation, survivors: readonly string[]): string | undefined {
  let best: HostFacts | undefined;
  for (const host of survivors) {
    const facts = factsOf(situation.facts, host);
    if (facts === undefined || !facts.isReachable) continue;
    if (best === undefined || isAhead(facts, best)) best = facts;
  }
  return best?.host;
}

function isAhead(left: HostFacts, right: HostFacts): boolean {
  if (left.raftIndex !== undefined && right.raftIndex !== undefined && left.raftIndex !== right.raftIndex) {
    return left.raftIndex > right.raftIndex;
  }
  return (left.revision ?? -1n) > (right.revision ?? -1n);
}

function behindViolation(situation: Situation, host: string, best: string | undefined): Violation | undefined {
  const own = factsOf(situation.facts, host);
  const ahead = best === undefined ? undefined : factsOf(situation.facts, best);
  if (ahead === undefined || ahead.host === host) return undefined;
  if (own !== undefined && !isAhead(ahead, own)) return undefined;
  const shown = (facts: HostFacts | undefined): string =>
    facts === undefined
      ? "not observed"
      : `raft index ${facts.raftIndex ?? "unknown"}, revision ${facts.revision ?? "unknown"}`;
  return {
    code: "data-source-behind",
    message: `--source-survivor ${host} (${shown(own)}) is behind ${ahead.host} (${shown(ahead)}); what it lacks would be lost`,
    smallestChange: `use --source-survivor ${ahead.host}`,
  };
}

/**
 * Why the etcd role must not be shown the broken hosts while the quorum is kept. With an empty [broken_etcd] the role
 * does nothing, and quorate's own steps do what it would have done: remove, archive, delete exactly these certificates.
 */
function reasonsAgainstRemoval(situation: Situation, survivors: readonly string[]): readonly string[] {
  const { brokenEtcd, facts, traits, request } = situation;
  const reasons = [...trapReasons(situation, brokenEtcd)];
  const dead = situation.etcdHosts.length - survivors.length;
  if (survivors.length < dead) {
    reasons.push(
      `The playbook counts text lines: ${survivors.length} healthy against ${dead} unhealthy would look like a lost quorum to it, and it would restore.`,
    );
  }
  reasons.push(...etcdctlReasons(situation));
  if (!traits.toleratesUnreachable) {
    const gone = brokenEtcd.filter(
      (host) => factsOf(facts, host)?.isReachable === false || request.replacements.some((r) => r.oldHost === host),
    );
    if (gone.length > 0)
      reasons.push(`Before v2.25 the role aborts at a broken host that cannot be reached (${gone.join(", ")}).`);
  }
  return reasons;
}

function reasonsAgainstRestore(situation: Situation, first: string): readonly string[] {
  const others = situation.brokenEtcd.filter((host) => host !== first);
  const reasons = [...trapReasons(situation, others)];
  if (others.length === 0) {
    reasons.push(
      `The only broken etcd host is ${first} itself, and with an empty [broken_etcd] the playbook skips the restore.`,
    );
  }
  if (situation.etcdMinor >= 6) {
    reasons.push(
      "The playbook restores with `etcdctl snapshot restore`, which etcd 3.6 no longer has; it would fail after deleting the data directory.",
    );
  } else reasons.push(...etcdctlReasons(situation));
  return reasons;
}

function etcdctlReasons({ etcdMinor, traits }: Situation): readonly string[] {
  if (traits.countsHealthOf.includes(etcdMinor)) return [];
  const minors = traits.countsHealthOf.map((minor) => `3.${minor}`).join(" and ");
  return [
    `This kubespray version reads the health output of etcdctl ${minors} only, and etcdctl 3.${etcdMinor} is installed.`,
  ];
}

/** Hosts that keep their certificates but whose file names the playbook's `rm *NAME*` would match. */
function trapReasons(situation: Situation, broken: readonly string[]): readonly string[] {
  const isBroken = new Set(broken);
  const others = situation.site.inventory.hosts.map((host) => host.name).filter((name) => !isBroken.has(name));
  // One text to search, because a large site has tens of thousands of file names.
  const files = others.flatMap(certificateFilesOf).join("\n");
  return broken.flatMap((name) => {
    const ca = ["ca.pem", "ca-key.pem"].find((file) => file.includes(name));
    const host = files.includes(name)
      ? others.find((other) => certificateFilesOf(other).some((file) => file.includes(name)))
      : undefined;
    const hit = ca ?? (host === undefined ? undefined : `those of ${host}`);
    if (hit === undefined) return [];
    return [`The playbook deletes the certificates \`*${name}*\`, which also matches ${hit}.`];
  });
}

/** The certificate files that kubespray makes for a host. */
export function certificateFilesOf(host: string): readonly string[] {
  return ["admin", "member", "node"].flatMap((role) => [`${role}-${host}.pem`, `${role}-${host}-key.pem`]);
}
