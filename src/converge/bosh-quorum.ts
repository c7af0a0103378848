// Asks the etcd of a quorum group itself how it stands, member by member, and keeps a verified snapshot of it. What the
// director says of a master is no vote.

import type { InstanceRef } from "../model/bosh";
import type { GroupQuorum } from "../model/bosh-plan";
import { invariantError, isRecoveryError } from "../model/errors";
import type { EtcdDeclaration } from "../model/etcd-declaration";
import { isSameId } from "../model/etcd-member-id";
import type { EtcdSaveSnapshotStep } from "../model/etcd-step";
import type { EtcdAssessment } from "../model/etcd-verdict";
import type { NodeObservation } from "../model/node-observation";
import { saveSnapshot } from "../plan/etcd/make-steps";
import { healthyVoters, type Planning } from "../plan/etcd/planning";
import { snapshotFileName } from "../plan/etcd/preserve";
import { planningOver, viewOf } from "../plan/etcd/views";
import type { QuorumAccess, SnapshotOutcome } from "../ports/director-access";

/** The members of one group, reached until they are closed. Nodes are named by the instance's UUID. */
export interface QuorumMembers {
  /** Never throws for a member in trouble. */
  observe(node: string): Promise<NodeObservation>;
  /** Saves and verifies a snapshot on the step's node and brings it to the operator's machine. */
  keepSnapshot(step: EtcdSaveSnapshotStep): Promise<SnapshotOutcome>;
  close(): Promise<void>;
}

/** How the etcd of quorum groups is asked. */
export interface QuorumOptions {
  /** Group -> its etcd; its members are named by the instance's UUID. */
  readonly etcds: Readonly<Record<string, EtcdDeclaration>>;
  readonly open: (deployment: string, group: string, etcd: EtcdDeclaration) => Promise<QuorumMembers>;
}

/** See the head of this file. A snapshot counts for the length of the returned access, which is one run. */
export function openQuorum({ etcds, open }: QuorumOptions): QuorumAccess {
  const kept = new Set<string>();
  const withMembers = async <T>(
    deployment: string,
    group: string,
    use: (planning: Planning, members: QuorumMembers) => Promise<T>,
  ): Promise<T> => {
    const etcd = etcds[group];
    if (etcd === undefined) throw invariantError(`no etcd is declared for the group ${group}`);
    const members = await open(deployment, group, etcd);
    try {
      const nodes = Object.keys(etcd.members).sort();
      const views = (await Promise.all(nodes.map((node) => members.observe(node)))).map(viewOf);
      return await use(planningOver(etcd, views), members);
    } finally {
      await members.close();
    }
  };
  return {
    observeQuorum: async (deployment, group) => {
      try {
        return await withMembers(deployment, group, async ({ assessment }) =>
          quorumOfGroup(group, assessment, kept.has(group)),
        );
      } catch (error) {
        if (!isRecoveryError(error) || error.code === "invariant") throw error;
        return { kind: "unknown", why: error.message };
      }
    },
    takeSnapshot: (deployment, group, except) =>
      withMembers(deployment, group, async (planning, members) => {
        const outcome = await takeSnapshot(planning, members, except);
        if (outcome.kind === "kept") kept.add(group);
        return outcome;
      }),
  };
}

async function takeSnapshot(
  planning: Planning,
  members: QuorumMembers,
  except: InstanceRef | undefined,
): Promise<SnapshotOutcome> {
  const { quorum, verdict } = planning.assessment;
  const [source] = healthyVoters(planning, except?.id);
  if (quorum === undefined || source === undefined) {
    return { kind: "not-kept", message: `no healthy member could be asked for one: ${verdict.summary}` };
  }
  const reason = "nothing is taken away before a verified snapshot is kept on the operator's machine";
  return members.keepSnapshot(saveSnapshot(planning, source.node, snapshotFileName(quorum), reason));
}

function quorumOfGroup(group: string, assessment: EtcdAssessment, hasVerifiedSnapshot: boolean): GroupQuorum {
  const { quorum, verdict, members } = assessment;
  if (quorum === undefined && verdict.kind !== "quorum-lost") return { kind: "unknown", why: verdict.summary };
  const instanceOf = (node: string | undefined): InstanceRef | undefined =>
    node === undefined ? undefined : { group, id: node };
  if (quorum === undefined) {
    const voters = members.map(({ node }) => ({ instance: instanceOf(node), isHealthy: false }));
    return { kind: "known", voters, leader: undefined, hasVerifiedSnapshot };
  }
  const voters = quorum.members
    .filter(({ isLearner }) => !isLearner)
    .map(({ id }) => {
      const member = members.find(({ entry }) => isSameId(entry?.id, id));
      // A voter that no declared member stands behind counts as lost: nobody has asked it.
      return { instance: instanceOf(member?.node), isHealthy: member?.condition === "voting" };
    });
  return {
    kind: "known",
    voters,
    leader: instanceOf(members.find(({ isLeader }) => isLeader)?.node),
    hasVerifiedSnapshot,
  };
}
