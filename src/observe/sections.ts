// Cuts a probe's output into its sections. A section counts only if it is there from its first line to its last, has the
// length that its last line states, and ended by itself: everything else is unknown, with the reason.

/** One section of a probe. */
export type ProbeSection =
  | {
      readonly kind: "ended";
      /** Latin-1: one character for each byte. Values in it are base64. */
      readonly stdout: string;
      readonly stderr: string;
      readonly exitCode: number;
    }
  | { readonly kind: "lost"; readonly reason: string };

/** Why a section is lost that was ended at its deadline. */
export const lateReason = "it did not end before its deadline";

/** timeout(1) ends a section with SIGKILL, which takes timeout itself along: 128 + 9. */
const killedExitCode = 137;

/** The section of this name in the output of a probe that ran with this boundary. Never throws. */
export function cutSection(output: string, boundary: string, name: string): ProbeSection {
  const cut = cutEnded(output, boundary, name);
  if (cut.kind === "lost" || cut.exitCode === 0) return cut;
  return lost(cut.stderr.trim() === "" ? `it ended with exit code ${cut.exitCode}` : tail(cut.stderr));
}

/** The same for a section whose exit code is an answer: whatever it is, it counts. Never throws. */
export function cutEnded(output: string, boundary: string, name: string): ProbeSection {
  // Nothing that the probe prints holds a carriage return, so one that is there was put in on the way.
  const text = output.replaceAll("\r\n", "\n");
  const begin = findLine(text, `@${boundary} begin ${name}`, 0);
  if (begin === undefined) return lost("the probe's output does not hold it");
  const middle = findLine(text, `@${boundary} stderr ${name}`, begin.end);
  const end = middle && findEnd(text, boundary, name, middle.end);
  if (middle === undefined || end === undefined) return lost("the probe's output breaks off in it");
  const stdout = text.slice(begin.end, Math.max(begin.end, middle.start - 1));
  const stderr = text.slice(middle.end, Math.max(middle.end, end.start - 1));
  if (end.exitCode === killedExitCode) return lost(lateReason);
  if (stdout.length !== end.length) return lost(`it printed ${end.length} bytes and ${stdout.length} arrived`);
  return { kind: "ended", stdout, stderr, exitCode: end.exitCode };
}

/** The words of a line of a section: a key, then values. */
export type ProbeRecord = readonly [key: string, ...values: string[]];

/** The records of a section's output, in order. */
export function recordsOf(stdout: string): readonly ProbeRecord[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [key, ...values] = line.split(" ");
      return [key ?? "", ...values];
    });
}

/** A base64 value as bytes. @throws Error when it is missing or is not base64. */
export function decodeBytes(value: string | undefined): Buffer {
  if (value === undefined || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw new Error("a value of it is not base64");
  return Buffer.from(value, "base64");
}

/** A base64 value as text; bytes that are not UTF-8 become U+FFFD. @throws Error when it is missing or is not base64. */
export function decodeText(value: string | undefined): string {
  return decodeBytes(value).toString("utf8");
}

interface Line {
  readonly start: number;
  readonly end: number;
}

function findLine(text: string, line: string, from: number): Line | undefined {
  let start = text.startsWith(`${line}\n`, from) && (from === 0 || text[from - 1] === "\n") ? from : -1;
  if (start < 0) {
    const found = text.indexOf(`\n${line}\n`, Math.max(0, from - 1));
    if (found < 0) return undefined;
    start = found + 1;
  }
  return { start, end: start + line.length + 1 };
}

function findEnd(text: string, boundary: string, name: string, from: number) {
  const start = text.indexOf(`\n@${boundary} end ${name} `, Math.max(0, from - 1));
  if (start < 0) return undefined;
  const stop = text.indexOf("\n", start + 1);
  const match = /^@\S+ end \S+ (\d+) (\d+)$/.exec(stop < 0 ? "" : text.slice(start + 1, stop));
  if (match === null) return undefined;
  return { start: start + 1, exitCode: Number(match[1]), length: Number(match[2]) };
}

function lost(reason: string): ProbeSection {
  return { kind: "lost", reason };
}

function tail(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8").trim().slice(-500);
}
