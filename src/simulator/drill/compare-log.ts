// What was once written down, minute by minute, beside what the model does. A line of a log says how things were when somebody
// looked, so a state has to hold within that minute; since when it holds in the model is shown.

import type { DrillComparison, DrillHealth } from "../../model/drill";
import { secondsUntil } from "../scenario";
import type { Timeline } from "./timeline";

interface LogLine {
  readonly at: string;
  readonly says: string;
  readonly event?: string | undefined;
  readonly shows?: Readonly<Record<string, readonly DrillHealth[] | undefined>> | undefined;
  readonly because?: string | undefined;
}

/** Compares line by line. `describeValue` tells a parameter's value and unit. */
export function compareWithLog(
  scenario: { readonly log: readonly LogLine[]; readonly startsAt?: string | undefined },
  timeline: Timeline,
  describeValue: (parameter: string) => string,
): readonly DrillComparison[] {
  return scenario.log.map((line) => {
    const seconds = secondsUntil(line.at, scenario.startsAt);
    const compared =
      line.event === undefined ? compareState(line, seconds, timeline) : compareEvent(line.event, seconds, timeline);
    return {
      at: line.at,
      says: line.says,
      origin: compared.origin,
      simulatedAt: compared.atSeconds === undefined ? undefined : clockText(compared.atSeconds, scenario.startsAt),
      because: line.because ?? compared.given ?? describe(compared, describeValue),
      agrees: compared.agrees,
    };
  });
}

interface Compared {
  readonly origin: DrillComparison["origin"];
  readonly atSeconds: number | undefined;
  readonly parameters: readonly string[];
  readonly given?: string;
  readonly agrees: boolean;
}

// An event that follows from the model has a minute of its own; it agrees within so many seconds of the log's.
const toleranceSeconds = 180;

function compareEvent(id: string, seconds: number, timeline: Timeline): Compared {
  const event = timeline.events.find((candidate) => candidate.id === id);
  if (event === undefined) return { origin: "model", atSeconds: undefined, parameters: [], agrees: false };
  // An act that nothing in the model leads to was told; a step of a plan comes when what was before it is done.
  const isInput = event.kind === "fault" || (event.kind === "operator" && event.parameters.length === 0);
  const agrees = Math.abs(event.atSeconds - seconds) <= (isInput || event.kind === "given" ? 0 : toleranceSeconds);
  return {
    origin: event.kind === "given" ? "given" : isInput ? "input" : "model",
    atSeconds: event.atSeconds,
    parameters: event.parameters,
    ...(event.kind === "given" ? { given: givenReason(event.text) } : {}),
    agrees,
  };
}

// The log has minutes only. The fault may have come up to 59 seconds later in its minute than the drill has it, and somebody
// may have looked up to 59 seconds after the minute began.
const minuteSeconds = 59;

function compareState({ shows = {} }: LogLine, seconds: number, timeline: Timeline): Compared {
  const found = Object.entries(shows).map(([service, healths]) => {
    const moments = Array.from({ length: 2 * minuteSeconds + 1 }, (_, index) =>
      timeline.stateAt(service, seconds + nearestFirst(index)),
    );
    const span = moments.find((state) => state !== undefined && healths?.includes(state.health) === true);
    const then = timeline.events.filter(({ atSeconds }) => atSeconds === span?.fromSeconds);
    const own = then.find((event) => event.service === service);
    return { span, parameters: own?.parameters ?? [], given: then.find(({ kind }) => kind === "given") };
  });
  const given = found.find((one) => one.given !== undefined)?.given;
  const starts = found.flatMap(({ span }) => (span === undefined ? [] : [span.fromSeconds]));
  const agrees = starts.length === found.length;
  return {
    origin: given === undefined ? "model" : "given",
    atSeconds: agrees ? Math.max(...starts) : undefined,
    parameters: [...new Set(found.flatMap(({ parameters }) => parameters))],
    ...(given === undefined ? {} : { given: givenReason(given.text) }),
    agrees,
  };
}

// 0, 1, -1, 2, -2, ...
function nearestFirst(index: number): number {
  return index % 2 === 1 ? (index + 1) / 2 : -index / 2;
}

function givenReason(text: string): string {
  return /\(given: (.*)\)$/.exec(text)?.[1] ?? "given";
}

/** A moment of the drill as the clock shows it. */
export function clockText(seconds: number, startsAt: string | undefined): string {
  const total = Math.round(seconds) + (startsAt === undefined ? 0 : secondsUntil(startsAt, "00:00"));
  const parts = [Math.floor(total / 3600) % 24, Math.floor(total / 60) % 60, total % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  return startsAt === undefined ? `+${parts.join(":")}` : parts.join(":");
}

function describe({ origin, parameters: names }: Compared, describeValue: (parameter: string) => string): string {
  if (origin === "input") return "the drill is told";
  return names.map((name) => `${name} ${describeValue(name)}`).join(", ");
}
