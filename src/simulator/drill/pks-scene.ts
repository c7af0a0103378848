// Where a drill of a PKS cluster is played: a simulated director with its health monitor and resurrector in virtual time.

import type { BoshStep } from "../../model/bosh-step";
import { changedInstances } from "../../model/bosh-step";
import type { DrillPlace } from "../../model/drill";
import { SimulatedDirectorAccess } from "../director/simulated-access";
import type { SimulatedDirector } from "../director/simulated-director";
import { SimulatedInstanceAccess } from "../director/simulated-instances";
import { hasEtcdVote, SimulatedQuorum } from "../director/simulated-quorum";
import { type SimulatedDeployment, type SimulatedInstance, shortName } from "../director/world";
import type { VirtualClock } from "../virtual-clock";
import type { DrillRecord, DrillScene, ServiceNow } from "./drill-scene";
import type { PksAction, PksDrillScenario, PksFault, PksParameters } from "./pks-drill-scenario";
import { type PksHandAction, PksOperator } from "./pks-operator";
import { judgeCluster, mastersOf, pksLine, pksPlaces, pksVotes } from "./pks-services";
import { createPksWorld, findInstance, pksDeclaration, strikeInstance } from "./pks-world";
import type { DrillChoice } from "./session";

/** What can be done on it: a person may take the plan's next step alone. */
export type PksSceneAction = PksAction | { readonly kind: "one-step" };

/** See the head of this file. */
export class PksScene implements DrillScene<PksFault, PksSceneAction> {
  private readonly clock: VirtualClock;
  private readonly director: SimulatedDirector;
  private readonly deployment: SimulatedDeployment;
  private readonly operator: PksOperator;
  private readonly beganMs: number;
  private readonly heardAlerts: number;
  private acknowledged = 0;
  /** The last write that each master's disk holds. */
  private readonly writesOf = new Map<SimulatedInstance, number>();

  constructor(
    scenario: PksDrillScenario,
    parameters: PksParameters,
    seed: string,
    renderStep: ((step: BoshStep) => string) | undefined,
  ) {
    const { clock, director, deployment, beganMs } = createPksWorld(scenario, parameters, seed);
    this.clock = clock;
    this.director = director;
    this.deployment = deployment;
    this.beganMs = beganMs;
    this.heardAlerts = director.monitor.alerts.length;
    this.operator = new PksOperator({
      reach: {
        director: new SimulatedDirectorAccess(this.director),
        instances: new SimulatedInstanceAccess(this.director),
        quorum: new SimulatedQuorum(this.director),
      },
      clock: this.clock,
      declaration: pksDeclaration(this.deployment),
      find: (name) => findInstance(this.deployment, name),
      quorumLine: () => pksLine(this.cluster()),
      renderStep,
    });
  }

  nowSeconds(): number {
    return Math.floor((this.clock.nowMs() - this.beganMs) / 1000);
  }

  wait(seconds: number): Promise<void> {
    return this.clock.sleep(seconds * 1000);
  }

  everySecond(run: () => void): void {
    this.clock.after(1000, () => {
      this.write();
      run();
      this.everySecond(run);
    });
  }

  strike(fault: PksFault): { readonly id: string; readonly text: string } {
    return strikeInstance(this.deployment, fault);
  }

  async act(action: PksSceneAction, record: DrillRecord): Promise<void> {
    if (action.kind === "quorate-up") return this.operator.up(record);
    if (action.kind === "one-step") return this.operator.takeStep(record);
    return this.operator.byHand(action, record);
  }

  look(): Promise<void> {
    return this.operator.look();
  }

  plan(): readonly string[] {
    const { steps, blockers } = this.operator.lastPlan;
    const lines = [
      ...steps.map(({ kind, reason }) => `${kind}: ${reason}`),
      ...blockers.map(({ reason, message, nextStep }) => `refused (${reason}): ${message}; next: ${nextStep}`),
    ];
    return lines.length > 0 ? lines : ["nothing to do: all is as declared"];
  }

  options(): readonly (DrillChoice & { readonly action: PksSceneAction })[] {
    const [step] = this.operator.lastPlan.steps;
    const planned =
      step === undefined
        ? []
        : [
            {
              id: "step",
              title: `${step.kind}: ${step.reason}`,
              command: undefined,
              quorum: this.effectOn(changedInstances(step).map(({ id }) => id)),
              action: { kind: "one-step" } as const,
            },
            {
              id: "up",
              title: "quorate up: all of the plan",
              command: "quorate up",
              quorum: `one member at a time: ${pksLine(this.cluster())}`,
              action: { kind: "quorate-up" } as const,
            },
          ];
    return [...planned, ...this.hurriedOptions()];
  }

  services(): readonly ServiceNow[] {
    return judgeCluster(this.cluster());
  }

  quorums(): readonly string[] {
    const last = this.director.monitor.alerts.slice(this.heardAlerts).at(-1);
    return [pksLine(this.cluster()), ...(last === undefined ? [] : [`health monitor: ${last.title}`])];
  }

  places(): readonly DrillPlace[] {
    return pksPlaces(this.cluster());
  }

  lostWrites(): { readonly lost: number; readonly detail: string } {
    const kept = Math.max(0, ...mastersOf(this.cluster()).map((master) => this.keptOn(master)));
    const disks = mastersOf(this.cluster()).filter((master) => this.keptOn(master) > 0).length;
    return {
      lost: Math.max(0, this.acknowledged - kept),
      detail: `of ${this.acknowledged} that etcd acknowledged, one a second; ${disks} persistent disks hold its data`,
    };
  }

  private cluster() {
    return { world: this.director.world, deployment: this.deployment };
  }

  /** A write a second, while a majority takes it. A member that votes again has caught up with its leader. */
  private write(): void {
    if (!pksVotes(this.cluster()).hasMajority) return;
    this.acknowledged += 1;
    for (const master of mastersOf(this.cluster()))
      if (hasEtcdVote(this.director.world, master)) this.writesOf.set(master, this.acknowledged);
  }

  private keptOn(master: SimulatedInstance): number {
    const hasDisk = master.disks.some(({ existsInIaas, isActive }) => existsInIaas && isActive);
    return hasDisk ? (this.writesOf.get(master) ?? 0) : 0;
  }

  private hurriedOptions(): readonly (DrillChoice & { readonly action: PksHandAction })[] {
    const unwell = this.deployment.instances.filter((instance) =>
      this.services().some(({ name, health }) => name === shortName(instance) && health !== "up"),
    );
    const on = (instance: SimulatedInstance): readonly PksHandAction[] => {
      const name = shortName(instance);
      const broken = instance.vm?.processes.find(({ state }) => state === "failing" || state === "unknown");
      return [
        ...(broken === undefined ? [] : [{ kind: "monit-restart", instance: name, process: broken.name } as const]),
        { kind: "bosh-recreate", instance: name },
        ...(instance.vm === undefined ? [] : [{ kind: "bosh-delete-vm", instance: name } as const]),
      ];
    };
    const check: PksHandAction = { kind: "bosh-cck", resolutions: ["recreate_vm"] };
    return [check, ...unwell.flatMap(on)].map((action) => ({
      id: "instance" in action ? `${action.kind}-${action.instance.replace("/", "-")}` : action.kind,
      ...this.operator.describe(action),
      quorum:
        action.kind === "bosh-recreate" || action.kind === "bosh-delete-vm"
          ? this.effectOn([findInstance(this.deployment, action.instance).id])
          : `stays: ${pksLine(this.cluster())}`,
      action,
    }));
  }

  /** What it does to the votes that these instances are without their VM for a while. */
  private effectOn(ids: readonly string[]): string {
    const { votes, members } = pksVotes(this.cluster());
    const lost = mastersOf(this.cluster()).filter(
      (master) => ids.includes(master.id) && hasEtcdVote(this.director.world, master),
    ).length;
    if (lost === 0) return `stays: ${pksLine(this.cluster())}`;
    const isLost = votes - lost <= members / 2;
    return `etcd goes from ${votes} to ${votes - lost} of ${members} votes until it runs again${isLost ? ": quorum lost" : ""}`;
  }
}
