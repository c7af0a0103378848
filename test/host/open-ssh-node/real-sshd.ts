// A real sshd on the loopback address, run as an ordinary process with keys and files of its own, for the length of a test.

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { installPrograms } from "../../lab/requirements";

/** Long enough to install a Debian package, milliseconds. */
export const installTimeoutMs = 300_000;

/** Installs sshd where it is not and that can be done. Resolves to why none can be run here; undefined when one can. */
export async function prepareSshd(): Promise<string | undefined> {
  if (spawnSync("sh", ["-c", "command -v sshd && command -v ssh"]).status !== 0) {
    const unfit = await installPrograms([
      ["/usr/sbin/sshd", "openssh-server"],
      ["/usr/bin/ssh", "openssh-client"],
    ]);
    if (unfit !== undefined) return unfit.reason;
  }
  if (process.getuid?.() !== 0) return undefined;
  // Run by root it separates privileges and wants this directory, which the service's unit makes elsewhere.
  if (spawnSync("mkdir", ["-p", "-m", "0755", "/run/sshd"]).status !== 0) return "/run/sshd cannot be made";
  return undefined;
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** One sshd, the key that it lets in, and an operator's configuration that reaches it. */
export class RealSshd {
  readonly root = mkdtempSync(join(tmpdir(), "q-sshd-"));
  /** Programs that a session finds before the system's own. */
  readonly shims = join(this.root, "bin");
  readonly configFile = join(this.root, "config");
  readonly knownHosts = join(this.root, "known_hosts");
  port = 0;
  private child: ChildProcess | undefined;
  private readonly lines: string[] = [];

  /** Makes the keys, starts the daemon and lets the operator know its host key. */
  async start(): Promise<void> {
    mkdirSync(this.shims);
    this.makeKey("user");
    writeFileSync(join(this.root, "authorized"), readFileSync(join(this.root, "user.pub")), { mode: 0o600 });
    this.port = await freePort();
    this.configure([]);
    await this.newHostKey();
    this.trustHostKey();
  }

  /** Gives it another host key, as a machine that was made anew has. */
  async newHostKey(): Promise<void> {
    await this.stopDaemon();
    for (const file of ["host", "host.pub"]) rmSync(join(this.root, file), { force: true });
    this.makeKey("host");
    await this.startDaemon();
  }

  /** The operator's ssh configuration; `extra` comes first, so it wins. */
  configure(extra: readonly string[]): void {
    const lines = [
      ...extra,
      "Host *",
      `  IdentityFile ${this.root}/user`,
      "  IdentitiesOnly yes",
      "  IdentityAgent none",
      `  UserKnownHostsFile ${this.knownHosts}`,
      "  GlobalKnownHostsFile /dev/null",
    ];
    writeFileSync(this.configFile, `${lines.join("\n")}\n`);
  }

  /** The operator knows the host key of this moment, and no other of this host. */
  trustHostKey(): void {
    writeFileSync(this.knownHosts, `[127.0.0.1]:${this.port} ${this.hostKey}\n`);
  }

  /** The public host key: kind and base64. */
  get hostKey(): string {
    return readFileSync(join(this.root, "host.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  }

  /** The host key's fingerprint by ssh-keygen's account. */
  get fingerprint(): string {
    const text = execFileSync("ssh-keygen", ["-l", "-f", join(this.root, "host.pub")], { encoding: "utf8" });
    return text.split(" ")[1] ?? "";
  }

  /** Puts a program in front of the system's own of the same name, for every session. */
  shim(name: string, script: string): void {
    writeFileSync(join(this.shims, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(this.shims, name), 0o755);
  }

  /** Takes all shims away. */
  clearShims(): void {
    rmSync(this.shims, { recursive: true });
    mkdirSync(this.shims);
  }

  /** How many connections it let in. */
  get logins(): number {
    return this.lines.filter((line) => line.includes("Accepted publickey")).length;
  }

  /** Ids of processes whose command line has all of these words. */
  processesWith(...words: readonly string[]): readonly number[] {
    const listing = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8", maxBuffer: 50_000_000 });
    return listing
      .split("\n")
      .filter((line) => words.every((word) => line.includes(word)))
      .map((line) => Number.parseInt(line, 10));
  }

  /** Ids of the processes that serve sessions of this sshd. */
  get sessionProcesses(): readonly number[] {
    const pid = this.child?.pid;
    if (pid === undefined) return [];
    const found = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
    return found.stdout
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map(Number);
  }

  /** Ends it and removes its files. */
  async close(): Promise<void> {
    await this.stopDaemon();
    rmSync(this.root, { recursive: true, force: true });
  }

  private makeKey(name: string): void {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(this.root, name)]);
  }

  private async startDaemon(): Promise<void> {
    const config = [
      `Port ${this.port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${this.root}/host`,
      `AuthorizedKeysFile ${this.root}/authorized`,
      "PidFile none",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "UsePAM no",
      "StrictModes no",
      "MaxStartups 100",
      // A home of its own: the shell of this machine's user would read that user's start files first, however long that takes.
      `SetEnv HOME=${this.root} PATH=${this.shims}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    ];
    writeFileSync(join(this.root, "sshd_config"), `${config.join("\n")}\n`);
    const program = existsSync("/usr/sbin/sshd") ? "/usr/sbin/sshd" : "sshd";
    // Its sessions get a /run/lock of their own where that can be done, so that no other test finds "the node" locked.
    const words = ["-D", "-e", "-f", join(this.root, "sshd_config")];
    const apart = ["--mount", "sh", "-c", 'mount -t tmpfs none /run/lock; exec "$@"', "sh", program, ...words];
    const stdio = ["ignore", "ignore", "pipe"] as const;
    const child =
      process.getuid?.() === 0
        ? spawn("unshare", apart, { stdio: [...stdio] })
        : spawn(program, words, { stdio: [...stdio] });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      if (child.stderr === null) throw new Error("sshd has no stderr");
      createInterface({ input: child.stderr }).on("line", (line) => {
        this.lines.push(line);
        if (line.includes("Server listening")) resolve();
      });
      child.once("exit", () => reject(new Error(`sshd ended: ${this.lines.slice(-5).join("; ")}`)));
    });
  }

  private async stopDaemon(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }
}
