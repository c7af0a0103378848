// Reads a recorded step: the calls that the Pulumi CLI sent its plugin processes, and what they answered.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PluginCall } from "./plugin/wire-json";

/** Where the recordings lie. */
export const recordingsRoot = join(__dirname, "pulumi");

type Json = Readonly<Record<string, unknown>>;

/** What an answer "begun, but not healthy" carried. The recording does not show it; it is found in what followed. */
export interface RecordedInitFailure {
  readonly id: string;
  readonly properties: Json;
  readonly inputs?: Json;
}

/** A recorded answer. */
export interface RecordedAnswer {
  readonly response?: Json;
  readonly error?: string;
  /** gRPC code of the error. */
  readonly code?: number;
  readonly initFailure?: RecordedInitFailure;
}

/** One recorded step. */
export interface RecordedStep {
  readonly name: string;
  /** State file before and after. */
  readonly before: string;
  readonly after: string;
  /** What the Pulumi CLI printed. */
  readonly printed: string;
  readonly exitCode: number;
  /** pid counts the plugin processes in the order of their start. */
  readonly calls: readonly PluginCall[];
  /** Answers by "method urn", in their order. */
  readonly answers: Readonly<Record<string, readonly RecordedAnswer[]>>;
}

interface Line {
  readonly method: string;
  readonly request?: Json;
  readonly response?: Json;
  readonly errors?: readonly string[];
  readonly progress?: string;
}

const prefix = "/pulumirpc.ResourceProvider/";
/** Calls that a process gets before it is known which of them serves the resources. */
const starting: ReadonlySet<string> = new Set(["handshake", "getPluginInfo", "checkConfig", "diffConfig", "configure"]);

function lowerKeys(request: Json): Json {
  return Object.fromEntries(Object.entries(request).map(([key, value]) => [key.toLowerCase(), value]));
}

function readCalls(lines: readonly Line[]): readonly PluginCall[] {
  let latest = 0;
  let configured = 0;
  let cancelled = 0;
  return lines
    .filter(({ progress }) => progress === "request_started")
    .map(({ method, request }) => {
      const name = methodName(method);
      if (name === "handshake") latest += 1;
      if (name === "configure") configured = latest;
      if (name === "cancel") cancelled += 1;
      const pid = name === "cancel" ? cancelled : starting.has(name) ? latest : configured;
      return { pid, method: name, request: lowerKeys(request ?? {}) };
    });
}

function methodName(method: string): string {
  const name = method.slice(prefix.length);
  return `${name[0]?.toLowerCase() ?? ""}${name.slice(1)}`;
}

interface StateResource {
  readonly urn: string;
  readonly id?: string;
  readonly outputs?: Json;
  readonly initErrors?: readonly string[];
}

/** A failed read is followed by a diff that shows what it carried; a failed update ends in the state file. */
function findInitFailure(
  line: Line,
  error: string,
  lines: readonly Line[],
  after: string,
): RecordedInitFailure | undefined {
  const name = methodName(line.method);
  const urn = String(line.request?.urn);
  const id = String(line.request?.id);
  if (name === "read") {
    const later = lines.slice(lines.indexOf(line));
    const diff = later.find((next) => methodName(next.method) === "diff" && next.request?.urn === urn);
    if (diff?.request === undefined) return undefined;
    return { id, properties: diff.request.olds as Json, inputs: diff.request.oldInputs as Json };
  }
  if (name !== "update" && name !== "create") return undefined;
  const { checkpoint } = JSON.parse(after) as { checkpoint: { latest: { resources?: readonly StateResource[] } } };
  const state = checkpoint.latest.resources?.find((resource) => resource.urn === urn);
  if (state?.initErrors?.includes(error) !== true) return undefined;
  return { id, properties: state.outputs ?? {} };
}

function readAnswers(lines: readonly Line[], after: string): Record<string, RecordedAnswer[]> {
  const answers: Record<string, RecordedAnswer[]> = {};
  for (const line of lines.filter(({ progress }) => progress === "response_completed")) {
    const key = `${methodName(line.method)} ${String(line.request?.urn ?? "")}`;
    const match = /code = (\w+) desc = ([\s\S]*)/.exec(line.errors?.[0] ?? "");
    const error = match?.[2];
    const initFailure = error === undefined ? undefined : findInitFailure(line, error, lines, after);
    const list = answers[key] ?? [];
    list.push({
      ...(line.response === undefined ? {} : { response: line.response }),
      ...(error === undefined ? {} : { error, code: match?.[1] === "Unimplemented" ? 12 : 2 }),
      ...(initFailure === undefined ? {} : { initFailure }),
    });
    answers[key] = list;
  }
  return answers;
}

/** Names of a scenario's steps, in their order. */
export function listSteps(scenario: string): readonly string[] {
  return readdirSync(join(recordingsRoot, scenario))
    .filter((name) => /^\d\d-.*\.state\.json$/.test(name))
    .map((name) => name.slice(0, -".state.json".length))
    .sort();
}

/** Reads one step of a scenario. */
export function readStep(scenario: string, name: string): RecordedStep {
  const folder = join(recordingsRoot, scenario);
  const names = listSteps(scenario);
  const previous = names[names.indexOf(name) - 1];
  // The first steps of "unhealthy" leave the state of a stack that was made before they began.
  const after = readFileSync(join(folder, `${name}.state.json`), "utf8");
  const before = previous === undefined ? after : readFileSync(join(folder, `${previous}.state.json`), "utf8");
  const printed = readFileSync(join(folder, `${name}.txt`), "utf8");
  const file = join(folder, `${name}.grpc`);
  const lines = existsSync(file)
    ? readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Line)
        .filter(({ method }) => method.startsWith(prefix))
    : [];
  return {
    name,
    before,
    after,
    printed,
    exitCode: Number(/exit code (\d+)\s*$/.exec(printed)?.[1]),
    calls: readCalls(lines),
    answers: readAnswers(lines, after),
  };
}
