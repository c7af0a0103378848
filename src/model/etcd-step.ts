// The steps of the etcd plan, as values. Every one changes one node, or waits; templates/steps/<kind>.hbs say how. Ids that
// only a later observation can know are undefined until then: the plan is made anew after each step.

import type { EtcdWriter } from "./etcd-declaration";
import type { MemberId } from "./etcd-member-id";
import type { EtcdMemberSettings } from "./etcd-settings";
import type { JsonObject } from "./json";

/** The atomic changes of the etcd plan. A crash can fall between any two of them. */
export type EtcdEffectKind =
  | "saveEtcdSnapshot"
  | "verifyEtcdSnapshot"
  | "keepEtcdSnapshot"
  | "collectEtcdSnapshot"
  | "deliverEtcdSnapshot"
  | "condemnEtcdData"
  | "pauseEtcdService"
  | "stopEtcdService"
  | "removeEtcdMember"
  | "archiveEtcdData"
  | "makeEtcdMemberDirectory"
  | "addEtcdMember"
  | "writeEtcdMembership"
  | "startEtcdService"
  | "promoteEtcdMember"
  | "compareEtcdHashes"
  | "moveEtcdLeader"
  | "updateEtcdPeerUrl"
  | "compactEtcd"
  | "defragmentEtcd"
  | "disarmEtcdAlarms"
  | "restoreEtcdSnapshot"
  | "installEtcdData"
  | "parkEtcdDefinition"
  | "resumeEtcdService"
  | "stopEtcdWriters";

interface EtcdStepBase {
  /** The node that it runs on. */
  readonly node: string;
  /** Why, in the operator's words, one sentence. */
  readonly reason: string;
  /** What it is about: with kind and node it tells two steps apart. */
  readonly subject: string;
  /** The member of the node that it runs on. */
  readonly at: EtcdMemberSettings;
}

/** Where the manifest of a static etcd pod lies, and where it is kept while it must not run. */
export interface EtcdManifestPlace {
  readonly fileName: string;
  readonly manifestDirectory: string;
  /** Folder outside the manifest directory. */
  readonly parkDirectory: string;
}

/** Which of etcd's tools works on files: etcdutl from 3.5 on, etcdctl before. */
export type EtcdFileTool = "etcdctl" | "etcdutl";

/** Saves a snapshot from the node's own endpoint, verifies it and gives it its name. */
export interface EtcdSaveSnapshotStep extends EtcdStepBase {
  readonly kind: "etcdSaveSnapshot";
  readonly path: string;
  readonly fileTool: EtcdFileTool;
}

/** Copies a snapshot from the node to the operator's machine. The adapter runs it there. */
export interface EtcdCollectSnapshotStep extends EtcdStepBase {
  readonly kind: "etcdCollectSnapshot";
  readonly path: string;
  /** Where a plan keeps it on the operator's machine; its name says what is known of it. Not given: the caller says where. */
  readonly localFile?: string;
  readonly sha256: string;
}

/** Copies a snapshot from the operator's machine to the node. The adapter streams it to the script's input. */
export interface EtcdDeliverSnapshotStep extends EtcdStepBase {
  readonly kind: "etcdDeliverSnapshot";
  readonly localFile: string;
  readonly path: string;
  readonly sha256: string;
}

/**
 * Marks the data of a member as bad before it is stopped. Once stopped it would look like a member that only has to be
 * started. The mark names the member's id, so that it means nothing to the member that takes its place.
 */
export interface EtcdCondemnDataStep extends EtcdStepBase {
  readonly kind: "etcdCondemnData";
  readonly memberId: MemberId;
}

/** Stops the member so that nothing starts it again. */
export interface EtcdStopMemberStep extends EtcdStepBase {
  readonly kind: "etcdStopMember";
  /** undefined: not a static pod. */
  readonly place: EtcdManifestPlace | undefined;
  readonly timeoutSeconds: number;
}

/** Takes a member out of the membership. Runs on a survivor. */
export interface EtcdRemoveMemberStep extends EtcdStepBase {
  readonly kind: "etcdRemoveMember";
  readonly memberId: MemberId;
  readonly memberName: string;
}

/** Moves the old data out of the data directory. Nothing is deleted. */
export interface EtcdArchiveDataStep extends EtcdStepBase {
  readonly kind: "etcdArchiveData";
}

/** Makes the empty `member` directory by which a BOSH job knows that it joins. Without it index 0 starts a new cluster. */
export interface EtcdMakeMemberDirectoryStep extends EtcdStepBase {
  readonly kind: "etcdMakeMemberDirectory";
}

/** Announces a member. Runs on a survivor. */
export interface EtcdAddMemberStep extends EtcdStepBase {
  readonly kind: "etcdAddMember";
  readonly memberName: string;
  readonly peerUrl: string;
  readonly isLearner: boolean;
}

/** Starts a member with the exact membership it belongs to. */
export interface EtcdStartMemberStep extends EtcdStepBase {
  readonly kind: "etcdStartMember";
  /** Exactly the members that the cluster lists, itself included, sorted by name. */
  readonly initialCluster: readonly { readonly name: string; readonly peerUrl: string }[];
  readonly token: string;
  /** The declared Pod with its membership flags; undefined when etcd is no static pod. */
  readonly manifest: JsonObject | undefined;
  readonly place: EtcdManifestPlace | undefined;
}

/** Makes a learner a voter and compares what it holds with a peer: a learner answers no hash. Runs on a survivor. */
export interface EtcdPromoteMemberStep extends EtcdStepBase {
  readonly kind: "etcdPromoteMember";
  /** Client URL of the new voter, whose hash is compared with the survivor's own. */
  readonly promotedClientUrl: string;
  /** undefined in a forecast: etcd gives the id when the member is added. */
  readonly memberId: MemberId | undefined;
}

/** Hands leadership to another voter. Runs on the leader. */
export interface EtcdMoveLeaderStep extends EtcdStepBase {
  readonly kind: "etcdMoveLeader";
  readonly toMemberId: MemberId;
}

/** Corrects the address at which a member's peers look for it. Runs on a survivor. */
export interface EtcdUpdatePeerUrlStep extends EtcdStepBase {
  readonly kind: "etcdUpdatePeerUrl";
  readonly memberId: MemberId;
  readonly peerUrl: string;
}

/** Drops history up to a revision. */
export interface EtcdCompactStep extends EtcdStepBase {
  readonly kind: "etcdCompact";
  readonly revision: number;
}

/** Gives free pages of one member's database back. */
export interface EtcdDefragmentStep extends EtcdStepBase {
  readonly kind: "etcdDefragment";
  /**
   * The step fails when the file is still larger, bytes: for a version whose own account of what is in use is absent or old, so
   * that only defragmenting shows whether it is full of live data. Undefined: not looked at.
   */
  readonly sizeMaxBytes?: number;
}

/** Clears all alarms. */
export interface EtcdDisarmAlarmsStep extends EtcdStepBase {
  readonly kind: "etcdDisarmAlarms";
}

/** Makes the data of a new cluster from a snapshot, beside the data directory, and moves it in. */
export interface EtcdRestoreSnapshotStep extends EtcdStepBase {
  readonly kind: "etcdRestoreSnapshot";
  readonly path: string;
  readonly sha256: string;
  readonly token: string;
  readonly initialCluster: readonly { readonly name: string; readonly peerUrl: string }[];
  readonly fileTool: EtcdFileTool;
  /** Raise the revision and mark the old ones compacted, so that watchers notice. False: the version cannot. */
  readonly canBumpRevision: boolean;
}

/** Puts an etcd definition out of reach of what would start it. */
export interface EtcdParkDefinitionStep extends EtcdStepBase {
  readonly kind: "etcdParkDefinition";
  readonly place: EtcdManifestPlace | undefined;
}

/** Lets the service's manager watch a running member again. */
export interface EtcdResumeServiceStep extends EtcdStepBase {
  readonly kind: "etcdResumeService";
}

/** Stops what writes to etcd while a lost cluster is rebuilt. */
export interface EtcdStopWritersStep extends EtcdStepBase {
  readonly kind: "etcdStopWriters";
  readonly writers: readonly EtcdWriter[];
  readonly manifestDirectory: string;
  readonly parkDirectory: string;
}

/** Waits until the member answers and is in step with its cluster. Changes nothing. */
export interface EtcdWaitForMemberStep extends EtcdStepBase {
  readonly kind: "etcdWaitForMember";
  /** It is waited for as a voter; false: as a learner. */
  readonly isVoter: boolean;
  readonly timeoutSeconds: number;
}

/** A step of the etcd plan that changes a node. */
export type EtcdChangeStep =
  | EtcdSaveSnapshotStep
  | EtcdCollectSnapshotStep
  | EtcdDeliverSnapshotStep
  | EtcdCondemnDataStep
  | EtcdStopMemberStep
  | EtcdRemoveMemberStep
  | EtcdArchiveDataStep
  | EtcdMakeMemberDirectoryStep
  | EtcdAddMemberStep
  | EtcdStartMemberStep
  | EtcdPromoteMemberStep
  | EtcdMoveLeaderStep
  | EtcdUpdatePeerUrlStep
  | EtcdCompactStep
  | EtcdDefragmentStep
  | EtcdDisarmAlarmsStep
  | EtcdRestoreSnapshotStep
  | EtcdParkDefinitionStep
  | EtcdResumeServiceStep
  | EtcdStopWritersStep;

/** A step of the etcd plan that only waits. */
export type EtcdWaitStep = EtcdWaitForMemberStep;

/** A step of the etcd plan. */
export type EtcdStep = EtcdChangeStep | EtcdWaitStep;

/** The effects of every kind of etcd step, in the order in which they happen. */
export const etcdEffectsOfKind: Readonly<Record<EtcdStep["kind"], readonly EtcdEffectKind[]>> = {
  etcdSaveSnapshot: ["saveEtcdSnapshot", "verifyEtcdSnapshot", "keepEtcdSnapshot"],
  etcdCollectSnapshot: ["collectEtcdSnapshot"],
  etcdDeliverSnapshot: ["deliverEtcdSnapshot"],
  etcdCondemnData: ["condemnEtcdData"],
  etcdStopMember: ["pauseEtcdService", "stopEtcdService"],
  etcdRemoveMember: ["removeEtcdMember"],
  etcdArchiveData: ["archiveEtcdData"],
  etcdMakeMemberDirectory: ["makeEtcdMemberDirectory"],
  etcdAddMember: ["addEtcdMember"],
  etcdStartMember: ["writeEtcdMembership", "startEtcdService"],
  etcdPromoteMember: ["promoteEtcdMember", "compareEtcdHashes"],
  etcdMoveLeader: ["moveEtcdLeader"],
  etcdUpdatePeerUrl: ["updateEtcdPeerUrl"],
  etcdCompact: ["compactEtcd"],
  etcdDefragment: ["defragmentEtcd"],
  etcdDisarmAlarms: ["disarmEtcdAlarms"],
  etcdRestoreSnapshot: ["restoreEtcdSnapshot", "installEtcdData"],
  etcdParkDefinition: ["parkEtcdDefinition"],
  etcdResumeService: ["resumeEtcdService"],
  etcdStopWriters: ["stopEtcdWriters"],
  etcdWaitForMember: [],
};

/** Does a step belong to the etcd plan? Its steps are a chain: only the first may run, the others are a forecast. */
export function isEtcdStep(step: { readonly kind: string }): step is EtcdStep {
  return step.kind in etcdEffectsOfKind;
}
