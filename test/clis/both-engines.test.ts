// The kubeadm stack under the real Pulumi CLI and under the embedded engine, in a simulated world, each going on from the
// other's state.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import type { Fault } from "../../src/simulator";
import type { Project } from "../lab/project";
import { waitUntil } from "../lab/wait-until";
import { createSimulatedPlane, type SimulatedPlane } from "../scenarios/simulated-plane";

const misspelled: Fault = {
  kind: "manifest-set",
  node: "cp-1",
  fileName: "kube-scheduler.yaml",
  path: ["spec", "containers", 0, "command", 0],
  value: "kube-schedulerrrr",
};
const drift = /"kube-schedulerrrr"\s+=>\s+"kube-scheduler"/;

/** Processes of the plugin that a project's folder names. */
function pluginsOf(folder: string): readonly string[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(path.join(folder, "dist/provider"));
      } catch {
        return false; // It has ended meanwhile.
      }
    });
}

describe("the kubeadm stack under the Pulumi CLI and the embedded engine", function () {
  this.timeout(600_000);
  let project: Project;

  let inject: SimulatedPlane["inject"];
  const pulumi = (...args: readonly string[]) => project.startPulumi(args).ended;

  before(async function () {
    if (spawnSync("pulumi", ["version"]).status !== 0) {
      console.log("    skipped: no pulumi on PATH, so the kubeadm stack was not run through both engines");
      this.skip();
    }
    ({ project, inject } = createSimulatedPlane("both"));
  });
  after(() => project?.remove());

  it("shows the drift and the plan in the CLI's first preview", async () => {
    await inject(misspelled);
    expect((await pulumi("stack", "init", "both")).exitCode).to.equal(0);
    const { exitCode, output } = await pulumi("preview", "--diff");
    expect(exitCode, output).to.equal(0);
    expect(output).to.contain(
      'cp-1 kube-scheduler: spec.containers[0].command[0]: "kube-schedulerrrr" => "kube-scheduler"',
    );
    expect(output).to.contain("1. cp-1: write /etc/kubernetes/manifests/kube-scheduler.yaml, the old file goes to");
  });

  it("is created by the CLI and has nothing to do for the embedded engine", async () => {
    const up = await pulumi("up", "--yes", "--skip-preview");
    expect(up.exitCode, up.output).to.equal(0);
    const preview = await project.preview("--expect-no-changes");
    expect(preview.exitCode, preview.output).to.equal(0);
  });

  it("shows nested drift in the CLI, which the embedded engine repairs from the CLI's state", async () => {
    await inject(misspelled);
    const shown = await pulumi("preview", "--diff");
    expect(shown.output).to.match(drift);
    const refused = await pulumi("preview", "--expect-no-changes");
    expect(refused.exitCode, refused.output).to.be.greaterThan(0);
    const up = await project.up();
    expect(up.exitCode, up.output).to.equal(0);
    const preview = await pulumi("preview", "--expect-no-changes");
    expect(preview.exitCode, preview.output).to.equal(0);
  });

  it("repairs two of three nodes with the CLI and names the one that is off; the embedded engine does that one later", async () => {
    await inject(misspelled, { ...misspelled, node: "cp-2" }, { kind: "power-lost", node: "cp-2" });
    const shown = await pulumi("preview");
    expect(shown.output).to.contain("node cp-2 is unreachable");
    const up = await pulumi("up", "--yes", "--skip-preview");
    expect(up.exitCode, up.output).to.be.greaterThan(0);
    expect(up.output).to.contain("node cp-2 is unreachable");
    await inject({ kind: "power-back", node: "cp-2" });
    const preview = await project.preview();
    expect(preview.output).to.match(drift).and.not.to.contain("cp-1 kube-scheduler");
    expect((await project.up()).exitCode).to.equal(0);
    expect((await pulumi("preview", "--expect-no-changes")).exitCode).to.equal(0);
  });

  it("goes on after the CLI was killed in the middle of an up, once `pulumi cancel` has taken its lock away", async () => {
    await inject(misspelled);
    const killed = project.startPulumi(["up", "--yes", "--skip-preview"]);
    await waitUntil("the up to be under way", async () => /updating/.test(killed.output()));
    killed.child.kill("SIGKILL");
    await killed.ended;
    await waitUntil(
      "its plugin to be gone, so that nothing goes on",
      async () => pluginsOf(project.folder).length === 0,
    );
    const refused = await pulumi("up", "--yes", "--skip-preview");
    expect(refused.output).to.contain("pulumi cancel");
    expect((await pulumi("cancel", "--yes")).exitCode).to.equal(0);
    const next = await pulumi("up", "--yes", "--skip-preview");
    expect(next.exitCode, next.output).to.equal(0);
    const preview = await project.preview("--expect-no-changes");
    expect(preview.exitCode, preview.output).to.equal(0);
  });

  it("writes a state that each engine refreshes and the CLI destroys", async () => {
    expect((await project.run("refresh", "--stack", "both", "--yes")).exitCode).to.equal(0);
    expect((await pulumi("refresh", "--yes")).exitCode).to.equal(0);
    const destroyed = await pulumi("destroy", "--yes");
    expect(destroyed.exitCode, destroyed.output).to.equal(0);
  });
});
