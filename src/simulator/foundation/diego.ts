// Diego as far as an outage needs it: cells with memory and a presence that expires, app instances, convergence, auction.
// Source: cloudfoundry/locket lock/lock.go and expiration/lock_pick.go (presences, locks); cloudfoundry/bbs converger/converger.go
// and controllers/lrp_convergence_controller.go (lost instances); cloudfoundry/auction auctionrunner/scheduler.go (order and
// placement); cloudfoundry/diego-release jobs/{bbs,auctioneer,rep}/spec (durations).

import type { Prng } from "../prng";
import type { Parameters } from "./parameters";

/** A cell as the model sees it. */
export interface Cell {
  readonly name: string;
  readonly zone: string;
  /** Does its VM answer? */
  readonly isVmUp: () => boolean;
}

/** Why an instance does not run yet. */
export type WaitReason = "not-noticed" | "auction" | "no-room" | "no-brain" | "blobstore" | "starting";

/** One instance of an app. */
export interface AppInstance {
  readonly app: string;
  readonly index: number;
  readonly memoryMb: number;
  state: { readonly kind: "running" } | { readonly kind: "waiting"; readonly why: WaitReason };
  /** Undefined while no cell has it. */
  cell: string | undefined;
  readyAtMs: number | undefined;
}

/** An app to be laid out. */
export interface AppLayout {
  readonly name: string;
  readonly instances: number;
  readonly memoryMb: number;
  readonly zone?: string | undefined;
}

/** What Diego needs of the rest of the foundation. */
export interface DiegoSurroundings {
  /** Can the active BBS, or one that takes over, work? */
  readonly isDatabaseUp: () => boolean;
  /** VMs of a group that answer, by name. */
  readonly answering: (group: "diego_database" | "diego_brain") => readonly string[];
  readonly isBlobstoreUp: () => boolean;
}

interface CellState {
  presenceUntilMs: number;
  nextRenewalMs: number;
  /** From when on its rep works; undefined while its VM is down. */
  repFromMs: number | undefined;
  /** Evacuating: nothing new is placed on it. */
  isDraining: boolean;
}

/** A lock that one of several holds, and that another takes over when its holder is gone. */
interface Lock {
  holder: string | undefined;
  takenOverAtMs: number | undefined;
}

/** See the head of this file. */
export class Diego {
  readonly instances: AppInstance[] = [];
  private readonly states = new Map<string, CellState>();
  private readonly locks: Record<"diego_database" | "diego_brain", Lock> = {
    diego_database: { holder: undefined, takenOverAtMs: undefined },
    diego_brain: { holder: undefined, takenOverAtMs: undefined },
  };
  private nextConvergenceMs: number;
  private auctionAtMs: number | undefined;

  constructor(
    private readonly parameters: Parameters,
    readonly cells: readonly Cell[],
    private readonly around: DiegoSurroundings,
    prng: Prng,
    nowMs: number,
    apps: readonly AppLayout[],
  ) {
    for (const cell of cells) {
      const phase = prng.fork(cell.name).integer(0, parameters.presenceRenewal * 1000);
      this.states.set(cell.name, {
        presenceUntilMs: nowMs + parameters.presenceTtl * 1000 - phase,
        nextRenewalMs: nowMs + parameters.presenceRenewal * 1000 - phase,
        repFromMs: nowMs,
        isDraining: false,
      });
    }
    this.nextConvergenceMs = nowMs + prng.fork("convergence").integer(1, parameters.convergence) * 1000;
    for (const group of ["diego_database", "diego_brain"] as const)
      this.locks[group].holder = around.answering(group)[0];
    for (const { name, instances, memoryMb, zone } of apps) {
      for (let index = 0; index < instances; index += 1) {
        const instance: AppInstance = {
          app: name,
          index,
          memoryMb,
          state: { kind: "running" },
          cell: undefined,
          readyAtMs: undefined,
        };
        this.instances.push(instance);
        instance.cell = this.choose(instance, nowMs, zone)?.name;
        if (instance.cell === undefined) instance.state = { kind: "waiting", why: "no-room" };
      }
    }
  }

  /** All that has to happen up to now. Called once a second. */
  tick(nowMs: number): void {
    for (const cell of this.cells) this.tickCell(cell, nowMs);
    for (const group of ["diego_database", "diego_brain"] as const) this.tickLock(group, nowMs);
    if (nowMs >= this.nextConvergenceMs) {
      this.nextConvergenceMs += this.parameters.convergence * 1000;
      this.converge(nowMs);
    }
    if (this.auctionAtMs !== undefined && nowMs >= this.auctionAtMs) {
      this.auctionAtMs = undefined;
      this.auction(nowMs);
    }
    for (const instance of this.instances) this.start(instance, nowMs);
  }

  /** Free memory of a cell, megabytes. */
  freeMb(cell: string): number {
    const used = this.instances
      .filter((instance) => instance.cell === cell)
      .reduce((sum, one) => sum + one.memoryMb, 0);
    return this.parameters.cellMemory - used;
  }

  /** Cells that work and take instances. */
  workingCells(nowMs: number): readonly Cell[] {
    return this.cells.filter((cell) => {
      const state = this.stateOf(cell.name);
      return state.repFromMs !== undefined && state.repFromMs <= nowMs && !state.isDraining;
    });
  }

  /** Does somebody hold the lock and work? */
  isActive(group: "diego_database" | "diego_brain"): boolean {
    return this.locks[group].holder !== undefined && this.locks[group].takenOverAtMs === undefined;
  }

  /** Begins to drain a cell that is to be stopped: replacements are asked for at once. */
  drain(cell: string, nowMs: number): void {
    this.stateOf(cell).isDraining = true;
    this.auctionAtMs ??= nowMs + this.parameters.auction * 1000;
  }

  /** The cell takes instances again. */
  undrain(cell: string): void {
    this.stateOf(cell).isDraining = false;
  }

  /** Instances of a draining cell that have nowhere to go yet. */
  left(cell: string): number {
    return this.instances.filter((instance) => instance.cell === cell).length;
  }

  private tickCell(cell: Cell, nowMs: number): void {
    const state = this.stateOf(cell.name);
    if (!cell.isVmUp()) {
      if (state.repFromMs === undefined) return;
      state.repFromMs = undefined;
      // The containers are gone with the VM; Diego has not noticed yet.
      for (const instance of this.instances) {
        if (instance.cell !== cell.name) continue;
        instance.state = { kind: "waiting", why: "not-noticed" };
        instance.readyAtMs = undefined;
      }
      return;
    }
    state.repFromMs ??= nowMs + this.parameters.repStart * 1000;
    if (state.repFromMs > nowMs || nowMs < state.nextRenewalMs) return;
    state.presenceUntilMs = nowMs + this.parameters.presenceTtl * 1000;
    state.nextRenewalMs = nowMs + this.parameters.presenceRenewal * 1000;
  }

  private tickLock(group: "diego_database" | "diego_brain", nowMs: number): void {
    const lock = this.locks[group];
    const candidates = this.around.answering(group);
    if (lock.holder !== undefined && candidates.includes(lock.holder)) return;
    if (lock.takenOverAtMs === undefined) {
      lock.takenOverAtMs = nowMs + (this.parameters.presenceTtl + this.parameters.presenceRenewal) * 1000;
    }
    if (nowMs < lock.takenOverAtMs || candidates[0] === undefined || !this.around.isDatabaseUp()) return;
    lock.holder = candidates[0];
    lock.takenOverAtMs = undefined;
  }

  private converge(nowMs: number): void {
    if (!this.isActive("diego_database") || !this.around.isDatabaseUp()) return;
    for (const instance of this.instances) {
      if (instance.state.kind !== "waiting" || instance.state.why !== "not-noticed") continue;
      const state = instance.cell === undefined ? undefined : this.stateOf(instance.cell);
      // A cell that is back tells that it has no such container; one that is gone is noticed by its presence.
      const isNoticed = state === undefined || state.presenceUntilMs <= nowMs || state.repFromMs !== undefined;
      if (!isNoticed) continue;
      instance.cell = undefined;
      instance.state = { kind: "waiting", why: "auction" };
    }
    const isAsked = this.instances.some(({ state, cell }) => state.kind === "waiting" && cell === undefined);
    if (isAsked) this.auctionAtMs ??= nowMs + this.parameters.auction * 1000;
  }

  // First instances first, so that every app has one before any has two.
  private auction(nowMs: number): void {
    const asked = this.instances
      .filter(({ state, cell }) => (state.kind === "waiting" && cell === undefined) || this.isOnDraining(cell))
      .sort((a, b) => a.index - b.index || (a.app < b.app ? -1 : 1));
    for (const instance of asked) {
      const isMoved = instance.cell !== undefined;
      const cell = this.isActive("diego_brain") ? this.choose(instance, nowMs) : undefined;
      if (isMoved) {
        // The old copy serves until the new one does, and a new one needs its droplet.
        if (cell !== undefined && this.around.isBlobstoreUp()) instance.cell = cell.name;
      } else if (cell !== undefined) {
        instance.cell = cell.name;
        instance.readyAtMs = undefined;
        instance.state = { kind: "waiting", why: "starting" };
      } else {
        instance.state = { kind: "waiting", why: this.isActive("diego_brain") ? "no-room" : "no-brain" };
      }
    }
  }

  private isOnDraining(cell: string | undefined): boolean {
    return cell !== undefined && this.stateOf(cell).isDraining && this.stateOf(cell).repFromMs !== undefined;
  }

  // A zone that has not got the app, then a cell that has not, then the lightest load.
  private choose(instance: AppInstance, nowMs: number, zone?: string): Cell | undefined {
    const own = this.instances.filter((other) => other !== instance && other.app === instance.app);
    const zoneOf = new Map(this.cells.map((cell) => [cell.name, cell.zone]));
    const inZone = (cell: Cell) =>
      own.filter((other) => other.cell !== undefined && zoneOf.get(other.cell) === cell.zone).length;
    const onCell = (cell: Cell) => own.filter((other) => other.cell === cell.name).length;
    const free = new Map(this.cells.map((cell) => [cell.name, this.freeMb(cell.name)]));
    const freeOf = (cell: Cell) => free.get(cell.name) ?? 0;
    return this.workingCells(nowMs)
      .filter((cell) => (zone === undefined || cell.zone === zone) && freeOf(cell) >= instance.memoryMb)
      .sort(
        (a, b) => inZone(a) - inZone(b) || onCell(a) - onCell(b) || freeOf(b) - freeOf(a) || (a.name < b.name ? -1 : 1),
      )[0];
  }

  private start(instance: AppInstance, nowMs: number): void {
    if (instance.cell === undefined || instance.state.kind !== "waiting" || instance.state.why === "not-noticed")
      return;
    if (instance.readyAtMs === undefined) {
      if (!this.around.isBlobstoreUp()) {
        instance.state = { kind: "waiting", why: "blobstore" };
        return;
      }
      instance.state = { kind: "waiting", why: "starting" };
      instance.readyAtMs = nowMs + (this.parameters.dropletDownload + this.parameters.appStart) * 1000;
    }
    if (nowMs >= instance.readyAtMs) instance.state = { kind: "running" };
  }

  private stateOf(cell: string): CellState {
    const state = this.states.get(cell);
    if (state === undefined) throw new Error(`no cell ${cell}`);
    return state;
  }
}
