// Files that are worth keeping on the operator's machine: written beside their place, synced, renamed in. Encrypted ones go
// through `openssl enc`, so that they can be opened with nothing else.

import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openSslWords } from "../model/kept-encryption";
import type { LocalFile } from "../model/transfer";
import type { KeptOutcome, KeptSums, LocalFiles } from "../ports/local-files";

/** The files of this machine. */
export const localFiles: LocalFiles = { write: writeKeptFile, read: readKeptFile };

/** Marks the files that are being written, and what a killed quorate leaves of them. */
export const partMark = ".quorate-part-";

async function writeKeptFile<T>(
  { path, passphrase }: LocalFile,
  fill: (sink: Writable) => Promise<T>,
  isWhole: (filled: T) => boolean,
): Promise<KeptOutcome<T>> {
  const part = join(dirname(path), `${partMark}${basename(path)}-${randomBytes(4).toString("hex")}`);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const [data, file] = [new Sum(), new Sum()];
    const disk = createWriteStream(part, { flags: "wx", mode: 0o600 });
    const stages = passphrase === undefined ? [file, disk] : [openSsl("encrypt", passphrase), file, disk];
    const writing = flow(data, ...stages).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    try {
      const filled = await fill(data);
      if (!isWhole(filled)) {
        data.destroy();
        const broken = await writing;
        // The one who fills cannot know that the disk is full; the one who is told should hear of the cause.
        return broken !== undefined && !isCutOff(broken) ? failed(path, broken) : { kind: "refused", filled };
      }
      const broken = await writing;
      if (broken !== undefined) return failed(path, broken);
      syncPath(part);
      const sums = { sha256: data.digest, bytes: data.bytes, fileSha256: file.digest };
      renameSync(part, path);
      syncPath(dirname(path));
      return { kind: "kept", filled, sums };
    } finally {
      data.destroy();
      await writing;
    }
  } catch (error) {
    return failed(path, error);
  } finally {
    rmSync(part, { force: true });
  }
}

function readKeptFile({ path, passphrase }: LocalFile): { readonly data: Readable; sums(): KeptSums } {
  const [data, file] = [new Sum(), new Sum()];
  // What goes wrong destroys `data` with the error, which is where the reader hears of it.
  const stages = passphrase === undefined ? [file, data] : [file, openSsl("decrypt", passphrase), data];
  flow(createReadStream(path), ...stages).catch(() => undefined);
  return { data, sums: () => ({ sha256: data.digest, bytes: data.bytes, fileSha256: file.digest }) };
}

/** Makes the content of a file, or a rename or removal in a folder, last over a power cut. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

type Stage = Writable | ((source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>);

// Its types know a fixed number of stages only.
const flow = pipeline as (source: Readable, ...stages: readonly Stage[]) => Promise<void>;

class Sum extends Transform {
  bytes = 0;
  private readonly hash = createHash("sha256");
  private result: string | undefined;

  get digest(): string {
    this.result ??= this.hash.digest("hex");
    return this.result;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length;
    this.hash.update(chunk);
    done(null, chunk);
  }
}

// The passphrase goes through a pipe of its own: neither the list of processes nor their environment shows it.
function openSsl(direction: "encrypt" | "decrypt", passphrase: string) {
  return async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const [program, ...words] = openSslWords(direction);
    const child = spawn(program, [...words, "-pass", "fd:3"], {
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      detached: true,
    });
    let stderr = "";
    child.stderr?.on("data", (text: Buffer) => {
      stderr = (stderr + text.toString("utf8")).slice(-300);
    });
    const closed = once(child, "close").then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    const secret = child.stdio[3];
    if (secret instanceof Writable) secret.on("error", () => undefined).end(`${passphrase}\n`);
    if (child.stdin === null || child.stdout === null) throw new Error("openssl has no pipes");
    const feeding = pipeline(source, child.stdin).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    try {
      yield* child.stdout as AsyncIterable<Uint8Array>;
      const startError = await closed;
      if (startError !== undefined) throw startError;
      if (child.exitCode !== 0) throw new Error(openSslError(direction, stderr));
      const feedError = await feeding;
      if (feedError !== undefined) throw feedError;
    } finally {
      child.kill("SIGKILL");
    }
  };
}

function openSslError(direction: "encrypt" | "decrypt", stderr: string): string {
  // "bad decrypt" in version 1.1 and 3; a wrong passphrase can also make the padding right and the data nonsense.
  if (direction === "decrypt" && /bad decrypt|wrong final block/.test(stderr)) return "the passphrase does not open it";
  if (/bad magic number/.test(stderr)) return "it is not encrypted by openssl enc";
  return `openssl failed: ${stderr.trim().split("\n").slice(-1).join("")}`;
}

/** Did a stream end only because its other end did? That is no fault of this machine. */
export function isCutOff(error: Error): boolean {
  return ["ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR", "EPIPE"].includes(String((error as NodeJS.ErrnoException).code));
}

function failed(path: string, error: unknown): { readonly kind: "failed"; readonly message: string } {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const why =
    code === "ENOSPC" || code === "EDQUOT"
      ? "there is no space left on its disk"
      : code === "ENOENT" && String((error as NodeJS.ErrnoException).syscall).startsWith("spawn")
        ? "openssl is not installed on this machine"
        : error instanceof Error
          ? error.message
          : String(error);
  return { kind: "failed", message: `${path} cannot be written on this machine: ${why}` };
}
