// What has happened to a site, judged from its inventory, what the operator says and what was observed: who is broken,
// whether the quorum is kept, and which host the recovery starts from. Everything that is wrong is collected.

import type { InventoryRepetition, Site } from "../model/inventory";
import type { EtcdFacts, HostFacts, RecoveryRequest, Violation } from "../model/inventory-recovery";
import { findBroken } from "./broken-hosts";
import { EffectiveVariables } from "./effective-variables";
import { extraVarsViolations } from "./extra-vars";
import { oldestMinor, type TagTraits, tagTraits } from "./kubespray-version";
import { controlPlaneGroupOf } from "./observed-plane";

/** A site in trouble, as far as the rules are concerned. */
export interface Situation {
  readonly site: Site;
  readonly request: RecoveryRequest;
  readonly facts: EtcdFacts | undefined;
  readonly traits: TagTraits;
  readonly variables: EffectiveVariables;
  /** Hosts of group etcd in the original's order. */
  readonly etcdHosts: readonly string[];
  /** Hosts of the control plane group in the original's order. */
  readonly controlPlaneHosts: readonly string[];
  /** Those of `etcdHosts` that are broken, in the same order. */
  readonly brokenEtcd: readonly string[];
  /** Those of `controlPlaneHosts` that are broken, in the same order. */
  readonly brokenControlPlane: readonly string[];
  readonly isQuorumKept: boolean;
  /** Minor of the installed etcd 3: observed, else what the tag installs. */
  readonly etcdMinor: number;
  readonly notes: readonly string[];
}

/** A situation with what is wrong about it already, or all that keeps it from being one. */
export type SituationResult =
  | {
      readonly kind: "situation";
      readonly situation: Situation;
      readonly violations: readonly Violation[];
      /** Without knowing who is broken and whether the quorum is kept nothing can be said about the procedure. */
      readonly isDecided: boolean;
    }
  | { readonly kind: "refused"; readonly violations: readonly Violation[] };

/** Judges a site. */
export function judgeSituation(site: Site, request: RecoveryRequest, facts: EtcdFacts | undefined): SituationResult {
  const violations: Violation[] = [];
  const { tree } = request;
  if (tree === undefined || tree.major !== 2 || tree.minor < oldestMinor) return refusedVersion(request);
  const traits = tagTraits(tree);
  const variables = new EffectiveVariables(site);
  const notes: string[] = [];
  const etcdHosts = variables.tree.hostsOf("etcd");
  const controlPlaneHosts = variables.tree.hostsOf(controlPlaneGroupOf(variables, traits.controlPlaneGroup));
  violations.push(...groupViolations(site, variables, etcdHosts, controlPlaneHosts, traits));
  const lastGroups = new Set(["etcd", traits.controlPlaneGroup]);
  violations.push(...repetitionViolations(site.inventory.repetitions, lastGroups));
  violations.push(...kubeadmViolations(site, variables, etcdHosts, facts));
  violations.push(...extraVarsViolations(site.extraVars, request.source));
  for (const { path } of site.extraVars.filter((file) => file.variables === undefined)) {
    notes.push(
      `${path} is vaulted and was not read; prepare.yml checks that Ansible sees the proven names in spite of it.`,
    );
  }
  if (etcdHosts.length === 0 || controlPlaneHosts.length === 0) return { kind: "refused", violations };

  const broken = findBroken(site, request, facts, etcdHosts, controlPlaneHosts);
  violations.push(...broken.violations);
  notes.push(...broken.notes);
  const survivors = etcdHosts.length - broken.etcd.length;
  const isMajority = survivors >= Math.floor(etcdHosts.length / 2) + 1;
  const isQuorumKept =
    facts === undefined ? isMajority : facts.verdict === "healthy" || facts.verdict === "minority-lost";
  const isRestorable = facts?.verdict === "quorum-lost" && facts.canBeStarted !== true;
  const isUndecided = facts !== undefined && !isQuorumKept && !isRestorable;
  if (isUndecided) violations.push(refusedVerdict(facts));
  if (facts === undefined) {
    notes.push(
      `The quorum was judged by counting: ${survivors} of ${etcdHosts.length} etcd hosts are not named broken. ` +
        "Nothing was observed; with --observe it is decided by votes.",
    );
  }
  const situation: Situation = {
    site,
    request,
    facts,
    traits,
    variables,
    etcdHosts,
    controlPlaneHosts,
    brokenEtcd: broken.etcd,
    brokenControlPlane: broken.controlPlane,
    isQuorumKept,
    etcdMinor: observedMinor(facts) ?? traits.etcdMinor,
    notes,
  };
  return { kind: "situation", situation, violations, isDecided: broken.violations.length === 0 && !isUndecided };
}

/** The facts about one host; undefined when it was not observed. */
export function factsOf(facts: EtcdFacts | undefined, host: string): HostFacts | undefined {
  return facts?.hosts.find((entry) => entry.host === host);
}

function observedMinor(facts: EtcdFacts | undefined): number | undefined {
  const minors = facts?.hosts
    .map((host) => /^v?3\.(\d+)/.exec(host.etcdVersion ?? "")?.[1])
    .filter((m) => m !== undefined);
  // While versions are mixed the tool of the newest decides what still works.
  return minors === undefined || minors.length === 0 ? undefined : Math.max(...minors.map(Number));
}

function refusedVersion(request: RecoveryRequest): SituationResult {
  const { tree } = request;
  const violation: Violation =
    tree === undefined
      ? {
          code: "kubespray-version-unknown",
          message: "what the playbook does depends on kubespray's version, and it is not known",
          smallestChange: "name the tree with --kubespray-dir DIR, or its tag with --kubespray-version vX.Y.Z",
        }
      : {
          code: "kubespray-version-unsupported",
          message: `kubespray v${tree.major}.${tree.minor}.${tree.patch} takes no broken_* groups (they came with v2.${oldestMinor}.0)`,
          smallestChange: `use a tree from v2.${oldestMinor}.0 on that supports the installed Kubernetes version`,
        };
  return { kind: "refused", violations: [violation] };
}

function refusedVerdict(facts: EtcdFacts): Violation {
  const why: Readonly<Record<string, readonly [string, string]>> = {
    forked: ["members answer for different clusters", "let quorate's own plan end the fork first: quorate preview"],
    full: [
      "the database is full (NOSPACE); kubespray takes that for a lost quorum and would restore",
      "compact, defragment and disarm the alarm first: quorate preview",
    ],
    corrupt: [
      "an etcd member reports corrupt data; kubespray takes that for a lost quorum and would restore",
      "let quorate's own plan replace that member: quorate preview",
    ],
    certificates: [
      "etcd's certificates are not accepted; kubespray takes that for a kept quorum",
      "renew the certificates, then observe again",
    ],
    "tool-failure": [
      "etcdctl itself failed, so nothing is known about the votes",
      "make etcdctl work on the etcd hosts (path, certificates), then observe again",
    ],
  };
  if (facts.verdict === "quorum-lost") {
    return {
      code: "verdict",
      message:
        "verdict quorum-lost: enough members are whole and only stopped; a restore would throw their newest writes away",
      smallestChange: "start them: quorate's own plan does it one after the other (quorate preview)",
    };
  }
  const [message, smallestChange] = why[facts.verdict] ?? [
    "what was observed does not decide whether the quorum is kept",
    "make the unreachable hosts reachable or say why they are gone, then observe again",
  ];
  return { code: "verdict", message: `verdict ${facts.verdict}: ${message}`, smallestChange };
}

function groupViolations(
  site: Site,
  variables: EffectiveVariables,
  etcdHosts: readonly string[],
  controlPlaneHosts: readonly string[],
  traits: TagTraits,
): readonly Violation[] {
  const violations: Violation[] = [];
  const { path } = site.inventory;
  const position = variables.tree.group("etcd")?.position;
  if (etcdHosts.length === 0) {
    violations.push({
      code: "etcd-group-missing",
      message: `${path} has no hosts in group etcd`,
      smallestChange: "list the etcd hosts in a section [etcd]; for a kubeadm-type etcd use quorate preview",
      position,
    });
  } else if (etcdHosts.length % 2 === 0) {
    violations.push({
      code: "even-etcd-count",
      message: `group etcd has ${etcdHosts.length} hosts, and kubespray refuses an even number`,
      smallestChange: "take one host out of [etcd] (and its member out of the cluster), or add one",
      position,
    });
  }
  if (controlPlaneHosts.length === 0) {
    violations.push({
      code: "control-plane-group-missing",
      message: `${path} has no hosts in group ${traits.controlPlaneGroup}, which this kubespray version uses`,
      smallestChange: `list the control plane hosts in a section [${traits.controlPlaneGroup}]`,
    });
  }
  return violations;
}

const decisiveVariables: ReadonlySet<string> = new Set([
  "etcd_member_name",
  "ip",
  "access_ip",
  "ansible_host",
  "main_ip",
]);

function repetitionViolations(
  repetitions: readonly InventoryRepetition[],
  groups: ReadonlySet<string>,
): readonly Violation[] {
  const violations: Violation[] = [];
  for (const { kind, host, subject, first, again } of repetitions) {
    if (kind === "host" && groups.has(subject)) {
      violations.push({
        code: "duplicate-host",
        message: `${again.file}:${again.line}: host '${host}' is listed twice in [${subject}] (first in line ${first.line})`,
        smallestChange: `delete line ${again.line}`,
        position: again,
      });
    } else if (kind === "variable" && decisiveVariables.has(subject)) {
      violations.push({
        code: "contradicting-variable",
        message: `${again.file}:${again.line}: '${subject}' of host '${host}' contradicts line ${first.line}; Ansible silently takes the last`,
        smallestChange: `delete '${subject}' in line ${first.line} or ${again.line}`,
        position: again,
      });
    }
  }
  return violations;
}

function kubeadmViolations(
  site: Site,
  variables: EffectiveVariables,
  etcdHosts: readonly string[],
  facts: EtcdFacts | undefined,
): readonly Violation[] {
  const extra = site.extraVars.flatMap((file) => file.variables ?? []);
  const isKubeadm = (host: string): boolean => {
    const read = (name: string): unknown =>
      extra.findLast((variable) => variable.name === name)?.value ?? variables.of(host).get(name)?.value;
    const legacy = read("etcd_kubeadm_enabled");
    return (
      read("etcd_deployment_type") === "kubeadm" ||
      legacy === true ||
      /^(?:true|yes|on|1)$/i.test(String(legacy)) ||
      factsOf(facts, host)?.deployment === "kubeadm"
    );
  };
  const host = etcdHosts.find(isKubeadm);
  if (host === undefined) return [];
  return [
    {
      code: "kubeadm-etcd",
      message: `etcd on '${host}' is of the kubeadm type, and kubespray's recovery skips such an etcd altogether`,
      smallestChange: "recover it with quorate's own plan, which replaces the member step by step: quorate preview",
    },
  ];
}
