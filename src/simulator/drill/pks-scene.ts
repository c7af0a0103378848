// Where a drill of a PKS cluster is played: a simulated director with its health monitor and resurrector in virtual time.

import type { BoshStep } from "../../model/bosh-step";
import { changedInstances } from "../../model/bosh-step";
import type { DrillPlace } from "../../model/drill";
import { inputError, unreachable } from "../../model/errors";
import { monitorTimingsOf } from "../director/health-monitor";
import { pksDeployment } from "../director/scenarios";
import { SimulatedDirectorAccess } from "../director/simulated-access";
import { SimulatedDirector } from "../director/simulated-director";
import { SimulatedInstanceAccess } from "../director/simulated-instances";
import { hasEtcdVote, SimulatedQuorum } from "../director/simulated-quorum";
import { realTimings } from "../director/timings";
import type { SimulatedDeployment, SimulatedInstance } from "../director/world";
import { createPrng } from "../prng";
import { secondsUntil } from "../scenario";
import { VirtualClock } from "../virtual-clock";
import type { DrillRecord, DrillScene, ServiceNow } from "./drill-scene";
import type { PksAction, PksDrillScenario, PksFault, PksParameters } from "./pks-drill-scenario";
import { type PksHandAction, PksOperator } from "./pks-operator";
import { judgeCluster, mastersOf, pksLine, pksPlaces, pksVotes, shortName } from "./pks-services";
import type { DrillChoice } from "./session";

// Any day does; it is the time of day that is shown.
const dayMs = Date.UTC(2020, 7, 5);
// Before the drill begins everything has run for a while, so that the monitor has seen every heartbeat.
const warmUpSeconds = 180;

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
    const prng = createPrng(seed);
    this.beganMs = dayMs + (scenario.startsAt === undefined ? 0 : secondsUntil(scenario.startsAt, "00:00")) * 1000;
    const warmUp = warmUpSeconds + prng.fork("monitor").integer(0, Math.ceil(parameters.analysis));
    this.clock = new VirtualClock(this.beganMs - warmUp * 1000);
    this.deployment = pksDeployment(this.clock.nowMs() - 86_400_000, scenario.topology);
    this.director = new SimulatedDirector({
      clock: this.clock,
      prng: prng.fork("director"),
      deployments: [this.deployment],
      firstTaskId: 202_930,
      isResurrectorDeployed: scenario.topology.resurrector,
      ...timingsOf(parameters),
    });
    this.clock.advance(this.beganMs - this.clock.nowMs());
    this.heardAlerts = this.director.monitor.alerts.length;
    this.checkInstances(scenario);
    this.operator = new PksOperator({
      reach: {
        director: new SimulatedDirectorAccess(this.director),
        instances: new SimulatedInstanceAccess(this.director),
        quorum: new SimulatedQuorum(this.director),
      },
      clock: this.clock,
      declaration: {
        deployment: this.deployment.name,
        quorumGroups: [{ group: "master", hasEtcd: true }],
        mustRun: [],
        repairSeveral: false,
        isMassRecovery: false,
      },
      find: (name) => this.find(name),
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
    const { vm } = this.find(fault.instance);
    switch (fault.kind) {
      case "job-directory-lost": {
        const process = vm?.processes.find(({ name }) => name === fault.job);
        if (process !== undefined) Object.assign(process, { state: "unknown", hasJobDirectory: false });
        return { id: fault.kind, text: `${fault.instance} loses the directory of its job ${fault.job}` };
      }
      case "process-failed": {
        const process = vm?.processes.find(({ name }) => name === fault.process);
        if (process !== undefined) Object.assign(process, { state: "failing", isStuck: fault.stuck });
        return { id: fault.kind, text: `${fault.process} fails on ${fault.instance}` };
      }
      case "vm-lost":
        if (vm !== undefined) vm.existsInIaas = false;
        return { id: fault.kind, text: `the VM of ${fault.instance} is gone from the IaaS` };
      case "agent-hung":
        if (vm !== undefined) vm.isAgentAlive = false;
        return { id: fault.kind, text: `the agent of ${fault.instance} hangs` };
      default:
        return unreachable(fault);
    }
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
          ? this.effectOn([this.find(action.instance).id])
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

  private find(name: string): SimulatedInstance {
    const found = this.deployment.instances.find((instance) => shortName(instance) === name);
    if (found !== undefined) return found;
    const known = this.deployment.instances.map(shortName).join(", ");
    throw inputError(`there is no instance ${name}`, { hint: `the instances are ${known}` });
  }

  private checkInstances({ name, faults, operator, byHand }: PksDrillScenario): void {
    const known = new Map(this.deployment.instances.map((instance) => [shortName(instance), instance]));
    const named = [
      ...faults.map(({ fault }, index) => ({ at: `faults.${index}.fault`, act: fault })),
      ...operator.map(({ action }, index) => ({ at: `operator.${index}.action`, act: action })),
      ...byHand.map(({ action }, index) => ({ at: `byHand.${index}.action`, act: action })),
    ];
    const problems = named.flatMap(({ at, act }) => {
      if (!("instance" in act)) return [];
      const instance = known.get(act.instance);
      if (instance === undefined) return [`${at}.instance: there is no instance ${act.instance}`];
      const job = "job" in act ? act.job : "process" in act ? act.process : undefined;
      return job === undefined || instance.jobs.includes(job) ? [] : [`${at}: ${act.instance} has no job ${job}`];
    });
    if (problems.length > 0)
      throw inputError(`the drill ${name} cannot be played`, {
        problems,
        hint: `its instances are ${[...known.keys()].join(", ")}`,
      });
  }
}

function timingsOf(parameters: PksParameters) {
  const ms = (seconds: number) => Math.round(seconds * 1000);
  return {
    monitorTimings: monitorTimingsOf(parameters),
    timings: {
      ...realTimings,
      agentAnswerMs: ms(parameters.agentAnswer),
      diskCheckMs: ms(parameters.diskCheck),
      renderMs: ms(parameters.render),
      stopMs: ms(parameters.stopJobs),
      stopErrorMs: ms(parameters.stopError),
      deleteVmMs: ms(parameters.vmDelete),
      createVmMs: ms(parameters.vmCreate),
      updateVmMs: ms(parameters.jobsStart),
      rebootVmMs: ms(parameters.vmReboot),
    },
  };
}
