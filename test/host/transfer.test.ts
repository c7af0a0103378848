// Carrying data by the real adapters: the local shell, and ssh to a real sshd.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import { openNodes } from "../../src/adapters/nodes";
import { controlPlaneSchema } from "../../src/model/declaration";
import {
  awkward,
  collectStep,
  deliverStep,
  describeTransfers,
  sumOf,
  type TransferSubject,
} from "../adapters/transfer-contract";
import { useOperator } from "./open-ssh-node/operator";

/** A folder of this machine as the disk of a node. */
function folderSubject(node: string, root: () => string, open: TransferSubject["open"]): TransferSubject {
  return {
    node,
    open,
    pathOf: (name) => join(root(), "node", name),
    put: async (name, data) => {
      mkdirSync(join(root(), "node"), { recursive: true });
      writeFileSync(join(root(), "node", name), data);
      return join(root(), "node", name);
    },
    look: async (path) => (existsSync(path) ? readFileSync(path) : undefined),
  };
}

describe("carrying data through the local shell", function () {
  this.timeout(60_000);
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), "quorate-transfer-"));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  const plane = controlPlaneSchema.parse({
    nodes: { "cp-0": { access: { kind: "local", sudo: false }, services: { kubelet: {} } } },
  });
  describeTransfers(() =>
    folderSubject(
      "cp-0",
      () => root,
      () => openNodes(plane),
    ),
  );
});

describe("carrying data over a real sshd", function () {
  this.timeout(60_000);
  const operator = useOperator();

  const subject = () =>
    folderSubject(
      "cp-0",
      () => operator.sshd.root,
      () => operator.open(),
    );
  describeTransfers(subject);

  /** Lets the node print so much and then nothing more, until somebody ends it. */
  function stall(program: string): void {
    operator.sshd.shim(program, `head -c 500000 | /bin/${program} "$@"; touch ${operator.sshd.root}/stalled; sleep 60`);
    rmSync(join(operator.sshd.root, "stalled"), { force: true });
  }

  async function untilStalled(): Promise<void> {
    for (const end = Date.now() + 50_000; !existsSync(join(operator.sshd.root, "stalled")); await turn()) {
      if (Date.now() > end) throw new Error("not stalled within 50 s");
    }
  }

  /** What is to be killed may show itself a moment after the node has begun to print. */
  async function untilFound(find: () => readonly number[]): Promise<readonly number[]> {
    for (const end = Date.now() + 50_000; ; await turn()) {
      const found = find();
      if (found.length > 0) return found;
      if (Date.now() > end) throw new Error("nothing to kill within 50 s");
    }
  }

  const cuts: Readonly<Record<string, () => readonly number[]>> = {
    "kill -9 of the ssh that carries it": () =>
      operator.sshd.processesWith("ControlMaster=no", operator.sshd.configFile, "head -c"),
    "kill -9 of the control master": () => operator.sshd.processesWith("ControlPersist", operator.sshd.configFile),
    "the end of the session on the node's side": () => operator.sshd.sessionProcesses,
  };
  for (const [cut, victims] of Object.entries(cuts)) {
    it(`keeps nothing half-carried after ${cut} in the middle, and carries it all the next time`, async () => {
      const path = await subject().put("cut.db", awkward);
      const local = mkdtempSync(join(operator.sshd.root, "local-"));
      const into = { path: join(local, "snapshot.db") };
      operator.sshd.shim("cat", `head -c 500000 "$2"; touch ${operator.sshd.root}/stalled; exec sleep 60`);
      rmSync(join(operator.sshd.root, "stalled"), { force: true });
      const running = operator.open().collect(collectStep("cp-0", path, sumOf(awkward)), into);
      await untilStalled();
      for (const pid of await untilFound(victims)) process.kill(pid, "SIGKILL");
      expect(await running).to.have.property("kind", "interrupted");
      expect(readdirSync(local)).to.deep.equal([]);
      operator.sshd.clearShims();
      expect((await operator.open().collect(collectStep("cp-0", path, sumOf(awkward)), into)).kind).to.equal("done");
      expect(sumOf(readFileSync(into.path))).to.equal(sumOf(awkward));
    });
  }

  it("leaves no part of a file on the node when the link is cut while it is delivered", async () => {
    const local = join(operator.sshd.root, "mine.db");
    writeFileSync(local, awkward);
    const path = subject().pathOf("half.db");
    stall("cat");
    const running = operator.open().deliver(deliverStep("cp-0", path, local, sumOf(awkward)), { path: local });
    await untilStalled();
    for (const pid of await untilFound(() => cuts["kill -9 of the ssh that carries it"]?.() ?? []))
      process.kill(pid, "SIGKILL");
    expect(await running).to.have.property("kind", "interrupted");
    expect(existsSync(path)).to.equal(false);
    operator.sshd.clearShims();
  });

  it("takes the node's lock to deliver and not to collect", async () => {
    const path = await subject().put("free.db", awkward);
    const local = join(operator.sshd.root, "mine.db");
    writeFileSync(local, awkward);
    operator.sshd.shim("flock", "exit 1");
    const nodes = operator.open();
    const delivered = await nodes.deliver(deliverStep("cp-0", subject().pathOf("never.db"), local, sumOf(awkward)), {
      path: local,
    });
    expect(delivered.kind).to.equal("locked");
    const into = { path: join(operator.sshd.root, "collected.db") };
    expect((await nodes.collect(collectStep("cp-0", path, sumOf(awkward)), into)).kind).to.equal("done");
  });

  it("is interrupted, with the reason, when nobody listens", async () => {
    const path = join(operator.sshd.root, "away.db");
    const nodes = operator.open({ port: 1 });
    const outcome = await nodes.collect(collectStep("cp-0", path, sumOf(awkward)), { path });
    expect(outcome.kind).to.equal("interrupted");
    expect(outcome).to.have.property("message").that.contains("Connection refused");
  });
});
