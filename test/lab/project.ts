// A user's project on disk, and the command line run in it as a user runs it: another process, only what it prints to go by.

import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { waitUntil } from "./wait-until";

const repository = path.resolve(__dirname, "../..");

/** How a command ended and what it printed, both streams in the order of printing. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandEnd>;
  /** What it has printed so far. */
  output(): string;
}

function inHomeSsh(folder: string): readonly string[] {
  const script = 'mkdir -p ~/.ssh && mount --bind "$0" ~/.ssh && exec "$@"';
  return ["unshare", "--mount", "sh", "-c", script, folder];
}

/** QUORATE_TEST_LOG=<file> keeps every command with what it printed and how long it took. */
function logCommand(text: string): void {
  const file = process.env.QUORATE_TEST_LOG;
  if (file !== undefined) fs.appendFileSync(file, text);
}

/** A project of one stack with state of its own. */
export class Project {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-project-"));

  constructor(readonly stack: string) {
    for (const name of ["node_modules", "dist", "src"])
      fs.symlinkSync(path.join(repository, name), path.join(this.folder, name));
    for (const name of ["Pulumi.yaml", "package.json", "tsconfig.json"])
      fs.copyFileSync(path.join(repository, name), path.join(this.folder, name));
    fs.mkdirSync(path.join(this.folder, "stacks"));
    fs.mkdirSync(path.join(this.folder, "state"));
    for (const name of fs.readdirSync(path.join(repository, "stacks")).filter((file) => file.endsWith(".ts"))) {
      fs.copyFileSync(path.join(repository, "stacks", name), path.join(this.folder, "stacks", name));
    }
  }

  /**
   * Starts `quorate <args>` in the project. Environment variables given here win. `homeSsh`: a folder that it sees in place of
   * this user's ~/.ssh, which OpenSSH finds by the account and not by HOME.
   */
  start(args: readonly string[], env: NodeJS.ProcessEnv = {}, homeSsh?: string): RunningCommand {
    const words = [process.execPath, path.join(repository, "bin/quorate.js"), ...args];
    const [program = "", ...rest] = homeSsh === undefined ? words : [...inHomeSsh(homeSsh), ...words];
    return this.spawn(program, rest, env);
  }

  /** Starts the real `pulumi <args>` on the project's stack. */
  startPulumi(args: readonly string[]): RunningCommand {
    const stack = args[0] === "stack" ? [] : ["--stack", this.stack];
    return this.spawn("pulumi", [...args, ...stack, "--non-interactive"], { PULUMI_SKIP_UPDATE_CHECK: "true" });
  }

  private spawn(program: string, args: readonly string[], env: NodeJS.ProcessEnv): RunningCommand {
    const child = spawn(program, args, {
      cwd: this.folder,
      env: {
        ...process.env,
        PULUMI_BACKEND_URL: `file://${this.folder}/state`,
        PULUMI_CONFIG_PASSPHRASE: "correct-horse",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
    const startedAt = Date.now();
    const ended = new Promise<CommandEnd>((resolve) => {
      child.once("close", (exitCode, signal) => {
        const seconds = Math.round((Date.now() - startedAt) / 1000);
        logCommand(
          `$ ${path.basename(program)} ${args.join(" ")}\n${printed}--> ${exitCode ?? signal} after ${seconds} s\n\n`,
        );
        resolve({ exitCode, signal, output: printed });
      });
    });
    return { child, ended, output: () => printed };
  }

  /** Runs `quorate <args>` to its end. */
  run(...args: readonly string[]): Promise<CommandEnd> {
    return this.start(args).ended;
  }

  /** Runs `quorate <args>`, which has to succeed, and returns what it printed. */
  async succeed(...args: readonly string[]): Promise<string> {
    const end = await this.run(...args);
    if (end.exitCode !== 0) throw new Error(`quorate ${args.join(" ")}: exit code ${end.exitCode}\n${end.output}`);
    return end.output;
  }

  /**
   * Captures the lab's nodes, each as name=user@host, as the stack. The lab's hosts were frozen a moment ago for their snapshot, so that a probe of the
   * kubelet may have failed; until the next one, capture rightly refuses a pod that is not ready.
   */
  async capture(sshConfig: string, ...nodes: readonly string[]): Promise<void> {
    const named = nodes.flatMap((node) => ["--node", node]);
    await waitUntil(`${nodes.join(", ")}: captured`, () =>
      this.succeed("capture", "--stack", this.stack, ...named, "--ssh-config", sshConfig),
    );
  }

  preview(...args: readonly string[]): Promise<CommandEnd> {
    return this.run("preview", "--stack", this.stack, ...args);
  }

  up(...args: readonly string[]): Promise<CommandEnd> {
    return this.run("up", "--stack", this.stack, "--yes", "--skip-preview", ...args);
  }

  remove(): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
