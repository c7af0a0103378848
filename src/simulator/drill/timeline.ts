// Keeps a drill's record: events, the health of each service over time, and how long it was away.

import type { DrillEvent, DrillFigure, DrillHealth, DrillLane } from "../../model/drill";
import { durationText } from "../../model/duration";

interface Span {
  readonly fromSeconds: number;
  readonly health: DrillHealth;
  readonly why: string;
}

/** See the head of this file. */
export class Timeline {
  readonly events: DrillEvent[] = [];
  private readonly spans = new Map<string, Span[]>();

  /** Adds an event. */
  add(event: DrillEvent): void {
    this.events.push(event);
  }

  /** Notes how a service is. True when that is a change of its health. */
  note(service: string, atSeconds: number, health: DrillHealth, why: string): boolean {
    const spans = this.spans.get(service) ?? [];
    this.spans.set(service, spans);
    const last = spans.at(-1);
    if (last?.health === health) return false;
    spans.push({ fromSeconds: atSeconds, health, why });
    return last !== undefined;
  }

  /** When the event of that id happened first; undefined: not yet. */
  momentOf(id: string): number | undefined {
    return this.events.find((event) => event.id === id)?.atSeconds;
  }

  /** Since when a service has been as it is at some moment, and how. Undefined before the record begins. */
  stateAt(service: string, atSeconds: number): Span | undefined {
    return (this.spans.get(service) ?? []).filter(({ fromSeconds }) => fromSeconds <= atSeconds).at(-1);
  }

  /** Every service over time. */
  lanes(endSeconds: number): readonly DrillLane[] {
    return [...this.spans].map(([name, spans]) => ({
      name,
      // What was over within its own second was nothing.
      spans: spans
        .map((span, index) => ({ ...span, toSeconds: spans[index + 1]?.fromSeconds ?? endSeconds }))
        .filter(({ fromSeconds, toSeconds }) => toSeconds > fromSeconds),
    }));
  }

  /**
   * A recovery time held against what was promised: from the first fault until the service was down for the last time, or
   * less than whole, when half of it is of no use. With several faults that are repaired one after the other it is the
   * longest of the recoveries, each counted from the last fault before it.
   */
  figure(
    service: string,
    isWholeWanted: boolean,
    faultSeconds: readonly number[],
    endSeconds: number,
    objective: number | undefined,
  ): DrillFigure {
    const spans = this.lanes(endSeconds).find(({ name }) => name === service)?.spans ?? [];
    const isBad = ({ health }: { readonly health: DrillHealth }) =>
      health === "down" || (isWholeWanted && health === "partial");
    const recoveries = spans.flatMap((span, index) => {
      if (!isBad(span)) return [];
      const fault = faultSeconds.filter((moment) => moment <= span.fromSeconds).at(-1) ?? faultSeconds[0] ?? 0;
      return [(spans[index + 1]?.fromSeconds ?? Number.POSITIVE_INFINITY) - fault];
    });
    const longest = Math.max(0, ...recoveries);
    const value = Number.isFinite(longest) ? longest : undefined;
    const word = isWholeWanted ? "less than whole" : "down";
    const badSeconds = spans
      .filter(isBad)
      .reduce((sum, { fromSeconds, toSeconds }) => sum + toSeconds - fromSeconds, 0);
    const detail =
      value === undefined
        ? "not back within the drill"
        : badSeconds === 0
          ? `never ${word}`
          : `${word} for ${durationText(badSeconds)} in all`;
    const isMet = value !== undefined && (objective === undefined || value <= objective);
    return { name: `RTO of ${service}`, value, unit: "seconds", objective, isMet, detail };
  }
}
