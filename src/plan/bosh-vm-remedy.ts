// Remedies for what cloud check can see: a silent agent, a missing VM, a disk out of place.
import { instanceName } from "../model/bosh";
import { type DiagnosedInstance, type InstanceCondition, isTrouble } from "../model/bosh-condition";
import type { BoshDeploymentDeclaration, BoshObservation } from "../model/bosh-plan";
import type { BoshStep } from "../model/bosh-step";
import { attemptsOn, blocked, exhausted, harm, type Remedy, resolve, waitForInstance } from "./bosh-remedy-parts";
import { chooseResolution, reattachDisk, rebootFirst, recreateFirst } from "./bosh-resolution";

/** A silent agent: rebooted first, recreated when that did not help and the zone is not dark. */
export function mendAgent(
  declaration: BoshDeploymentDeclaration,
  observation: BoshObservation,
  diagnosed: DiagnosedInstance,
  others: readonly DiagnosedInstance[],
): Remedy {
  const tried = attemptsOn(observation.attempts, diagnosed).filter(({ step }) => step.kind === "resolveProblems");
  const name = instanceName(diagnosed.instance);
  if (tried.length === 0) {
    const steps = [resolve(declaration, diagnosed, rebootFirst, `${name} does not answer: it is rebooted`)];
    return { kind: "steps", harm: harm.reboot, steps, isDestructive: false, isSurgery: true };
  }
  const neighbours = others.filter(
    ({ zone, vmCid }) => zone === diagnosed.zone && zone !== undefined && vmCid !== undefined,
  );
  const isZoneSilent = neighbours.length > 0 && neighbours.every(({ condition }) => isSilent(condition));
  if (isZoneSilent) {
    // Recreating would delete VMs of hosts that are down and find no host for new ones.
    return blocked(
      declaration,
      diagnosed,
      "zone-down",
      `${name} is not recreated: every VM of zone ${diagnosed.zone ?? ""} is silent after a reboot, so its hosts look down`,
      "bring the zone's hosts back, then run up again",
    );
  }
  if (tried.length > 1) return exhausted(declaration, diagnosed, tried);
  const steps = [
    resolve(declaration, diagnosed, recreateFirst, `${name} does not answer after a reboot: it is recreated`),
  ];
  return { kind: "steps", harm: harm.recreate, steps, isDestructive: true, isSurgery: true };
}

function isSilent(condition: InstanceCondition): boolean {
  return (
    condition.kind === "agent-unresponsive" || condition.kind === "vm-missing" || condition.kind === "not-observed"
  );
}

/** A missing VM: created by whatever touches nobody else. */
export function createVm(
  declaration: BoshDeploymentDeclaration,
  observation: BoshObservation,
  diagnosed: DiagnosedInstance,
  isForgotten: boolean,
  others: readonly DiagnosedInstance[],
): Remedy {
  const name = instanceName(diagnosed.instance);
  const tried = attemptsOn(observation.attempts, diagnosed).filter(
    ({ step }) => step.kind === "resolveProblems" || (step.kind === "recreateInstance" && step.scope === "converge"),
  );
  if (tried.length > 1) return exhausted(declaration, diagnosed, tried);
  const mayConverge = observation.instances !== undefined && tried.length === 0;
  const reason = isForgotten ? `${name} has no VM` : `the VM of ${name} is gone from the IaaS`;
  const steps =
    isForgotten && mayConverge
      ? createSteps(declaration, diagnosed, others, reason)
      : [resolve(declaration, diagnosed, recreateFirst, reason)];
  return { kind: "steps", harm: harm.create, steps, isDestructive: false, isSurgery: true };
}

/**
 * Creates the VM of an instance that the director has none for: by converging where that touches nobody else, through
 * cloud check otherwise. Recreating without converging is no choice, for it takes for granted that there is a VM to delete.
 * Source: cloudfoundry/bosh director lib/bosh/director/jobs/update_instance.rb, detach_instance.
 */
export function createSteps(
  declaration: BoshDeploymentDeclaration,
  diagnosed: DiagnosedInstance,
  others: readonly DiagnosedInstance[],
  reason: string,
): readonly BoshStep[] {
  const { deployment } = declaration;
  const { instance } = diagnosed;
  if (!others.every(({ condition }) => isConvergeSafe(condition))) {
    return [resolve(declaration, diagnosed, recreateFirst, reason)];
  }
  return [
    { kind: "recreateInstance", deployment, instance, scope: "converge", reason },
    waitForInstance(deployment, diagnosed, reason),
  ];
}

/** Would a converging change leave such an instance alone? */
function isConvergeSafe(condition: InstanceCondition): boolean {
  return !isTrouble(condition) && condition.kind !== "starting" && condition.kind !== "not-observed";
}

/** A disk: put back where it belongs, never given up. */
export function mendDisk(
  declaration: BoshDeploymentDeclaration,
  observation: BoshObservation,
  diagnosed: DiagnosedInstance,
  condition: Extract<InstanceCondition, { kind: "disk-problem" }>,
): Remedy {
  const name = instanceName(diagnosed.instance);
  const isTried = attemptsOn(observation.attempts, diagnosed).some(({ step }) => step.kind === "resolveProblems");
  const isMendable = condition.problems.every((problem) => chooseResolution(problem, reattachDisk) !== undefined);
  if (isMendable && !isTried) {
    const steps = [
      resolve(declaration, diagnosed, reattachDisk, `the disk of ${name} is not mounted where it belongs`),
    ];
    return { kind: "steps", harm: harm.reattach, steps, isDestructive: false, isSurgery: true };
  }
  return blocked(
    declaration,
    diagnosed,
    "disk-needs-a-decision",
    `${name} is not touched: ${condition.problems.map(({ description }) => description.split("\n")[0] ?? "").join("; ")}`,
    "no answer to this is without loss: look at the disk in the IaaS, then answer `bosh cck` by hand",
  );
}
