// Virtual time. It moves only when somebody sleeps on it (or a test moves it); what the simulated world has scheduled until
// then happens on the way, in order of time, then of scheduling. No wall time, no real timers.
import type { Clock } from "../ports/clock";

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  /** A sleeper pulls time forward to itself; an event of the world waits to be passed. */
  readonly isSleeper: boolean;
}

/** A clock that a simulation and the code under test share. */
export class VirtualClock implements Clock {
  private entries: Entry[] = [];
  private order = 0;
  private isPumping = false;

  constructor(private timeMs: number) {}

  nowMs(): number {
    return this.timeMs;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.insert(this.timeMs + Math.max(0, ms), resolve, true);
      this.pump();
    });
  }

  /** Has something happen in `ms` milliseconds; it is passed by when time moves beyond it. */
  after(ms: number, run: () => void): void {
    this.insert(this.timeMs + Math.max(0, ms), run, false);
  }

  /** Moves time on at once; all that is due until then happens. */
  advance(ms: number): void {
    const targetMs = this.timeMs + ms;
    for (let next = this.entries[0]; next !== undefined && next.atMs <= targetMs; next = this.entries[0]) {
      this.take(next);
    }
    this.timeMs = targetMs;
  }

  private insert(atMs: number, run: () => void, isSleeper: boolean): void {
    this.order += 1;
    const entry = { atMs, order: this.order, run, isSleeper };
    const index = this.entries.findIndex((other) => other.atMs > atMs);
    if (index === -1) this.entries.push(entry);
    else this.entries.splice(index, 0, entry);
  }

  private take(entry: Entry): void {
    this.entries.shift();
    this.timeMs = Math.max(this.timeMs, entry.atMs);
    entry.run();
  }

  /** One sleeper is woken for each macrotask, so that all promise chains settle before time moves again. */
  private pump(): void {
    if (this.isPumping) return;
    this.isPumping = true;
    setImmediate(() => {
      this.isPumping = false;
      while (this.entries.some((entry) => entry.isSleeper)) {
        const next = this.entries[0];
        if (next === undefined) return;
        this.take(next);
        if (next.isSleeper) break;
      }
      if (this.entries.some((entry) => entry.isSleeper)) this.pump();
    });
  }
}
