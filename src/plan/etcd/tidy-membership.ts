// Entries of the member list that are not as declared: members that never started and belong to nobody, and peer URLs that
// the peers look for in vain.

import type { EtcdBlocker } from "../../model/etcd-plan";
import type { EtcdStep } from "../../model/etcd-step";
import type { EtcdQuorum } from "../../model/etcd-verdict";
import { removeMember } from "./make-steps";
import { blocker, healthyVoters, nothing, type Planning, type PlanPart, settingsOf } from "./planning";
import { preserve } from "./preserve";

/** Removes members that never started and that no declared node accounts for. Started ones may vote: they are named only. */
export function removeStrays(planning: Planning, quorum: EtcdQuorum): PlanPart {
  const [survivor] = healthyVoters(planning);
  const { strays } = planning.assessment;
  if (survivor === undefined || strays.length === 0) return nothing;
  const unstarted = strays.filter((entry) => entry.name === "");
  const started = strays.filter((entry) => entry.name !== "");
  const steps: EtcdStep[] = unstarted.map((entry) => {
    const where = entry.peerUrls.join(", ");
    const reason = `${entry.id} (${where}) was added and never started, and no declared node has that address`;
    return removeMember(planning, survivor.node, entry, reason);
  });
  const blockers: EtcdBlocker[] = started.map((entry) =>
    blocker(
      "etcd-member-undeclared",
      survivor.node,
      `member ${entry.name} (${entry.id}, ${entry.peerUrls.join(", ")}) is in the cluster and not declared`,
      `declare its node, or remove it by hand once you know that it is gone: etcdctl member remove ${entry.id}`,
    ),
  );
  return { steps: steps.length === 0 ? [] : [...preserve(planning, quorum, undefined), ...steps], blockers };
}

/** Corrects the peer URLs of members that are listed by their name at another address. */
export function correctPeerUrls(planning: Planning, quorum: EtcdQuorum): PlanPart {
  const steps = planning.assessment.members.flatMap((member): readonly EtcdStep[] => {
    const own = settingsOf(planning, member.node);
    const { entry } = member;
    if (entry === undefined || entry.peerUrls.includes(own.peerUrl)) return [];
    const [survivor] = healthyVoters(planning, member.node);
    // What is replaced or removed anyway is announced anew at its right address.
    if (survivor === undefined || !["voting", "isolated", "stopped", "starting", "learning"].includes(member.condition))
      return [];
    const reason = `the peers look for ${own.name} at ${entry.peerUrls.join(", ")}, and it is declared at ${own.peerUrl}`;
    const at = settingsOf(planning, survivor.node);
    const { peerUrl } = own;
    return [
      { kind: "etcdUpdatePeerUrl", node: survivor.node, subject: entry.id, reason, at, memberId: entry.id, peerUrl },
    ];
  });
  return { steps: quorum.members.length === 0 ? [] : steps, blockers: [] };
}
