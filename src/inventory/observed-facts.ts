// The facts that a recovery inventory is derived from, taken from the assessment of the live nodes. A node of the
// assessment is named as its host in the inventory.

import { isSameId } from "../model/etcd-member-id";
import { answered, type EtcdObservation } from "../model/etcd-observation";
import type { EtcdAssessment, EtcdCondition, EtcdMemberState, EtcdNodeView } from "../model/etcd-verdict";
import type { EtcdDeployment, EtcdFacts, HostFacts } from "../model/inventory-recovery";

/** What was seen of a host's control plane. */
export interface ControlPlaneSight {
  readonly host: string;
  /** undefined: not seen. */
  readonly isBroken: boolean | undefined;
  /** undefined: it has none, or it was not seen. */
  readonly apiServerAnswers: boolean | undefined;
}

/** Members whose data is whole, whether or not they run: without a quorum these are the survivors. */
const wholeConditions: ReadonlySet<EtcdCondition> = new Set(["voting", "isolated", "stopped", "starting"]);

/** Turns an assessment into facts. Hosts that have a control plane and no etcd member are added with what was seen of it. */
export function factsFromAssessment(
  assessment: EtcdAssessment,
  views: readonly EtcdNodeView[],
  controlPlanes: readonly ControlPlaneSight[],
  deployment: EtcdDeployment,
): EtcdFacts {
  const { verdict } = assessment;
  const isQuorumLost = verdict.kind === "quorum-lost";
  const sights = new Map(controlPlanes.map((sight) => [sight.host, sight]));
  const members = assessment.members.map((member): HostFacts => {
    const view = views.find((entry) => entry.node === member.node);
    const etcd = view?.kind === "observed" ? view.etcd : undefined;
    const isHealthyVoter = isQuorumLost ? wholeConditions.has(member.condition) : member.condition === "voting";
    return {
      host: member.node,
      isReachable: view !== undefined && view.kind !== "unreachable",
      deployment,
      member: memberOf(member, etcd),
      isHealthyVoter,
      ...(etcd === undefined ? {} : dataOf(etcd)),
      ...planeOf(sights.get(member.node)),
    };
  });
  const known = new Set(members.map((member) => member.host));
  const others = controlPlanes
    .filter((sight) => !known.has(sight.host))
    .map(
      (sight): HostFacts => ({
        host: sight.host,
        isReachable: sight.isBroken !== undefined,
        isHealthyVoter: false,
        ...planeOf(sight),
      }),
    );
  const canBeStarted = verdict.kind === "quorum-lost" && verdict.canBeStarted;
  return { verdict: verdict.kind, canBeStarted, hosts: [...members, ...others] };
}

/** The member as the quorum lists it; without a quorum as the host's own list has it. */
function memberOf(state: EtcdMemberState, etcd: EtcdObservation | undefined): HostFacts["member"] {
  const ownId = etcd === undefined ? undefined : (answered(etcd.status)?.memberId ?? etcd.data.identity?.memberId);
  const ownList = etcd === undefined ? undefined : answered(etcd.members);
  const entry = state.entry ?? ownList?.find((listed) => isSameId(listed.id, ownId));
  if (entry === undefined) return undefined;
  return { id: entry.id, name: entry.name, peerUrl: entry.peerUrls[0] ?? "" };
}

function dataOf(etcd: EtcdObservation): Partial<HostFacts> {
  const status = answered(etcd.status);
  const revision = status?.revision ?? etcd.data.offline?.revision;
  const authority = etcd.certificates.find((certificate) => certificate.role === "ca");
  return {
    raftIndex: status === undefined ? undefined : BigInt(status.raftIndex),
    revision: revision === undefined ? undefined : BigInt(revision),
    etcdVersion: etcd.tools.etcdctl ?? etcd.tools.server,
    // The key is not among the certificates that are looked at: only its certificate's absence is known.
    hasCaKey: authority?.state === "missing" ? false : undefined,
  };
}

function planeOf(sight: ControlPlaneSight | undefined): Partial<HostFacts> {
  return { isControlPlaneBroken: sight?.isBroken, apiServerAnswers: sight?.apiServerAnswers };
}
