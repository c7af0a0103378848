// Reports as one page: self-contained, without a script, readable in light, dark, on a phone and on paper. Everything that a
// chart shows is there as text too.

import * as fs from "node:fs";
import * as path from "node:path";
import Handlebars from "handlebars";
import { durationText } from "../model/duration";
import { packageFolder } from "../model/package-folder";
import type { Report, ReportHealth, ReportStep } from "../model/report";
import { timeText } from "./drill-text";
import type { Chart } from "./report-charts";

const templateFile = path.join(packageFolder, "templates/report.html.hbs");

/** The page of one or more reports; several are told apart by their titles, as the two designs of a comparison. */
export function renderReport(reports: readonly Report[]): string {
  // The chart library takes a while to load, and most commands never draw.
  const charts = require("./report-charts") as typeof import("./report-charts");
  // HTML is escaped, unlike in the templates of commands: an own instance, so that neither can turn the other's switch.
  const engine = Handlebars.create();
  const template = engine.compile(fs.readFileSync(templateFile, "utf8"), { strict: true, preventIndent: true });
  const [first] = reports;
  return template({
    title: reports.length === 1 ? (first?.title ?? "") : reports.map(({ title }) => title).join(" / "),
    reports: reports.map((report, index) => ({
      ...viewOf(report, `r${index + 1}`),
      hasSeveral: reports.length > 1,
      timeline: charts.drawTimeline(report, `r${index + 1}`).map(chartView),
      bars: charts.drawFigures(report, `r${index + 1}`).map(chartView),
      tallies: report.tallies.map((tally, number) => ({
        title: tally.title,
        rows: tally.rows,
        charts: charts.drawTally(tally, `r${index + 1}-${number + 1}`).map(chartView),
      })),
    })),
  });
}

function viewOf(report: Report, id: string): object {
  const time = (seconds: number | undefined) => (seconds === undefined ? "" : timeText(seconds, report.startsAt));
  return {
    id,
    title: report.title,
    summary: report.summary,
    origin: originWords[report.origin],
    verdict: report.isGood ? { word: "good", health: "up" } : { word: "not good", health: "down" },
    figures: report.figures.map((figure) => ({
      ...figure,
      hasVerdict: figure.verdict !== "none",
      health: figure.verdict === "missed" ? "down" : figure.verdict === "met" ? "up" : "unknown",
    })),
    lanes: report.lanes.map(({ name, spans }) => ({
      name,
      spans: spans.map(({ fromSeconds, toSeconds, health, why }) => ({
        from: time(fromSeconds),
        to: time(toSeconds),
        health,
        word: healthWords[health],
        why,
      })),
    })),
    events: report.events.map(({ atSeconds, kind, text }) => ({ at: time(atSeconds), kind, text })),
    topologies: report.topologies.map(({ caption, places }) => ({
      caption,
      places: places.map(({ name, items }) => ({ name, count: countWords(items), items: items.map(itemView) })),
    })),
    steps: report.steps.map((step) => ({
      ...step,
      at: time(step.atSeconds),
      took: step.seconds === undefined ? "" : durationText(step.seconds),
      health: outcomeHealth[step.outcome],
      command: step.command ?? "",
    })),
    tables: report.tables,
    notes: report.notes,
  };
}

function itemView({
  name,
  health,
  detail,
}: {
  readonly name: string;
  readonly health: ReportHealth;
  readonly detail: string;
}): object {
  return { name, health, detail, word: healthWords[health], sign: healthSigns[health] };
}

function countWords(items: readonly { readonly health: ReportHealth }[]): string {
  const up = items.filter(({ health }) => health === "up").length;
  return `${up} of ${items.length} up`;
}

function chartView({ width, svg }: Chart): object {
  return { width, svg };
}

const originWords = {
  drill: "A drill in the simulator",
  rehearsal: "A rehearsal in the simulator",
  up: "A real run",
} as const;
const healthWords: Readonly<Record<ReportHealth, string>> = {
  up: "up",
  partial: "partial",
  down: "down",
  unknown: "unknown",
};
// Told apart without colour.
const healthSigns: Readonly<Record<ReportHealth, string>> = { up: "●", partial: "◐", down: "✕", unknown: "?" };
const outcomeHealth: Readonly<Record<ReportStep["outcome"], ReportHealth>> = {
  done: "up",
  failed: "down",
  refused: "partial",
  running: "unknown",
  planned: "unknown",
};
