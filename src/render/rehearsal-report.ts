// A rehearsal as a report.

import type { RehearsalSummary } from "../model/rehearsal";
import type { Report, ReportHealth } from "../model/report";
import { plainFigure } from "./plain-figure";

const verdicts: Readonly<Record<RehearsalSummary["kind"], string>> = {
  proved: "Every case holds.",
  failed: "A rule is broken.",
  "nothing-planned": "Nothing is planned, and every case holds.",
  impossible: "It could not be rehearsed: nothing is proved.",
};

/** See the head of this file. */
export function reportOfRehearsal(summary: RehearsalSummary): Report {
  const isGood = summary.kind === "proved" || summary.kind === "nothing-planned";
  return {
    origin: "rehearsal",
    title: `${summary.name}: ${summary.title}`,
    summary: `${verdicts[summary.kind]} ${summary.cases} cases were run.`,
    isGood,
    startsAt: undefined,
    seconds: 0,
    figures: [
      plainFigure("Effects of the plan", String(summary.effects.length), "each a moment at which it can be cut off"),
      plainFigure("Cases", String(summary.cases), "every prefix of the effects, crossed with one more fault"),
      plainFigure("Broken rules", String(summary.failures.length), isGood ? "none" : "see below"),
    ],
    tallies:
      summary.cases === 0
        ? []
        : [
            {
              title: "How the cases end",
              rows: ends(summary).map(([name, count]) => ({ name, count, health: endHealth(name) })),
            },
          ],
    lanes: [],
    events: [],
    topologies:
      summary.members.length === 0
        ? []
        : [{ caption: "Before the plan", places: [{ name: "etcd", items: summary.members }] }],
    steps: summary.steps.map(({ title, node, reason, command, effects, refusal }) => ({
      title: `${title}: ${reason}`,
      where: node,
      command,
      outcome: refusal === undefined ? "planned" : "refused",
      atSeconds: undefined,
      seconds: undefined,
      message: refusal === undefined ? `effects: ${effects.join(", ")}` : `refused: ${refusal}`,
    })),
    tables: [],
    notes: [
      {
        title: "In words",
        lines: [
          ...summary.words,
          "refused: with a reason that the state gives. stuck: waits for a node that is out of order.",
        ],
      },
      ...summary.failures.map(({ rules, sequence }) => ({ title: `Breaks ${rules.join(", ")}`, lines: sequence })),
    ],
  };
}

function ends({ ends: counts }: RehearsalSummary): readonly (readonly [string, number])[] {
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
}

// A refusal that the state asks for is as it should be, and leaves work for somebody.
function endHealth(end: string): ReportHealth {
  return end === "restored" ? "up" : end.startsWith("refused") || end === "stuck" ? "partial" : "down";
}
