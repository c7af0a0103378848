// Reports for tests, and every text that a reader of one has to find.

import type { Report } from "../../src/model/report";

/** Every fact of a report as text. */
export function textsOf(report: Report): readonly string[] {
  return [
    report.title,
    report.summary,
    ...report.figures.flatMap(({ name, value, promised, detail }) => [name, value, promised, detail]),
    ...report.tallies.flatMap(({ title, rows }) => [title, ...rows.map(({ name }) => name)]),
    ...report.lanes.flatMap(({ name, spans }) => [name, ...spans.map(({ why }) => why)]),
    ...report.events.flatMap(({ kind, text }) => [kind, text]),
    ...report.topologies.flatMap(({ caption, places }) => [
      caption,
      ...places.flatMap(({ name, items }) => [name, ...items.map((item) => item.name)]),
    ]),
    ...report.steps.flatMap(({ title, command, message, outcome }) => [title, command ?? "", message, outcome]),
    ...report.tables.flatMap(({ title, columns, rows, notes }) => [title, ...columns, ...rows.flat(), ...notes]),
    ...report.notes.flatMap(({ title, lines }) => [title, ...lines]),
  ];
}

const hostile = [
  `</script><script>window.owned = 1</script>`,
  `"><img src=x onerror="window.owned = 1">`,
  `'\`$(reboot)\` & {{title}} {{{title}}}`,
  `</text></svg><iframe src="http://127.0.0.1:9/"></iframe>`,
  `{a|rich} %s \\u0000 ]]> <!-- &lt;`,
];

/** A report whose every text is an attack or an accident. */
export function hostileReport(): Report {
  const [one = "", two = "", three = "", four = "", five = ""] = hostile;
  return {
    origin: "up",
    title: one,
    summary: two,
    isGood: false,
    startsAt: undefined,
    seconds: 100,
    figures: hostile.map((text) => ({
      name: `RTO ${text}`,
      value: text,
      promised: text,
      verdict: "missed",
      detail: text,
      seconds: 10,
      promisedSeconds: 20,
    })),
    tallies: [
      { title: one, rows: hostile.map((text, index) => ({ name: text, count: index, health: "up" as const })) },
    ],
    lanes: hostile.map((text) => ({
      name: text,
      spans: [{ fromSeconds: 0, toSeconds: 100, health: "partial", why: text }],
    })),
    events: hostile.map((text, index) => ({ atSeconds: index, kind: text, text })),
    topologies: [{ caption: three, places: [{ name: four, items: [{ name: five, health: "unknown", detail: one }] }] }],
    steps: [
      {
        title: one,
        where: two,
        command: hostile.join("\n"),
        outcome: "failed",
        atSeconds: 3,
        seconds: 4,
        message: three,
      },
    ],
    tables: [{ title: four, columns: [one, two], rows: [[three, four], hostile], notes: [five] }],
    notes: [{ title: five, lines: hostile }],
  };
}
