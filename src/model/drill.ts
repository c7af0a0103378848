// What a drill tells: events in time, how long each service was away, what was done, and how that compares with what was
// promised and with what was once written down. Plain data, for the terminal, for JSON and for the report.

/** How something is. */
export type DrillHealth = "up" | "partial" | "down";

/** Something that happened. */
export interface DrillEvent {
  /** Since the drill began. */
  readonly atSeconds: number;
  /**
   * "fault": what goes wrong, or ends being wrong, by the scenario. "given": taken from the source, without a modelled cause.
   * "operator": somebody acts. The others follow from the model.
   */
  readonly kind: "fault" | "given" | "operator" | "alert" | "service" | "progress" | "end";
  /** One sentence. */
  readonly text: string;
  /** A name that other parts of the scenario refer to. */
  readonly id?: string;
  readonly service?: string;
  readonly health?: DrillHealth;
  /** Names of the parameters that decide when it happens. */
  readonly parameters: readonly string[];
}

/** A service, or a vote, over time. */
export interface DrillLane {
  readonly name: string;
  /** Without gaps, in order. */
  readonly spans: readonly {
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly health: DrillHealth;
    readonly why: string;
  }[];
}

/** Something that the operator, or the tool, did. */
export interface DrillStep {
  readonly atSeconds: number;
  readonly title: string;
  /** What one would type; undefined when there is no command for it. */
  readonly command: string | undefined;
  readonly seconds: number | undefined;
  readonly outcome: "done" | "failed" | "refused" | "running";
  /** Why it failed, or what came of it. */
  readonly message: string;
}

/** A figure held against what was promised. */
export interface DrillFigure {
  /** Such as "RTO of apps". */
  readonly name: string;
  /** Seconds, or writes; undefined: never within the drill. */
  readonly value: number | undefined;
  readonly unit: "seconds" | "writes";
  /** What was promised, in the same unit; undefined: nothing. */
  readonly objective: number | undefined;
  readonly isMet: boolean;
  /** What it is made of. */
  readonly detail: string;
}

/** One line of what was written down once, beside what the model does. */
export interface DrillComparison {
  readonly at: string;
  readonly says: string;
  /** "input": a fault or an act that the drill was told; "given": told, although it should follow; "model": it follows. */
  readonly origin: "input" | "given" | "model";
  /** Undefined when the model never shows it. */
  readonly simulatedAt: string | undefined;
  /** The parameters behind it with their values, or why it is given. */
  readonly because: string;
  /** Does the model show it within that minute? */
  readonly agrees: boolean;
}

/** What somebody should do at what moment. */
export interface DrillAdvice {
  readonly when: string;
  readonly what: string;
  readonly command?: string;
}

/** Something with a health of its own, at the drill's end or at its worst. */
export interface DrillPlace {
  readonly name: string;
  readonly items: readonly { readonly name: string; readonly health: DrillHealth; readonly detail: string }[];
}

/** A parameter with the value that was used. */
export interface DrillParameter {
  readonly name: string;
  readonly value: number;
  readonly defaultValue: number;
  readonly unit: string;
  readonly meaning: string;
  readonly source: string;
}

/** A drill that was played. */
export interface DrillResult {
  readonly name: string;
  readonly title: string;
  readonly source: string | undefined;
  /** The variant that was played, such as "resurrector off"; empty for the scenario as it stands. */
  readonly variant: string;
  readonly seed: string;
  /** Time of day at which it begins; undefined: times are counted from zero. */
  readonly startsAt: string | undefined;
  readonly seconds: number;
  /** Was everything well again when it ended? */
  readonly isRecovered: boolean;
  readonly events: readonly DrillEvent[];
  readonly lanes: readonly DrillLane[];
  readonly steps: readonly DrillStep[];
  readonly figures: readonly DrillFigure[];
  readonly comparison: readonly DrillComparison[];
  readonly assumptions: readonly string[];
  readonly advice: readonly DrillAdvice[];
  /** Where things are, right after the worst fault. */
  readonly worst: readonly DrillPlace[];
  readonly places: readonly DrillPlace[];
  readonly parameters: readonly DrillParameter[];
}
