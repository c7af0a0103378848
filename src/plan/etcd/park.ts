// Park before start: where an etcd definition could boot a member that was not admitted, it is put out of reach before
// anything that would start it (kubelet, monit, unit) is started.

import { isSameId } from "../../model/etcd-member-id";
import { answered } from "../../model/etcd-observation";
import type { EtcdStep } from "../../model/etcd-step";
import type { EtcdMemberState } from "../../model/etcd-verdict";
import { makeMemberDirectory, parkDefinition } from "./make-steps";
import { etcdOf, isOwnData, type Planning } from "./planning";

/** May etcd be booted on this member's node as its data is now? */
export function isAdmitted(planning: Planning, member: EtcdMemberState): boolean {
  const etcd = etcdOf(planning, member.node);
  if (etcd === undefined || etcd.data.isCondemned) return false;
  if (["forked", "stale", "corrupt", "behind", "damaged", "condemned"].includes(member.condition)) return false;
  const { quorum } = planning.assessment;
  if (quorum !== undefined) return isOwnData(etcd, quorum, member);
  // Without a quorum, data that all other nodes agree with boots no new cluster; data that nobody shares might be a fork.
  if (etcd.data.state !== "present" || etcd.data.identity === undefined) return false;
  const ids = planning.settings.flatMap(({ node }) => {
    const other = etcdOf(planning, node);
    return other === undefined ? [] : [other.data.identity?.clusterId ?? answered(other.status)?.clusterId];
  });
  const own = etcd.data.identity.clusterId;
  return ids.every((id) => id === undefined || isSameId(id, own));
}

/** The steps to take before something on a node may be started that would start etcd. */
export function planParks(planning: Planning): Readonly<Record<string, EtcdStep>> {
  const parks = planning.assessment.members.flatMap((member) => {
    const step = isAdmitted(planning, member) ? undefined : parkStep(planning, member);
    return step === undefined ? [] : [[member.node, step] as const];
  });
  return Object.fromEntries(parks);
}

function parkStep(planning: Planning, member: EtcdMemberState): EtcdStep | undefined {
  const etcd = etcdOf(planning, member.node);
  if (etcd === undefined || etcd.service.isPaused || etcd.definition.state !== "in-place") return undefined;
  // A BOSH job that finds a member directory joins or exits; it never starts a new cluster.
  if (planning.input.etcd.runner.kind === "monit" && etcd.data.state !== "unknown") {
    const isJoinOnly = !["empty", "missing"].includes(etcd.data.state);
    return isJoinOnly ? undefined : makeMemberDirectory(planning, member.node);
  }
  const reason = `etcd on ${member.node} is ${member.condition}: started as it is, it could boot a cluster of its own`;
  return parkDefinition(planning, member.node, reason);
}
