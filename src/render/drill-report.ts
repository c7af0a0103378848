// A drill's result as a report.

import type { DrillResult } from "../model/drill";
import { durationText } from "../model/duration";
import type { Report, ReportTable } from "../model/report";
import { agreementText, valueText } from "./drill-text";

/** See the head of this file. */
export function reportOfDrill(result: DrillResult): Report {
  const missed = result.figures.filter(({ isMet }) => !isMet);
  const end = result.isRecovered
    ? `All was well again after ${durationText(result.seconds)}.`
    : "Not all was well again when it ended.";
  const promise =
    missed.length === 0 ? "Every promise was kept." : `Missed: ${missed.map(({ name }) => name).join(", ")}.`;
  return {
    origin: "drill",
    title: `${result.name}${result.variant === "" ? "" : ` (${result.variant})`}: ${result.title}`,
    summary: `${end} ${promise}${result.source === undefined ? "" : ` Source: ${result.source}.`}`,
    isGood: result.isRecovered && missed.length === 0,
    startsAt: result.startsAt,
    seconds: result.seconds,
    figures: result.figures.map((figure) => ({
      name: figure.name,
      value: valueText(figure, figure.value),
      promised: figure.objective === undefined ? "" : valueText(figure, figure.objective),
      verdict: figure.objective === undefined ? "none" : figure.isMet ? "met" : "missed",
      detail: figure.detail,
      seconds: figure.unit === "seconds" ? figure.value : undefined,
      promisedSeconds: figure.unit === "seconds" ? figure.objective : undefined,
    })),
    tallies: [],
    lanes: result.lanes,
    events: result.events,
    topologies: [
      ...(result.worst.length === 0 ? [] : [{ caption: "Right after the fault", places: result.worst }]),
      { caption: "At the end", places: result.places },
    ],
    steps: result.steps.map((step) => ({ ...step, where: "" })),
    tables: [...comparisonTable(result), ...parameterTable(result)],
    notes: [
      ...notes(
        "What to do when",
        result.advice.map(
          ({ when, what, command }) => `${when}: ${what}${command === undefined ? "" : ` ($ ${command})`}`,
        ),
      ),
      ...notes("Assumed", result.assumptions),
    ],
  };
}

function comparisonTable({ comparison }: DrillResult): readonly ReportTable[] {
  if (comparison.length === 0) return [];
  return [
    {
      title: "Beside what was written down",
      columns: ["written", "it says", "simulated", "holds", "origin", "behind it"],
      rows: comparison.map((line) => [
        line.at,
        line.says,
        line.simulatedAt ?? "never",
        agreementText(line),
        line.origin,
        line.because,
      ]),
      notes: [
        "simulated: since when the model has it so.",
        "input: the drill is told. given: told too, for want of a modelled cause; not tuned. model: it follows from the parameters.",
      ],
    },
  ];
}

function parameterTable({ parameters, seed }: DrillResult): readonly ReportTable[] {
  if (parameters.length === 0) return [];
  return [
    {
      title: "Parameters",
      columns: ["parameter", "value", "default", "it is", "source"],
      rows: parameters.map(({ name, value, defaultValue, unit, meaning, source }) => [
        name,
        `${value} ${unit}`,
        String(defaultValue),
        meaning,
        source,
      ]),
      notes: [
        `Change one with --set ${parameters[0]?.name ?? "NAME"}=NUMBER. All chance is drawn from the seed "${seed}".`,
      ],
    },
  ];
}

function notes(title: string, lines: readonly string[]): Report["notes"] {
  return lines.length === 0 ? [] : [{ title, lines }];
}
