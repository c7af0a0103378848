// Recorded steps that run no deployment (stack init, export, output), and the real Pulumi CLI where there is one.

import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "chai";
import { Command } from "commander";
import { registerEngineCommands } from "../../src/cli/engine";
import { readStep } from "./recording";
import { prepare } from "./scenarios";
import { Workspace } from "./workspace";

async function quorate(workspace: Workspace, args: readonly string[]): Promise<string> {
  let printed = "";
  const program = new Command("quorate");
  registerEngineCommands(program, {
    cwd: workspace.project,
    env: workspace.env,
    stdin: Readable.from([]),
    stdout: { write: (text) => (printed += text) },
    stderr: { write: (text) => (printed += text) },
    exit: (code) => (printed += `exit code ${code}\n`),
    onInterrupt: () => () => undefined,
  });
  await program.parseAsync(args, { from: "user" });
  return printed;
}

describe("recorded commands", function () {
  this.timeout(30_000);
  let workspace: Workspace;
  beforeEach(() => {
    workspace = new Workspace("basic", "replaying");
  });
  afterEach(() => workspace.remove());

  it("stack init makes the recorded state, with a salt and time of its own", async () => {
    rmSync(join(workspace.project, "stacks/Pulumi.prod.yaml"));
    const step = readStep("basic", "01-stack-init");
    expect(await quorate(workspace, ["stack", "init", "prod"])).to.equal(step.printed);
    const masked = (text: string) => text.replace(/"manifest":\{[^}]*\}/, "").replace(/"salt":"v1:[^"]*"/, "");
    expect(masked(workspace.readState())).to.equal(masked(step.after));
    expect(readFileSync(join(workspace.project, "stacks/Pulumi.prod.yaml"), "utf8")).to.match(/^encryptionsalt: v1:/);
  });

  it("stack export prints the recorded document, except the manifest", async () => {
    const step = readStep("basic", "14-stack-export");
    workspace.write("state/.pulumi/stacks/demo/prod.json", step.before);
    const printed = await quorate(workspace, ["stack", "export", "--stack", "prod"]);
    const masked = (text: string) => text.replace(/"manifest": \{[^}]*\}/, "");
    expect(masked(printed)).to.equal(masked(step.printed));
  });

  it("stack output --json prints the recorded document", async () => {
    const step = readStep("basic", "15-stack-output-json");
    workspace.write("state/.pulumi/stacks/demo/prod.json", step.before);
    expect(await quorate(workspace, ["stack", "output", "--json", "--stack", "prod"])).to.equal(step.printed);
  });
});

describe("the Pulumi CLI and the embedded engine", function () {
  this.timeout(300_000);

  it("each go on from the other's state", async function () {
    const found = spawnSync("pulumi", ["version"], { encoding: "utf8" });
    if (found.status !== 0) {
      console.log("      skipped: no pulumi on PATH, so the stacks were not run through both engines");
      this.skip();
    }
    const workspace = new Workspace("basic", "recorded");
    try {
      const step = readStep("basic", "03-up-first");
      prepare(workspace, "basic", step);
      workspace.write("state/.pulumi/stacks/demo/prod.json", step.before);
      const pulumi = (...args: readonly string[]) =>
        spawnSync("pulumi", [...args, "--stack", "prod", "--non-interactive"], {
          cwd: workspace.project,
          env: { ...workspace.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
          encoding: "utf8",
        });
      const first = pulumi("up", "--yes", "--skip-preview");
      expect(first.status, first.stdout + first.stderr).to.equal(0);
      expect(await quorate(workspace, ["preview", "--stack", "prod", "--expect-no-changes"])).to.include("exit code 0");
      expect(await quorate(workspace, ["up", "--stack", "prod", "--yes", "--skip-preview"])).to.include("exit code 0");
      const second = pulumi("preview", "--expect-no-changes");
      expect(second.status, second.stdout + second.stderr).to.equal(0);
    } finally {
      workspace.remove();
    }
  });
});
