// What is not as declared about etcd, and what an operator should know that nothing acts on.

import type { EtcdDrift, EtcdNote } from "../../model/etcd-plan";
import { compareHashes } from "./corruption";
import { etcdOf, firstNode, type Planning, settingsOf } from "./planning";
import { canBumpRevision, fileToolFor } from "./version";

/** What is not as declared, by node. */
export function driftsOf(planning: Planning): readonly EtcdDrift[] {
  const { members, strays, quorum, verdict } = planning.assessment;
  // It is adopted, or refused for a stated reason: neither is a difference.
  const isUnrecorded = verdict.kind === "unknown" && verdict.reason === "no-recorded-revision";
  const first = firstNode(planning);
  return [
    ...members.flatMap((member): readonly EtcdDrift[] => {
      const drifts: EtcdDrift[] = [];
      const { node, name, condition, entry } = member;
      const detail = member.evidence.join("; ");
      if (condition !== "voting" && !isUnrecorded)
        drifts.push({ kind: "etcd-member", node, member: name, observed: condition, detail });
      const desired = settingsOf(planning, node).peerUrl;
      if (entry !== undefined && !entry.peerUrls.includes(desired))
        drifts.push({ kind: "etcd-peer-url", node, observed: entry.peerUrls.join(","), desired });
      const service = etcdOf(planning, node)?.service;
      if (service?.isPaused === true) drifts.push({ kind: "etcd-paused", node, detail: service.detail });
      return drifts;
    }),
    ...strays.map((entry): EtcdDrift => {
      const detail = entry.name === "" ? "added and never started" : "started";
      return { kind: "etcd-stray-member", node: first, member: entry.name || entry.id, detail };
    }),
    ...[...new Set((quorum?.alarms ?? []).map((alarm) => alarm.alarm))].map(
      (alarm): EtcdDrift => ({ kind: "etcd-alarm", node: first, alarm }),
    ),
  ];
}

/** What to know. */
export function notesOf(planning: Planning): readonly EtcdNote[] {
  return [...adoptionNotes(planning), ...definitionNotes(planning), ...hashNotes(planning), ...restoreNotes(planning)];
}

function adoptionNotes(planning: Planning): readonly EtcdNote[] {
  const { verdict } = planning.assessment;
  if (verdict.kind !== "unknown" || verdict.reason !== "no-recorded-revision") return [];
  const node = firstNode(planning);
  const text = `${verdict.summary}; look at what it serves before its revision is recorded`;
  return [{ node, text, command: "kubectl get namespaces" }];
}

function definitionNotes(planning: Planning): readonly EtcdNote[] {
  return planning.settings.flatMap(({ node }) =>
    etcdOf(planning, node)?.definition.isForcingNewCluster === true
      ? [
          {
            node,
            text: `what starts etcd on ${node} has --force-new-cluster: its next start would throw every other member out`,
          },
        ]
      : [],
  );
}

function hashNotes(planning: Planning): readonly EtcdNote[] {
  const { quorum, verdict } = planning.assessment;
  if (quorum === undefined || verdict.kind !== "healthy" || quorum.nodes.length < 2) return [];
  if (compareHashes(planning.input.views, quorum).isCompared) return [];
  const node = firstNode(planning);
  const text =
    "the voters' hashes were not seen at one revision (the cluster is being written to), so that they are not compared";
  return [{ node, text, command: "etcdctl endpoint hashkv --cluster -w table" }];
}

// A rebuilt cluster remembers what is gone. Source: kops etcd-manager (masterleases), kubernetes 107457 (watch caches).
function restoreNotes(planning: Planning): readonly EtcdNote[] {
  const { quorum } = planning.assessment;
  if (quorum?.isRestored !== true) return [];
  const node = firstNode(planning);
  const etcd = etcdOf(planning, node);
  const tool = etcd === undefined ? undefined : fileToolFor(quorum.version, etcd.tools);
  const isBumped = etcd !== undefined && tool !== undefined && canBumpRevision(tool, etcd.tools);
  const watchers = isBumped
    ? []
    : [
        {
          node,
          text: "this version cannot raise the revision: what watched before hangs silently until it is restarted (API servers, then kubelets, controllers, network agents)",
          command: "systemctl restart kubelet",
        },
      ];
  return [
    ...watchers,
    {
      node,
      text: "after a restore: Node objects of machines that are gone came back",
      command: "kubectl get nodes",
    },
    {
      node,
      text: "after a restore: leases of API servers that are gone keep dead addresses in the kubernetes service",
      command: "etcdctl get --prefix --keys-only /registry/masterleases/",
    },
    {
      node,
      text: "after a restore: Lease objects and leader elections are of the past and expire by themselves within a minute",
      command: "kubectl get leases -A",
    },
    {
      node,
      text: "after a restore: Pods and volume attachments that were made or removed since may differ from what runs",
      command: "kubectl get volumeattachments",
    },
  ];
}
