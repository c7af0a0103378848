// A real `up` as a report: what every resource left behind of its run, and what the engine told of the others.

import { durationText } from "../model/duration";
import type { Report, ReportEvent, ReportHealth, ReportLane, ReportStep, ReportTopology } from "../model/report";
import type { RunEntry, RunPlace } from "../model/run-record";
import { plainFigure } from "./plain-figure";

/** What the engine did to one resource. */
export interface UpResource {
  readonly type: string;
  readonly name: string;
  /** Such as "update"; "same" when nothing differed. */
  readonly operation: string;
  readonly isDone: boolean;
  readonly atSeconds: number;
  readonly seconds: number;
}

/** One run, by the wall's clock. */
export interface UpRun {
  /** Such as "prod of my-project". */
  readonly stack: string;
  readonly startedAtMs: number;
  readonly seconds: number;
  readonly hasSucceeded: boolean;
  readonly isCancelled: boolean;
  readonly resources: readonly UpResource[];
  /** What was said as a warning or an error. */
  readonly messages: readonly { readonly atSeconds: number; readonly severity: string; readonly text: string }[];
  /** One for each resource that leaves a record: its lines in order. */
  readonly records: readonly (readonly RunEntry[])[];
}

type Entry<Kind extends RunEntry["kind"]> = Extract<RunEntry, { kind: Kind }>;
interface Timed {
  readonly atSeconds: number;
  readonly entry: RunEntry;
}
interface ResourceRun {
  readonly name: string;
  readonly entries: readonly Timed[];
}

/** See the head of this file. */
export function reportOfUp(run: UpRun): Report {
  const runs = run.records.flatMap((record) => timed(record, run.startedAtMs));
  const lasts = runs.flatMap(({ name, entries }) => {
    const end = entries.findLast((one) => one.entry.kind === "ended")?.entry;
    return end?.kind === "ended" ? [{ name, end }] : [];
  });
  const cutOff = runs.filter(({ entries }) => entries.at(-1)?.entry.kind !== "ended").map(({ name }) => name);
  const left = [...new Set(lasts.flatMap(({ end }) => end.reasons))];
  const blockers = lasts.flatMap(({ end }) => end.blockers);
  const isGood = run.hasSucceeded && left.length === 0 && blockers.length === 0 && cutOff.length === 0;
  const steps = [...runs.flatMap(stepsOf), ...otherSteps(run, runs)].sort(
    (a, b) => (a.atSeconds ?? 0) - (b.atSeconds ?? 0),
  );
  const count = (outcome: ReportStep["outcome"]) => steps.filter((step) => step.outcome === outcome).length;
  const seconds = Math.max(run.seconds, ...runs.flatMap(({ entries }) => entries.map(({ atSeconds }) => atSeconds)));
  // A little more, so that the end can be seen.
  const endSeconds = seconds * 1.03 + 1;
  const lanes = runs.flatMap((one) => lanesOf(one, runs.length > 1, endSeconds));
  const recoveredAt = recoveryMoment(lanes);
  return {
    origin: "up",
    title: `quorate up: ${run.stack}`,
    summary: isGood
      ? `All is as declared after ${durationText(seconds)}.`
      : `Not all is as declared after ${durationText(seconds)}${run.isCancelled ? ", stopped by the operator" : ""}.`,
    isGood,
    startsAt: clockOf(run.startedAtMs),
    seconds,
    figures: [
      plainFigure("Duration", durationText(seconds), `begun ${new Date(run.startedAtMs).toISOString()}`),
      plainFigure("Steps", String(count("done")), `done; ${count("failed")} failed, ${count("refused")} refused`),
      plainFigure(
        "All up again",
        recoveredAt === undefined
          ? "no"
          : recoveredAt === 0
            ? "from the beginning"
            : `after ${durationText(recoveredAt)}`,
        "from the beginning of the run until everything that was looked at was up",
      ),
      plainFigure(
        "Refused",
        String(blockers.length),
        blockers.length === 0 ? "nothing stands in the way" : "see below",
      ),
    ],
    tallies: [],
    lanes,
    events: eventsOf(run, runs),
    topologies: topologiesOf(runs),
    steps,
    tables: [resourceTable(run), ...blockerTable(blockers)],
    notes: [
      ...note("Failures", [...new Set(lasts.flatMap(({ end }) => end.failures))]),
      ...note("Not as declared", left),
      ...note(
        "Cut off",
        cutOff.map((name) => `${name} did not come to an end: what is above is what it did until then`),
      ),
    ],
  };
}

/** A record may hold a read and a converge: each begins anew, on a clock that need not be the wall's. */
function timed(record: readonly RunEntry[], startedAtMs: number): readonly ResourceRun[] {
  let began: Entry<"began"> | undefined;
  const entries = record.flatMap((entry): readonly Timed[] => {
    if (entry.kind === "began") began = entry;
    if (began === undefined) return [];
    const atMs = began.wallMs - startedAtMs + entry.atMs - began.atMs;
    return entry.kind === "began" ? [] : [{ atSeconds: Math.max(0, atMs / 1000), entry }];
  });
  return began === undefined ? [] : [{ name: `${began.type} ${began.name}`, entries }];
}

function stepsOf({ entries }: ResourceRun): readonly ReportStep[] {
  return entries.flatMap(({ entry, atSeconds }, index): readonly ReportStep[] => {
    if (entry.kind !== "step-started") return [];
    const end = entries.slice(index).find((one) => one.entry.kind === "step-ended");
    const ended = end?.entry.kind === "step-ended" ? end.entry : undefined;
    return [
      {
        title: entry.title,
        where: entry.where,
        command: entry.command,
        outcome: ended?.outcome ?? "running",
        atSeconds,
        seconds: end === undefined ? undefined : end.atSeconds - atSeconds,
        message: ended?.message ?? "it was not seen to end",
      },
    ];
  });
}

// What has no record of its own is told as the engine saw it; nothing was done to what is the same.
function otherSteps({ resources }: UpRun, runs: readonly ResourceRun[]): readonly ReportStep[] {
  const recorded = new Set(runs.map(({ name }) => name));
  return resources
    .filter(({ operation }) => operation !== "same" && operation !== "refresh")
    .filter(({ type, name }) => !recorded.has(`${type} ${name}`))
    .map(({ type, name, operation, isDone, atSeconds, seconds }) => ({
      title: `${operation} ${type}`,
      where: name,
      command: undefined,
      outcome: isDone ? "done" : "failed",
      atSeconds,
      seconds,
      message: "",
    }));
}

function lanesOf({ name, entries }: ResourceRun, hasSeveral: boolean, endSeconds: number): readonly ReportLane[] {
  const spans = new Map<string, { fromSeconds: number; health: ReportHealth; why: string }[]>();
  for (const { entry, atSeconds } of entries) {
    if (entry.kind !== "seen") continue;
    const rows = entry.places.map((place) => ({ name: place.name, ...healthOfPlace(place) }));
    for (const row of [...(entry.whole === undefined ? [] : [entry.whole]), ...rows]) {
      const own = spans.get(row.name) ?? [];
      spans.set(row.name, own);
      if (own.at(-1)?.health !== row.health) own.push({ fromSeconds: atSeconds, health: row.health, why: row.why });
    }
  }
  return [...spans].map(([lane, own]) => ({
    name: hasSeveral ? `${lane} (${name})` : lane,
    spans: own.map((span, index) => ({ ...span, toSeconds: own[index + 1]?.fromSeconds ?? endSeconds })),
  }));
}

function healthOfPlace({ items }: RunPlace): { readonly health: ReportHealth; readonly why: string } {
  const bad = items.filter(({ health }) => health !== "up");
  const why = bad.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
  if (bad.length === 0) return { health: "up", why: "everything runs as declared" };
  // An errand that is at rest, or an instance that is ignored, is no trouble of the others.
  if (bad.every(({ health }) => health === "unknown"))
    return { health: bad.length === items.length ? "unknown" : "up", why };
  return { health: items.every(({ health }) => health === "down" || health === "unknown") ? "down" : "partial", why };
}

/** Since when everything is up; undefined: something is not. 0 when it always was. */
function recoveryMoment(lanes: readonly ReportLane[]): number | undefined {
  const lasts = lanes.map(({ spans }) => spans.at(-1));
  if (lasts.length === 0 || lasts.some((last) => last?.health !== "up")) return undefined;
  return Math.max(0, ...lanes.flatMap(({ spans }) => spans.slice(1).map(({ fromSeconds }) => fromSeconds)));
}

function topologiesOf(runs: readonly ResourceRun[]): readonly ReportTopology[] {
  const seen = (pick: (all: readonly Entry<"seen">[]) => Entry<"seen"> | undefined) =>
    runs.flatMap(({ name, entries }) => {
      const found = pick(entries.flatMap(({ entry }) => (entry.kind === "seen" ? [entry] : [])));
      const places = found?.places ?? [];
      const whole = found?.whole;
      const verdict =
        whole === undefined
          ? []
          : [{ name: `${name}: the whole`, items: [{ name: whole.name, health: whole.health, detail: whole.why }] }];
      return [...verdict, ...places];
    });
  const before = seen((all) => all[0]);
  if (before.length === 0) return [];
  return [
    { caption: "Before", places: before },
    { caption: "After", places: seen((all) => all.at(-1)) },
  ];
}

function eventsOf(run: UpRun, runs: readonly ResourceRun[]): readonly ReportEvent[] {
  const own = runs.flatMap(({ name, entries }) =>
    entries.flatMap(({ entry, atSeconds }): readonly ReportEvent[] => {
      switch (entry.kind) {
        case "step-started":
          return [{ atSeconds, kind: "step", text: `${entry.where}: ${entry.title}` }];
        case "step-ended":
          return entry.outcome === "done" ? [] : [{ atSeconds, kind: entry.outcome, text: entry.message }];
        case "said":
          return [{ atSeconds, kind: "progress", text: entry.text }];
        case "ended": {
          const text = entry.reasons.length === 0 ? "all is as declared" : entry.reasons.join("; ");
          return [{ atSeconds, kind: "end", text: `${name}: ${text}` }];
        }
        default:
          return [];
      }
    }),
  );
  const told = run.messages.map(({ atSeconds, severity, text }) => ({ atSeconds, kind: severity, text }));
  return [...own, ...told].sort((a, b) => a.atSeconds - b.atSeconds);
}

function resourceTable({ resources }: UpRun): Report["tables"][number] {
  return {
    title: "Resources",
    columns: ["resource", "type", "operation", "outcome", "took"],
    rows: resources.map(({ type, name, operation, isDone, seconds }) => [
      name,
      type,
      operation,
      isDone ? "done" : "failed",
      durationText(seconds),
    ]),
    notes: [],
  };
}

function blockerTable(blockers: Entry<"ended">["blockers"]): Report["tables"] {
  if (blockers.length === 0) return [];
  return [
    {
      title: "Refused",
      columns: ["reason", "where", "what is refused and why", "next safe step"],
      rows: blockers.map(({ reason, where, message, nextStep }) => [reason, where, message, nextStep]),
      notes: [],
    },
  ];
}

function note(title: string, lines: readonly string[]): Report["notes"] {
  return lines.length === 0 ? [] : [{ title, lines }];
}

/** The time of day in UTC, as nodes and directors log it. */
function clockOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
