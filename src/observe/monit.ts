// What `monit summary` says, in its two forms: one line a service (5.2.5, on BOSH stemcells) and a table (5.33).

import type { ServiceObservation } from "../model/node-observation";

/** Name of a service -> monit's own words for its state. */
export type MonitSummary = ReadonlyMap<string, string>;

// ESC, then the numbers of a colour, as a terminal gets it.
const colour = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** Parses `monit summary`, warnings in front of it and colours included; undefined when it is none. */
export function parseMonitSummary(text: string): MonitSummary | undefined {
  const lines = text
    .replaceAll(colour, "")
    .split(/\r?\n/)
    .map((line) => line.trim());
  if (!lines.some((line) => /^(The Monit daemon|Monit) \S+ uptime: /.test(line))) return undefined;
  const table = lines.findIndex((line) => /^(│ *)?Service Name\s/.test(line));
  return table < 0 ? parseLines(lines) : parseTable(lines.slice(table + 1));
}

/** The words for one service; undefined when monit does not know it. */
export function monitStatusOf(summary: MonitSummary, name: string): string | undefined {
  // 5.33's table cuts a name of more than 31 characters and puts dots at its end.
  const cut = [...summary].find(([known]) => known.endsWith("...") && name.startsWith(known.slice(0, -3)));
  return summary.get(name) ?? cut?.[1];
}

/** What monit's words mean. Source: monit src/monit.h and src/control.c (statusnames, actionnames), 5.2.5 and 5.33. */
export function judgeMonitStatus(status: string): Pick<ServiceObservation, "state" | "paused"> {
  // 5.33's table cuts the words after 26 characters: "Not monitored - start p...".
  const [words = "", pending = ""] = status.toLowerCase().split(" - ");
  if (/^(re)?start/.test(pending)) return { state: "starting", paused: false };
  if (pending.startsWith("stop")) return { state: "stopped", paused: false };
  if (pending.startsWith("unmon")) return { state: "not-monitored", paused: true };
  // Several things may be wrong at once; the first is the worst.
  const [worst = ""] = words.split(" | ");
  if (worst === "not monitored")
    return { state: pending === "" ? "not-monitored" : "starting", paused: pending === "" };
  if (worst === "initializing") return { state: "starting", paused: false };
  // A limit that is passed is told of a process that runs.
  if (/^(running|ok|accessible|status ok|resource limit .*)$/.test(worst)) return { state: "running", paused: false };
  if (
    /^(does not exist|execution failed|not running|connection failed|pid failed|timeout|status failed)$/.test(worst)
  ) {
    return { state: "failed", paused: false };
  }
  return { state: "unknown", paused: false };
}

function parseLines(lines: readonly string[]): MonitSummary {
  const found = lines.flatMap((line) => {
    const match =
      /^(?:Process|System|File|Directory|Filesystem|Remote Host|Fifo|Program|Network) '([^']*)'\s+(\S.*)$/i.exec(line);
    return match?.[1] === undefined || match[2] === undefined ? [] : [[match[1], match[2]] as const];
  });
  return new Map(found);
}

function parseTable(rows: readonly string[]): MonitSummary {
  const found = rows.flatMap((row) => {
    const cells = row
      .replace(/^│|│$/g, "")
      .trim()
      .split(/\s*│\s*|\s{2,}/);
    const [name, status, type] = cells;
    return name === undefined || status === undefined || type === undefined ? [] : [[name, status] as const];
  });
  return new Map(found);
}
