// The ordinary `bosh` CLI, where one is in PATH, run as an operator runs it on a terminal.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "mocha";

/** Which director, and as whom. */
export interface CliTarget {
  readonly environment: string;
  readonly caCertificate: string;
  readonly client: string;
  readonly secret: string;
}

/** What a command printed, both streams in the order of printing. */
export interface CliEnd {
  readonly code: number | null;
  readonly printed: string;
}

/** The CLI with a home of its own. */
export interface BoshCli {
  /** Runs a shell text with the CLI's variables set. */
  readonly shell: (text: string) => Promise<CliEnd>;
  /** Removes its home. */
  readonly remove: () => void;
}

/** Skips the tests of a hook, with the reason printed, where there is no CLI. */
export function boshCliOrSkip(context: Context): void {
  if (spawnSync("bosh", ["--version"]).status === 0) return;
  process.stdout.write("skipped: no bosh CLI in PATH\n");
  context.skip();
}

/** Points the CLI at a director. */
export function boshCli(target: CliTarget): BoshCli {
  const home = mkdtempSync(join(tmpdir(), "quorate-bosh-"));
  const caFile = join(home, "ca.pem");
  writeFileSync(caFile, target.caCertificate);
  const shell = (text: string): Promise<CliEnd> => {
    const child = spawn("bash", ["-c", text], {
      env: {
        PATH: process.env.PATH,
        HOME: home,
        BOSH_ENVIRONMENT: target.environment,
        BOSH_CLIENT: target.client,
        BOSH_CLIENT_SECRET: target.secret,
        BOSH_CA_CERT: caFile,
        BOSH_TTY: "true",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (part) => (printed += part));
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, printed })));
  };
  return { shell, remove: () => rmSync(home, { recursive: true, force: true }) };
}
