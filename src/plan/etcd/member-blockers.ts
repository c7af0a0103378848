// Why a member is left as it is: one blocker for each state in which nothing can be decided or mended from here.

import type { EtcdBlocker, EtcdBlockerReason } from "../../model/etcd-plan";
import type { EtcdCondition, EtcdMemberState } from "../../model/etcd-verdict";
import { blocker, type Planning } from "./planning";

interface Refusal {
  readonly reason: EtcdBlockerReason;
  what(node: string): string;
  next(node: string, planning: Planning): string;
}

const refusals: Readonly<Partial<Record<EtcdCondition, Refusal>>> = {
  unreachable: {
    reason: "etcd-node-unreachable",
    what: (node) => `the member on ${node} is not replaced while the node cannot be reached: it might still run`,
    next: (node) => `bring ${node} back, or provision it anew and run \`quorate trust ${node}\``,
  },
  unknown: {
    reason: "etcd-member-unknown",
    what: (node) => `nothing is changed on ${node}, because the state of its member is not known`,
    next: () => "mend what the message names, then run preview again",
  },
  isolated: {
    reason: "etcd-member-isolated",
    what: (node) => `the member on ${node} runs with its data and sees no leader: the network between the peers is cut`,
    next: (node) => `let ${node} and its peers reach each other on the peer port; replacing it would not help`,
  },
  certificates: {
    reason: "etcd-certificates",
    what: (node) => `certificates keep the member on ${node} out; its data is not touched for that`,
    next: (_node, planning) => certificateAdvice(planning),
  },
  "tool-failure": {
    reason: "etcd-tool-failure",
    what: (node) => `etcd on ${node} could not be asked, so that nothing of it is changed`,
    next: () =>
      "put a working etcdctl of the server's version on the node (client.command names it), then run preview again",
  },
};

/** Is this a state in which the member is left as it is? */
export function isRefused(condition: EtcdCondition): boolean {
  return refusals[condition] !== undefined;
}

/** The blockers of the members in these states; all states when none are named. */
export function memberBlockers(planning: Planning, conditions?: readonly EtcdCondition[]): readonly EtcdBlocker[] {
  return planning.assessment.members.flatMap((member) =>
    conditions === undefined || conditions.includes(member.condition) ? (memberBlocker(planning, member) ?? []) : [],
  );
}

/** Why this member is left as it is; undefined when its state does not say so. */
export function memberBlocker(planning: Planning, member: EtcdMemberState): EtcdBlocker | undefined {
  const refusal = refusals[member.condition];
  if (refusal === undefined) return undefined;
  const because = member.evidence.length === 0 ? "" : ` (${member.evidence.slice(0, 3).join("; ")})`;
  return blocker(
    refusal.reason,
    member.node,
    `${refusal.what(member.node)}${because}`,
    refusal.next(member.node, planning),
  );
}

function certificateAdvice(planning: Planning): string {
  switch (planning.input.etcd.runner.kind) {
    case "static-pod":
      return "renew them on the node (`kubeadm certs renew etcd-server etcd-peer etcd-healthcheck-client`), or set its clock right, then run preview again";
    case "systemd":
      return "sign them anew with the cluster's CA (kubespray: cluster.yml --tags etcd-secrets), or set the node's clock right, then run preview again";
    case "monit":
      return "rotate them through the director (TKGI: `tkgi rotate-certificates`), or set the node's clock right, then run preview again";
  }
}
