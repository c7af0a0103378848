import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openNodes } from "../../src/adapters/nodes";
import { systemClock } from "../../src/adapters/system-clock";
import { controlPlaneSchema } from "../../src/model/declaration";
import { isRecoveryError } from "../../src/model/errors";
import type { NodeObservation } from "../../src/model/node-observation";
import type { WriteManifestStep } from "../../src/model/step";
import type { NodeAccess } from "../../src/ports/node-access";
import { renderManifest } from "../../src/render/manifest";
import { pod, schedulerStep } from "../builders";

describe("openNodes on this machine", function () {
  this.timeout(30_000);
  let root: string;
  let step: WriteManifestStep;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quorate-local-"));
    step = schedulerStep(root);
    mkdirSync(step.manifestDirectory, { recursive: true });
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function planeOf(access: object) {
    return controlPlaneSchema.parse({
      nodes: { "cp-0": { access, staticPods: { "kube-scheduler": pod("kube-scheduler") } } },
      manifestDirectory: step.manifestDirectory,
      archiveDirectory: step.archiveDirectory,
    });
  }

  it("observes, applies a step, and observes what it did", async () => {
    const nodes = openNodes(planeOf({ kind: "local", sudo: false }));
    expect(await nodes.apply(step)).to.deep.equal({ kind: "done" });
    const seen = await nodes.observe("cp-0");
    if (seen.kind !== "observed" || seen.manifests.kind !== "seen") throw new Error("not seen");
    expect(seen.manifests.value[0]?.content).to.deep.equal({ kind: "pod", pod: step.manifest });
    expect(readFileSync(join(step.manifestDirectory, step.fileName), "utf8")).to.equal(renderManifest(step.manifest));
    await nodes.close();
    await nodes.close();
  });

  it("fails a step with what the commands said, and changes nothing", async () => {
    writeFileSync(join(step.manifestDirectory, step.fileName), "old");
    const nodes = openNodes(planeOf({ kind: "local", sudo: false }));
    const outcome = await nodes.apply({ ...step, owner: "no-such-user:root" });
    expect(outcome.kind).to.equal("failed");
    expect(outcome)
      .to.have.property("message")
      .that.matches(/^writeManifest failed: .*no-such-user/);
    expect(readdirSync(step.manifestDirectory)).to.deep.equal([step.fileName]);
  });

  it("gives a simulated node to the simulator that was handed in, once for each world", async () => {
    const opened: string[] = [];
    const observation: NodeObservation = {
      schemaVersion: 1,
      kind: "unreachable",
      node: "cp-0",
      level: "connect",
      message: "off",
    };
    const simulator: NodeAccess = {
      observe: () => Promise.resolve(observation),
      apply: () => Promise.resolve({ kind: "done" }),
      collect: () => Promise.resolve({ kind: "interrupted", message: "off" }),
      deliver: () => Promise.resolve({ kind: "interrupted", message: "off" }),
      close: () => Promise.resolve(void opened.push("closed")),
    };
    const simulated = (world: string) => {
      opened.push(world);
      return simulator;
    };
    const nodes = openNodes(planeOf({ kind: "simulated", world: "w.json" }), { simulated });
    expect(await nodes.observe("cp-0")).to.equal(observation);
    expect(await nodes.apply(step)).to.deep.equal({ kind: "done" });
    await nodes.close();
    expect(opened).to.deep.equal(["w.json", "closed"]);
  });

  it("refuses a simulated node without a simulator and a node that is not declared", async () => {
    const nodes = openNodes(planeOf({ kind: "simulated", world: "w.json" }));
    for (const [node, words] of [
      ["cp-0", "simulated"],
      ["cp-9", "not declared"],
    ] as const) {
      const error: unknown = await nodes.observe(node).catch((thrown: unknown) => thrown);
      expect(isRecoveryError(error) && error.message).to.contain(words);
    }
  });
});

describe("systemClock", () => {
  it("tells Unix time, never goes backwards, and sleeps at least as long as asked", async () => {
    const clock = systemClock();
    const before = clock.nowMs();
    expect(Math.abs(before - Date.now())).to.be.lessThan(1000);
    await clock.sleep(20);
    expect(clock.nowMs() - before).to.be.at.least(19);
    await clock.sleep(-5);
  });
});
