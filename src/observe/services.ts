// The services section: systemd units by `systemctl show`. monit's words are read in monit.ts.

import type { ServiceDeclaration } from "../model/declaration";
import type { ServiceObservation } from "../model/node-observation";
import { judgeMonitStatus, monitStatusOf, parseMonitSummary } from "./monit";
import { decodeText, type ProbeRecord, recordsOf } from "./sections";

/** Parses the services section: every declared service, sorted by name. @throws Error when one is not told of. */
export function parseServices(
  stdout: string,
  declared: Readonly<Record<string, ServiceDeclaration>>,
): ServiceObservation[] {
  const records = recordsOf(stdout);
  return Object.entries(declared)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { manager }]) => (manager === "systemd" ? unitOf(records, name) : processOf(records, name)));
}

/** One unit from what `systemctl show` printed. */
export function parseUnit(name: string, exitCode: number, text: string): ServiceObservation {
  const base = { name, manager: "systemd" as const };
  const properties = new Map(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()] as const];
    }),
  );
  const read = (key: string) => properties.get(key) ?? "";
  if (exitCode !== 0 || read("ActiveState") === "") {
    const words = exitCode === 124 ? "systemctl did not answer in 5 s" : text.trim().slice(0, 300);
    return { ...base, state: "unknown", detail: words || `systemctl ended with ${exitCode}`, paused: false };
  }
  const startedAtSeconds = parseTimestamp(read("ActiveEnterTimestamp"));
  const state = unitState(read("LoadState"), read("ActiveState"));
  const words = [`${read("ActiveState")} (${read("SubState")})`];
  if (read("LoadState") !== "loaded") words.push(read("LoadState"));
  if (read("UnitFileState").startsWith("masked") && read("UnitFileState") !== read("LoadState")) {
    words.push(read("UnitFileState"));
  }
  if (!["", "success"].includes(read("Result"))) words.push(`${read("Result")}, exit code ${read("ExecMainStatus")}`);
  return {
    ...base,
    state,
    detail: words.join(", "),
    paused: read("UnitFileState") === "masked-runtime",
    ...(state === "running" && startedAtSeconds !== undefined ? { startedAtSeconds } : {}),
  };
}

function unitState(loadState: string, activeState: string): ServiceObservation["state"] {
  switch (activeState) {
    case "active":
    case "reloading":
      return "running";
    case "activating":
      return "starting";
    case "failed":
      return "failed";
    case "inactive":
    case "deactivating":
      return loadState === "not-found" ? "missing" : "stopped";
    default:
      return "unknown";
  }
}

function unitOf(records: readonly ProbeRecord[], name: string): ServiceObservation {
  const record = records.find(([key, unit]) => key === "unit" && decodeText(unit) === name);
  if (record === undefined) throw new Error(`it does not tell of the unit ${name}`);
  return parseUnit(name, Number(record[2]), decodeText(record[3]));
}

function processOf(records: readonly ProbeRecord[], name: string): ServiceObservation {
  const record = records.find(([key]) => key === "monit");
  if (record === undefined) throw new Error(`it does not tell of the monit process ${name}`);
  const exitCode = Number(record[1]);
  const text = decodeText(record[2]);
  const base = { name, manager: "monit" as const };
  const summary = parseMonitSummary(text);
  if (exitCode !== 0 || summary === undefined) {
    const words = exitCode === 124 ? "monit did not answer in 5 s" : (text.trim().split("\n").at(-1) ?? "").trim();
    return { ...base, state: "unknown", detail: words || `monit ended with ${exitCode}`, paused: false };
  }
  const status = monitStatusOf(summary, name);
  if (status === undefined) return { ...base, state: "missing", detail: "monit does not know it", paused: false };
  return { ...base, ...judgeMonitStatus(status), detail: status };
}

// `Sat 2026-11-21 10:04:57 UTC`: systemctl was asked with TZ=UTC.
function parseTimestamp(text: string): number | undefined {
  const match = /(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) UTC$/.exec(text);
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}Z`);
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
