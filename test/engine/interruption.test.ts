// What happens when a run is killed, cancelled, or meets another one.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { type CliProcess, runCli, runs, startCli, until } from "./fixture/cli-process";
import { DemoProject } from "./fixture/demo-project";

const upArgs = ["up", "--stack", "prod", "--yes", "--skip-preview"];

describe("an interrupted up", function () {
  this.timeout(180_000);
  let demo: DemoProject;
  let running: CliProcess | undefined;
  const go = () => join(demo.live, "go");
  const calls = () => {
    const file = join(demo.live, "calls.log");
    return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  };
  const pluginPids = () => calls().flatMap((call) => (call.startsWith("start ") ? [Number(call.slice(6))] : []));
  const locks = () => {
    const folder = join(demo.root, "state/.pulumi/locks/organization/demo/prod");
    return existsSync(folder) ? readdirSync(folder) : [];
  };

  /** An up that is in the middle of an update of `a`, with `b` waiting for it. */
  async function startUpdate(): Promise<CliProcess> {
    demo = new DemoProject(`new Thing("a", { spec: 1 });`);
    await demo.run("up");
    demo.takeCalls();
    demo.program(`const a = new Thing("a", { spec: 2, waitFor: env("QUORATE_TEST_LIVE") + "/go" });
      new Thing("b", { spec: 1 }, { dependsOn: a });`);
    running = startCli(upArgs, demo.root, demo.env);
    await until(() => calls().includes("update a"));
    return running;
  }

  afterEach(() => {
    if (running?.child.exitCode === null && running.child.signalCode === null) running.child.kill("SIGKILL");
    running = undefined;
    demo.remove();
  });

  it("takes its plugin along when it is killed, and the next up converges at once", async () => {
    const up = await startUpdate();
    up.child.kill("SIGKILL");
    await up.ended;
    await until(() => pluginPids().every((pid) => !runs(pid)));
    const left = JSON.parse(readFileSync(demo.stateFile(), "utf8")) as {
      checkpoint: { latest: { pending_operations: readonly { readonly type: string }[] } };
    };
    expect(left.checkpoint.latest.pending_operations.map(({ type }) => type)).to.deep.equal(["updating"]);
    expect(locks()).to.have.length(1);
    writeFileSync(go(), "");
    const next = await runCli(upArgs, demo.root, demo.env);
    expect(next.code, next.stderr + next.stdout).to.equal(0);
    expect(next.stdout).to.include("took over the lock").and.include("an earlier run was interrupted");
    expect(demo.resources().a?.inputs).to.include({ spec: 2 });
    expect(readFileSync(demo.stateFile(), "utf8")).to.not.include("pending_operations");
    expect(locks()).to.deep.equal([]);
  });

  it("keeps a second operator out and says who holds the lock", async () => {
    const up = await startUpdate();
    const second = await runCli(upArgs, demo.root, demo.env);
    expect(second.code).to.equal(1);
    expect(second.stderr).to.include("stack prod is locked by").and.include(`pid ${up.child.pid}`);
    expect(second.stderr.split("\n").filter((line) => line.startsWith("error:"))).to.have.length(1);
    writeFileSync(go(), "");
    const first = await up.ended;
    expect(first.code, first.stderr).to.equal(0);
  });

  it("finishes what runs, starts nothing new and fails when ^C is pressed", async () => {
    const up = await startUpdate();
    process.kill(-(up.child.pid ?? 0), "SIGINT");
    await until(() => calls().includes("cancel"));
    writeFileSync(go(), "");
    const { code, stderr } = await up.ended;
    expect(code).to.equal(1);
    expect(stderr).to.include("what runs is finished, nothing new is started");
    expect(calls()).to.include("update ended a").and.not.include("create b");
    expect(demo.resources().a?.inputs).to.include({ spec: 2 });
    expect(locks()).to.deep.equal([]);
  });

  it("ends at once when ^C is pressed twice", async () => {
    const up = await startUpdate();
    process.kill(-(up.child.pid ?? 0), "SIGINT");
    await until(() => calls().includes("cancel"));
    process.kill(-(up.child.pid ?? 0), "SIGINT");
    expect((await up.ended).code).to.equal(1);
    await until(() => pluginPids().every((pid) => !runs(pid)));
  });
});
