// The recovery inventory as a resource that looks at the hosts: what it plans, keeps and refuses from one look to the next.
// The hosts are what the test says; real ones are looked at in the lab.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { EtcdFacts } from "../../src/model/inventory-recovery";
import type { JsonObject } from "../../src/model/json";
import { recoveryInventoryResource } from "../../src/provider/recovery-inventory";
import type { ResourceContext, ResourceState } from "../../src/provider/resource-type";
import { down, three, up } from "../inventory/situation-case";

const whole: EtcdFacts = {
  verdict: "healthy",
  hosts: ["cp1", "cp2", "cp3"].map((host, index) =>
    up(host, `etcd${index + 1}`, { isControlPlaneBroken: false, apiServerAnswers: true }),
  ),
};
const onlyFirstBroken: EtcdFacts = {
  verdict: "minority-lost",
  hosts: [
    down("cp1", "etcd1", { isControlPlaneBroken: true, apiServerAnswers: false }),
    ...whole.hosts.filter(({ host }) => host !== "cp1"),
  ],
};
const quorumLost: EtcdFacts = {
  verdict: "quorum-lost",
  hosts: [
    ...["cp1", "cp2"].map((host, index) => down(host, `etcd${index + 1}`, { isControlPlaneBroken: true })),
    up("cp3", "etcd3", { raftIndex: 100n, isControlPlaneBroken: false, apiServerAnswers: false }),
  ],
};

describe("RecoveryInventory with observe", () => {
  let folder: string;
  let now: EtcdFacts;
  let said: string[];
  let recorded: ResourceState | undefined;
  const resource = recoveryInventoryResource(async () => ({
    facts: now,
    summary: now.verdict,
    evidence: ["cp1: as the test says"],
    notes: [],
  }));
  const out = (...names: readonly string[]): string => join(folder, "recovery", ...names);

  function context(): ResourceContext {
    return {
      recorded: recorded?.outputs ?? {},
      log: async (severity, text) => void said.push(`${severity} ${text}`),
      status: async () => undefined,
      mask: (text) => text,
      isSecret: () => false,
      isCancelled: () => false,
    };
  }

  function inputs(more: JsonObject = {}): JsonObject {
    const declared = {
      programFolder: folder,
      inventory: "hosts.ini",
      output: "recovery",
      kubesprayVersion: "v2.28.1",
      observe: true,
      ...more,
    };
    const checked = resource.check(declared);
    return checked.kind === "valid" ? checked.inputs : expect.fail(checked.problems.join("\n"));
  }

  async function converge(more: JsonObject = {}): Promise<ResourceState> {
    said = [];
    recorded = await resource.converge("recovery", inputs(more), context());
    return recorded;
  }

  /** What a preview would show as a difference. */
  async function differences(): Promise<unknown> {
    said = [];
    const { inputs: old, outputs } = recorded ?? expect.fail("nothing is recorded");
    return (await resource.read("recovery", { inputs: old, outputs }, context())).outputs.unproven;
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-recovery-"));
    writeFileSync(join(folder, "hosts.ini"), three);
    [now, said, recorded] = [whole, [], undefined];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("has nothing to write and nothing to run while nothing is broken", async () => {
    const { outputs, reasons } = await converge();
    expect(reasons).to.deep.equal([]);
    expect(outputs).to.include({ script: "", command: "", procedure: "nothing is broken" });
    expect(existsSync(out())).to.equal(false);
    expect(await differences()).to.deep.equal({});
  });

  it("shows a host that breaks later as a difference, with what was seen, and writes the recovery for it", async () => {
    await converge();
    now = onlyFirstBroken;
    expect(await differences()).to.not.deep.equal({});
    expect(said.join("\n")).to.contain("observed: minority-lost").and.to.contain("cp1: as the test says");
    await resource.preview(inputs(), false, context());
    expect(said.join("\n")).to.contain("proven: quorum kept");
    expect(existsSync(out()), "a preview writes nothing").to.equal(false);
    const { outputs } = await converge();
    expect(outputs.script).to.equal(out("recover.sh"));
    expect(readFileSync(out("hosts.ini"), "utf8")).to.match(/\[broken_etcd\]\ncp1\n/);
    expect(await differences()).to.deep.equal({});
  });

  it("takes a recovery back that was never run when nothing is broken any more", async () => {
    now = onlyFirstBroken;
    await converge();
    now = whole;
    expect(await differences()).to.deep.equal({ site: "nothing is broken any more" });
    expect((await converge()).outputs.script, "nothing is run").to.equal("");
    expect(said.join("\n")).not.to.contain("warning");
    expect(await differences()).to.deep.equal({});
  });

  it("derives another recovery from what one that was ended half way has left, and keeps its folder", async () => {
    now = onlyFirstBroken;
    const first = (await converge()).outputs.digest;
    writeFileSync(out("started"), "");
    expect(await differences()).to.deep.equal({
      site: "the recovery was started and did not come to its end",
    });
    const { outputs } = await converge();
    expect(outputs.digest, "what was done for the first is done anew").to.not.equal(first);
    expect(said.join("\n")).to.contain(`${out()}.earlier-1`);
    expect(readdirSync(folder).sort()).to.deep.equal(["hosts.ini", "recovery", "recovery.earlier-1"]);
    expect(existsSync(out("started"))).to.equal(false);
    expect(await differences()).to.deep.equal({});
  });

  it("warns of what is left to do when one that was ended half way has brought every host back", async () => {
    now = onlyFirstBroken;
    await converge();
    writeFileSync(out("started"), "");
    now = whole;
    const { outputs } = await converge();
    expect(outputs.script, "nothing is run").to.equal("");
    expect(said.find((line) => line.startsWith("warning"))).to.contain(`${out()} did not come to its end`);
    expect(await differences()).to.deep.equal({});
  });

  it("restores a lost quorum from the source that is named, but not from the same one again when it is lost once more", async () => {
    now = quorumLost;
    const refused = await converge().catch((error: unknown) => error);
    expect(refused)
      .to.have.property("problems")
      .that.satisfies((all: string[]) => all.join().includes("data-source-missing"));
    expect(existsSync(out())).to.equal(false);
    const source = { sourceSurvivor: "cp3" };
    await converge(source);
    expect(readFileSync(out("prepare.yml"), "utf8")).to.contain("Stop etcd on cp1, cp2");
    writeFileSync(out("started"), "");
    writeFileSync(out("finished"), "2026-01-01T00:00:00Z\n");
    now = whole;
    expect(await differences()).to.deep.equal({});
    now = quorumLost;
    const again = await converge(source).catch((error: unknown) => error);
    expect(again)
      .to.have.property("problems")
      .that.satisfies((all: string[]) => all.join().includes("data-source-used"));
    expect(existsSync(out("finished")), "the earlier one is kept").to.equal(true);
  });
});
