// What to do when no quorum stands: start what is whole, rebuild when asked to, and otherwise nothing but say why.

import { answered } from "../../model/etcd-observation";
import type { EtcdBlocker } from "../../model/etcd-plan";
import type { EtcdStep } from "../../model/etcd-step";
import type { EtcdMemberState } from "../../model/etcd-verdict";
import { isEmptyStore } from "./adopt";
import { startMember, stopMember, waitForMember } from "./make-steps";
import { memberBlockers } from "./member-blockers";
import { declaredCluster } from "./membership";
import { blocker, etcdOf, firstNode, nothing, type Planning, type PlanPart } from "./planning";
import { mostAdvanced } from "./restore-blockers";
import { restoreQuorum } from "./restore-quorum";
import { roomBlocker } from "./room";

/** Plans a cluster without a quorum. */
export function planWithoutQuorum(planning: Planning): PlanPart {
  const { verdict } = planning.assessment;
  const { restore } = planning.input.etcd;
  switch (verdict.kind) {
    case "quorum-lost":
      if (verdict.canBeStarted) return startWhole(planning);
      if (restore !== undefined) return restoreQuorum(planning, restore);
      return { steps: [], blockers: [lostBlocker(planning), ...memberBlockers(planning, ["unreachable"])] };
    case "forked":
      // An explicit restore is the only way out when nobody can say which side is the cluster.
      if (restore !== undefined) return restoreQuorum(planning, restore);
      return { steps: [], blockers: [forkBlocker(planning)] };
    case "unknown":
      return { steps: [], blockers: unknownBlockers(planning) };
    default:
      return { steps: [], blockers: memberBlockers(planning) };
  }
}

/** Enough members have their data: they only have to run and to see each other. */
function startWhole(planning: Planning): PlanPart {
  const members = declaredCluster(planning.settings);
  const { token } = planning.input.etcd;
  const steps: EtcdStep[] = [];
  const { members: states } = planning.assessment;
  const full = states.flatMap((state) => roomBlocker(planning, state) ?? []);
  const isFull = (node: string) => full.some((one) => one.node === node);
  const held = (node: string) => etcdOf(planning, node)?.data.offline?.revision ?? 0;
  // The most advanced first: two that agree without it would go on without what it alone has.
  const stopped = states
    .filter((state) => state.condition === "stopped" && !isFull(state.node))
    .sort((a, b) => held(b.node) - held(a.node) || (a.node < b.node ? -1 : 1));
  // A listed member without its data joins as soon as a whole one answers, and votes without knowing what it acknowledged.
  for (const { node } of stopped.length === 0 ? [] : states.filter((state) => isForgetful(planning, state)))
    steps.push(stopMember(planning, node, `${node} has lost its data: its vote could lose acknowledged writes`));
  for (const member of stopped) {
    const reason = `${member.node} has its data and does not run; enough such members make a quorum again`;
    steps.push(startMember(planning, member.node, members, token, reason));
  }
  const awaited = states.find(
    (state) => ["stopped", "starting", "isolated"].includes(state.condition) && !isFull(state.node),
  );
  if (awaited !== undefined)
    steps.push(waitForMember(planning, awaited.node, true, "the members that run have to find each other"));
  return { steps, blockers: [...full, ...memberBlockers(planning, ["unreachable", "certificates", "tool-failure"])] };
}

/** Would it come up with nothing under its old id? */
function isForgetful(planning: Planning, { node, condition }: EtcdMemberState): boolean {
  const etcd = etcdOf(planning, node);
  if (condition !== "empty" || etcd === undefined) return false;
  return !etcd.service.isPaused && etcd.definition.state === "in-place";
}

function lostBlocker(planning: Planning): EtcdBlocker {
  const { verdict } = planning.assessment;
  const best = mostAdvanced(planning);
  const newest = [...planning.input.history.backups].sort((a, b) => b.revision - a.revision)[0];
  const survivor = best === undefined ? "" : `{kind: "survivor", node: "${best.node}"} (revision ${best.revision})`;
  const backup =
    newest === undefined ? "" : `{kind: "snapshot", file: "${newest.file}", ...} (revision ${newest.revision})`;
  const sources = [survivor, backup].filter((text) => text !== "").join(" or ");
  const isConfirmed = verdict.kind === "quorum-lost" && verdict.isConfirmed;
  const declare = `declare etcd.restore with a name and source ${sources === "" ? '{kind: "snapshot", ...}' : sources}`;
  return blocker(
    "etcd-quorum-lost",
    best?.node ?? firstNode(planning),
    `${verdict.summary}; what is left may be older than what was acknowledged, so that rebuilding needs your word`,
    isConfirmed ? declare : `bring the nodes that were not reached back first; only if they are gone: ${declare}`,
  );
}

function forkBlocker(planning: Planning): EtcdBlocker {
  const best = mostAdvanced(planning);
  return blocker(
    "etcd-forked",
    best?.node ?? firstNode(planning),
    planning.assessment.verdict.summary,
    `find out which data is the cluster's, then declare etcd.restore with that survivor${best === undefined ? "" : ` (${best.node} holds the highest revision, ${best.revision})`} or a snapshot; if it was restored by hand on purpose, declare etcd.acceptRevision`,
  );
}

function emptyStore(planning: Planning): readonly EtcdBlocker[] {
  const node = firstNode(planning);
  const etcd = etcdOf(planning, node);
  const status = etcd === undefined ? undefined : answered(etcd.status);
  if (etcd === undefined || status === undefined || !isEmptyStore(status.revision, answered(etcd.keyCount))) return [];
  return [
    blocker(
      "etcd-unknown",
      node,
      `etcd on ${node} serves an empty store, and nothing is recorded that would say whether it ever held anything`,
      "if it was never used, declare etcd.acceptRevision: 1; otherwise declare etcd.restore with a snapshot",
    ),
  ];
}

function unknownBlockers(planning: Planning): readonly EtcdBlocker[] {
  const { verdict } = planning.assessment;
  if (verdict.kind !== "unknown") return nothing.blockers;
  // Nothing is wrong with a single member of which nothing is recorded yet: it is adopted, with a note.
  if (verdict.reason === "no-recorded-revision") return emptyStore(planning);
  const reason = verdict.reason === "revision-went-back" ? "etcd-revision-went-back" : "etcd-unknown";
  const nextStep =
    verdict.reason === "revision-went-back"
      ? "find out who restored it; if that was meant, declare etcd.restore with what was restored"
      : "mend what keeps the members from being counted (reach the nodes, see `quorate doctor`), then run preview again";
  return [
    blocker(reason, firstNode(planning), `nothing of etcd is changed: ${verdict.summary}`, nextStep),
    ...memberBlockers(planning, ["unreachable", "certificates", "tool-failure"]),
  ];
}
