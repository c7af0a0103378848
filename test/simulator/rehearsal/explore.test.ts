// Random exploration: a fixed number of seeds.

import { expect } from "chai";
import { stringify } from "yaml";
import type { EtcdPlan } from "../../../src/model/etcd-plan";
import { planEtcd } from "../../../src/plan/etcd/plan";
import { explore } from "../../../src/simulator/rehearsal/explore";
import { sceneOf } from "../../../src/simulator/rehearsal/scenario-subject";
import { rehearse } from "../../../src/simulator/rehearsal/search";
import { describeExploration } from "../../../src/simulator/rehearsal/words";
import { parseScenario } from "../../../src/simulator/scenario";
import { testSeed } from "../../matrix";

const runs = 12;
/** Fixed ones, and one that every commit has for itself. */
const seeds = ["2", "3", "4", "5", testSeed];

/** A planner that adds members as voters at once. */
const hasty = (input: Parameters<typeof planEtcd>[0]): EtcdPlan => {
  const plan = planEtcd(input);
  return {
    ...plan,
    steps: plan.steps.map((step) => (step.kind === "etcdAddMember" ? { ...step, isLearner: false } : step)),
  };
};

describe("random exploration", function () {
  this.timeout(300_000);

  for (const seed of seeds)
    it(`finds no broken rule in ${runs} runs of seed ${seed}`, () => {
      const found = explore({ seed, runs });
      expect(found.failures.length, describeExploration(found).join("\n")).to.equal(0);
      expect(found.cases).to.be.above(runs);
    });

  it("marks what it has seen: verdicts, steps and reasons for refusing", () => {
    const { verdicts, steps, reasons } = explore({ seed: "marks", runs: 30 });
    expect([...verdicts.keys()]).to.include.members(["healthy", "minority-lost", "quorum-lost"]);
    expect([...steps.keys()]).to.include.members(["etcdStartMember", "etcdSaveSnapshot"]);
    expect([...reasons.keys()]).to.include("etcd-node-unreachable");
  });

  it("makes a failing run as small as it can be, and names it, so that it fails again from its file", () => {
    const { failures } = explore({ seed: "hasty", runs: 12, planner: hasty });
    expect(failures.length).to.be.above(0);
    for (const { scenario, kinds } of failures) {
      const again = sceneOf(parseScenario(stringify(scenario), scenario.name));
      const subject = { ...again.subject, planner: hasty };
      expect(rehearse(subject, again.world, { kinds }).failures.length, scenario.name).to.be.above(0);
      for (const [index] of scenario.faults.entries()) {
        const faults = scenario.faults.filter((_, other) => other !== index);
        const smaller = sceneOf({ ...scenario, faults });
        const found = rehearse({ ...smaller.subject, planner: hasty }, smaller.world, { kinds, failuresMax: 1 });
        expect(found.failures.length, `${scenario.name} without fault ${index}`).to.equal(0);
      }
    }
  });
});
