// A rehearsal as a report.

import type { RehearsalSummary } from "../model/rehearsal";
import type { Report } from "../model/report";

const verdicts: Readonly<Record<RehearsalSummary["kind"], string>> = {
  proved: "Every case holds.",
  failed: "A rule is broken.",
  "nothing-planned": "Nothing is planned, and every case holds.",
  impossible: "It could not be rehearsed: nothing is proved.",
};

/** See the head of this file. */
export function reportOfRehearsal(summary: RehearsalSummary): Report {
  const isGood = summary.kind === "proved" || summary.kind === "nothing-planned";
  const figure = (name: string, value: string, detail: string): Report["figures"][number] => ({
    name,
    value,
    promised: "",
    verdict: "none",
    detail,
    seconds: undefined,
    promisedSeconds: undefined,
  });
  return {
    origin: "rehearsal",
    title: `${summary.name}: ${summary.title}`,
    summary: `${verdicts[summary.kind]} ${summary.cases} cases were run.`,
    isGood,
    startsAt: undefined,
    seconds: 0,
    figures: [
      figure("Effects of the plan", String(summary.effects.length), "each a moment at which it can be cut off"),
      figure("Cases", String(summary.cases), "every prefix of the effects, crossed with one more fault"),
      figure("Broken rules", String(summary.failures.length), isGood ? "none" : "see below"),
    ],
    lanes: [],
    events: [],
    topologies:
      summary.members.length === 0
        ? []
        : [{ caption: "Before the plan", places: [{ name: "etcd", items: summary.members }] }],
    steps: summary.effects.map((effect) => {
      const [, title = effect, where = ""] = /^(\S+) on (\S+)/.exec(effect) ?? [];
      const isRefused = effect.includes("(refused");
      return {
        title,
        where,
        command: undefined,
        outcome: isRefused ? "refused" : "planned",
        atSeconds: undefined,
        seconds: undefined,
        message: isRefused ? effect.slice(effect.indexOf("(refused") + 1, -1) : "",
      };
    }),
    tables: [
      {
        title: "How the cases end",
        columns: ["end", "cases"],
        rows: Object.entries(summary.ends)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([end, count]) => [end, String(count)]),
        notes: ["refused: with a reason that the state gives. stuck: waits for a node that is out of order."],
      },
    ],
    notes: [
      { title: "In words", lines: summary.words },
      ...summary.failures.map(({ rules, sequence }) => ({ title: `Breaks ${rules.join(", ")}`, lines: sequence })),
    ],
  };
}
