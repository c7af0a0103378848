import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { localFiles, partMark } from "../../src/adapters/kept-file";
import { localBackupStore } from "../../src/adapters/local-backup-store";
import type { JsonObject } from "../../src/model/json";
import { type NodeObservation, nodeObservationVersion } from "../../src/model/node-observation";
import type { StepOutcome } from "../../src/model/step";
import type { LocalFile, TransferOutcome } from "../../src/model/transfer";
import type { NodeAccess } from "../../src/ports/node-access";
import { controlPlaneBackupResource } from "../../src/provider/control-plane-backup";
import type { ResourceContext } from "../../src/provider/resource-type";
import { declare, healthyViews, membership, nodeNames } from "../plan/etcd/builders";

const nodes = nodeNames(3);
const cluster = membership(nodes);
const data = Buffer.from("a database, as far as this test goes");
const sum = createHash("sha256").update(data).digest("hex");

/** Three healthy members that hand over what they are asked for, unless a test says otherwise. */
class Members {
  nowMs = Date.parse("2026-11-21T12:00:00Z");
  away = new Set<string>();
  saved: StepOutcome = { kind: "done" };
  readonly applied: string[] = [];
  /** Answers that come before the data does. */
  readonly refusals: Exclude<TransferOutcome, { kind: "done" }>[] = [];
  pkiFails = new Set<string>();
  sends: Buffer = data;

  readonly access: NodeAccess = {
    observe: async (node) => this.observe(node),
    apply: async (step) => {
      this.applied.push(`${step.kind} ${step.node}`);
      return this.saved;
    },
    collect: async (step, into) => {
      const refusal = step.kind === "collectPki" ? undefined : this.refusals.shift();
      if (refusal !== undefined) return refusal;
      if (step.kind === "collectPki" && this.pkiFails.has(step.node)) return { kind: "failed", message: "tar: no" };
      return this.write(into);
    },
    deliver: async () => ({ kind: "failed", message: "nothing is delivered here" }),
    close: async () => {},
  };

  private observe(node: string): NodeObservation {
    const base = { schemaVersion: nodeObservationVersion, node } as const;
    if (this.away.has(node)) return { ...base, kind: "unreachable", level: "timeout", message: "no route" };
    const [view] = healthyViews(cluster, nodes).filter((one) => one.node === node);
    if (view?.kind !== "observed") throw new Error("no view");
    const unknown = { kind: "unknown", reason: "not asked" } as const;
    const path = `/var/lib/etcd-snapshots/${cluster.clusterId}-routine.db`;
    const snapshot = { path, bytes: data.length, takenAtSeconds: 1, sha256: sum, isVerified: true, revision: 1000 };
    const value = { hostName: node, kubeletNodeName: node, timeSeconds: view.timeSeconds };
    return {
      ...base,
      kind: "observed",
      host: { kind: "seen", value },
      manifests: unknown,
      containers: unknown,
      services: unknown,
      etcdData: unknown,
      leftovers: unknown,
      etcd: { kind: "seen", value: { ...view.etcd, snapshots: [snapshot] } },
    };
  }

  private async write(into: LocalFile): Promise<TransferOutcome> {
    const kept = await localFiles.write(
      into,
      (sink) => new Promise<void>((resolve) => sink.on("error", () => resolve()).end(this.sends, () => resolve())),
      () => true,
    );
    if (kept.kind === "kept") return { kind: "done", ...kept.sums };
    return { kind: "failed", message: kept.kind === "failed" ? kept.message : "refused" };
  }
}

describe("ControlPlaneBackup", function () {
  // Deriving a key from a passphrase is meant to be slow, and every file is opened again.
  this.timeout(120_000);
  let directory: string;
  let members: Members;
  const logged: string[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "quorate-backups-"));
    members = new Members();
    logged.length = 0;
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const context: ResourceContext = {
    recorded: {},
    log: async (severity, message) => void logged.push(`${severity}: ${message}`),
    status: async () => {},
    mask: (text) => text,
    isSecret: (path) => path === "passphrase",
    isCancelled: () => false,
  };
  const resource = () =>
    controlPlaneBackupResource(
      async () => ({ nodes: members.access, clock: { nowMs: () => members.nowMs, sleep: async () => {} } }),
      localBackupStore,
    );
  const inputs = (change: object = {}): JsonObject => {
    const declared = {
      nodes: Object.fromEntries(nodes.map((node) => [node, { access: { kind: "ssh", host: node } }])),
      etcd: declare(3) as unknown as JsonObject,
      directory,
      ...change,
    };
    const checked = resource().check(declared);
    if (checked.kind === "invalid") throw new Error(checked.problems.join("; "));
    return checked.inputs;
  };
  const kept = () => readdirSync(directory).filter((name) => !name.startsWith("."));
  const hours = (count: number) => {
    members.nowMs += count * 3_600_000;
  };
  const up = (change: object = {}) => resource().converge("b", inputs(change), context);
  const overdue = async (change: object = {}) =>
    (await resource().read("b", { inputs: inputs(change), outputs: {} }, context)).inputs.overdue;
  const refused = async (change: object = {}) => {
    const error: unknown = await up(change).catch((thrown: unknown) => thrown);
    return error instanceof Error ? error.message : "it was done";
  };

  it("takes one through a follower, and none while it is young enough", async () => {
    const state = await up();
    expect(state.reasons).to.deep.equal([]);
    expect(members.applied).to.deep.equal(["etcdSaveSnapshot cp-1"]);
    expect(kept()).to.deep.equal(["20261121T120000Z"]);
    expect(state.outputs.newest).to.deep.include({
      takenAt: "2026-11-21T12:00:00.000Z",
      nodes: ["cp-0", "cp-1", "cp-2"],
    });
    hours(24);
    expect(await overdue()).to.deep.equal({});
    await up();
    expect(members.applied).to.have.length(1);
  });

  it("shows an old one as a difference that a declared empty value does not have", async () => {
    await up();
    hours(25);
    const found = await overdue();
    expect(found).to.deep.equal({ newest: "2026-11-21T12:00:00.000Z", because: "it is older than 24 h" });
    const changes = resource().diff({ ...inputs(), overdue: found as JsonObject }, inputs());
    expect(changes.map(({ path }) => path)).to.deep.equal(["overdue.because", "overdue.newest"]);
  });

  it("plans in preview what it would do, and changes nothing", async () => {
    await resource().preview(inputs(), true, context);
    expect(logged.join("\n")).to.contain("snapshot through cp-1, a healthy follower").and.contain("cp-0: archive of");
    expect([kept(), members.applied]).to.deep.equal([[], []]);
  });

  it("keeps the newest verified ones, and never removes one for another that is damaged", async () => {
    for (let count = 0; count < 4; count += 1) {
      await up({ keep: 2, maxAgeHours: 1 });
      hours(2);
    }
    expect(kept()).to.deep.equal(["20261121T160000Z", "20261121T180000Z"]);
    appendFileSync(join(directory, "20261121T180000Z", "snapshot.db"), "x");
    await up({ keep: 1, maxAgeHours: 1 });
    // The damaged one does not count, so it pushes out none; the sound one before it is more than enough now.
    expect(kept()).to.deep.equal(["20261121T180000Z", "20261121T200000Z"]);
    appendFileSync(join(directory, "20261121T200000Z", "snapshot.db"), "x");
    expect(await overdue()).to.deep.include({ newest: "none" });
    expect(logged.join("\n")).to.contain("20261121T200000Z is damaged: snapshot.db has another content");
    expect(kept()).to.have.length(2);
  });

  it("takes one that a wrong clock dated into the future neither for the newest nor for one that is enough", async () => {
    hours(1000);
    await up();
    hours(-1000);
    await up({ keep: 1 });
    expect(kept()).to.deep.equal(["20261121T120000Z", "20270102T040000Z"]);
    expect(await overdue()).to.deep.equal({});
    await up({ keep: 1 });
    expect(kept()).to.have.length(2);
    hours(25);
    await up({ keep: 1 });
    expect(kept()).to.deep.equal(["20261122T130000Z", "20270102T040000Z"]);
  });

  it("never lets the newest one go that holds the certificates of a node", async () => {
    await up();
    members.pkiFails.add("cp-2");
    for (let count = 0; count < 3; count += 1) {
      hours(25);
      await up({ keep: 1 });
    }
    expect(kept()).to.deep.equal(["20261121T120000Z", "20261124T150000Z"]);
    members.pkiFails.clear();
    hours(25);
    await up({ keep: 1 });
    expect(kept()).to.deep.equal(["20261125T160000Z"]);
  });

  it("counts one that cannot be read for nothing, and takes another", async () => {
    await up();
    const snapshot = join(directory, "20261121T120000Z", "snapshot.db");
    rmSync(snapshot);
    mkdirSync(snapshot);
    expect(await overdue()).to.deep.include({ newest: "none" });
    expect(logged.join("\n")).to.contain("20261121T120000Z is damaged: snapshot.db cannot be read");
    hours(1);
    await up();
    expect(kept()).to.have.length(2);
  });

  it("carries over a link that was cut once, and keeps nothing when it stays cut", async () => {
    members.refusals.push({ kind: "interrupted", message: "cut" });
    await up();
    expect(kept()).to.have.length(1);
    hours(25);
    members.refusals.push({ kind: "interrupted", message: "cut" }, { kind: "interrupted", message: "cut again" });
    expect(await refused()).to.contain("cut again");
    expect(readdirSync(directory)).to.deep.equal(kept());
    expect(kept()).to.have.length(1);
  });

  it("keeps nothing that is not what was verified on the node", async () => {
    members.sends = Buffer.from("something else");
    expect(await refused()).to.contain("the snapshot has not arrived as it was verified");
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it("names the other operator who holds the node, and keeps both backups of two who are as fast", async () => {
    members.saved = { kind: "locked", message: "cp-1 is locked by ada on laptop" };
    expect(await refused()).to.contain("locked by ada on laptop");
    members.saved = { kind: "done" };
    await Promise.all([up(), up()]);
    expect(kept().sort()).to.deep.equal(["20261121T120000Z", "20261121T120000Z-2"]);
  });

  it("is kept without a node that cannot be archived, which is a reason", async () => {
    members.pkiFails.add("cp-2");
    const state = await up();
    expect(state.reasons).to.deep.equal(["node cp-2: its certificates are not in it: tar: no"]);
    expect(state.outputs.newest).to.have.deep.property("nodes", ["cp-0", "cp-1"]);
    expect(await overdue()).to.have.property("because", "it is without the certificates and keys of cp-2");
    hours(25);
    await up();
    const [old] = kept().sort();
    // Taken each hour for what it lacks, it takes the place of the one before and pushes no older one out.
    for (let hour = 0; hour < 3; hour += 1) {
      hours(1);
      await up();
    }
    expect(kept()).to.have.length(2).and.to.include(old);
    members.pkiFails = new Set(nodes);
    hours(25);
    expect(await refused()).to.contain("tar: no");
    expect(kept()).to.have.length(2);
  });

  it("is refused without a quorum, and leaves what is kept", async () => {
    await up();
    hours(25);
    members.away = new Set(["cp-0", "cp-1"]);
    expect(await refused()).to.contain("no healthy member of etcd answers in a quorum");
    await resource().preview(inputs(), false, context);
    expect(logged.join("\n")).to.contain("error: no snapshot can be taken");
    expect(kept()).to.have.length(1);
  });

  it("encrypts all of it, and shows the passphrase nowhere but in the inputs", async () => {
    const passphrase = "correct horse battery";
    const state = await up({ passphrase });
    const folder = join(directory, "20261121T120000Z");
    expect(readdirSync(folder).sort()).to.deep.equal([
      "HOW-TO-OPEN.txt",
      "backup.json",
      ...nodes.map((node) => `pki-${node}.tar.gz.enc`),
      "snapshot.db.enc",
    ]);
    expect(state.outputs.newest).to.have.property("isEncrypted", true);
    expect(JSON.stringify(state.outputs.newest) + logged.join("")).not.to.contain(passphrase);
    const opening = `${/openssl enc .*snapshot.db$/m.exec(logged.join("\n"))?.[0]} -pass stdin`;
    execFileSync("sh", ["-c", opening], { cwd: directory, input: passphrase });
    expect(execFileSync("cat", [join(directory, "snapshot.db")])).to.deep.equal(data);
    const store = localBackupStore(directory);
    const sealed = { path: join(folder, "snapshot.db.enc"), passphrase: "another one" };
    expect(await store.findSealDamage(sealed, sum)).to.contain("snapshot.db.enc cannot be opened again");
  });

  it("says so when the directory is a file, and leaves that as it is", async () => {
    const file = join(directory, "a-file");
    writeFileSync(file, "mine");
    const failure = await localBackupStore(file)
      .list()
      .then(() => "none", String);
    expect(failure).to.match(/the backups in .*a-file cannot be read: it is no directory/);
    expect(readFileSync(file, "utf8")).to.equal("mine");
  });

  it("removes what a killed quorate has left only when it is old", async () => {
    const [old, young] = [join(directory, `${partMark}old`), join(directory, `${partMark}young`)];
    for (const folder of [old, young]) mkdirSync(folder);
    utimesSync(old, 1, 1);
    await up();
    expect(readdirSync(directory).sort()).to.deep.equal([`${partMark}young`, "20261121T120000Z"]);
  });

  it("does not follow a record that leads out of its folder, and says what is no backup", async () => {
    await up();
    const file = join(directory, "20261121T120000Z", "backup.json");
    const text = execFileSync("cat", [file], { encoding: "utf8" });
    writeFileSync(file, text.replace('"name": "snapshot.db"', '"name": "../../etc/passwd"'));
    expect(await overdue()).to.deep.include({ newest: "none" });
    expect(logged.join("\n")).to.contain("its backup.json cannot be read");
  });

  it("says that the disk is full, and leaves no half of a backup", async function () {
    if (process.getuid?.() !== 0) return this.skip();
    const small = join(directory, "small");
    mkdirSync(small);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", small], { stdio: "ignore" });
    } catch {
      return this.skip();
    }
    try {
      members.sends = Buffer.alloc(200_000);
      expect(await refused({ directory: small })).to.contain("there is no space left on its disk");
      expect(readdirSync(small)).to.deep.equal([]);
    } finally {
      execFileSync("umount", [small]);
    }
  });
});
