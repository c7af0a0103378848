// From what the probes saw to what the etcd planner is asked with: the view of each node, and the judgement of all of them
// where no repair is planned.

import type { EtcdDeclaration } from "../../model/etcd-declaration";
import type { EtcdHistory, EtcdNodeView } from "../../model/etcd-verdict";
import type { NodeObservation } from "../../model/node-observation";
import { type Planning, planningOf } from "./planning";
import { assessEtcd } from "./verdict";

/** What a node let us see of its etcd. */
export function viewOf(observation: NodeObservation): EtcdNodeView {
  const { node } = observation;
  if (observation.kind === "unreachable") return { kind: "unreachable", node, reason: observation.message };
  const { host, etcd } = observation;
  if (etcd?.kind !== "seen") return { kind: "unseen", node, reason: etcd?.reason ?? "the probe did not look at etcd" };
  if (host.kind === "unknown") return { kind: "unseen", node, reason: host.reason };
  return { kind: "observed", node, timeSeconds: host.value.timeSeconds, etcd: etcd.value };
}

/** The judgement of the members by these views. `lastRevision`: they have served it before; undefined: not known. */
export function planningOver(etcd: EtcdDeclaration, views: readonly EtcdNodeView[], lastRevision?: number): Planning {
  const history: EtcdHistory = { lastRevision, backups: [] };
  const assessment = assessEtcd(etcd, views, history);
  const rest = { repairSeveral: false, manifestDirectory: "", archiveDirectory: "", pods: {}, definitionDrifts: {} };
  return planningOf({ etcd, views, history, ...rest }, assessment);
}
