import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { CommandProvider } from "../../src/engine/command-provider";
import type { EngineEvent } from "../../src/engine/events";
import { SecretValue } from "../../src/engine/property-value";

const urn = "urn:pulumi:prod::demo::command:local:Command::check";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

async function rejection(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("CommandProvider", () => {
  const events: EngineEvent[] = [];
  const provider = new CommandProvider((event) => events.push(event));
  const create = (inputs: Record<string, never> | object, preview = false) =>
    provider.create({ urn, inputs: inputs as never, timeoutSeconds: 0, preview });
  beforeEach(() => events.splice(0));

  it("runs create with stdin and environment and hands out what it printed", async () => {
    const { id, outputs } = await create({
      create: 'read -r line; echo "$line for $WHO"; echo warn >&2',
      stdin: "hello\n",
      environment: { WHO: new SecretValue("ops") },
    });
    expect(id).to.match(/^check/);
    expect(outputs).to.include({ stdout: "hello for ops", stderr: "warn" });
  });

  it("runs nothing in a preview", async () => {
    const { outputs } = await create({ create: "exit 1" }, true);
    expect(outputs).to.not.have.property("stdout");
  });

  it("fails with the exit status and what the command said", async () => {
    expect(await rejection(create({ create: "echo broken >&2; exit 3" }))).to.equal("exit status 3: broken");
    expect(await rejection(create({ create: "x", interpreter: ["/no/such/shell"] }))).to.include("/no/such/shell");
  });

  it("runs update with the output of before in its environment, or create when there is no update", async () => {
    const call = { urn, id: "x", oldInputs: {}, ignoreChanges: [], timeoutSeconds: 0, preview: false };
    const oldOutputs = { stdout: "before" };
    const updated = await provider.update({
      ...call,
      oldOutputs,
      newInputs: { create: "exit 1", update: "echo $PULUMI_COMMAND_STDOUT" },
    });
    expect(updated.outputs).to.include({ stdout: "before" });
    const again = await provider.update({ ...call, oldOutputs, newInputs: { create: "echo again" } });
    expect(again.outputs).to.include({ stdout: "again" });
  });

  it("runs delete, and nothing when there is none", async () => {
    const call = { urn, id: "x", outputs: {}, timeoutSeconds: 0 };
    await provider.delete({ ...call, inputs: { create: "exit 1" } });
    expect(await rejection(provider.delete({ ...call, inputs: { delete: "exit 4" } }))).to.include("exit status 4");
  });

  it("asks for replacement when a trigger changes, for an update when anything else does", async () => {
    const diff = (oldInputs: object, newInputs: object) =>
      provider.diff({
        urn,
        id: "x",
        oldInputs: oldInputs as never,
        oldOutputs: {},
        newInputs: newInputs as never,
        ignoreChanges: [],
      });
    expect(await diff({ triggers: [1] }, { triggers: [2] })).to.deep.include({
      changes: "some",
      replaceKeys: ["triggers"],
    });
    expect(await diff({ create: "a" }, { create: "b" })).to.deep.include({ changes: "some", replaceKeys: [] });
    expect((await diff({ create: "a" }, { create: "a" })).changes).to.equal("none");
  });

  it("shows what is printed unless logging says otherwise", async () => {
    await create({ create: "echo seen" });
    expect(events.map((event) => (event.kind === "message" ? event.text : ""))).to.deep.equal(["seen\n"]);
    events.splice(0);
    await create({ create: "echo unseen", logging: "none" });
    expect(events).to.deep.equal([]);
  });

  it("names wrong inputs with what they have to be, and refuses assets by name", async () => {
    const check = (newInputs: object, type = urn) =>
      provider.check({ urn: type, oldInputs: undefined, newInputs: newInputs as never, randomSeed: new Uint8Array() });
    const { failures } = await check({ create: 1, environment: { A: 1 }, logging: "loud", assetPaths: ["x"] });
    expect(failures.map(({ reason }) => reason)).to.have.length(4);
    expect(failures.map(({ reason }) => reason).join())
      .to.include("create has to be text")
      .and.include("assetPaths");
    expect(await rejection(check({}, "urn:pulumi:prod::demo::command:remote:Command::x"))).to.include(
      "command:remote:Command",
    );
  });

  it("ends a command that takes longer than its timeout", async function () {
    this.timeout(10_000);
    const work = provider.create({ urn, inputs: { create: "exec sleep 60" }, timeoutSeconds: 0.1, preview: false });
    expect(await rejection(work)).to.equal("it was stopped, with all that it had started");
  });

  it("ends a command with all that it has started when the run is cancelled", async function () {
    this.timeout(30_000);
    const folder = mkdtempSync(join(tmpdir(), "quorate-command-"));
    try {
      const pids = () => (existsSync(join(folder, "pids")) ? readFileSync(join(folder, "pids"), "utf8") : "");
      // A child that outlives its parent's signal, one that ends on ^C, and a shell that waits for them.
      const script = `sleep 300 & echo $! >> pids; (trap '' INT; sleep 301 & echo $! >> pids; wait) & echo $! >> pids; wait`;
      const work = rejection(create({ create: script, dir: folder }));
      while (pids().trim().split("\n").length < 3) await new Promise((resolve) => setImmediate(resolve));
      await provider.cancel();
      expect(await work).to.equal("it was stopped, with all that it had started");
      for (const pid of pids().trim().split("\n").map(Number)) expect(isAlive(pid), String(pid)).to.equal(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
