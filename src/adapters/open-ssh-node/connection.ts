// One shared connection to one node. Its master process is started apart, with nothing of ours attached to it, because a
// master that inherits a pipe keeps the caller waiting for the end of that pipe.

import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { UnreachableNode } from "../../model/node-observation";
import { quoteWord } from "../../render/quote";
import { runProcess } from "../run-process";
import { type ScriptRun, shellCommand, streamCommand, unreachableNode } from "../script-run";
import { streamProcess } from "../stream-process";
import type { TransferStreams } from "../transfer-run";
import { explainHostKey } from "./host-key";
import { startMaster } from "./master-process";
import { classifySshError } from "./ssh-error";
import { pinLine, type SshAccess, type SshTarget, sshArguments, sshEnvironment } from "./ssh-options";

/** A shared connection to one node. */
export interface SshConnection {
  /** Runs a script; after a lost connection again, `retries` times at most. */
  run(script: string, secondsMax: number, retries: number): Promise<ScriptRun | UnreachableNode>;
  /** Runs a script whose input or output is streamed, once. */
  transfer(streams: TransferStreams, secondsMax: number): Promise<ScriptRun | UnreachableNode>;
  /** Ends the connection. Safe to call twice. */
  close(): Promise<void>;
}

/** The master ends by itself after a minute without a session, in case we are killed and cannot end it. */
const idleSecondsMax = 60;
/** ssh's own exit code for everything that goes wrong outside the remote command. */
const sshFailedExitCode = 255;

/** Prepares a connection; nothing is connected before the first run. `index` keeps the sockets of nodes apart. */
export function openConnection(
  node: string,
  access: SshAccess,
  directory: string,
  index: number,
  connectTimeoutSeconds: number,
): SshConnection {
  return new Connection(node, access, directory, index, connectTimeoutSeconds);
}

class Connection implements SshConnection {
  private readonly target: SshTarget;
  private readonly socket: string;
  private readonly isSudo: boolean;
  private master: Promise<UnreachableNode | undefined> | undefined;

  constructor(
    private readonly node: string,
    private readonly access: SshAccess,
    private readonly directory: string,
    private readonly index: number,
    private readonly connectTimeoutSeconds: number,
  ) {
    this.isSudo = access.sudo ?? true;
    this.socket = join(directory, `${index}-%C`);
    const pin = { file: join(directory, `${index}.known_hosts`), alias: `quorate-${node}` };
    if (access.hostKey !== undefined) writeFileSync(pin.file, pinLine(pin.alias, access.hostKey), { mode: 0o600 });
    this.target = { access, connectTimeoutSeconds, pin: access.hostKey === undefined ? undefined : pin };
  }

  async run(script: string, secondsMax: number, retries: number): Promise<ScriptRun | UnreachableNode> {
    const failed = await this.ensureMaster();
    if (failed !== undefined) return failed;
    const run = await runProcess("ssh", this.commandArguments(shellCommand(secondsMax, this.isSudo)), {
      input: script,
      environment: sshEnvironment,
      timeoutMs: this.deadlineMs(secondsMax),
    });
    if (isEndedByItself(run)) return run;
    await this.close();
    if (retries > 0 && !run.isTimedOut) return this.run(script, secondsMax, retries - 1);
    return this.explainLoss(run, secondsMax);
  }

  async transfer({ script, ...streams }: TransferStreams, secondsMax: number): Promise<ScriptRun | UnreachableNode> {
    const failed = await this.ensureMaster();
    if (failed !== undefined) return failed;
    const command = streamCommand(Buffer.byteLength(script), secondsMax, this.isSudo);
    const run = await streamProcess("ssh", this.commandArguments(command), {
      ...streams,
      head: script,
      environment: sshEnvironment,
      timeoutMs: this.deadlineMs(secondsMax),
    });
    if (isEndedByItself(run)) return run;
    await this.close();
    return this.explainLoss(run, secondsMax);
  }

  async close(): Promise<void> {
    if (this.master === undefined) return;
    await this.master;
    this.master = undefined;
    await this.control("exit");
  }

  // The login shell may be any; what it has to understand is one quoted word.
  private commandArguments(command: string): readonly string[] {
    return [...this.sessionArguments(), "--", this.access.host, `exec sh -c ${quoteWord(command)}`];
  }

  private deadlineMs(secondsMax: number): number {
    return (secondsMax + this.connectTimeoutSeconds + 15) * 1000;
  }

  private async explainLoss(run: ScriptRun, secondsMax: number): Promise<UnreachableNode> {
    if (run.isTimedOut) return unreachableNode(this.node, "timeout", this.timeoutMessage(secondsMax));
    return this.explain(run.stderr);
  }

  private async ensureMaster(): Promise<UnreachableNode | undefined> {
    if (this.master !== undefined && (await this.master) === undefined && (await this.isAlive())) return undefined;
    this.master = this.connect();
    const failed = await this.master;
    if (failed !== undefined) this.master = undefined;
    return failed;
  }

  private async isAlive(): Promise<boolean> {
    return (await this.control("check")).exitCode === 0;
  }

  private control(request: "check" | "exit"): Promise<ScriptRun> {
    return runProcess("ssh", [...this.sessionArguments(), "-O", request, "--", this.access.host], {
      environment: sshEnvironment,
      timeoutMs: 5000,
    });
  }

  private async connect(): Promise<UnreachableNode | undefined> {
    // A master that was killed leaves its socket, and the next one would then refuse to share its connection.
    for (const name of readdirSync(this.directory)) {
      if (name.startsWith(`${this.index}-`)) rmSync(join(this.directory, name), { force: true });
    }
    const errorFile = join(this.directory, `${this.index}.stderr`);
    const descriptor = openSync(errorFile, "w", 0o600);
    const mastering = ["-M", "-N", "-f", "-o", `ControlPath=${this.socket}`, "-o", `ControlPersist=${idleSecondsMax}`];
    const seconds = this.connectTimeoutSeconds * 2 + 5;
    try {
      const words = [...sshArguments(this.target), ...mastering, "--", this.access.host];
      const start = await startMaster(words, descriptor, seconds * 1000);
      if (start.exitCode === 0) return undefined;
      if (start.isTimedOut) return unreachableNode(this.node, "timeout", this.timeoutMessage(seconds));
      return await this.explain(start.failure ?? (await this.firstHandWords(readFileSync(errorFile, "utf8"))));
    } finally {
      closeSync(descriptor);
    }
  }

  // A master that is to outlive its caller throws away what the ssh to its jump host says, and that is where the cause is.
  private async firstHandWords(stderr: string): Promise<string> {
    if (!/connection closed by|kex_exchange_identification|UNKNOWN port/i.test(stderr)) return stderr;
    const words = [...sshArguments(this.target), "-o", "ControlMaster=no", "-o", "ControlPath=none"];
    const again = await runProcess("ssh", [...words, "--", this.access.host, "true"], {
      environment: sshEnvironment,
      timeoutMs: (this.connectTimeoutSeconds * 2 + 5) * 1000,
    });
    return again.exitCode === sshFailedExitCode ? again.stderr : stderr;
  }

  private async explain(stderr: string): Promise<UnreachableNode> {
    const { level, words } = classifySshError(stderr);
    if (level === "host-key") {
      return unreachableNode(this.node, level, await explainHostKey(this.node, this.access));
    }
    return unreachableNode(this.node, level, `${this.node} (${this.access.host}) cannot be reached: ${words}`);
  }

  private timeoutMessage(seconds: number): string {
    return `${this.node} (${this.access.host}) did not answer within ${seconds} s`;
  }

  private sessionArguments(): readonly string[] {
    return [...sshArguments(this.target), "-o", "ControlMaster=no", "-o", `ControlPath=${this.socket}`];
  }
}

function isEndedByItself(run: ScriptRun): boolean {
  return run.exitCode !== sshFailedExitCode && !run.isTimedOut && run.exitCode !== undefined;
}
