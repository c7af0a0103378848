// The etcd plan over one observation of every node. Pure. Its steps are a chain: the first may run, then everything is
// observed and planned anew.

import type { EtcdPlan } from "../../model/etcd-plan";
import { driftsOf, notesOf } from "./findings";
import { planWithoutQuorum } from "./lost-plan";
import { isAdmitted, planParks } from "./park";
import { type EtcdPlanInput, etcdOf, type Planning, type PlanPart, planningOf } from "./planning";
import { planQuorate } from "./quorate-plan";
import { assessEtcd } from "./verdict";

/** What is to be done about etcd, what stands in the way, and what must not be started meanwhile. */
export function planEtcd(input: EtcdPlanInput): EtcdPlan {
  const assessment = assessEtcd(input.etcd, input.views, input.history);
  const planning = planningOf(input, assessment);
  const part = planPart(planning);
  const isRebuilding = assessment.quorum === undefined && part.steps.length > 0 && input.etcd.restore !== undefined;
  return {
    assessment,
    steps: part.steps,
    blockers: part.blockers,
    drifts: driftsOf(planning),
    notes: notesOf(planning),
    parks: planParks(planning),
    held: assessment.members.filter((member) => isHeld(planning, member.node)).map((member) => member.node),
    mustHoldWriters: isRebuilding && assessment.verdict.kind !== "healthy" && !isMerelyStarting(planning),
  };
}

function planPart(planning: Planning): PlanPart {
  const { quorum } = planning.assessment;
  return quorum === undefined ? planWithoutQuorum(planning) : planQuorate(planning, quorum);
}

/** Nobody else may write or start the definition: it could boot something, or it is parked for a reason. */
function isHeld(planning: Planning, node: string): boolean {
  const member = planning.assessment.members.find((candidate) => candidate.node === node);
  return (
    member === undefined || !isAdmitted(planning, member) || etcdOf(planning, node)?.definition.state !== "in-place"
  );
}

function isMerelyStarting(planning: Planning): boolean {
  const { verdict } = planning.assessment;
  return verdict.kind === "quorum-lost" && verdict.canBeStarted;
}
