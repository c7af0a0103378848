// Reads a task's event output piece by piece. Offsets are bytes and a piece may end inside a line, even inside a
// character, so the rest is carried over.
import { z } from "zod";
import type { TaskEvent } from "../../model/bosh-task";

const eventSchema = z.object({
  time: z.number().default(0),
  stage: z.string().optional(),
  tags: z.array(z.string()).nullish(),
  total: z.number().nullish(),
  task: z.string().optional(),
  index: z.number().nullish(),
  state: z.string().optional(),
  progress: z.number().nullish(),
  data: z.object({ status: z.string().nullish(), error: z.string().nullish() }).nullish(),
  type: z.string().optional(),
  message: z.string().optional(),
  error: z.object({ code: z.number().nullish(), message: z.string().nullish() }).nullish(),
});

const newline = 0x0a;

/** Turns pieces of event output into events; keeps what is not a whole line yet. */
export class TaskEventReader {
  private rest: Buffer = Buffer.alloc(0);
  private read = 0;

  /** How many bytes were taken so far: the offset to ask for next. */
  get offset(): number {
    return this.read;
  }

  /** Takes the next bytes, gives the events that are whole now. */
  take(bytes: Buffer): readonly TaskEvent[] {
    this.read += bytes.length;
    const all = Buffer.concat([this.rest, bytes]);
    const end = all.lastIndexOf(newline) + 1;
    this.rest = Buffer.from(all.subarray(end));
    return all
      .subarray(0, end)
      .toString("utf8")
      .split("\n")
      .flatMap((line) => parseTaskEvent(line) ?? []);
  }
}

/** One line; undefined for an empty one and for one that is no event: progress lines are no reason to fail. */
export function parseTaskEvent(line: string): TaskEvent | undefined {
  if (line.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = eventSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { data } = parsed;
  if (data.error !== undefined && data.error !== null) {
    return { kind: "error", timeSecs: data.time, code: data.error.code ?? 0, text: data.error.message ?? "" };
  }
  if (data.type !== undefined) {
    const level = data.type === "deprecation" ? "deprecation" : "warning";
    return { kind: "message", timeSecs: data.time, level, text: data.message ?? "" };
  }
  if (data.stage === undefined || data.task === undefined) return undefined;
  return {
    kind: "progress",
    timeSecs: data.time,
    stage: data.stage,
    tags: data.tags ?? [],
    task: data.task,
    index: data.index ?? 0,
    total: data.total ?? 0,
    state: data.state ?? "",
    progress: data.progress ?? 0,
    status: data.data?.status ?? undefined,
    error: data.data?.error ?? undefined,
  };
}
