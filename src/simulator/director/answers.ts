// The forms that the simulated director's answers take.
// Source: cloudfoundry/bosh director lib/bosh/director/api/controllers/{base,tasks}_controller.rb.
import type { DirectorAnswer } from "./routes";
import type { SimulatedTask } from "./tasks";

/** JSON. */
export function jsonAnswer(value: unknown, status = 200): DirectorAnswer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

/** Plain text. */
export function plainAnswer(status: number, body: string): DirectorAnswer {
  return { status, headers: { "content-type": "text/html;charset=utf-8" }, body };
}

/** The redirect to a task that was started. Relative: the bosh CLI would follow an absolute one with its scheme. */
export function taskStarted(task: SimulatedTask): DirectorAnswer {
  return { status: 302, headers: { location: `/tasks/${task.id}` }, body: "" };
}

/** A task's output, whole or from a byte on. */
export function taskOutputAnswer(text: string, range: string | undefined): DirectorAnswer {
  const bytes = Buffer.from(text, "utf8");
  const headers = { "content-type": "text/plain" };
  const start = /^bytes=(\d+)-$/.exec(range ?? "")?.[1];
  if (start === undefined) return { status: 200, headers, body: bytes };
  const offset = Number(start);
  if (offset >= bytes.length) {
    return { status: 416, headers: { "content-range": `bytes */${bytes.length}` }, body: "Byte range unsatisfiable" };
  }
  const contentRange = `bytes ${offset}-${bytes.length - 1}/${bytes.length}`;
  return { status: 206, headers: { ...headers, "content-range": contentRange }, body: bytes.subarray(offset) };
}
