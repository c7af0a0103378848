// Stacks run by the real Pulumi CLI and by the embedded engine in turns.

import { spawnSync } from "node:child_process";
import { expect } from "chai";
import { quorate } from "../conformance/in-process";
import { readStep } from "../conformance/recording";
import { prepare } from "../conformance/scenarios";
import { Workspace } from "../conformance/workspace";

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
