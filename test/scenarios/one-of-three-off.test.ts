// One node of three is off while the others are broken, by the command line from end to end, in a simulated world.

import { expect } from "chai";
import { type Fault, openWorldFile } from "../../src/simulator";
import type { Project } from "../lab/project";
import { createSimulatedPlane, type SimulatedPlane } from "./simulated-plane";

const misspelled = (node: string): Fault => ({
  kind: "manifest-set",
  node,
  fileName: "kube-scheduler.yaml",
  path: ["spec", "containers", 0, "command", 0],
  value: "kube-schedulerrrr",
});

describe("manifest drift: one node off (3 nodes)", function () {
  this.timeout(180_000);
  let project: Project;

  let world: string;
  let inject: SimulatedPlane["inject"];
  const drift = (node: string) =>
    new RegExp(
      `${node} kube-scheduler: spec\\.containers\\[0\\]\\.command\\[0\\]: "kube-schedulerrrr" => "kube-scheduler"`,
    );

  before(async () => {
    ({ project, world, inject } = createSimulatedPlane("three"));
    await project.succeed("stack", "init", "three");
    const up = await project.up();
    expect(up.exitCode, up.output).to.equal(0);
    await inject(misspelled("cp-0"), misspelled("cp-1"), misspelled("cp-2"), { kind: "power-lost", node: "cp-2" });
  });
  after(() => project?.remove());

  it("shows the drift of the two in full and the third as a warning, and is no preview without changes", async () => {
    const { exitCode, output } = await project.preview("--expect-no-changes");
    expect(exitCode, output).to.equal(7);
    expect(output).to.match(drift("cp-0")).and.match(drift("cp-1"));
    expect(output).not.to.match(drift("cp-2"));
    expect(output).to.match(/warning: [\s\S]*node cp-2 is unreachable/);
  });

  it("repairs the two and ends non-zero naming the third", async () => {
    const { exitCode, output } = await project.up();
    expect(exitCode, output).to.be.greaterThan(0);
    expect(output).to.contain("node cp-2 is unreachable");
    const { nodes } = openWorldFile(world).read();
    for (const name of ["cp-0", "cp-1"])
      expect(JSON.stringify(nodes[name]?.manifests)).not.to.contain("kube-schedulerrrr");
    expect(JSON.stringify(nodes["cp-2"]?.manifests)).to.contain("kube-schedulerrrr");
  });

  it("plans only the third's own drift when it is back, and repairs it", async () => {
    await inject({ kind: "power-back", node: "cp-2" });
    const preview = await project.preview();
    expect(preview.output).to.match(drift("cp-2"));
    expect(preview.output).not.to.match(drift("cp-0"));
    expect(preview.output).not.to.match(drift("cp-1"));
    const up = await project.up();
    expect(up.exitCode, up.output).to.equal(0);
    const again = await project.preview("--expect-no-changes");
    expect(again.exitCode, again.output).to.equal(0);
  });
});
