// Real etcd processes on loopback, for recordings and for tests that run real commands. Binaries are found by version in
// QUORATE_TEST_ETCD (default: $HOME/.cache/quorate-etcd) as etcd-<version>, etcdctl-<version>, or on the PATH.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { ToolOutput } from "../../src/observe/etcd/tool-output";
import { etcdPrograms } from "../lab/binaries";
import type { EtcdVersion } from "../lab/etcd-lab";
import { installPrograms, type LabSkipped, type Program, skipped } from "../lab/requirements";

/** The three binaries of one version. */
export interface EtcdBinaries {
  readonly version: string;
  readonly etcd: string;
  readonly etcdctl: string;
  /** undefined before 3.5. */
  readonly etcdutl: string | undefined;
}

/** Binaries that are there. */
export type OpenedBinaries = EtcdBinaries & { readonly kind: "found" };

const debianEtcd: readonly Program[] = [
  ["/usr/bin/etcd", "etcd-server"],
  ["/usr/bin/etcdctl", "etcd-client"],
];

/** One member's process and addresses. */
export interface LoopbackMember {
  readonly name: string;
  readonly dataDirectory: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
}

/** So long something may take on a busy machine before it counts as not happening. Nothing waits for it to pass. */
const patienceMs = 120_000;

/** The binaries of a version such as "3.5", newest patch found; undefined when there are none. */
export function findEtcdBinaries(minor: string): EtcdBinaries | undefined {
  const folder = process.env.QUORATE_TEST_ETCD ?? join(homedir(), ".cache", "quorate-etcd");
  for (let patch = 60; patch >= 0; patch -= 1) {
    const version = `${minor}.${patch}`;
    const etcd = join(folder, `etcd-${version}`);
    const etcdctl = join(folder, `etcdctl-${version}`);
    const etcdutl = join(folder, `etcdutl-${version}`);
    if (existsSync(etcd) && existsSync(etcdctl))
      return { version, etcd, etcdctl, etcdutl: existsSync(etcdutl) ? etcdutl : undefined };
  }
  return findInLab(minor) ?? findOnPath(minor);
}

/** The binaries of a version, made ready where they are not: 3.4 is Debian's, the others are built for the labs. */
export async function openEtcdBinaries(minor: EtcdVersion): Promise<OpenedBinaries | LabSkipped> {
  if (process.env.QUORATE_TEST_LAB === "0") return skipped("QUORATE_TEST_LAB=0 asks for no real etcd");
  if (findEtcdBinaries(minor) === undefined) {
    const made = minor === "3.4" ? await installPrograms(debianEtcd) : await etcdPrograms(minor, "");
    if (made?.kind === "skipped") return made;
  }
  const found = findEtcdBinaries(minor);
  return found === undefined ? skipped(`etcd ${minor} is not on this machine`) : { kind: "found", ...found };
}

/** What the labs have built of this version. */
function findInLab(minor: string): EtcdBinaries | undefined {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const lab = join(cache, "quorate", "lab");
  const built = existsSync(lab) ? readdirSync(lab).filter((name) => name.startsWith(`etcd-${minor}-`)) : [];
  for (const name of built.sort()) {
    const [etcd, etcdctl, etcdutl] = ["etcd", "etcdctl", "etcdutl"].map((tool) => join(lab, name, tool));
    if (etcd === undefined || etcdctl === undefined || etcdutl === undefined) continue;
    if (!existsSync(etcd) || !existsSync(etcdctl)) continue;
    const version = /etcd Version: (\S+)/.exec(spawnSync(etcd, ["--version"], { encoding: "utf8" }).stdout)?.[1];
    if (version?.startsWith(`${minor}.`) === true)
      return { version, etcd, etcdctl, etcdutl: existsSync(etcdutl) ? etcdutl : undefined };
  }
  return undefined;
}

function findOnPath(minor: string): EtcdBinaries | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const etcd = join(folder, "etcd");
    const etcdctl = join(folder, "etcdctl");
    if (!existsSync(etcd) || !existsSync(etcdctl)) continue;
    const version = /etcd Version: (\S+)/.exec(spawnSync(etcd, ["--version"], { encoding: "utf8" }).stdout)?.[1];
    if (version?.startsWith(`${minor}.`) !== true) continue;
    const etcdutl = join(folder, "etcdutl");
    return { version, etcd, etcdctl, etcdutl: existsSync(etcdutl) ? etcdutl : undefined };
  }
  return undefined;
}

/** Members of one cluster on loopback, and the folder they live in. */
export class LoopbackCluster {
  private readonly processes = new Map<string, ChildProcess>();

  private constructor(
    readonly binaries: EtcdBinaries,
    readonly folder: string,
    readonly members: readonly LoopbackMember[],
  ) {}

  /** Reserves ports and a folder; starts nothing. */
  static async create(binaries: EtcdBinaries, names: readonly string[]): Promise<LoopbackCluster> {
    const folder = mkdtempSync(join(tmpdir(), "quorate-etcd-"));
    const members: LoopbackMember[] = [];
    for (const name of names) {
      const [client, peer] = [await reservePort(), await reservePort()];
      const dataDirectory = join(folder, name, "data");
      mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
      members.push({
        name,
        dataDirectory,
        clientUrl: `http://127.0.0.1:${client}`,
        peerUrl: `http://127.0.0.1:${peer}`,
      });
    }
    return new LoopbackCluster(binaries, folder, members);
  }

  member(name: string): LoopbackMember {
    const found = this.members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  }

  /** Every member as --initial-cluster wants it. */
  initialCluster(names: readonly string[] = this.members.map((member) => member.name)): string {
    return names.map((name) => `${name}=${this.member(name).peerUrl}`).join(",");
  }

  /** Starts one member's process. */
  start(
    name: string,
    options: {
      readonly state?: "new" | "existing";
      readonly cluster?: string;
      readonly token?: string;
      readonly extra?: readonly string[];
    } = {},
  ): void {
    const member = this.member(name);
    const log = openSync(join(this.folder, name, "etcd.log"), "a");
    const child = spawn(
      this.binaries.etcd,
      [
        `--name=${name}`,
        `--data-dir=${member.dataDirectory}`,
        `--listen-client-urls=${member.clientUrl}`,
        `--advertise-client-urls=${member.clientUrl}`,
        `--listen-peer-urls=${member.peerUrl}`,
        `--initial-advertise-peer-urls=${member.peerUrl}`,
        `--initial-cluster=${options.cluster ?? this.initialCluster()}`,
        `--initial-cluster-state=${options.state ?? "new"}`,
        `--initial-cluster-token=${options.token ?? "loopback"}`,
        "--heartbeat-interval=50",
        "--election-timeout=500",
        ...(options.extra ?? []),
      ],
      { stdio: ["ignore", log, log] },
    );
    this.processes.set(name, child);
  }

  isRunning(name: string): boolean {
    const child = this.processes.get(name);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Kills one member's process and waits for its end. */
  async stop(name: string, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.processes.get(name);
    this.processes.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  /** Runs etcdctl against the named members' endpoints. */
  etcdctl(names: readonly string[], ...args: readonly string[]): ToolOutput {
    const endpoints = names.map((name) => this.member(name).clientUrl).join(",");
    return runTool(this.binaries.etcdctl, [
      `--endpoints=${endpoints}`,
      "--dial-timeout=2s",
      "--command-timeout=4s",
      ...args,
    ]);
  }

  /** The same, without keeping the other questions waiting. */
  ask(name: string, ...args: readonly string[]): Promise<ToolOutput> {
    const flags = [`--endpoints=${this.member(name).clientUrl}`, "--dial-timeout=2s", "--command-timeout=4s"];
    const env = { ...process.env, ETCDCTL_API: "3" };
    return new Promise((resolve) => {
      execFile(this.binaries.etcdctl, [...flags, ...args], { env, timeout: 10_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : undefined;
        resolve({ stdout, stderr: stderr.slice(-4096), exitCode: code, timedOut: error?.killed === true });
      });
    });
  }

  /** Waits until a question is answered yes, asking every 50 ms. */
  async until(what: string, question: () => boolean, timeoutMs = patienceMs): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!question()) {
      if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits until these members answer a linearizable read. */
  async untilServing(names: readonly string[] = this.members.map((member) => member.name)): Promise<void> {
    for (const name of names) {
      try {
        await this.until(`${name} serves`, () => this.etcdctl([name], "get", "health").exitCode === 0);
      } catch (error) {
        throw new Error(`${String(error)}\n${this.lastWords(name)}`, { cause: error });
      }
    }
  }

  /** The end of what a member has written to its logs. */
  private lastWords(name: string): string {
    const folder = join(this.folder, name);
    const logs = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".log"));
    return logs.map((file) => `${file}:\n${readFileSync(join(folder, file), "utf8").slice(-2000)}`).join("\n");
  }

  /** Ends every process and removes the folder. */
  async close(): Promise<void> {
    for (const name of [...this.processes.keys()]) await this.stop(name);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs a tool with API version 3, as the probe does. */
export function runTool(tool: string, args: readonly string[], timeoutMs = 10_000): ToolOutput {
  const run = spawnSync(tool, args, {
    encoding: "utf8",
    timeout: timeoutMs,
    env: { ...process.env, ETCDCTL_API: "3" },
  });
  const missing = (run.error as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
  return {
    stdout: run.stdout ?? "",
    stderr: missing ? `${tool}: not found` : (run.stderr ?? "").slice(-4096),
    exitCode: missing ? 127 : (run.status ?? undefined),
    timedOut: run.signal !== null && !missing,
  };
}

function reservePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject()));
    });
  });
}
