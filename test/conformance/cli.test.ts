// Recorded steps that run no deployment (stack init, export, output).

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { quorate } from "./in-process";
import { readStep } from "./recording";
import { Workspace } from "./workspace";

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
