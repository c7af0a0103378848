// What templates/bosh/monit.hbs reports: monit's own words for each process, and whether what it would start is there.
import type { MonitProcess } from "../../model/bosh-monit";
import { parseMonitSummary } from "../../observe/monit";
import { decodeText, recordsOf } from "../../observe/sections";

/** The processes, sorted by name; a sentence when monit did not tell. */
export function parseMonitReport(
  stdout: string,
):
  | { readonly kind: "processes"; readonly processes: readonly MonitProcess[] }
  | { readonly kind: "none"; readonly why: string } {
  const records = recordsOf(stdout);
  const summaryRecord = records.find(([key]) => key === "summary");
  const text = decodeText(summaryRecord?.[2]);
  const summary = parseMonitSummary(text);
  if (summaryRecord?.[1] !== "0" || summary === undefined) {
    const words = text.trim().split("\n").at(-1) ?? "";
    return { kind: "none", why: words === "" ? "monit said nothing" : `monit said: ${words.slice(0, 200)}` };
  }
  const programs = new Map(
    records.flatMap((record) => (record[0] === "monitrc" ? [...parseMonitrc(decodeText(record[1]))] : [])),
  );
  const missingPrograms = pathsOf(records, "program-missing");
  const missingDirectories = pathsOf(records, "directory-missing");
  const processes = [...summary]
    .filter(([name]) => name !== "system_localhost" && !name.startsWith("system_"))
    .map(([name, status]): MonitProcess => {
      const program = programs.get(name);
      const isMissing = program !== undefined && missingPrograms.has(program);
      const hasJobDirectory = program === undefined || !missingDirectories.has(program);
      return { name, status, hasJobDirectory, missingExecutable: isMissing ? program : undefined };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { kind: "processes", processes };
}

/** The program that starts each process of one monitrc. A process need not have the name of its job. */
function parseMonitrc(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const block of text.split(/^\s*(?=check\s)/m)) {
    const name = /^check\s+process\s+"?([^\s"]+)"?/.exec(block)?.[1];
    const program = /start\s+(?:program\s*)?=?\s*["']?(\/var\/vcap\/jobs\/[^"'\s]+)/.exec(block)?.[1];
    if (name !== undefined && program !== undefined) found.set(name, program);
  }
  return found;
}

function pathsOf(records: readonly (readonly [key: string, ...values: string[]])[], key: string): ReadonlySet<string> {
  return new Set(records.filter((record) => record[0] === key).map((record) => decodeText(record[1])));
}
