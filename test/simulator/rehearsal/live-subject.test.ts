// Live nodes as what is rehearsed: their copy shows what they show, whatever is wrong with them, and real etcd is copied too.

import { expect } from "chai";
import { planEtcd } from "../../../src/plan/etcd/plan";
import type { EtcdPlanInput } from "../../../src/plan/etcd/planning";
import { observeEtcdWorld } from "../../../src/simulator/etcd/observe-etcd";
import { rehearseLive } from "../../../src/simulator/rehearsal/live-subject";
import { sceneOf } from "../../../src/simulator/rehearsal/scenario-subject";
import { type Scenario, scenarioSchema } from "../../../src/simulator/scenario";
import { findEtcdBinaries } from "../../observe/etcd/loopback-cluster";
import { LoopbackNodes } from "../../plan/etcd/loopback-nodes";

const wrong: readonly object[] = [
  ...[
    "power-lost",
    "unreachable",
    "disk-lost",
    "disk-full",
    "disk-slow",
    "etcd-data-wiped",
    "etcd-data-damaged",
    "etcd-data-corrupt",
    "etcd-stopped",
    "etcd-full",
  ].map((kind) => ({ kind })),
  { kind: "links-cut", peers: ["cp-1", "cp-2"] },
  { kind: "certificates", state: "expired" },
  { kind: "tools", state: "missing" },
];

const scene = (runner: string, members: number, fault: object): Scenario =>
  scenarioSchema.parse({
    version: 1,
    name: "copied",
    title: "One fault.",
    topology: { kind: "etcd", runner, members, version: "3.5.21" },
    faults: [{ at: "0s", fault: { ...fault, node: "cp-0" } }],
  });

function inputOf(scenario: Scenario): EtcdPlanInput {
  const { subject, world } = sceneOf(scenario);
  const { planner: _planner, lastRevision, ...given } = subject;
  return {
    ...given,
    views: observeEtcdWorld(world),
    history: { lastRevision, backups: world.backups },
    definitionDrifts: {},
  };
}

describe("the copy of observed nodes", function () {
  this.timeout(60_000);

  for (const runner of ["monit", "systemd", "static-pod"])
    for (const members of [1, 3])
      for (const fault of wrong.filter((one) => members > 1 || !("peers" in one)))
        it(`shows what they show, and holds: ${members} by ${runner}, ${JSON.stringify(fault)}`, () => {
          const sample = { casesMax: 8, seed: `${runner} ${members}` };
          const live = rehearseLive(inputOf(scene(runner, members, fault)), { sample });
          if (live.kind !== "rehearsed") throw new Error(live.differences.join("; "));
          const texts = live.rehearsal.failures.flatMap(({ violations }) => violations.map(({ text }) => text));
          expect(texts).to.deep.equal([]);
        });

  it("is not taken for them when the planner sees something else on it", () => {
    const input = inputOf(scene("systemd", 3, { kind: "disk-lost" }));
    // A probe that saw a data directory and could not say what is in it.
    const views = input.views.map((view) =>
      view.kind !== "observed" || view.node !== "cp-0"
        ? view
        : { ...view, etcd: { ...view.etcd, data: { ...view.etcd.data, state: "unknown" as const } } },
    );
    const live = rehearseLive({ ...input, views });
    expect(live.kind === "not-copied" && live.differences.join("; ")).to.match(/steps: .*; their copy asks for /);
  });
});

for (const minor of ["3.5", "3.6"]) {
  const binaries = findEtcdBinaries(minor);
  describe(`the copy of real etcd ${minor}`, function () {
    this.timeout(300_000);
    let nodes: LoopbackNodes | undefined;

    before(function () {
      if (binaries !== undefined) return;
      console.log(`      skipped: no etcd ${minor} in QUORATE_ETCD_BIN, the lab's cache or on the PATH`);
      this.skip();
    });

    afterEach(async () => {
      await nodes?.close();
      nodes = undefined;
    });

    it("of a cluster with a wiped member is rehearsed in full, and the same plan is asked for on both", async () => {
      if (binaries === undefined) throw new Error("skipped");
      nodes = await LoopbackNodes.start(binaries);
      for (let key = 0; key < 10; key += 1) nodes.cluster.etcdctl(["cp-0"], "put", `key${key}`, "value");
      const lab = nodes;
      lab.monit("cp-0", "stop");
      await lab.cluster.until("cp-0 ends", () => lab.pidOf("cp-0") === undefined);
      lab.wipe("cp-0");
      let input = await lab.input();
      // An election is over within a second.
      for (let look = 0; look < 100 && planEtcd(input).steps.length === 0; look += 1) input = await lab.input();
      const live = rehearseLive(input);
      if (live.kind !== "rehearsed") throw new Error(live.differences.join("; "));
      expect(live.rehearsal.failures).to.deep.equal([]);
      expect(live.rehearsal.cases).to.be.above(100);
    });
  });
}
