// A Cloud Foundry in time: the simulated director and its health monitor, Diego, the services that people notice. It moves a
// second at a time; faults and operators act on it between two seconds.
// Source: cloudfoundry/docs-cloudfoundry-concepts high-availability (what a zone's loss takes along).

import type { SimulatedDirector } from "../director/simulated-director";
import {
  cutZonePower,
  doesAgentAnswer,
  restoreZonePower,
  type SimulatedDeployment,
  type SimulatedInstance,
} from "../director/world";
import { createPrng } from "../prng";
import { VirtualClock } from "../virtual-clock";
import { createDiego, createDirector } from "./create-parts";
import type { AppInstance, Diego } from "./diego";
import type { Parameters } from "./parameters";
import { type FoundationFacts, judgeServices, type ServiceName, type ServiceState } from "./services";
import { type FoundationTopology, layOutFoundation } from "./topology";

const secondMs = 1000;
// Before the drill begins everything has run for a while, so that the monitor has seen every heartbeat.
const warmUpSeconds = 180;

/** See the head of this file. */
export class Foundation {
  readonly director: SimulatedDirector;
  readonly deployment: SimulatedDeployment;
  readonly diego: Diego;
  /** Services held down without a modelled cause, with the reason. */
  readonly held = new Map<ServiceName, string>();
  isEntrySwitched = false;
  /** The blobstore was brought back elsewhere. */
  isBlobstoreRestored = false;
  /** The director's own time stands still while it has no power. */
  private readonly directorClock: VirtualClock;
  private directorUpAtMs: number | undefined = 0;
  private hasGaleraMajority = true;
  private staleRoutesUntilMs = 0;
  private controllersUp = 0;
  private readonly mailPhaseMs: number;
  private acknowledged = 0;
  private readonly writesOf = new Map<SimulatedInstance, number>();
  private readonly powerless = new Set<string>();
  private readonly cutOff = new Set<string>();
  /** Zones whose VMs start by themselves, and when. */
  private readonly startAtMs = new Map<string, number>();

  constructor(
    readonly topology: FoundationTopology,
    readonly parameters: Parameters,
    seed: string,
    private timeMs: number,
  ) {
    const prng = createPrng(seed);
    this.mailPhaseMs = prng.fork("mail").integer(0, parameters.mailInterval * secondMs - 1);
    const bootMs = timeMs - (warmUpSeconds + prng.fork("monitor").integer(0, parameters.analysis)) * secondMs;
    this.directorClock = new VirtualClock(bootMs);
    this.deployment = layOutFoundation(topology, bootMs - 86_400_000, prng.fork("layout"));
    this.director = createDirector(topology, parameters, this.directorClock, this.deployment, prng);
    this.directorClock.advance(timeMs - bootMs);
    this.diego = createDiego(this, prng.fork("diego"));
    this.controllersUp = this.count("cloud_controller").up;
  }

  /** Virtual time, milliseconds. */
  nowMs(): number {
    return this.timeMs;
  }

  /** One second passes. */
  tick(): void {
    this.timeMs += secondMs;
    if (this.isDirectorUp()) this.directorClock.advance(secondMs);
    this.trackGalera();
    this.trackControllers();
    this.diego.tick(this.timeMs);
  }

  /** Is the director there to be asked? */
  isDirectorUp(): boolean {
    return this.directorUpAtMs !== undefined && this.directorUpAtMs <= this.timeMs;
  }

  /** Cuts a zone's power, the director's with it when it lives there; its network too, when that needs hands of its own. */
  cutPower(zone: string, hasNetworkFault: boolean): void {
    cutZonePower(this.director.world, zone);
    this.powerless.add(zone);
    if (hasNetworkFault) this.cutOff.add(zone);
    if (zone !== this.topology.directorZone) return;
    this.directorUpAtMs = undefined;
    this.director.restart();
  }

  /** Gives a zone its network back; nothing answers before it has power too. */
  restoreNetwork(zone: string): void {
    this.cutOff.delete(zone);
    this.reconnect(zone);
  }

  /** Gives a zone its power back. */
  restorePower(zone: string): void {
    this.powerless.delete(zone);
    this.reconnect(zone);
    if (zone === this.topology.directorZone)
      this.directorUpAtMs = this.timeMs + this.parameters.directorBoot * secondMs;
    if (this.parameters.vmsStartWithHost === 0) return;
    // The IaaS does this, whatever the director does.
    this.startAtMs.set(zone, this.timeMs + this.parameters.vmBoot * secondMs);
  }

  /** VMs go off, each by its GROUP/INDEX, as when their host dies. */
  loseVms(names: readonly string[]): void {
    for (const { group, index, vm } of this.deployment.instances)
      if (vm !== undefined && names.includes(`${group}/${index}`)) vm.isPoweredOn = false;
  }

  /** VMs of a zone that do not answer; of all zones when none is named. */
  silentVms(zone?: string): readonly SimulatedInstance[] {
    return this.deployment.instances.filter(
      (instance) => (zone === undefined || instance.zone === zone) && !doesAgentAnswer(this.director.world, instance),
    );
  }

  /** Every service as it is now. */
  services(): Readonly<Record<ServiceName, ServiceState>> {
    return judgeServices(this.facts());
  }

  /** When a mail about something that the monitor said now goes out. */
  mailAtMs(saidAtMs: number): number {
    const interval = this.parameters.mailInterval * secondMs;
    return saidAtMs + ((((this.mailPhaseMs - saidAtMs) % interval) + interval) % interval);
  }

  /** The Galera cluster is bootstrapped by hand. False while not every member answers. */
  bootstrapGalera(): boolean {
    const { up, all } = this.count("mysql");
    if (up < all) return false;
    this.hasGaleraMajority = true;
    return true;
  }

  /** How many of a group answer, and how many there are; "*" for all VMs. */
  count(group: string): { readonly up: number; readonly all: number } {
    const own = this.deployment.instances.filter((instance) => group === "*" || instance.group === group);
    return { up: own.filter((instance) => doesAgentAnswer(this.director.world, instance)).length, all: own.length };
  }

  /** Does the blobstore answer, where it was or where it was restored? */
  isBlobstoreUp(): boolean {
    if (this.topology.externalBlobstore || this.isBlobstoreRestored) return true;
    return this.count("nfs_server").up > 0;
  }

  /** Has MySQL its majority? */
  isGaleraPrimary(): boolean {
    return this.hasGaleraMajority;
  }

  /** Writes that MySQL acknowledged, and how many of them no member that answers has. */
  writes(): { readonly acknowledged: number; readonly lost: number } {
    const known = this.mysql().map((instance) => this.writesOf.get(instance) ?? 0);
    return { acknowledged: this.acknowledged, lost: this.acknowledged - Math.max(0, ...known) };
  }

  private mysql(): readonly SimulatedInstance[] {
    return this.deployment.instances.filter(
      (instance) => instance.group === "mysql" && doesAgentAnswer(this.director.world, instance),
    );
  }

  private reconnect(zone: string): void {
    if (!this.powerless.has(zone) && !this.cutOff.has(zone)) restoreZonePower(this.director.world, zone);
  }

  private trackGalera(): void {
    const { up, all } = this.count("mysql");
    if (all > 0 && up <= all / 2) this.hasGaleraMajority = false;
    if (this.hasGaleraMajority) {
      // Every member of the majority has a write before it is acknowledged; one that comes back catches up.
      this.acknowledged += 1;
      for (const instance of this.mysql()) this.writesOf.set(instance, this.acknowledged);
    }
    for (const [zone, atMs] of this.startAtMs) {
      if (this.timeMs < atMs) continue;
      this.startAtMs.delete(zone);
      for (const { vm } of this.silentVms(zone)) if (vm !== undefined) vm.isPoweredOn = true;
    }
  }

  private trackControllers(): void {
    const { up } = this.count("cloud_controller");
    const { staleRoute, routePrune } = this.parameters;
    if (up < this.controllersUp) this.staleRoutesUntilMs = this.timeMs + (staleRoute + routePrune) * secondMs;
    this.controllersUp = up;
  }

  private facts(): FoundationFacts {
    const working = this.diego.workingCells(this.timeMs);
    return {
      hasLoadBalancer: this.topology.externalLoadBalancer,
      count: (group) => this.count(group),
      isEntrySwitched: this.isEntrySwitched,
      isBlobstoreUp: this.isBlobstoreUp(),
      isGaleraPrimary: this.hasGaleraMajority,
      isBbsActive: this.diego.isActive("diego_database"),
      isBrainActive: this.diego.isActive("diego_brain"),
      hasStaleApiRoutes: this.timeMs < this.staleRoutesUntilMs,
      apps: countApps(this.diego.instances),
      largestFreeMb: Math.max(0, ...working.map(({ name }) => this.diego.freeMb(name))),
      stagingMb: this.parameters.stagingMemory,
      director: this.isDirectorUp() ? "up" : this.directorUpAtMs === undefined ? "no-power" : "booting",
      held: this.held,
    };
  }
}

function countApps(instances: readonly AppInstance[]): FoundationFacts["apps"] {
  const apps = new Map<string, { name: string; running: number; wanted: number; why: string }>();
  for (const { app, state } of instances) {
    const entry = apps.get(app) ?? { name: app, running: 0, wanted: 0, why: "" };
    apps.set(app, entry);
    entry.wanted += 1;
    if (state.kind === "running") entry.running += 1;
    else entry.why = reasonText[state.why];
  }
  return [...apps.values()];
}

const reasonText = {
  "not-noticed": "its cell is lost and Diego has not noticed",
  auction: "it waits for an auction",
  "no-room": "no cell has room",
  "no-brain": "no auctioneer works",
  blobstore: "its droplet is in a blobstore that does not answer",
  starting: "it starts",
} as const;
