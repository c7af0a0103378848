// What a rehearsal came to, as plain data: for the terminal, for JSON and for the report.

/** A rehearsal that was run, or why none could be. */
export interface RehearsalSummary {
  /** Such as a scenario's name or the nodes of a control plane. */
  readonly name: string;
  readonly title: string;
  /** Nothing was planned: nothing to prove. impossible: the simulator cannot show what the nodes show. */
  readonly kind: "proved" | "failed" | "nothing-planned" | "impossible";
  /** All of it in words, a line each. */
  readonly words: readonly string[];
  /** Effects of the plan, in order, as they happen when nothing else goes wrong. */
  readonly effects: readonly string[];
  /** The plan's steps, as they run when nothing else goes wrong. */
  readonly steps: readonly {
    readonly title: string;
    /** The commands that carry it out; absent when they are not to be seen. */
    readonly command?: string;
    readonly node: string;
    readonly reason: string;
    readonly effects: readonly string[];
    /** Why it did not happen whole. */
    readonly refusal?: string;
  }[];
  readonly cases: number;
  /** How cases ended -> how many. */
  readonly ends: Readonly<Record<string, number>>;
  /** The shortest sequences that break a rule. */
  readonly failures: readonly { readonly sequence: readonly string[]; readonly rules: readonly string[] }[];
  /** Members at the beginning, with what is wrong with them. */
  readonly members: readonly { readonly name: string; readonly health: "up" | "down"; readonly detail: string }[];
}
