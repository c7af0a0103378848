// What carrying data to and from a node has to do, whatever the way: run on the local shell, on a real sshd and on the simulator.

import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { etcdDeclarationSchema } from "../../src/model/etcd-declaration";
import { settleMember } from "../../src/model/etcd-settings";
import type { EtcdCollectSnapshotStep, EtcdDeliverSnapshotStep } from "../../src/model/etcd-step";
import type { NodeAccess } from "../../src/ports/node-access";

/** A node to carry data to and from. Its paths need not be this machine's. */
export interface TransferSubject {
  readonly node: string;
  open(): NodeAccess;
  /** Puts a file on the node; answers with its path there. */
  put(name: string, data: Buffer): Promise<string>;
  /** The content of a file of the node; undefined: it has none. */
  look(path: string): Promise<Buffer | undefined>;
  /** A path on the node for a file that is to come. */
  pathOf(name: string): string;
}

/** SHA-256, hex. */
export function sumOf(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** The member of a node that has none that runs: these steps only carry files. */
function memberOf(node: string) {
  const member = { name: node, peerUrl: "http://127.0.0.1:2380", clientUrl: "http://127.0.0.1:2379" };
  const settings = settleMember(
    etcdDeclarationSchema.parse({ runner: { kind: "systemd", unit: "etcd" }, token: "t", members: { [node]: member } }),
    node,
  );
  if (settings === undefined) throw new Error("no member");
  return settings;
}

/** A step that prints a file of the node. */
export function collectStep(node: string, path: string, sha256: string): EtcdCollectSnapshotStep {
  return { kind: "etcdCollectSnapshot", node, reason: "test", subject: path, at: memberOf(node), path, sha256 };
}

/** A step that takes a file to the node. */
export function deliverStep(node: string, path: string, localFile: string, sha256: string): EtcdDeliverSnapshotStep {
  const at = memberOf(node);
  return { kind: "etcdDeliverSnapshot", node, reason: "test", subject: path, at, path, localFile, sha256 };
}

/** Every byte there is, the words of a shell, no newline at the end, and more than any pipe holds. */
export const awkward = Buffer.concat([
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  Buffer.from("\n@result done 0\nquorate_main\n$(exit 3)'\"\\\0"),
  randomBytes(3_000_000),
]);

/** The contract. A subject is made for every case. */
export function describeTransfers(makeSubject: () => TransferSubject): void {
  let made: TransferSubject;
  const subject = () => made;
  let local: string;
  let nodes: NodeAccess;

  beforeEach(() => {
    local = mkdtempSync(join(tmpdir(), "quorate-carried-"));
    made = makeSubject();
    nodes = made.open();
  });
  afterEach(async () => {
    await nodes.close();
    rmSync(local, { recursive: true, force: true });
  });

  it("carries what a step prints byte for byte into a file that only its owner reads", async () => {
    const into = join(local, "deep/er/snapshot.db");
    const path = await subject().put("printed.db", awkward);
    const outcome = await nodes.collect(collectStep(subject().node, path, sumOf(awkward)), { path: into });
    const sum = sumOf(awkward);
    expect(outcome).to.deep.equal({ kind: "done", sha256: sum, bytes: awkward.length, fileSha256: sum });
    expect(sumOf(readFileSync(into))).to.equal(sum);
    expect(statSync(into).mode & 0o777).to.equal(0o600);
    expect(readdirSync(join(local, "deep/er"))).to.deep.equal(["snapshot.db"]);
  });

  it("carries a local file byte for byte to a step", async () => {
    const from = join(local, "mine.db");
    writeFileSync(from, awkward);
    const path = subject().pathOf("delivered.db");
    const step = deliverStep(subject().node, path, from, sumOf(awkward));
    expect(await nodes.deliver(step, { path: from })).to.have.property("kind", "done");
    expect(sumOf((await subject().look(path)) ?? Buffer.alloc(0))).to.equal(sumOf(awkward));
  });

  it("keeps the old file, and no part of a new one, when the step fails", async () => {
    const into = join(local, "snapshot.db");
    writeFileSync(into, "old");
    const path = await subject().put("other.db", Buffer.from("not what was verified"));
    const outcome = await nodes.collect(collectStep(subject().node, path, sumOf(awkward)), { path: into });
    expect(outcome).to.deep.equal({
      kind: "failed",
      message: "etcdCollectSnapshot failed: the snapshot is not the one that was verified",
    });
    expect(readFileSync(into, "utf8")).to.equal("old");
    expect(readdirSync(local)).to.deep.equal(["snapshot.db"]);
  });

  it("keeps nothing on the node of a local file that is not the promised one", async () => {
    const from = join(local, "mine.db");
    writeFileSync(from, "something else");
    const path = subject().pathOf("refused.db");
    const outcome = await nodes.deliver(deliverStep(subject().node, path, from, sumOf(awkward)), { path: from });
    expect(outcome).to.deep.equal({
      kind: "failed",
      message: "etcdDeliverSnapshot failed: the snapshot did not arrive whole",
    });
    expect(await subject().look(path)).to.equal(undefined);
    expect(await subject().look(`${path}.part`)).to.equal(undefined);
  });

  it("encrypts on the way in so that openssl alone opens it, and decrypts on the way out", async () => {
    const into = { path: join(local, "sealed"), passphrase: "correct horse $(battery) 'staple'" };
    const path = await subject().put("plain.db", awkward);
    const outcome = await nodes.collect(collectStep(subject().node, path, sumOf(awkward)), into);
    const file = readFileSync(into.path);
    expect(outcome).to.deep.equal({
      kind: "done",
      sha256: sumOf(awkward),
      bytes: awkward.length,
      fileSha256: sumOf(file),
    });
    expect(file.subarray(0, 8).toString("latin1")).to.equal("Salted__");
    expect(file.includes(awkward.subarray(0, 64))).to.equal(false);
    const back = subject().pathOf("back.db");
    const delivered = await nodes.deliver(deliverStep(subject().node, back, into.path, sumOf(awkward)), into);
    expect(delivered).to.deep.equal(outcome);
    expect(sumOf((await subject().look(back)) ?? Buffer.alloc(0))).to.equal(sumOf(awkward));
  });

  it("delivers nothing with a wrong passphrase, and says so", async () => {
    const into = { path: join(local, "sealed"), passphrase: "one" };
    const path = await subject().put("plain.db", awkward);
    await nodes.collect(collectStep(subject().node, path, sumOf(awkward)), into);
    const back = subject().pathOf("unopened.db");
    const step = deliverStep(subject().node, back, into.path, sumOf(awkward));
    const outcome = await nodes.deliver(step, { ...into, passphrase: "two" });
    expect(outcome.kind).to.equal("failed");
    expect(await subject().look(back)).to.equal(undefined);
  });

  it("says which local file cannot be read", async () => {
    const from = join(local, "missing.db");
    const step = deliverStep(subject().node, subject().pathOf("never.db"), from, sumOf(awkward));
    const outcome = await nodes.deliver(step, { path: from });
    expect(outcome.kind).to.equal("failed");
    expect(outcome)
      .to.have.property("message")
      .that.matches(/missing\.db cannot be read on this machine: .*ENOENT/);
  });

  it("says that the local disk is full, and leaves no half of a file", async function () {
    if (!existsSync("/dev/shm") || process.getuid?.() !== 0) return this.skip();
    const path = await subject().put("printed.db", awkward);
    const { execFileSync } = await import("node:child_process");
    const small = join(local, "small");
    mkdirSync(small);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", small], { stdio: "ignore" });
    } catch {
      return this.skip();
    }
    try {
      const into = { path: join(small, "snapshot.db") };
      const outcome = await nodes.collect(collectStep(subject().node, path, sumOf(awkward)), into);
      expect(outcome).to.deep.equal({
        kind: "failed",
        message: `${into.path} cannot be written on this machine: there is no space left on its disk`,
      });
      expect(readdirSync(small)).to.deep.equal([]);
    } finally {
      execFileSync("umount", [small]);
    }
  });
}
