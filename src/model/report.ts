// What a report shows, whoever made it: a drill, a rehearsal or a real up. Plain data; src/render/report.ts makes a page of it.

/** How something is. */
export type ReportHealth = "up" | "partial" | "down" | "unknown";

/** A zone, a cluster, a kind of thing, with what is in it. */
export interface ReportPlace {
  readonly name: string;
  readonly items: readonly { readonly name: string; readonly health: ReportHealth; readonly detail: string }[];
}

/** The same places at one moment. */
export interface ReportTopology {
  /** Such as "right after the fault". */
  readonly caption: string;
  readonly places: readonly ReportPlace[];
}

/** Something whose health is drawn over time. */
export interface ReportLane {
  readonly name: string;
  readonly spans: readonly {
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly health: ReportHealth;
    readonly why: string;
  }[];
}

/** A moment worth a line. */
export interface ReportEvent {
  readonly atSeconds: number;
  /** One or two words: fault, given, operator, alert, service. */
  readonly kind: string;
  readonly text: string;
}

/** A step with its command and what came of it. */
export interface ReportStep {
  readonly title: string;
  /** Where: a node, a deployment; empty for nowhere in particular. */
  readonly where: string;
  /** What was run, or would be; undefined when it has no command. May have several lines. */
  readonly command: string | undefined;
  readonly outcome: "done" | "failed" | "refused" | "running" | "planned";
  readonly atSeconds: number | undefined;
  readonly seconds: number | undefined;
  readonly message: string;
}

/** A figure that proves something. */
export interface ReportFigure {
  readonly name: string;
  readonly value: string;
  /** What was promised, in words; empty: nothing. */
  readonly promised: string;
  readonly verdict: "met" | "missed" | "none";
  readonly detail: string;
  /** Drawn as a bar when it is a duration. */
  readonly seconds: number | undefined;
  readonly promisedSeconds: number | undefined;
}

/** A table as text. */
export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below it. */
  readonly notes: readonly string[];
}

/** How often each of several things came to be, drawn as bars. The same is in a table. */
export interface ReportTally {
  readonly title: string;
  readonly rows: readonly { readonly name: string; readonly count: number; readonly health: ReportHealth }[];
}

/** One report. */
export interface Report {
  /** What made it. */
  readonly origin: "drill" | "rehearsal" | "up";
  readonly title: string;
  /** One or two sentences. */
  readonly summary: string;
  /** Is everything as it should be at the end? */
  readonly isGood: boolean;
  /** Time of day of second 0; undefined: times are counted from zero. */
  readonly startsAt: string | undefined;
  readonly seconds: number;
  readonly figures: readonly ReportFigure[];
  readonly tallies: readonly ReportTally[];
  readonly lanes: readonly ReportLane[];
  readonly events: readonly ReportEvent[];
  readonly topologies: readonly ReportTopology[];
  readonly steps: readonly ReportStep[];
  readonly tables: readonly ReportTable[];
  /** Sentences, such as assumptions, each under a heading. */
  readonly notes: readonly { readonly title: string; readonly lines: readonly string[] }[];
}
