// One host of a lab: a machine of its own as far as anything that reaches it over ssh can tell.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { shellDirectory } from "./requirements";
import { outputOf, type ProcessResult, runProcess } from "./run-process";
import { waitUntil } from "./wait-until";

/** How a command is run on a host. */
export interface SshOptions {
  /** "root" (default), "ops" (sudo without a password) or "nosudo". */
  readonly user?: "root" | "ops" | "nosudo";
  /** Text for the command's stdin; nothing by default. */
  readonly input?: string;
  /** Default 120 s. */
  readonly timeoutMs?: number;
}

/** Where a host belongs and how its lab reaches it. */
export interface HostPlace {
  readonly slot: number;
  readonly subnet: string;
  /** Folder of the lab's disks, as seen in the keeper's mount namespace. */
  readonly machines: string;
  readonly keeperPid: number;
  readonly sshConfig: string;
}

/** A host. The lab switches it on when it opens. */
export class LabHost {
  private power: ChildProcess | undefined;

  constructor(
    /** Its host name, and its name in the lab's ssh configuration. */
    readonly name: string,
    /** Its IPv4 address; this machine reaches it directly. */
    readonly address: string,
    /** Its public host key, as in a known_hosts line: "ssh-ed25519 AAAA...". */
    readonly hostKey: string,
    private readonly place: HostPlace,
  ) {}

  /** Is the power on? (A host that is still booting is on.) */
  get isOn(): boolean {
    return this.power !== undefined;
  }

  /**
   * Runs a shell command over real ssh with strict host key checking. Does not throw when it fails: exit code 255 is
   * ssh's own failure, 124 says that `timeoutMs` was used up.
   */
  ssh(command: string, options: SshOptions = {}): Promise<ProcessResult> {
    const args = ["-F", this.place.sshConfig, "-l", options.user ?? "root", this.name, command];
    return runProcess("ssh", args, { input: options.input ?? "", timeoutMs: options.timeoutMs ?? 120_000 });
  }

  /** Runs a shell command that has to succeed, and returns its output without the last newline. */
  async run(command: string, options: SshOptions = {}): Promise<string> {
    const result = await this.ssh(command, options);
    if (result.exitCode !== 0) {
      throw new Error(`${this.name}: ${command}: exit code ${result.exitCode}: ${result.stdout}${result.stderr}`);
    }
    return result.stdout.trimEnd();
  }

  /** Switches the host on and waits until sshd answers. Does nothing when it is on. */
  async powerOn(): Promise<void> {
    if (this.power !== undefined) return;
    const { slot, subnet, machines } = this.place;
    const args = [String(slot), this.name, this.address, subnet, machines];
    // The parent-death signal ends the host with the process that opened the lab, however that one ends.
    const power = spawn("setpriv", ["--pdeathsig", "KILL", "nsenter", ...this.inKeeper("boot.sh", args)], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let complaints = "";
    power.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    this.power = power;
    power.once("close", () => {
      if (this.power === power) this.power = undefined;
    });
    await waitUntil(
      `${this.name}: sshd answers`,
      async () => {
        if (this.power !== power) throw new Error(`the host ended: ${complaints}`);
        return sshdGreets(this.address);
      },
      { deadlineMs: 30_000 },
    );
  }

  /** What a power cut does: every process ends at once, unwritten data is lost, the disk stays. */
  async powerOff(): Promise<void> {
    const power = this.power;
    this.power = undefined;
    const ended = power === undefined || power.exitCode !== null ? undefined : once(power, "close");
    power?.kill("SIGKILL");
    await this.keeperRun("power-off.sh", [String(this.place.slot), this.name]);
    await ended;
  }

  /** Takes the network cable out: packets vanish without an answer. */
  async cutNetwork(): Promise<void> {
    await outputOf("ip", ["link", "set", this.port, "down"]);
  }

  /** Puts the cable back. */
  async restoreNetwork(): Promise<void> {
    await outputOf("ip", ["link", "set", this.port, "up"]);
  }

  /** The machine's end of the host's network cable, for `tc` or `tcpdump`. */
  get port(): string {
    return `q${this.place.slot}-${this.name}`;
  }

  /** The host's root directory seen from this machine while it is off or on: for looking, and for faults while off. */
  get diskDirectory(): string {
    return `/proc/${this.place.keeperPid}/root${this.place.machines}/${this.name}/disk`;
  }

  /** Puts the disk of a switched-off host back to the lab's snapshot. */
  async restoreDisk(): Promise<void> {
    await this.keeperRun("restore.sh", [this.place.machines, this.name]);
  }

  private keeperRun(script: string, args: readonly string[]): Promise<unknown> {
    return outputOf("nsenter", this.inKeeper(script, args));
  }

  private inKeeper(script: string, args: readonly string[]): readonly string[] {
    return [`--mount=/proc/${this.place.keeperPid}/ns/mnt`, "bash", join(shellDirectory, script), ...args];
  }
}

/** True when the port sends sshd's greeting: an open port alone may belong to a host that is still booting. */
function sshdGreets(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 1000 });
    const answer = (greets: boolean): void => {
      socket.destroy();
      resolve(greets);
    };
    socket.once("data", (greeting) => answer(greeting.toString().startsWith("SSH-")));
    socket.once("error", () => answer(false));
    socket.once("timeout", () => answer(false));
  });
}
