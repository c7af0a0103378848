// The charts of a report, drawn on the server into SVG: nothing of the library and no script goes into the page. Colours are
// the page's own variables, so that one drawing serves light, dark and print.

import { BarChart, CustomChart, ScatterChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { durationText } from "../model/duration";
import type { Report, ReportHealth, ReportTally } from "../model/report";
import { timeText } from "./drill-text";

echarts.use([BarChart, CustomChart, ScatterChart, GridComponent, SVGRenderer]);

/** A drawing for one width of page. */
export interface Chart {
  /** "wide" for screens and paper, "narrow" for phones. */
  readonly width: "wide" | "narrow";
  readonly svg: string;
}

const colours: Readonly<Record<ReportHealth, string>> = {
  up: "var(--up)",
  partial: "var(--partial)",
  down: "var(--down)",
  unknown: "var(--unknown)",
};
// SVG units; the page scales them to its own width.
const widths = [
  { width: "wide", units: 1040, label: 150, ticks: 8 },
  { width: "narrow", units: 380, label: 122, ticks: 3 },
] as const;
const text = { color: "var(--ink)", fontFamily: "inherit", fontSize: 12 };
const line = { lineStyle: { color: "var(--line)" } };

/** Health over time, a row a service, with a mark for each fault, act and alert above. `id` begins every id in it. */
export function drawTimeline(report: Report, id: string): readonly Chart[] {
  if (report.lanes.length === 0 || report.seconds <= 0) return [];
  const end = Math.max(report.seconds, ...report.lanes.flatMap(({ spans }) => spans.map(({ toSeconds }) => toSeconds)));
  return widths.map(({ width, units, label, ticks }) => {
    const rows = report.lanes.map(({ name }) => shorten(name, width === "wide" ? 22 : 14));
    // Rows are counted, not named: two services may have the same short name.
    const marked = report.events.filter(({ kind }) => kind !== "service" && kind !== "progress");
    const spans = report.lanes.flatMap((lane, row) =>
      lane.spans.map((span) => ({
        value: [row, span.fromSeconds, span.toSeconds],
        itemStyle: { color: colours[span.health] },
      })),
    );
    return {
      width,
      svg: draw(`${id}-t-${width}`, units, 64 + rows.length * 26, {
        animation: false,
        grid: { left: label, right: 18, top: 30, bottom: 28 },
        xAxis: {
          type: "value",
          min: 0,
          max: end,
          interval: niceInterval(end / ticks),
          axisLabel: {
            ...text,
            showMaxLabel: false,
            formatter: (value: number) => timeText(value, report.startsAt).replace(/:00$/, ""),
          },
          axisLine: line,
          splitLine: line,
        },
        yAxis: {
          type: "category",
          data: rows.map((_, row) => row),
          inverse: true,
          axisTick: { show: false },
          axisLine: line,
          axisLabel: { ...text, interval: 0, formatter: (row: string) => rows[Number(row)] ?? "" },
        },
        series: [
          { type: "custom", silent: true, data: spans, encode: { x: [1, 2], y: 0 }, renderItem: drawSpan },
          {
            type: "custom",
            silent: true,
            data: marked.map((event) => ({ value: [0, event.atSeconds, event.kind === "fault" ? 1 : 0] })),
            encode: { x: 1, y: 0 },
            renderItem: drawMark(rows.length * 26),
          },
        ],
      }),
    };
  });
}

/** Recovery times beside what was promised. */
export function drawFigures(report: Report, id: string): readonly Chart[] {
  const figures = report.figures.filter(({ name, seconds }) => seconds !== undefined && name.startsWith("RTO"));
  if (figures.length === 0) return [];
  return widths.map(({ width, units, label, ticks }) => {
    const names = figures.map(({ name }) => shorten(name, width === "wide" ? 24 : 15));
    const longest = Math.max(
      1,
      ...figures.flatMap(({ seconds, promisedSeconds }) => [seconds ?? 0, promisedSeconds ?? 0]),
    );
    const interval = niceInterval(longest / ticks);
    return {
      width,
      svg: draw(`${id}-f-${width}`, units, 56 + names.length * 26, {
        animation: false,
        grid: { left: label, right: 18, top: 12, bottom: 28 },
        xAxis: {
          type: "value",
          interval,
          max: Math.ceil(longest / interval) * interval,
          axisLabel: { ...text, formatter: (value: number) => durationText(value) },
          splitLine: line,
        },
        yAxis: nameAxis(names),
        series: [
          {
            type: "bar",
            silent: true,
            barWidth: 12,
            data: figures.map(({ seconds, verdict }) => ({
              value: seconds ?? 0,
              itemStyle: { color: verdict === "missed" ? "var(--down)" : "var(--up)" },
            })),
          },
          {
            type: "scatter",
            silent: true,
            symbol: "rect",
            symbolSize: [3, 20],
            itemStyle: { color: "var(--ink)" },
            data: figures.flatMap(({ promisedSeconds }, row) =>
              promisedSeconds === undefined ? [] : [[promisedSeconds, row]],
            ),
          },
        ],
      }),
    };
  });
}

/** How often each thing came to be. `id` begins every id in it. */
export function drawTally({ rows }: ReportTally, id: string): readonly Chart[] {
  if (rows.length === 0) return [];
  return widths.map(({ width, units, ticks }) => {
    const isWide = width === "wide";
    const names = rows.map(({ name }) => shorten(name, isWide ? 44 : 20));
    return {
      width,
      svg: draw(`${id}-c-${width}`, units, 40 + names.length * 26, {
        animation: false,
        grid: { left: isWide ? 300 : 150, right: 40, top: 8, bottom: 28 },
        xAxis: { type: "value", minInterval: 1, splitNumber: ticks, axisLabel: text, splitLine: line },
        yAxis: nameAxis(names),
        series: [
          {
            type: "bar",
            silent: true,
            barWidth: 14,
            data: rows.map(({ count, health }) => ({ value: count, itemStyle: { color: colours[health] } })),
          },
        ],
      }),
    };
  });
}

/** A row for each name, from the top down; names may be the same. */
function nameAxis(names: readonly string[]): object {
  return {
    type: "category",
    data: names.map((_, row) => row),
    inverse: true,
    axisTick: { show: false },
    axisLine: line,
    axisLabel: { ...text, interval: 0, formatter: (row: string) => names[Number(row)] ?? "" },
  };
}

function draw(names: string, width: number, height: number, option: echarts.EChartsCoreOption): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption(option);
    // Sized by the page; what it says is beside it as text, so it is one picture to those who do not see it.
    return (
      chart
        .renderToSVGString()
        .replace(/<svg width="\d+" height="\d+"/, "<svg")
        // Nothing is hovered over, and the names in it count up through the life of the process.
        .replace(/\sclass="[^"]*"/g, "")
        .replace(/<style[\s\S]*?<\/style>/g, "")
        // The library counts its drawings through the life of the process; the page has names of its own.
        .replace(/\bzr\d+-/g, `${names}-`)
    );
  } finally {
    chart.dispose();
  }
}

interface SpanApi {
  value(dimension: number): number;
  coord(data: readonly number[]): readonly number[];
  size(data: readonly number[]): readonly number[];
  visual(key: string): string;
}

function drawSpan(_: unknown, api: SpanApi): object {
  const row = api.value(0);
  const [left = 0, middle = 0] = api.coord([api.value(1), row]);
  const [right = 0] = api.coord([api.value(2), row]);
  const height = 16;
  // A moment is still a stroke that can be seen.
  const shape = { x: left, y: middle - height / 2, width: Math.max(2, right - left), height };
  return { type: "rect", shape, style: { fill: api.visual("color") } };
}

function drawMark(heightUnits: number): (_: unknown, api: SpanApi) => object {
  return (_, api) => {
    const [x = 0] = api.coord([api.value(1), 0]);
    const colour = api.value(2) === 1 ? "var(--down)" : "var(--ink)";
    const top = 30;
    return {
      type: "group",
      children: [
        {
          type: "line",
          shape: { x1: x, y1: top - 4, x2: x, y2: top + heightUnits },
          style: { stroke: colour, lineWidth: 1, opacity: 0.45 },
        },
        {
          type: "polygon",
          shape: {
            points: [
              [x - 5, top - 14],
              [x + 5, top - 14],
              [x, top - 4],
            ],
          },
          style: { fill: colour },
        },
      ],
    };
  };
}

function shorten(name: string, lettersMax: number): string {
  const plain = name.replace(/\p{Cc}/gu, " ");
  return plain.length <= lettersMax ? plain : `${plain.slice(0, lettersMax - 1)}…`;
}

/** A step of the axis that reads well: 1, 2, 5, 10, 15, 30 seconds, minutes or hours. */
function niceInterval(seconds: number): number {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200];
  return steps.find((step) => step >= seconds) ?? Math.ceil(seconds / 86_400) * 86_400;
}
