// One round at a simulated director: an operator, the real converge, and how it ended.

import { type BoshConvergeResult, type BoshPlanner, convergeBosh } from "../../converge/bosh-round";
import { instanceName } from "../../model/bosh";
import type { BoshDeploymentDeclaration } from "../../model/bosh-plan";
import { type BoshStep, changedInstances } from "../../model/bosh-step";
import { isRecoveryError } from "../../model/errors";
import { planBoshDeployment } from "../../plan/bosh-plan";
import { SimulatedDirectorAccess } from "../director/simulated-access";
import type { SimulatedDirector } from "../director/simulated-director";
import { SimulatedInstanceAccess } from "../director/simulated-instances";
import { SimulatedQuorum } from "../director/simulated-quorum";
import { type SimulatedDeployment, shortName } from "../director/world";
import { OperatorKilled } from "../simulated-nodes";
import { isSound } from "./director-extras";
import { OperatorLink } from "./operator-link";

/** A director that is in trouble, the same every time that it is made. */
export interface DirectorBeginning {
  readonly director: SimulatedDirector;
  readonly deployment: SimulatedDeployment;
}

/** What is rehearsed. */
export interface DirectorSubject {
  readonly open: () => DirectorBeginning;
  readonly declaration: BoshDeploymentDeclaration;
  readonly seed: string;
  /** What of the beginning is no part of it, in words: a director does not see it. */
  readonly leftOut: readonly string[];
  /** The planner under test. Default: the real one. */
  readonly planner?: BoshPlanner;
  /** How a step is shown. Default: by its kind. */
  readonly show?: (step: BoshStep) => { readonly title: string; readonly command?: string };
}

/** Short names of the instances that are out of order. */
export function troubledOf({ director, deployment }: DirectorBeginning): Set<string> {
  return new Set(deployment.instances.filter((instance) => !isSound(director, instance)).map(shortName));
}

/** Does everything run that has to? */
export function isWell({ director, deployment }: DirectorBeginning): boolean {
  return deployment.instances.every((instance) => isSound(director, instance));
}

/** A step in a few words. */
export function titleOf(step: BoshStep): string {
  const where = whereOf(step);
  return where === "" ? step.kind : `${step.kind} ${where}`;
}

const namesShown = 3;

/** The instances that a step changes, as many as a line has room for; empty for none. */
export function whereOf(step: BoshStep): string {
  const names = changedInstances(step).map(instanceName);
  const more = names.length - namesShown;
  return `${names.slice(0, namesShown).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** One operator: a link of its own, and the snapshots that it has kept. */
export class Operator {
  readonly link: OperatorLink;
  readonly quorum: SimulatedQuorum;

  constructor({ director }: DirectorBeginning, onCall: (method: string, args: readonly unknown[]) => void) {
    this.quorum = new SimulatedQuorum(director);
    this.link = new OperatorLink(onCall);
  }
}

/** Told when a step begins (undefined), and how it ended: "" for well. */
export type Hear = (step: BoshStep, failure: string | undefined) => void;
/** How a round ended. */
export type RoundEnd =
  | { readonly kind: "ended"; readonly result: BoshConvergeResult }
  /** The operator was killed, or the director could not be reached. */
  | { readonly kind: "broken"; readonly reason: string };

/** Runs the converge once, to its end or until its operator is gone. */
export async function runRound(
  { declaration, planner = planBoshDeployment }: DirectorSubject,
  { director }: DirectorBeginning,
  { link, quorum }: Operator,
  hear: Hear,
): Promise<RoundEnd> {
  try {
    const result = await convergeBosh({
      director: link.carry(new SimulatedDirectorAccess(director)),
      instances: link.carry(new SimulatedInstanceAccess(director)),
      quorum: link.carry(quorum),
      clock: director.clock,
      declaration,
      planner,
      onEvent: (event) => {
        if (event.kind === "step-started") hear(event.step, undefined);
        if (event.kind === "step-ended") hear(event.step, event.outcome.kind === "failed" ? event.outcome.message : "");
      },
    });
    return { kind: "ended", result };
  } catch (error) {
    if (error instanceof OperatorKilled) return { kind: "broken", reason: "operator-killed" };
    if (isRecoveryError(error) && error.code !== "invariant") return { kind: "broken", reason: error.code };
    throw error;
  }
}
