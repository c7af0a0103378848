// What a step would leave of the quorum, worst case: a new voter is not expected to vote, a member that is touched is
// expected to be lost. A learner that answers is known to be there, so that promoting it adds its vote.

import { isSameId } from "../../model/etcd-member-id";
import type { EtcdStep } from "../../model/etcd-step";
import { type EtcdMemberState, type EtcdQuorum, quorumOf } from "../../model/etcd-verdict";

/** Voters of the membership, and the nodes among them that vote. */
export interface Ballot {
  readonly voters: number;
  readonly voting: ReadonlySet<string>;
}

/** The ballot as it stands. */
export function ballotOf(quorum: EtcdQuorum): Ballot {
  return {
    voters: quorum.members.filter((member) => !member.isLearner).length,
    voting: new Set(quorum.nodes),
  };
}

/** Does a quorum stand? */
export function isQuorate(ballot: Ballot): boolean {
  return ballot.voting.size >= quorumOf(ballot.voters);
}

/** The ballot after a step. */
export function projectStep(
  ballot: Ballot,
  step: EtcdStep,
  quorum: EtcdQuorum,
  members: readonly EtcdMemberState[],
): Ballot {
  const { voters, voting } = ballot;
  switch (step.kind) {
    case "etcdStopMember":
    case "etcdArchiveData":
    case "etcdRestoreSnapshot":
    case "etcdParkDefinition":
      return { voters, voting: without(voting, step.node) };
    case "etcdStartMember":
      // A running voter is started anew: while it is away its vote is.
      return { voters, voting: without(voting, step.node) };
    case "etcdRemoveMember": {
      const entry = quorum.members.find((member) => isSameId(member.id, step.memberId));
      const node = nodeOf(members, step.memberId);
      const isVoter = entry !== undefined && !entry.isLearner;
      return { voters: isVoter ? voters - 1 : voters, voting: without(voting, node) };
    }
    case "etcdAddMember":
      return { voters: step.isLearner ? voters : voters + 1, voting };
    case "etcdPromoteMember":
      return { voters: voters + 1, voting: new Set([...voting, step.subject]) };
    case "etcdUpdatePeerUrl":
      return { voters, voting: without(voting, nodeOf(members, step.memberId)) };
    case "etcdWaitForMember":
      // What was waited for is known to be there.
      return step.isVoter ? { voters, voting: new Set([...voting, step.node]) } : ballot;
    default:
      return ballot;
  }
}

/** The first step after which no quorum would stand; undefined when there is none. */
export function firstLoss(
  steps: readonly EtcdStep[],
  quorum: EtcdQuorum,
  members: readonly EtcdMemberState[],
  start: Ballot = ballotOf(quorum),
): { readonly step: EtcdStep; readonly ballot: Ballot } | undefined {
  let ballot = start;
  for (const step of steps) {
    ballot = projectStep(ballot, step, quorum, members);
    if (!isQuorate(ballot)) return { step, ballot };
  }
  return undefined;
}

/** The ballot after all steps. */
export function projectAll(
  steps: readonly EtcdStep[],
  quorum: EtcdQuorum,
  members: readonly EtcdMemberState[],
  start: Ballot = ballotOf(quorum),
): Ballot {
  return steps.reduce((ballot, step) => projectStep(ballot, step, quorum, members), start);
}

function nodeOf(members: readonly EtcdMemberState[], memberId: Parameters<typeof isSameId>[0]): string | undefined {
  return members.find((member) => isSameId(member.entry?.id, memberId))?.node;
}

function without(voting: ReadonlySet<string>, node: string | undefined): ReadonlySet<string> {
  return new Set([...voting].filter((other) => other !== node));
}
