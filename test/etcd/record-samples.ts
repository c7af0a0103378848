// Records what the tools of one etcd version really print, for the parsers' tests:
//   QUORATE_TEST_ETCD=<folder> node --require ./src/engine/typescript.js test/etcd/record-samples.ts 3.5
// It rewrites samples/<version>.json. Ids and addresses differ from run to run; the tests read them from the sample.

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ToolOutput } from "../../src/observe/etcd/tool-output";
import { findEtcdBinaries, LoopbackCluster, runTool } from "./loopback-cluster";

type Sample = Record<string, ToolOutput | string>;

function probe(cluster: LoopbackCluster, name: string): Sample {
  const status = () => cluster.etcdctl([name], "endpoint", "status", "-w", "json");
  const [before, hash, after] = [status(), cluster.etcdctl([name], "endpoint", "hashkv", "-w", "json"), status()];
  return {
    "etcd-status": status(),
    "etcd-members": cluster.etcdctl([name], "member", "list", "-w", "json"),
    "etcd-alarms": cluster.etcdctl([name], "alarm", "list", "-w", "json"),
    "etcd-read": cluster.etcdctl([name], "get", "quorate-probe", "--keys-only", "-w", "json"),
    "etcd-keys": cluster.etcdctl(
      [name],
      "get",
      "",
      "--from-key",
      "--limit=1",
      "--keys-only",
      "--consistency=s",
      "-w",
      "json",
    ),
    "etcd-hash": {
      ...hash,
      stdout: [before, hash, after].map((output) => output.stdout).join(""),
      stderr: [before, hash, after].map((output) => output.stderr).join(""),
    },
  };
}

function walHead(dataDirectory: string): string {
  const folder = join(dataDirectory, "member", "wal");
  const newest = readdirSync(folder)
    .filter((file) => file.endsWith(".wal"))
    .sort()
    .at(-1);
  if (newest === undefined) throw new Error("no wal");
  return readFileSync(join(folder, newest)).subarray(0, 512).toString("base64");
}

async function record(minor: string): Promise<void> {
  const binaries = findEtcdBinaries(minor);
  if (binaries === undefined) throw new Error(`no etcd ${minor}`);
  const cluster = await LoopbackCluster.create(binaries, ["cp-0", "cp-1", "cp-2", "cp-3"]);
  const three = ["cp-0", "cp-1", "cp-2"];
  const samples: Record<string, Sample> = {};
  try {
    for (const name of three) cluster.start(name, { cluster: cluster.initialCluster(three) });
    await cluster.untilServing(three);
    for (let key = 0; key < 10; key += 1) cluster.etcdctl(["cp-0"], "put", `key${key}`, "x".repeat(200));
    samples.healthy = probe(cluster, "cp-0");
    samples["healthy-peer"] = probe(cluster, "cp-1");
    const walKept = { "wal-head": walHead(cluster.member("cp-0").dataDirectory) };
    samples.data = walKept;
    const snapshot = join(cluster.folder, "snapshot.db");
    const util = binaries.etcdutl ?? binaries.etcdctl;
    samples.snapshot = {
      save: cluster.etcdctl(["cp-0"], "snapshot", "save", snapshot),
      status: runTool(util, ["snapshot", "status", snapshot, "-w", "json"]),
      "status-missing": runTool(util, ["snapshot", "status", "/nonexistent.db", "-w", "json"]),
    };
    writeFileSync(snapshot, readFileSync(snapshot).subarray(0, 9000));
    samples.snapshot["status-cut"] = runTool(util, ["snapshot", "status", snapshot, "-w", "json"]);
    samples.tool = {
      "etcd-tool": {
        stdout: [
          runTool(binaries.etcdctl, ["version"]).stdout,
          binaries.etcdutl === undefined ? "" : runTool(binaries.etcdutl, ["version"]).stdout,
          runTool(binaries.etcd, ["--version"]).stdout,
        ].join("---\n"),
        stderr: "",
        exitCode: 0,
        timedOut: false,
      },
    };
    const peer = cluster.member("cp-3").peerUrl;
    const learner = minor === "3.3" ? [] : ["--learner"];
    // A young cluster answers "unhealthy cluster" until its members have seen each other for five seconds.
    let added = cluster.etcdctl(three, "member", "add", "cp-3", ...learner, `--peer-urls=${peer}`);
    samples["add-refused"] = { add: added };
    await cluster.until("cp-3 is added", () => {
      if (added.exitCode !== 0)
        added = cluster.etcdctl(three, "member", "add", "cp-3", ...learner, `--peer-urls=${peer}`);
      return added.exitCode === 0;
    });
    samples.added = { add: added, ...probe(cluster, "cp-0") };
    cluster.start("cp-3", { state: "existing" });
    await cluster.until("cp-3 answers", () => cluster.etcdctl(["cp-3"], "endpoint", "status").exitCode === 0);
    await cluster.until("cp-3 is in the list", () =>
      cluster.etcdctl(["cp-0"], "member", "list").stdout.includes("cp-3,"),
    );
    samples.joined = probe(cluster, "cp-3");
    await cluster.stop("cp-3");
    const id = /([0-9a-f]{12,16}), [a-z]+, cp-3/.exec(cluster.etcdctl(["cp-0"], "member", "list").stdout)?.[1] ?? "";
    samples.removed = { remove: cluster.etcdctl(three, "member", "remove", id) };
    await cluster.stop("cp-2");
    await cluster.stop("cp-1");
    await cluster.until("no leader", () =>
      /"leader":0|no leader/.test(
        cluster
          .etcdctl(["cp-0"], "endpoint", "status", "-w", "json")
          .stdout.replace(/"Status":\{(?!.*leader)/, "no leader"),
      ),
    );
    samples["no-quorum"] = probe(cluster, "cp-0");
    samples["no-quorum"].save = cluster.etcdctl(["cp-0"], "snapshot", "save", join(cluster.folder, "alone.db"));
    await cluster.stop("cp-0");
    samples.stopped = probe(cluster, "cp-0");
    samples.stopped.offline = runTool(util, [
      "snapshot",
      "status",
      join(cluster.member("cp-0").dataDirectory, "member", "snap", "db"),
      "-w",
      "json",
    ]);
    samples["missing-tool"] = { "etcd-status": runTool("/nonexistent/etcdctl", ["endpoint", "status"]) };
    for (const name of ["cp-0"]) rmSync(cluster.member(name).dataDirectory, { recursive: true });
    cluster.start("cp-0", { cluster: cluster.initialCluster(["cp-0"]), extra: ["--quota-backend-bytes=2000000"] });
    await cluster.untilServing(["cp-0"]);
    for (let put = 0; put < 40; put += 1) {
      if (cluster.etcdctl(["cp-0"], "put", "big", "x".repeat(90_000)).exitCode !== 0) break;
    }
    await cluster.until("alarm", () => cluster.etcdctl(["cp-0"], "alarm", "list").stdout.includes("NOSPACE"));
    samples.full = probe(cluster, "cp-0");
  } finally {
    await cluster.close();
  }
  const text = JSON.stringify(samples, undefined, 1).replaceAll(cluster.folder, "/recorded");
  writeFileSync(join(__dirname, "../observe/etcd/samples", `${binaries.version}.json`), `${text}\n`);
}

record(process.argv[2] ?? "").catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
