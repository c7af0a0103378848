// Live nodes as what is rehearsed: their copy shows what they show, whatever is wrong with them.

import { expect } from "chai";
import type { EtcdPlanInput } from "../../../src/plan/etcd/planning";
import { observeEtcdWorld } from "../../../src/simulator/etcd/observe-etcd";
import { rehearseLive } from "../../../src/simulator/rehearsal/live-subject";
import { sceneOf } from "../../../src/simulator/rehearsal/scenario-subject";
import { type Scenario, scenarioSchema } from "../../../src/simulator/scenario";

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
