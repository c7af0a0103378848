// What is known of etcd from before: the revision that was recorded, and the snapshots that are kept on this machine. An
// empty store that answers healthy is told by it.

import { keptSnapshotsFolder, listKeptSnapshots, retireKeptSnapshots } from "../adapters/kept-snapshots";
import type { ControlPlaneDeclaration } from "../model/declaration";
import { type MemberId, parseHexId } from "../model/etcd-member-id";
import type { EtcdHistory } from "../model/etcd-verdict";
import type { JsonObject } from "../model/json";
import type { NodeObservation } from "../model/node-observation";
import type { Plan } from "../model/plan";
import { noHistory } from "../plan/control-plane-etcd";
import { adoptableRevision } from "../plan/etcd/adopt";
import { viewOf } from "../plan/etcd/views";

/** What a create or update recorded of etcd: a floor for every later look. */
export interface RecordedFloor {
  /** undefined: none was recorded. */
  readonly lastRevision?: number;
  /** The cluster that it is the revision of. */
  readonly clusterId?: MemberId;
  /** `etcd.acceptRevision` as it was declared when it was recorded. */
  readonly acceptedRevision?: number;
}

/** What the last create or update recorded. */
export function recordedFloor(outputs: JsonObject): RecordedFloor {
  const { etcdLastRevision, etcdLastCluster, etcdAcceptedRevision } = outputs;
  if (typeof etcdLastRevision !== "number") return {};
  const clusterId = typeof etcdLastCluster === "string" ? parseHexId(etcdLastCluster) : undefined;
  return {
    lastRevision: etcdLastRevision,
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(typeof etcdAcceptedRevision === "number" ? { acceptedRevision: etcdAcceptedRevision } : {}),
  };
}

/** The floor as outputs. */
export function floorOutputs({ lastRevision, clusterId, acceptedRevision }: RecordedFloor): JsonObject {
  return {
    ...(lastRevision === undefined ? {} : { etcdLastRevision: lastRevision }),
    ...(clusterId === undefined ? {} : { etcdLastCluster: clusterId }),
    ...(acceptedRevision === undefined ? {} : { etcdAcceptedRevision: acceptedRevision }),
  };
}

/** What is known from before; read anew each time, for a step may just have kept a snapshot. */
export function historyOf({ etcd }: ControlPlaneDeclaration, floor: RecordedFloor): EtcdHistory {
  if (etcd === undefined) return noHistory;
  const directory = keptSnapshotsFolder(etcd);
  const { lastRevision, clusterId, acceptedRevision } = floor;
  return {
    lastRevision,
    ...(clusterId === undefined ? {} : { lastClusterId: clusterId }),
    ...(acceptedRevision === undefined ? {} : { acceptedRevision }),
    backups: listKeptSnapshots(directory),
    directory,
  };
}

/** The revision floor while a create or update runs. */
export class RevisionFloor {
  constructor(private recorded: RecordedFloor) {}

  /** Plans with the floor. A single member of which nothing is recorded is adopted as it is, unless its store is empty. */
  plan(observations: readonly NodeObservation[], planWith: (floor: RecordedFloor) => Plan): Plan {
    const plan = planWith(this.recorded);
    if (this.recorded.lastRevision !== undefined || plan.etcd === undefined) return plan;
    const { quorum } = plan.etcd.assessment;
    if (quorum !== undefined) {
      // What has been seen to be the cluster is known as it, whatever its repair takes off its member list.
      this.recorded = { lastRevision: quorum.revision, clusterId: quorum.clusterId };
      return plan;
    }
    const adopted = adoptableRevision(plan.etcd.assessment, observations.map(viewOf));
    if (adopted === undefined) return plan;
    this.recorded = { lastRevision: adopted };
    return planWith(this.recorded);
  }

  /** The floor to record. After a restore it is the rebuilt cluster's, and what was newer before no longer counts. */
  settle({ etcd }: ControlPlaneDeclaration, plan: Plan): RecordedFloor {
    const quorum = plan.etcd?.assessment.quorum;
    if (etcd === undefined || quorum === undefined) return this.recorded;
    if (quorum.isRestored && etcd.restore !== undefined)
      retireKeptSnapshots(keptSnapshotsFolder(etcd), quorum.revision, etcd.restore.name);
    const { revision, clusterId } = quorum;
    const { acceptRevision } = etcd;
    return {
      lastRevision: revision,
      clusterId,
      ...(acceptRevision === undefined ? {} : { acceptedRevision: acceptRevision }),
    };
  }
}
