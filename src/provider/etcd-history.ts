// What is known of etcd from before: the revision that was recorded, and the snapshots that are kept on this machine. An
// empty store that answers healthy is told by it.

import { keptSnapshotsFolder, listKeptSnapshots, retireKeptSnapshots } from "../adapters/kept-snapshots";
import type { ControlPlaneDeclaration } from "../model/declaration";
import type { EtcdHistory } from "../model/etcd-verdict";
import type { JsonObject } from "../model/json";
import type { NodeObservation } from "../model/node-observation";
import type { Plan } from "../model/plan";
import { noHistory } from "../plan/control-plane-etcd";
import { adoptableRevision } from "../plan/etcd/adopt";
import { viewOf } from "../plan/etcd/views";

/** The revision that the last create or update recorded; undefined when none did. */
export function recordedRevision(outputs: JsonObject): number | undefined {
  const { etcdLastRevision } = outputs;
  return typeof etcdLastRevision === "number" ? etcdLastRevision : undefined;
}

/** What is known from before; read anew each time, for a step may just have kept a snapshot. */
export function historyOf({ etcd }: ControlPlaneDeclaration, lastRevision: number | undefined): EtcdHistory {
  if (etcd === undefined) return noHistory;
  const directory = keptSnapshotsFolder(etcd);
  return { lastRevision, backups: listKeptSnapshots(directory), directory };
}

/** The revision floor while a create or update runs. */
export class RevisionFloor {
  constructor(private lastRevision: number | undefined) {}

  /** Plans with the floor. A single member of which nothing is recorded is adopted as it is, unless its store is empty. */
  plan(observations: readonly NodeObservation[], planWith: (lastRevision: number | undefined) => Plan): Plan {
    const plan = planWith(this.lastRevision);
    if (this.lastRevision !== undefined || plan.etcd === undefined) return plan;
    const adopted = adoptableRevision(plan.etcd.assessment, observations.map(viewOf));
    if (adopted === undefined) return plan;
    this.lastRevision = adopted;
    return planWith(adopted);
  }

  /** The floor to record. After a restore it is the rebuilt cluster's, and what was newer before no longer counts. */
  settle({ etcd }: ControlPlaneDeclaration, plan: Plan): number | undefined {
    const quorum = plan.etcd?.assessment.quorum;
    if (etcd === undefined || quorum === undefined) return this.lastRevision;
    if (quorum.isRestored && etcd.restore !== undefined)
      retireKeptSnapshots(keptSnapshotsFolder(etcd), quorum.revision, etcd.restore.name);
    return quorum.revision;
  }
}
