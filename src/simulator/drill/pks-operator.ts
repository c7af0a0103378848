// What an operator does at the director of a PKS cluster: by hand as with the bosh CLI, or by the real converge.

import { applyBoshStep } from "../../converge/bosh-apply";
import { type BoshReach, observeBosh } from "../../converge/bosh-observe";
import { type BoshConvergeEvent, convergeBosh } from "../../converge/bosh-round";
import { instanceName } from "../../model/bosh";
import type { BoshAttempt, BoshDeploymentDeclaration, BoshPlan } from "../../model/bosh-plan";
import type { BoshStep } from "../../model/bosh-step";
import type { TaskOutcome } from "../../model/bosh-task";
import { isRecoveryError, unreachable } from "../../model/errors";
import { describeCondition } from "../../plan/bosh-diagnosis";
import { planBoshDeployment } from "../../plan/bosh-plan";
import type { SimulatedInstance } from "../director/world";
import type { VirtualClock } from "../virtual-clock";
import type { DrillRecord } from "./drill-scene";
import type { PksAction } from "./pks-drill-scenario";

/** What is done by hand. */
export type PksHandAction = Exclude<PksAction, { readonly kind: "quorate-up" }>;

/** What the operator works with. */
export interface PksBench {
  readonly reach: BoshReach;
  readonly clock: VirtualClock;
  readonly declaration: BoshDeploymentDeclaration;
  /** @throws RecoveryError "input" for an instance that there is not. */
  readonly find: (name: string) => SimulatedInstance;
  readonly quorumLine: () => string;
  readonly renderStep: ((step: BoshStep) => string) | undefined;
}

/** See the head of this file. */
export class PksOperator {
  /** The plan, as last looked. */
  lastPlan: BoshPlan = { diagnoses: [], steps: [], blockers: [], putOff: [], notes: [] };
  /** Of somebody who takes the plan's steps one by one. */
  private attempts: readonly BoshAttempt[] = [];
  private isPauseOurs = false;
  /** Behind the moment at which the next step can begin. */
  private parameters: readonly string[] = [];

  constructor(private readonly bench: PksBench) {}

  /** Observes and plans. */
  async look(): Promise<void> {
    const { declaration, reach } = this.bench;
    const run = { isPauseOurs: this.isPauseOurs, attempts: this.attempts };
    this.lastPlan = planBoshDeployment(declaration, await observeBosh(declaration, reach, run));
  }

  /** What an act is, and what one would type. */
  describe(action: PksHandAction): { readonly title: string; readonly command: string } {
    return describeAction(action, this.bench);
  }

  /** The whole plan, as `quorate up` does it. */
  async up(record: DrillRecord): Promise<void> {
    let isFirst = true;
    let end: ReturnType<DrillRecord["begin"]> | undefined;
    const onEvent = (event: BoshConvergeEvent): void => {
      switch (event.kind) {
        case "planned":
          this.lastPlan = event.plan;
          if (isFirst)
            record.say({ kind: "alert", id: "looked", text: describeLook(event.plan), parameters: ["agentAnswer"] });
          isFirst = false;
          return;
        case "step-started":
          end = this.begin(event.step, record);
          return;
        case "step-ended":
          end?.(
            event.outcome.kind === "done" ? "done" : "failed",
            event.outcome.kind === "done" ? (event.outcome.note ?? this.bench.quorumLine()) : event.outcome.message,
          );
          return;
        default:
          unreachable(event);
      }
    };
    this.parameters = [];
    const { declaration, reach, clock } = this.bench;
    const result = await convergeBosh({ ...reach, clock, declaration, planner: planBoshDeployment, onEvent });
    for (const text of result.failures) record.say({ kind: "alert", id: "failed", text, parameters: [] });
    for (const { reason, message, nextStep } of result.plan.blockers)
      record.say({
        kind: "alert",
        id: reason,
        text: `refused (${reason}): ${message}; next: ${nextStep}`,
        parameters: [],
      });
    if (result.failures.length + result.plan.blockers.length === 0)
      record.say({ kind: "progress", id: "settled", text: "quorate up: all is as declared", parameters: [] });
  }

  /** The plan's next step alone. */
  async takeStep(record: DrillRecord): Promise<void> {
    await this.look();
    const [step] = this.lastPlan.steps;
    if (step === undefined) return;
    const end = this.begin(step, record);
    const outcome = await applyBoshStep(step, { ...this.bench.reach, clock: this.bench.clock });
    const isDone = outcome.kind === "done";
    if (step.kind === "pauseResurrection" && isDone) this.isPauseOurs = true;
    if (step.kind === "resumeResurrection" && isDone) this.isPauseOurs = false;
    this.attempts = [...this.attempts, { step, isDone, message: isDone ? undefined : outcome.message }];
    end(isDone ? "done" : "failed", isDone ? (outcome.note ?? this.bench.quorumLine()) : outcome.message);
    if (!isDone) record.say({ kind: "alert", id: "failed", text: outcome.message, parameters: [] });
  }

  /** One command of the bosh CLI. */
  async byHand(action: PksHandAction, record: DrillRecord): Promise<void> {
    const { title, command } = this.describe(action);
    record.say({ kind: "operator", id: action.kind, text: title, parameters: [] });
    const end = record.begin(title, command);
    const { isDone, message } = await this.run(action).catch((error: unknown) => {
      if (!isRecoveryError(error) || error.code === "invariant") throw error;
      return { isDone: false, message: error.message };
    });
    end(isDone ? "done" : "failed", message);
    const id = `${action.kind}-${isDone ? "done" : "failed"}`;
    record.say({ kind: "progress", id, text: `${title}: ${message}`, parameters: parametersOf(action, isDone) });
  }

  private async run(action: PksHandAction): Promise<{ readonly isDone: boolean; readonly message: string }> {
    const { reach, declaration, find } = this.bench;
    const { deployment } = declaration;
    switch (action.kind) {
      case "bosh-cck":
        return this.check(action.resolutions);
      case "bosh-recreate": {
        const { group, id } = find(action.instance);
        const change = { instance: { group, id }, action: "recreate", scope: "converge" } as const;
        return told(await reach.director.changeInstance(deployment, change));
      }
      case "bosh-delete-vm": {
        const { vm } = find(action.instance);
        if (vm === undefined) return { isDone: false, message: `${action.instance} has no VM` };
        return told(await reach.director.deleteVm(vm.cid));
      }
      case "monit-restart": {
        const { group, id } = find(action.instance);
        await reach.instances.restartProcess(deployment, { group, id }, action.process);
        return { isDone: true, message: "monit was told; it acts within its cycle of 10 s" };
      }
      default:
        return unreachable(action);
    }
  }

  private async check(resolutions: readonly string[]): Promise<{ readonly isDone: boolean; readonly message: string }> {
    const { reach, declaration } = this.bench;
    const scan = await reach.director.scanProblems(declaration.deployment);
    if (scan.kind !== "scanned") return told(scan.outcome);
    const count = `${scan.problems.length} problems`;
    if (scan.problems.length === 0 || resolutions.length === 0) return { isDone: true, message: count };
    const answers = scan.problems.map((problem) => ({
      problemId: problem.id,
      resolution: resolutions.find((name) => problem.resolutions.some((offered) => offered.name === name)) ?? "ignore",
    }));
    const outcome = told(await reach.director.applyResolutions(declaration.deployment, answers));
    return { ...outcome, message: `${count}; ${outcome.message}` };
  }

  private begin(step: BoshStep, record: DrillRecord): ReturnType<DrillRecord["begin"]> {
    const before = ["agentAnswer", ...this.parameters];
    record.say({ kind: "operator", id: step.kind, text: titleOf(step), parameters: before });
    const end = record.begin(titleOf(step), this.bench.renderStep?.(step));
    return (outcome, message) => {
      end(outcome, message);
      const parameters = stepParameters[step.kind] ?? [];
      this.parameters = parameters;
      const text = `${step.kind}: ${outcome === "done" ? "done" : message}`;
      record.say({ kind: "progress", id: `${step.kind}-${outcome}`, text, parameters });
    };
  }
}

function describeAction(
  action: PksHandAction,
  { declaration, find }: Pick<PksBench, "declaration" | "find">,
): { readonly title: string; readonly command: string } {
  const bosh = `bosh -d ${declaration.deployment}`;
  switch (action.kind) {
    case "bosh-cck": {
      const options = action.resolutions.map((one) => ` --resolution=${one}`).join("");
      return { title: "cloud check", command: `${bosh} cck${options}${options === "" ? "" : " -n"}` };
    }
    case "bosh-recreate":
      return { title: `recreate ${action.instance}`, command: `${bosh} recreate ${fullName(find(action.instance))}` };
    case "bosh-delete-vm":
      return {
        title: `delete the VM of ${action.instance}`,
        command: `${bosh} delete-vm ${find(action.instance).vm?.cid ?? "CID"}`,
      };
    case "monit-restart":
      return {
        title: `restart ${action.process} on ${action.instance}`,
        command: `${bosh} ssh ${fullName(find(action.instance))} -c "sudo /var/vcap/bosh/bin/monit restart ${action.process}"`,
      };
    default:
      return unreachable(action);
  }
}

const recreateParameters = ["render", "vmCreate", "jobsStart"];
const stepParameters: Readonly<Partial<Record<BoshStep["kind"], readonly string[]>>> = {
  recreateInstance: recreateParameters,
  deleteVm: ["vmDelete"],
  resolveProblems: ["agentAnswer", "diskCheck", ...recreateParameters],
  waitForMonitor: ["analysis"],
};

function parametersOf(action: PksHandAction, isDone: boolean): readonly string[] {
  switch (action.kind) {
    case "bosh-cck":
      return ["agentAnswer", "diskCheck"];
    case "bosh-recreate":
      return isDone ? recreateParameters : ["render", "stopError"];
    case "bosh-delete-vm":
      return ["vmDelete"];
    case "monit-restart":
      return [];
    default:
      return unreachable(action);
  }
}

function told(outcome: TaskOutcome): { readonly isDone: boolean; readonly message: string } {
  return outcome.kind === "done"
    ? { isDone: true, message: `task ${outcome.task.id} done` }
    : { isDone: false, message: outcome.message };
}

function describeLook({ diagnoses, blockers }: BoshPlan): string {
  const unwell = diagnoses.filter(({ condition }) => condition.kind !== "running" && condition.kind !== "errand");
  const words = [
    ...unwell.map(({ instance, condition }) => `${instanceName(instance)}: ${describeCondition(condition)}`),
    ...blockers.map(({ reason }) => `refused: ${reason}`),
  ];
  return `quorate looks: ${words.length === 0 ? "all is as declared" : words.join("; ")}`;
}

function titleOf(step: BoshStep): string {
  const where = "instance" in step ? ` ${instanceName(step.instance)}` : "";
  return `${step.kind}${where}: ${step.reason}`;
}

function fullName({ group, id }: SimulatedInstance): string {
  return `${group}/${id}`;
}
