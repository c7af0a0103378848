// The health monitor with its resurrector: heartbeats missed, alerts, the meltdown brake, scan and fix.
// Source: cloudfoundry/bosh hm lib/bosh/monitor/{instance_manager,deployment,agent}.rb, plugins/resurrector.rb,
// plugins/resurrector_helper.rb, resurrection_manager.rb.
import type { MeltdownLimits, ResurrectionState } from "../../model/bosh-resurrection";
import { isGroupResurrected } from "../../plan/bosh-resurrection";
import type { VirtualClock } from "../virtual-clock";
import {
  doesAgentAnswer,
  isVmExpected,
  nameOf,
  type SimulatedDeployment,
  type SimulatedInstance,
  type SimulatedWorld,
} from "./world";

/** An alert, as it would go out by mail. */
export interface SimulatedAlert {
  readonly atMs: number;
  /** 1 alert, 2 critical, 4 warning. */
  readonly severity: 1 | 2 | 4;
  readonly deployment: string;
  readonly title: string;
}

/** What the resurrector may do at the director. */
export interface ResurrectorActions {
  /** `PUT /deployments/D/scan_and_fix`; refused while resurrection is paused. */
  readonly scanAndFix: (deployment: SimulatedDeployment, instances: readonly SimulatedInstance[]) => void;
  /** Is such a task queued or running already? */
  readonly isScanAndFixUnderWay: (deployment: SimulatedDeployment) => boolean;
  /** Does a task hold the deployment? Newer monitors leave it alone then. */
  readonly isLocked: (deployment: SimulatedDeployment) => boolean;
  readonly resurrectionState: () => ResurrectionState;
}

/** How often the monitor looks and how long it waits. All in milliseconds. */
export interface MonitorTimings {
  /** Between two heartbeats of an agent. Source: cloudfoundry/bosh-agent agent/agent.go. */
  readonly heartbeatMs: number;
  /** Silence after which an agent counts as gone. Source: cloudfoundry/bosh jobs/health_monitor/spec, hm.intervals. */
  readonly agentTimeoutMs: number;
  readonly analyzeMs: number;
  /** After its own start the monitor judges nobody for so long. */
  readonly graceMs: number;
  readonly rulesRefreshMs: number;
}

/** The defaults of the job's spec. */
export const realMonitorTimings: MonitorTimings = {
  heartbeatMs: 30_000,
  agentTimeoutMs: 60_000,
  analyzeMs: 60_000,
  graceMs: 30_000,
  rulesRefreshMs: 60_000,
};

/** Those of a director whose intervals are other ones, in seconds. */
export function monitorTimingsOf(seconds: {
  readonly heartbeat: number;
  readonly agentTimeout: number;
  readonly analysis: number;
}): MonitorTimings {
  return {
    ...realMonitorTimings,
    heartbeatMs: Math.round(seconds.heartbeat * 1000),
    agentTimeoutMs: Math.round(seconds.agentTimeout * 1000),
    analyzeMs: Math.round(seconds.analysis * 1000),
  };
}

/** See the head of this file. */
export class HealthMonitor {
  /** Everything said so far, oldest first. */
  readonly alerts: SimulatedAlert[] = [];
  private readonly lastBeatMs = new Map<SimulatedInstance, number>();
  private readonly lastCriticalMs = new Map<SimulatedInstance, number>();
  /** As read last: a config written a moment ago is not known yet. */
  private rules: ResurrectionState["configs"] = [];

  constructor(
    private readonly clock: VirtualClock,
    private readonly world: SimulatedWorld,
    private readonly limits: MeltdownLimits,
    private readonly actions: ResurrectorActions,
    /** `hm.resurrector_enabled`: the plugin is off unless the operator deployed it. */
    private readonly isResurrectorDeployed: boolean,
    private readonly timings: MonitorTimings = realMonitorTimings,
  ) {}

  /** Starts the monitor; it goes on for as long as time does. */
  start(): void {
    this.beat();
    this.refreshRules();
    this.clock.after(this.timings.graceMs, () => this.analyze());
  }

  private beat(): void {
    for (const instance of this.instances()) {
      if (doesAgentAnswer(this.world, instance)) this.lastBeatMs.set(instance, this.clock.nowMs());
    }
    this.clock.after(this.timings.heartbeatMs, () => this.beat());
  }

  private refreshRules(): void {
    this.rules = this.actions.resurrectionState().configs;
    this.clock.after(this.timings.rulesRefreshMs, () => this.refreshRules());
  }

  private analyze(): void {
    for (const deployment of this.world.deployments) {
      if (!this.actions.isLocked(deployment)) this.analyzeDeployment(deployment);
    }
    this.clock.after(this.timings.analyzeMs, () => this.analyze());
  }

  private analyzeDeployment(deployment: SimulatedDeployment): void {
    const watched = deployment.instances.filter((instance) => instance.vm !== undefined || isVmExpected(instance));
    const down = watched.filter((instance) => this.isDown(instance));
    if (down.length === 0) return;
    for (const instance of down) {
      this.lastCriticalMs.set(instance, this.clock.nowMs());
      const what = instance.vm === undefined ? "has no VM" : "has timed out";
      this.alert(2, deployment, `${nameOf(instance)} ${what}`);
    }
    if (this.isResurrectorDeployed) this.resurrect(deployment, watched, down);
  }

  private isDown(instance: SimulatedInstance): boolean {
    if (instance.vm === undefined) return isVmExpected(instance);
    // A VM that never beat counts from its creation on.
    const lastMs = Math.max(this.lastBeatMs.get(instance) ?? 0, instance.vm.createdAtMs);
    return this.clock.nowMs() - lastMs > this.timings.agentTimeoutMs;
  }

  private resurrect(
    deployment: SimulatedDeployment,
    watched: readonly SimulatedInstance[],
    down: readonly SimulatedInstance[],
  ): void {
    const sinceMs = this.clock.nowMs() - this.limits.timeThresholdSecs * 1000;
    const unhealthy = watched.filter(
      (instance) => (this.lastCriticalMs.get(instance) ?? Number.NEGATIVE_INFINITY) > sinceMs,
    );
    const isMeltdown =
      unhealthy.length >= this.limits.minimumDownJobs &&
      unhealthy.length / watched.length >= this.limits.percentThreshold;
    if (isMeltdown) {
      this.alert(1, deployment, "We are in meltdown");
      return;
    }
    const allowed = down.filter(({ group }) => isGroupResurrected(this.rules, deployment.name, group));
    if (allowed.length < down.length) this.alert(1, deployment, "Resurrection is disabled by resurrection config");
    if (allowed.length === 0 || this.actions.isScanAndFixUnderWay(deployment)) return;
    this.alert(4, deployment, "Scan unresponsive VMs");
    this.actions.scanAndFix(deployment, allowed);
  }

  private alert(severity: SimulatedAlert["severity"], deployment: SimulatedDeployment, title: string): void {
    this.alerts.push({ atMs: this.clock.nowMs(), severity, deployment: deployment.name, title });
  }

  private instances(): readonly SimulatedInstance[] {
    return this.world.deployments.flatMap(({ instances }) => instances);
  }
}
