// What every part of the etcd planner is given, and small questions asked of it.

import { invariantError } from "../../model/errors";
import type { EtcdDeclaration } from "../../model/etcd-declaration";
import { isSameId } from "../../model/etcd-member-id";
import type { EtcdObservation } from "../../model/etcd-observation";
import type { EtcdBlocker, EtcdBlockerReason } from "../../model/etcd-plan";
import { type EtcdMemberSettings, settleMembers } from "../../model/etcd-settings";
import type { EtcdStep } from "../../model/etcd-step";
import type { EtcdAssessment, EtcdHistory, EtcdMemberState, EtcdNodeView, EtcdQuorum } from "../../model/etcd-verdict";
import type { JsonObject } from "../../model/json";

/** What the etcd plan is made from. */
export interface EtcdPlanInput {
  readonly etcd: EtcdDeclaration;
  /** One view for every declared member. */
  readonly views: readonly EtcdNodeView[];
  readonly history: EtcdHistory;
  /** Opt-in of the declaration: more than one member is down, repair them one after the other. */
  readonly repairSeveral: boolean;
  readonly manifestDirectory: string;
  /** The control plane's archive directory; parked manifests go below it. */
  readonly archiveDirectory: string;
  /** Node -> the declared Pod of etcd, when it runs as a static pod. */
  readonly pods: Readonly<Record<string, JsonObject>>;
  /** Node -> what differs between the declared definition and the one in place; only nodes where something does. */
  readonly definitionDrifts: Readonly<Record<string, string>>;
}

/** The input and what was found in it. */
export interface Planning {
  readonly input: EtcdPlanInput;
  readonly settings: readonly EtcdMemberSettings[];
  readonly assessment: EtcdAssessment;
}

/** Steps, or why there are none. */
export interface PlanPart {
  readonly steps: readonly EtcdStep[];
  readonly blockers: readonly EtcdBlocker[];
}

/** Nothing to do. */
export const nothing: PlanPart = { steps: [], blockers: [] };

/** Puts the input beside its assessment. */
export function planningOf(input: EtcdPlanInput, assessment: EtcdAssessment): Planning {
  return { input, settings: settleMembers(input.etcd), assessment };
}

/** The settings of a declared member. */
export function settingsOf(planning: Planning, node: string): EtcdMemberSettings {
  const found = planning.settings.find((member) => member.node === node);
  if (found === undefined) throw invariantError(`no etcd member is declared on ${node}`);
  return found;
}

/** What a node's probe saw of its etcd; undefined when it saw nothing. */
export function etcdOf(planning: Planning, node: string): EtcdObservation | undefined {
  const view = planning.input.views.find((candidate) => candidate.node === node);
  return view?.kind === "observed" ? view.etcd : undefined;
}

/** Healthy voters, followers first, then by name: the cheapest to ask something of comes first. */
export function healthyVoters(planning: Planning, except?: string): readonly EtcdMemberState[] {
  return planning.assessment.members
    .filter((member) => member.condition === "voting" && member.node !== except)
    .sort((a, b) => Number(a.isLeader) - Number(b.isLeader) || (a.node < b.node ? -1 : 1));
}

/** Is anything running or about to run the member on this node? */
export function canRun(etcd: EtcdObservation): boolean {
  return etcd.service.hasProcess || (!etcd.service.isPaused && etcd.definition.state === "in-place");
}

/** Is nothing in the data directory that etcd would take for data? */
export function isBlank(etcd: EtcdObservation): boolean {
  return ["empty", "missing", "member-directory-only"].includes(etcd.data.state);
}

/** Is the data that of this member of the quorum's cluster? */
export function isOwnData(etcd: EtcdObservation, quorum: EtcdQuorum, member: EtcdMemberState): boolean {
  const { identity, state } = etcd.data;
  return (
    state === "present" &&
    isSameId(identity?.clusterId, quorum.clusterId) &&
    isSameId(identity?.memberId, member.entry?.id)
  );
}

/** Makes a blocker. */
export function blocker(reason: EtcdBlockerReason, node: string, message: string, nextStep: string): EtcdBlocker {
  return { reason, node, message, nextStep };
}

/** The node that a blocker about the whole cluster is put on. */
export function firstNode(planning: Planning): string {
  return planning.settings[0]?.node ?? "";
}
