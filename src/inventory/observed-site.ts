// What the probes of a site's hosts add up to: the verdict by votes, which control planes are broken, and from both the
// facts that a recovery inventory is derived from.

import { isSameId } from "../model/etcd-member-id";
import { answered } from "../model/etcd-observation";
import type { EtcdNodeView, EtcdVerdict } from "../model/etcd-verdict";
import type { EtcdFacts } from "../model/inventory-recovery";
import { containersOf, type NodeObservation, type ObservedNode } from "../model/node-observation";
import { bootstrapClusterId } from "../plan/etcd/cluster-id";
import { assessEtcd } from "../plan/etcd/verdict";
import { viewOf } from "../plan/etcd/views";
import { type ControlPlaneSight, factsFromAssessment } from "./observed-facts";
import type { SitePlane } from "./observed-plane";

/** What was seen of a site. */
export interface ObservedSite {
  readonly facts: EtcdFacts;
  /** The verdict in one sentence. */
  readonly summary: string;
  /** From what it follows, one sentence each, with the host. */
  readonly evidence: readonly string[];
}

/** The static pods without which a node serves no control plane. */
const requiredPods = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

/**
 * Judges one observation of every host.
 *
 * @param restoreTokens Cluster tokens that a recovery which was begun here may have restored one member with: a cluster of
 * one that carries such a token is the restored one, and not a member that booted by itself.
 */
export function judgeObservedSite(
  site: SitePlane,
  observations: readonly NodeObservation[],
  restoreTokens: readonly string[] = [],
): ObservedSite {
  const { etcd, hostOf } = site;
  const host = (node: string): string => hostOf.get(node) ?? node;
  const views = observations.filter(({ node }) => etcd.members[node] !== undefined).map(viewOf);
  const urls = Object.values(etcd.members).map((member) => member.peerUrl);
  const restored = restoreTokens.flatMap((token) => urls.map((url) => bootstrapClusterId([url], token)));
  const isRestored = views.some(
    (view) =>
      view.kind === "observed" &&
      restored.some((id) => isSameId(id, answered(view.etcd.status)?.clusterId ?? view.etcd.data.identity?.clusterId)),
  );
  // Any floor says that the cluster is known from before. Which revision a restore starts at is not known, but no store that
  // is worth one is at revision 1, as one is that a member booted over nothing under the same token.
  const judged = isRestored ? views.map(withoutFailedJoin) : views;
  const assessment = assessEtcd(etcd, judged.map(withoutLostCertificates), {
    lastRevision: isRestored ? 2 : undefined,
    backups: [],
  });
  const sights = observations
    .filter(({ node }) => site.controlPlaneHosts.has(host(node)))
    .map((observation) => sightOf(observation, assessment.verdict));
  const facts = factsFromAssessment(
    assessment,
    judged,
    sights.map(({ sight }) => sight),
    site.deployment,
  );
  const evidence = [
    ...assessment.verdict.evidence.map(({ node, text }) => (node === undefined ? text : `${host(node)}: ${text}`)),
    ...sights.flatMap(({ sight, because }) => because.map((text) => `${host(sight.host)}: ${text}`)),
  ];
  return {
    facts: { ...facts, hosts: facts.hosts.map((entry) => ({ ...entry, host: host(entry.host) })) },
    summary: `${assessment.verdict.kind}: ${assessment.verdict.summary}`,
    evidence,
  };
}

/**
 * A member that was not yet let in when the recovery was interrupted has made itself a database and no log. What the node
 * held before was archived by the recovery's preparation, so that nothing is lost with it.
 */
function withoutFailedJoin(view: EtcdNodeView): EtcdNodeView {
  if (view.kind !== "observed") return view;
  const { data } = view.etcd;
  if (data.state !== "incomplete" || data.identity !== undefined) return view;
  return { ...view, etcd: { ...view.etcd, data: { ...data, state: "member-directory-only" } } };
}

/**
 * A node that came back empty has neither data nor certificates. That nobody accepts it is then no fault of certificates,
 * which would have to be renewed first: the playbook signs new ones for whoever joins.
 */
function withoutLostCertificates(view: EtcdNodeView): EtcdNodeView {
  if (view.kind !== "observed") return view;
  const { etcd } = view;
  const isBlank = ["empty", "missing", "member-directory-only"].includes(etcd.data.state);
  const isBare = etcd.certificates.length > 0 && etcd.certificates.every(({ state }) => state === "missing");
  if (!isBlank || !isBare || etcd.status.kind === "seen") return view;
  const status = { ...etcd.status, failure: "refused" as const };
  return { ...view, etcd: { ...etcd, status, certificates: [] } };
}

interface Sighting {
  readonly sight: ControlPlaneSight;
  readonly because: readonly string[];
}

/**
 * A control plane is broken when a manifest is missing or no Pod, when the kubelet does not run, and, with a quorum, when
 * a pod does not run: without one every API server ends by itself and says nothing about its node.
 */
function sightOf(observation: NodeObservation, verdict: EtcdVerdict): Sighting {
  const host = observation.node;
  const unseen = { host, isBroken: undefined, apiServerAnswers: undefined };
  if (observation.kind === "unreachable") return { sight: unseen, because: [] };
  if (observation.manifests.kind === "unknown") return { sight: unseen, because: [observation.manifests.reason] };
  const files = new Map(observation.manifests.value.map((file) => [file.fileName, file]));
  const missing = requiredPods.filter((pod) => files.get(`${pod}.yaml`)?.content.kind !== "pod");
  const isKept = verdict.kind === "healthy" || verdict.kind === "minority-lost";
  const down = isKept
    ? requiredPods.filter((pod) => !missing.includes(pod) && isRunning(observation, pod) === false)
    : [];
  const kubelet = kubeletFault(observation);
  const because = [
    ...missing.map((pod) => `there is no usable manifest of ${pod}`),
    ...down.map((pod) => `pod ${pod} does not run`),
    ...(kubelet === undefined ? [] : [kubelet]),
  ];
  const apiServerAnswers = missing.includes("kube-apiserver") ? false : isRunning(observation, "kube-apiserver");
  return { sight: { host, isBroken: because.length > 0, apiServerAnswers }, because };
}

/** undefined: the runtime could not be asked. */
function isRunning(observation: ObservedNode, pod: string): boolean | undefined {
  if (observation.containers.kind === "unknown") return undefined;
  const [newest] = containersOf(observation, pod);
  return newest?.state === "running" && newest.ready !== false;
}

function kubeletFault(observation: ObservedNode): string | undefined {
  if (observation.services.kind === "unknown") return undefined;
  const kubelet = observation.services.value.find(({ name }) => name === "kubelet");
  if (kubelet === undefined || !["stopped", "failed", "missing"].includes(kubelet.state)) return undefined;
  return `the kubelet is ${kubelet.state}`;
}
