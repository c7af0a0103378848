// Three nodes on loopback that run real etcd the way a BOSH job does: a stand-in for monit starts a script with the job's
// three branches (index 0 without a member directory: new cluster; another index without: adds itself; with one: existing).
// The steps' rendered commands run in bash; what is seen goes through the real parsers.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { type EtcdDeclaration, etcdDeclarationSchema } from "../../src/model/etcd-declaration";
import type { EtcdObservation } from "../../src/model/etcd-observation";
import type { EtcdChangeStep } from "../../src/model/etcd-step";
import type { EtcdBackup, EtcdNodeView } from "../../src/model/etcd-verdict";
import { parseEtcdObservation, type ToolOutput } from "../../src/observe/etcd";
import type { EtcdPlanInput } from "../../src/plan/etcd/planning";
import { renderEtcdStep } from "../../src/render/etcd-step-command";
import { type EtcdBinaries, LoopbackCluster, runTool } from "./loopback-cluster";
import { writeBoshJob, writerName } from "./loopback-job";

const names = ["cp-0", "cp-1", "cp-2"];
/** A member that no declaration knows; it is started by a test that wants one. */
const guest = "guest";

export class LoopbackNodes {
  readonly backups: EtcdBackup[] = [];
  /** What the tools say of themselves; they are asked once. */
  private readonly versions: string;

  private constructor(
    readonly binaries: EtcdBinaries,
    readonly cluster: LoopbackCluster,
    private readonly extraFlags: string,
  ) {
    this.versions = [binaries.etcdctl, binaries.etcdutl]
      .map((tool) => (tool === undefined ? "" : runTool(tool, ["version"]).stdout))
      .concat(runTool(binaries.etcd, ["--version"]).stdout)
      .join("---\n");
  }

  static async start(binaries: EtcdBinaries, extraFlags = ""): Promise<LoopbackNodes> {
    const nodes = new LoopbackNodes(binaries, await LoopbackCluster.create(binaries, [...names, guest]), extraFlags);
    for (const name of names) {
      writeBoshJob(binaries, nodes.cluster, names, name, extraFlags);
      mkdirSync(join(nodes.folder(name), "run"));
      // All three boot together here, which a BOSH deployment does one by one: the data is what counts afterwards.
      writeFileSync(join(nodes.folder(name), "run", "first"), "");
    }
    for (const name of names) nodes.monit(name, "start");
    try {
      await nodes.cluster.untilServing(names);
      return nodes;
    } catch (cause) {
      await nodes.close();
      throw cause;
    }
  }

  folder(name: string): string {
    return join(this.cluster.folder, name);
  }

  data(name: string): string {
    return this.cluster.member(name).dataDirectory;
  }

  monit(name: string, action: string, process = "etcd"): void {
    spawnSync(join(this.folder(name), "monit"), [action, process], { stdio: "ignore" });
  }

  kill(name: string): void {
    const pid = this.pidOf(name);
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  }

  pidOf(name: string): number | undefined {
    const file = join(this.folder(name), "run", "pid");
    const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : Number.NaN;
    const state =
      Number.isNaN(pid) || !existsSync(`/proc/${pid}/stat`)
        ? "Z"
        : readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];
    return state === "Z" ? undefined : pid;
  }

  /** Stops a member's process as an operator would, and waits for its end. */
  async stop(name: string): Promise<void> {
    this.monit(name, "stop");
    await this.cluster.until(`${name} ends`, () => this.pidOf(name) === undefined);
  }

  /** The members of the cluster as one of them lists them. */
  members(through: string): readonly { readonly id: string; readonly peerUrl: string }[] {
    const { stdout } = this.cluster.etcdctl([through], "member", "list");
    return stdout.split("\n").flatMap((line) => {
      const [id, , , peerUrl] = line.split(", ");
      return id === undefined || peerUrl === undefined ? [] : [{ id, peerUrl }];
    });
  }

  /** The declaration of the three nodes. */
  declaration(change: object = {}): EtcdDeclaration {
    const { username } = userInfo();
    const group = spawnSync("id", ["-gn"], { encoding: "utf8" }).stdout.trim();
    const [first] = names;
    const declared = etcdDeclarationSchema.parse({
      runner: { kind: "monit", monit: "/monit", peersFile: "/utils.sh" },
      members: Object.fromEntries(
        names.map((name) => [
          name,
          { name, peerUrl: this.cluster.member(name).peerUrl, clientUrl: this.cluster.member(name).clientUrl },
        ]),
      ),
      client: { command: [this.binaries.etcdctl], fileCommand: [this.binaries.etcdutl ?? "etcdutl"] },
      certificates: [],
      owner: `${username}:${group}`,
      ...change,
    });
    if (first === undefined) throw new Error("no nodes");
    return declared;
  }

  /** The planner's input from what is seen now. */
  async input(change: object = {}): Promise<EtcdPlanInput> {
    return {
      etcd: this.declaration(change),
      views: await Promise.all(names.map((name) => this.view(name))),
      history: { lastRevision: undefined, backups: this.backups },
      repairSeveral: false,
      manifestDirectory: "/nonexistent/manifests",
      archiveDirectory: join(this.cluster.folder, "archive"),
      pods: {},
      definitionDrifts: {},
    };
  }

  /** Runs the commands of a step, with the node's own paths in place of the shared ones. */
  apply(step: EtcdChangeStep): void {
    const folder = this.folder(step.node);
    const at = {
      ...step.at,
      runner: {
        kind: "monit" as const,
        process: "etcd",
        monit: join(folder, "monit"),
        peersFile: join(folder, "utils.sh"),
      },
      dataDirectory: this.data(step.node),
      archiveDirectory: join(folder, "archive"),
      snapshotDirectory: join(folder, "snapshots"),
    };
    const moved = { ...step, at, ...("path" in step ? { path: this.ownPath(step.node, step.path) } : {}) };
    const input = step.kind === "etcdDeliverSnapshot" ? readFileSync(step.localFile) : "";
    const run = spawnSync("bash", ["-c", renderEtcdStep(moved as EtcdChangeStep)], {
      input,
      maxBuffer: 1 << 28,
      timeout: 120_000,
    });
    if (run.status !== 0) throw new Error(`${step.kind} on ${step.node}: ${run.stderr.toString()}`);
    if (step.kind !== "etcdCollectSnapshot") return;
    const file = join(this.cluster.folder, "collected.db");
    writeFileSync(file, run.stdout);
    const sha256 = createHash("sha256").update(run.stdout).digest("hex");
    this.backups.push({ file, sha256, revision: 1, takenAtSeconds: Math.floor(Date.now() / 1000) });
  }

  async close(): Promise<void> {
    for (const name of names) {
      for (const process of ["etcd", writerName]) this.monit(name, "stop", process);
      this.kill(name);
    }
    await this.cluster.close();
  }

  private ownPath(name: string, path: string): string {
    return join(this.folder(name), "snapshots", path.slice(path.lastIndexOf("/") + 1));
  }

  private async view(name: string): Promise<EtcdNodeView> {
    return { kind: "observed", node: name, timeSeconds: Math.floor(Date.now() / 1000), etcd: await this.observe(name) };
  }

  private async observe(name: string): Promise<EtcdObservation> {
    const ask = (...args: readonly string[]) => this.cluster.ask(name, ...args, "-w", "json");
    const status = await ask("endpoint", "status");
    const isDown = status.exitCode !== 0;
    const questions: readonly (readonly string[])[] = [
      ["member", "list"],
      ["alarm", "list"],
      ["get", "quorate-probe", "--keys-only"],
      ["get", "", "--from-key", "--limit=1", "--keys-only", "--consistency=s"],
      ["endpoint", "hashkv"],
    ];
    const answers = await Promise.all(questions.map((question) => (isDown ? status : ask(...question))));
    const [members, alarms, read, keys, hash] = answers;
    const after = isDown ? status : await ask("endpoint", "status");
    return parseEtcdObservation({
      "etcd-tool": {
        ...status,
        exitCode: 0,
        stdout: this.versions,
      },
      "etcd-status": status,
      "etcd-members": members,
      "etcd-alarms": alarms,
      "etcd-read": read,
      "etcd-keys": keys,
      "etcd-hash": { ...status, stdout: [status, hash, after].map((output) => output?.stdout ?? "").join("") },
      "etcd-data": this.said(this.describeData(name, isDown)),
      "etcd-service": this.said(this.describeService(name)),
      "etcd-definition": this.said(this.describeDefinition(name)),
      "etcd-snapshots": this.said(this.describeSnapshots(name)),
      "etcd-writers": this.said(
        `writer ${writerName} ${existsSync(join(this.folder(name), "run", "writer")) ? "running" : "stopped"}`,
      ),
    });
  }

  private describeData(name: string, isDown: boolean): string {
    const directory = this.data(name);
    const member = join(directory, "member");
    const wal = join(member, "wal");
    const hasWal = existsSync(wal) && readdirSync(wal).some((file) => file.endsWith(".wal"));
    const database = join(member, "snap", "db");
    const isPresent = hasWal && existsSync(database);
    const isBlank = !existsSync(member) || readdirSync(member).length === 0;
    const state = isPresent
      ? "present"
      : !isBlank
        ? "incomplete"
        : existsSync(member)
          ? "member-directory-only"
          : "empty";
    const newest = hasWal
      ? readdirSync(wal)
          .filter((file) => file.endsWith(".wal"))
          .sort()
          .at(-1)
      : undefined;
    const head =
      newest === undefined ? "" : `wal_head=${readFileSync(join(wal, newest)).subarray(0, 512).toString("base64")}\n`;
    const util = this.binaries.etcdutl ?? this.binaries.etcdctl;
    const isStopped = this.pidOf(name) === undefined;
    const offline =
      isPresent && isDown && isStopped
        ? `offline_status=${runTool(util, ["snapshot", "status", database, "-w", "json"]).stdout}`
        : "";
    const archive = join(this.folder(name), "archive");
    const condemned = existsSync(archive)
      ? readdirSync(archive).flatMap((file) => /^condemned-(\w+)$/.exec(file)?.[1] ?? [])
      : [];
    const deleted = !isStopped && !isPresent && !isDown ? "yes" : "no";
    return `directory=${directory}\nstate=${state}\ndeleted=${deleted}\ncondemned=${condemned.join()}\n${head}${offline}`;
  }

  private describeService(name: string): string {
    const pid = this.pidOf(name);
    const isMonitored = existsSync(join(this.folder(name), "run", "monitored"));
    const state = pid !== undefined ? "running" : isMonitored ? "failed" : "not-monitored";
    const quota = /quota-backend-bytes=(\d+)/.exec(this.extraFlags)?.[1];
    return `${quota === undefined ? "" : `quota_bytes=${quota}\n`}state=${state}\npaused=${isMonitored ? "no" : "yes"}\n${pid === undefined ? "" : `pid=${pid}\n`}`;
  }

  private describeDefinition(name: string): string {
    const peers = /^etcd_peers="(.*)"$/m.exec(readFileSync(join(this.folder(name), "utils.sh"), "utf8"))?.[1];
    const state = existsSync(join(this.data(name), "member")) ? "initial_cluster_state=existing\n" : "";
    return `state=in-place\nname=${name}\ninitial_cluster=${peers ?? ""}\n${state}`;
  }

  private describeSnapshots(name: string): string {
    const folder = join(this.folder(name), "snapshots");
    const util = this.binaries.etcdutl ?? this.binaries.etcdctl;
    if (!existsSync(folder)) return "";
    return readdirSync(folder)
      .filter((file) => file.endsWith(".db"))
      .map((file) => {
        const path = join(folder, file);
        const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
        const { size, mtimeMs } = statSync(path);
        // The declaration names one snapshot directory for all nodes; each node here has its own.
        const shared = join("/var/vcap/store/etcd-snapshots", file);
        return `snapshot ${shared} ${size} ${Math.floor(mtimeMs / 1000)} ${sha256}\n${runTool(util, ["snapshot", "status", path, "-w", "json"]).stdout}`;
      })
      .join("\n");
  }

  private said(stdout: string): ToolOutput {
    return { stdout, stderr: "", exitCode: 0, timedOut: false };
  }

  /** Removes what lies in a data directory. */
  wipe(name: string): void {
    for (const file of readdirSync(this.data(name))) rmSync(join(this.data(name), file), { recursive: true });
  }
}
