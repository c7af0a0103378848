// What was just observed on live nodes as what is rehearsed. The copy counts only when the planner sees on it what it sees on
// the nodes: the same verdict, the same steps, the same refusals.

import type { EtcdPlan } from "../../model/etcd-plan";
import { planEtcd } from "../../plan/etcd/plan";
import type { EtcdPlanInput } from "../../plan/etcd/planning";
import { copyEtcdWorld } from "../etcd/copy-world";
import { type EtcdSubject, planWorld } from "./etcd-subject";
import { type Rehearsal, rehearse, type SearchOptions } from "./search";

/** What came of rehearsing live nodes. */
export type LiveRehearsal =
  | { readonly kind: "rehearsed"; readonly rehearsal: Rehearsal }
  /** The simulator cannot show what the nodes show: nothing is proved. */
  | { readonly kind: "not-copied"; readonly differences: readonly string[] };

/** Members up to which the search is exhaustive; above it cases are drawn. */
export const exhaustiveMembersMax = 7;
const drawnCasesMax = 5000;

/** Rehearses the plan over what was observed. */
export function rehearseLive(input: EtcdPlanInput, options: SearchOptions = {}): LiveRehearsal {
  // Files of etcd's definition are no part of the simulated world; what differs in them is repaired by the same steps.
  const plain: EtcdPlanInput = { ...input, definitionDrifts: {} };
  const real = planEtcd(plain);
  const world = copyEtcdWorld(plain, real.assessment);
  const subject: EtcdSubject = {
    etcd: input.etcd,
    repairSeveral: input.repairSeveral,
    lastRevision: input.history.lastRevision,
    manifestDirectory: input.manifestDirectory,
    archiveDirectory: input.archiveDirectory,
    pods: input.pods,
  };
  const differences = compare(real, planWorld(subject, world));
  if (differences.length > 0) return { kind: "not-copied", differences };
  const isLarge = Object.keys(input.etcd.members).length > exhaustiveMembersMax;
  const sample = isLarge ? { sample: { casesMax: drawnCasesMax, seed: "live" } } : {};
  return { kind: "rehearsed", rehearsal: rehearse(subject, world, { ...sample, ...options }) };
}

function compare(real: EtcdPlan, copied: EtcdPlan): readonly string[] {
  const rows: readonly (readonly [string, (plan: EtcdPlan) => string])[] = [
    ["verdict", (plan) => plan.assessment.verdict.kind],
    ["steps", (plan) => plan.steps.map((step) => `${step.kind} on ${step.node}`).join(", ") || "none"],
    ["refusals", (plan) => [...new Set(plan.blockers.map(({ reason }) => reason))].sort().join(", ") || "none"],
  ];
  return rows.flatMap(([name, read]) => {
    const [ours, theirs] = [read(copied), read(real)];
    return ours === theirs ? [] : [`${name}: the nodes ask for ${theirs}; their copy asks for ${ours}`];
  });
}
