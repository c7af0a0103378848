// Acts of a scenario that wait for their moment: a time, or some time after an event.

import { secondsUntil } from "../scenario";

/** When something is due. */
export interface When {
  readonly at?: string | undefined;
  readonly after?: string | undefined;
  readonly plus?: string | undefined;
}

/** Acts in the order in which they fall due. */
export class Schedule<Act extends When> {
  private waiting: readonly Act[];

  constructor(
    acts: readonly Act[],
    private readonly startsAt: string | undefined,
  ) {
    this.waiting = acts;
  }

  /** Is nothing left to come? */
  isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** Takes what is due by now. */
  take(nowSeconds: number, momentOf: (id: string) => number | undefined): readonly Act[] {
    const due = this.waiting.filter((act) => (this.dueAt(act, momentOf) ?? Number.POSITIVE_INFINITY) <= nowSeconds);
    if (due.length > 0) this.waiting = this.waiting.filter((act) => !due.includes(act));
    return due;
  }

  private dueAt({ at, after, plus }: When, momentOf: (id: string) => number | undefined): number | undefined {
    const base = after === undefined ? 0 : momentOf(after);
    if (base === undefined) return undefined;
    if (after === undefined) return at === undefined ? 0 : secondsUntil(at, this.startsAt);
    return base + (plus === undefined ? 0 : secondsUntil(plus, undefined));
  }
}
