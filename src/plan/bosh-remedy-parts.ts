// The pieces that remedies are made of: their form, how much harm each does, steps and blockers that several share.
import { instanceName, isSameInstance } from "../model/bosh";
import type { DiagnosedInstance } from "../model/bosh-condition";
import type { BoshAttempt, BoshBlocker, BoshBlockerReason, BoshDeploymentDeclaration } from "../model/bosh-plan";
import { type BoshStep, changedInstances, type ResolutionPreference } from "../model/bosh-step";

/** What is to be done for one instance. */
export type Remedy =
  | {
      readonly kind: "steps";
      /** The less, the less harm; ties go by name. */
      readonly harm: number;
      readonly steps: readonly BoshStep[];
      /** Does it take away what may still be voting or holding data? */
      readonly isDestructive: boolean;
      /** Is it more than a look or a restarted process? */
      readonly isSurgery: boolean;
    }
  | { readonly kind: "blocked"; readonly blocker: BoshBlocker }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "nothing" };

/** How much harm each kind of remedy does. */
export const harm = {
  wait: 0,
  restartProcess: 1,
  start: 2,
  reattach: 3,
  reboot: 4,
  create: 5,
  recreate: 6,
  deleteVm: 7,
} as const;

// A new VM's jobs get so long: the seed's took four and a half minutes, canary watches allow ten.
const startTimeoutMs = 600_000;

/** monit looks every ten seconds or so; a process that is not up after nine looks does not come up. */
export const restartTimeoutMs = 90_000;

/** Answers one instance's problems through cloud check. */
export function resolve(
  declaration: BoshDeploymentDeclaration,
  { instance }: DiagnosedInstance,
  preferences: readonly ResolutionPreference[],
  reason: string,
): BoshStep {
  const oneOfGroups = declaration.quorumGroups.map(({ group }) => group);
  const { deployment } = declaration;
  return { kind: "resolveProblems", deployment, targets: [{ instance, preferences }], oneOfGroups, reason };
}

/** Waits until an instance runs. */
export function waitForInstance(
  deployment: string,
  { instance }: DiagnosedInstance,
  reason: string,
  timeoutMs = startTimeoutMs,
): BoshStep {
  return { kind: "waitForInstance", deployment, instance, timeoutMs, reason };
}

/** What was tried on an instance in this run. */
export function attemptsOn(attempts: readonly BoshAttempt[], { instance }: DiagnosedInstance): readonly BoshAttempt[] {
  return attempts.filter(({ step }) => changedInstances(step).some((changed) => isSameInstance(changed, instance)));
}

/** Nothing is left to try. */
export function exhausted(
  declaration: BoshDeploymentDeclaration,
  diagnosed: DiagnosedInstance,
  tried: readonly BoshAttempt[],
): Remedy {
  const name = instanceName(diagnosed.instance);
  const last = tried.at(-1)?.message;
  const said = last === undefined ? "" : `: ${last}`;
  return blocked(
    declaration,
    diagnosed,
    "remedies-exhausted",
    `${name} is still in trouble after every remedy was tried once${said}`,
    "look at the logs (`bosh logs`) and at the IaaS; the next up starts again from what it finds",
  );
}

/** A remedy that must not be. */
export function blocked(
  declaration: BoshDeploymentDeclaration,
  { instance }: DiagnosedInstance,
  reason: BoshBlockerReason,
  message: string,
  nextStep: string,
): Remedy {
  return { kind: "blocked", blocker: { reason, deployment: declaration.deployment, instance, message, nextStep } };
}
