// Preserve first: nothing is taken away from a cluster without a verified snapshot of it that lies on another node.

import type { EtcdSnapshot } from "../../model/etcd-observation";
import type { EtcdStep } from "../../model/etcd-step";
import type { EtcdQuorum } from "../../model/etcd-verdict";
import { saveSnapshot } from "./make-steps";
import { healthyVoters, type Planning } from "./planning";

/** The file name of a snapshot before surgery. The cluster id in it tells whose it is: no tool can say so afterwards. */
export function snapshotFileName(quorum: EtcdQuorum): string {
  return `${quorum.clusterId}-r${quorum.revision}.db`;
}

/** The step that saves a snapshot, unless a fresh one of this cluster lies on a node other than the target. */
export function preserve(planning: Planning, quorum: EtcdQuorum, target: string | undefined): readonly EtcdStep[] {
  const isKept = planning.input.views.some(
    (view) =>
      view.kind === "observed" &&
      view.node !== target &&
      view.etcd.snapshots.some((snapshot) => isFresh(planning, snapshot, quorum, view.timeSeconds)),
  );
  if (isKept) return [];
  const [source] = healthyVoters(planning, target);
  if (source === undefined) return [];
  const reason = "nothing is taken away before a verified snapshot is kept on a healthy node";
  return [saveSnapshot(planning, source.node, snapshotFileName(quorum), reason)];
}

function isFresh(planning: Planning, snapshot: EtcdSnapshot, quorum: EtcdQuorum, nowSeconds: number): boolean {
  const name = snapshot.path.slice(snapshot.path.lastIndexOf("/") + 1);
  const ageSeconds = nowSeconds - snapshot.takenAtSeconds;
  return (
    snapshot.isVerified &&
    name.startsWith(`${quorum.clusterId}-`) &&
    // A snapshot of the future is one of a clock that was wrong.
    ageSeconds >= -60 &&
    ageSeconds <= planning.input.etcd.snapshotMaxAgeMinutes * 60
  );
}
