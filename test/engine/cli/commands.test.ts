// The engine's commands as a user calls them, in this process with streams of the test's own.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "chai";
import { Command } from "commander";
import { registerEngineCommands } from "../../../src/cli/engine";
import { DemoProject } from "../fixture/demo-project";

interface Ran {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

describe("engine commands", function () {
  this.timeout(120_000);
  let demo: DemoProject;
  const start = (program: string) => {
    demo = new DemoProject(program);
    return demo;
  };
  afterEach(() => demo.remove());

  /** Runs a command without a terminal; `input` is what it can read. */
  async function quorate(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = ""): Promise<Ran> {
    let [code, stdout, stderr]: [number | undefined, string, string] = [undefined, "", ""];
    const program = new Command("quorate").exitOverride().configureOutput({ writeErr: (text) => (stderr += text) });
    registerEngineCommands(program, {
      cwd: demo.root,
      env: { ...demo.env, ...env },
      stdin: Readable.from([input]),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      exit: (exitCode) => (code = exitCode),
      onInterrupt: () => () => undefined,
    });
    for (const command of program.commands) command.exitOverride();
    try {
      await program.parseAsync(args, { from: "user" });
    } catch (error) {
      code = (error as { exitCode?: number }).exitCode ?? 1;
    }
    return { code, stdout, stderr };
  }

  it("preview shows the exact field, exits 0, and 7 with --expect-no-changes", async () => {
    start(`new Thing("plane", { spec: { command: ["kube-scheduler", "--leader-elect=true"] } });`);
    await demo.run("up");
    writeFileSync(
      join(demo.live, "plane.json"),
      JSON.stringify({ spec: { command: ["kube-schedulerrrr", "--leader-elect=true"] } }),
    );
    const shown = await quorate(["preview", "-s", "prod", "--refresh"]);
    expect(shown.code).to.equal(0);
    expect(shown.stdout).to.include('~ [0]: "kube-schedulerrrr" => "kube-scheduler"');
    expect(shown.stdout).to.include("~ 1 to update").and.not.include("--leader-elect");
    const expecting = await quorate(["preview", "-s", "prod", "--refresh", "--expect-no-changes"]);
    expect(expecting.code).to.equal(7);
    expect(expecting.stderr).to.include("no changes were expected for preview but changes were proposed");
  });

  it("preview --json is one document in which no secret is readable", async () => {
    start(`new Thing("a", { password: pulumi.secret("hunter2hunter2") });`);
    const { code, stdout } = await quorate(["preview", "-s", "prod", "--json"], {}, "");
    expect(code).to.equal(0);
    const digest = JSON.parse(stdout) as {
      steps: { op: string; newState: { inputs: object } }[];
      changeSummary: object;
    };
    expect(digest.changeSummary).to.deep.equal({ create: 2 });
    expect(digest.steps.find(({ newState }) => "password" in (newState.inputs ?? {}))?.newState.inputs).to.deep.equal({
      password: "[secret]",
    });
    expect(stdout).to.not.include("hunter2hunter2");
  });

  it("up and destroy refuse without a terminal unless --yes is given", async () => {
    start(`new Thing("a", { spec: 1 });`);
    for (const command of ["up", "destroy", "refresh"]) {
      const { code, stderr } = await quorate([command, "-s", "prod"]);
      expect(code).to.equal(1);
      expect(stderr).to.include("no terminal to ask on").and.include("--yes");
    }
    expect(demo.takeCalls()).to.deep.equal([]);
    const { code, stdout } = await quorate(["up", "-s", "prod", "--yes"]);
    expect(code).to.equal(0);
    expect(stdout).to.include("Previewing update (prod)").and.include("+ 2 created");
  });

  it("diagnostics stand under their resource, and a failed run exits 1", async () => {
    start(`new Thing("a", { failOn: "create" });`);
    const { code, stdout } = await quorate(["up", "-s", "prod", "--yes", "--skip-preview"]);
    expect(code).to.equal(1);
    expect(stdout).to.include("  demo:index:Thing (a):\n    error: node a refused: disk full");
    expect(stdout).to.include("1 errored");
  });

  it("output shows secrets only when asked to", async () => {
    start(`export const health = "ok"; export const token = pulumi.secret("s3cr3t");`);
    await demo.run("up");
    expect((await quorate(["stack", "output", "-s", "prod", "--json"])).stdout).to.equal(
      '{\n  "health": "ok",\n  "token": "[secret]"\n}\n',
    );
    expect((await quorate(["stack", "output", "token", "-s", "prod", "--show-secrets"])).stdout).to.equal("s3cr3t\n");
    const missing = await quorate(["stack", "output", "other", "-s", "prod"]);
    expect(missing).to.include({ code: 1 });
    expect(missing.stderr).to.include("has no output other");
  });

  it("export and import carry a state over, and import refuses another stack's", async () => {
    start(`new Thing("a", { spec: 1 });`);
    await demo.run("up");
    const before = readFileSync(demo.stateFile(), "utf8");
    const exported = await quorate(["stack", "export", "-s", "prod"]);
    await demo.run("destroy");
    const imported = await quorate(["stack", "import", "-s", "prod"], {}, exported.stdout);
    expect(imported.stdout).to.equal("Import complete.\n");
    const resources = (text: string) =>
      (JSON.parse(text) as { checkpoint: { latest: { resources: unknown } } }).checkpoint.latest.resources;
    expect(resources(readFileSync(demo.stateFile(), "utf8"))).to.deep.equal(resources(before));
    const foreign = await quorate(
      ["stack", "import", "-s", "prod"],
      {},
      exported.stdout.replaceAll("pulumi:prod::", "pulumi:test::"),
    );
    expect(foreign.code).to.equal(1);
    expect(foreign.stderr).to.include("of another stack or project");
  });

  it("init, select, ls, config and rm work together", async () => {
    start("");
    expect((await quorate(["stack", "init", "test"])).code).to.equal(0);
    expect((await quorate(["stack", "ls"])).stdout).to.equal("prod\ntest*\n");
    expect((await quorate(["stack", "select", "prod"])).code).to.equal(0);
    expect((await quorate(["stack", "ls", "--json"])).stdout).to.include('"name": "prod",\n    "current": true');
    expect((await quorate(["config", "set", "--secret", "token"], {}, "hunter2\n")).code).to.equal(0);
    expect((await quorate(["config", "get", "token"])).stdout).to.equal("hunter2\n");
    expect(readFileSync(join(demo.root, "Pulumi.prod.yaml"), "utf8")).to.not.include("hunter2");
    expect((await quorate(["stack", "rm", "test", "--yes"])).code).to.equal(0);
    expect((await quorate(["stack", "select", "test"])).stderr).to.include("there are: prod");
  });

  it("cancel removes a lock and says whose it was", async () => {
    start("");
    const folder = join(demo.root, "state/.pulumi/locks/organization/demo/prod");
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "x.json"),
      JSON.stringify({ pid: 1, username: "ann", hostname: "elsewhere", timestamp: "now" }),
    );
    const locked = await quorate(["up", "-s", "prod", "--yes", "--skip-preview"]);
    expect(locked.stderr).to.include("locked by ann@elsewhere (pid 1) since now");
    const { stdout } = await quorate(["cancel", "prod", "--yes"]);
    expect(stdout).to.equal("removed the lock of ann@elsewhere (pid 1) since now\n");
    expect((await quorate(["cancel", "prod", "--yes"])).stdout).to.include("not locked");
  });

  const mistakes: readonly { name: string; args: readonly string[]; env?: NodeJS.ProcessEnv; words: string }[] = [
    { name: "a stack that does not exist", args: ["preview", "-s", "nowhere"], words: "there is no stack nowhere" },
    { name: "no stack", args: ["preview"], words: "no stack is selected" },
    { name: "a hostile stack name", args: ["preview", "-s", "$(reboot)"], words: "is not a stack name" },
    {
      name: "no passphrase",
      args: ["preview", "-s", "prod"],
      env: { PULUMI_CONFIG_PASSPHRASE: undefined },
      words: "passphrase is not known",
    },
    {
      name: "a wrong passphrase",
      args: ["preview", "-s", "prod"],
      env: { PULUMI_CONFIG_PASSPHRASE: "wrong" },
      words: "not the one this stack was encrypted with",
    },
    { name: "a bad --parallel", args: ["preview", "-s", "prod", "--parallel", "0"], words: "whole number from 1" },
    { name: "a bad --refresh", args: ["preview", "-s", "prod", "--refresh", "maybe"], words: "takes true or false" },
    { name: "a bad config key", args: ["config", "set", "a b", "x", "-s", "prod"], words: "is not a config key" },
    { name: "an unknown folder", args: ["preview", "-C", "/nowhere"], words: "no Pulumi.yaml" },
  ];
  for (const { name, args, env, words } of mistakes) {
    it(`answers ${name} with one clear sentence and changes nothing`, async () => {
      start("");
      const before = readFileSync(demo.stateFile(), "utf8");
      const { code, stderr } = await quorate(args, env);
      expect(code).to.equal(1);
      expect(stderr)
        .to.include(words)
        .and.not.match(/\n\s+at /);
      expect(stderr.match(/^error:/gm)).to.have.length(1);
      expect(readFileSync(demo.stateFile(), "utf8")).to.equal(before);
      expect(demo.takeCalls()).to.deep.equal([]);
    });
  }

  it("refuses a state of an unknown version by name", async () => {
    start("");
    writeFileSync(demo.stateFile(), '{"version":7,"checkpoint":{}}');
    const { code, stderr } = await quorate(["preview", "-s", "prod"]);
    expect(code).to.equal(1);
    expect(stderr).to.include("version 7").and.include("use the pulumi CLI");
  });
});
