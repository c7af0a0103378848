// What must hold for every plan, whatever is wrong: one checker for each rule, and for each checker a planner broken in just
// that rule, which the same search has to catch.
import { expect } from "chai";
import fc from "fast-check";
import type { BoshStep } from "../../src/model/bosh-step";
import { planBoshDeployment } from "../../src/plan/bosh-plan";
import { expectHolds, propertyTimeoutMs, searchParameters } from "../property/parameters";
import { checkers, keepsRule, type Planner } from "./bosh-plan-rules";

function without(...kinds: readonly BoshStep["kind"][]): Planner {
  return (declaration, observation) => {
    const plan = planBoshDeployment(declaration, observation);
    return { ...plan, steps: plan.steps.filter(({ kind }) => !kinds.includes(kind)) };
  };
}

function mapped(change: (step: BoshStep) => BoshStep): Planner {
  return (declaration, observation) => {
    const plan = planBoshDeployment(declaration, observation);
    return { ...plan, steps: plan.steps.map(change) };
  };
}

const broken: Readonly<Record<string, readonly Planner[]>> = {
  "one master at a time": [
    (declaration, observation) => planBoshDeployment({ ...declaration, quorumGroups: [] }, observation),
  ],
  "no quorum lost, none touched unknown": [
    (declaration, observation) =>
      planBoshDeployment(
        { ...declaration, quorumGroups: [{ group: "master", hasEtcd: false }] },
        { ...observation, quorums: new Map() },
      ),
    (declaration, observation) => planBoshDeployment({ ...declaration, repairSeveral: true }, observation),
  ],
  "a snapshot before a master loses its VM": [without("takeEtcdSnapshot")],
  "the resurrector held off during surgery and put back": [
    without("pauseResurrection"),
    without("waitForMonitor"),
    without("resumeResurrection"),
  ],
  "nobody touched who is fine, stopped, ignored or an errand": [
    (declaration, observation) =>
      planBoshDeployment(declaration, {
        ...observation,
        placements: observation.placements.map((placed) => ({ ...placed, expectsVm: true })),
      }),
    (declaration, observation) =>
      planBoshDeployment(declaration, {
        ...observation,
        instances: observation.instances?.map((listed) => ({
          ...listed,
          isIgnored: false,
          jobState: listed.isIgnored ? "failing" : listed.jobState,
        })),
      }),
  ],
  "a pause that was left is undone first": [without("undoPause")],
  "no converging while another instance is in trouble": [
    mapped((step) => (step.kind === "recreateInstance" ? { ...step, scope: "converge" } : step)),
  ],
  "the VM deleted is the one observed": [
    mapped((step) => (step.kind === "deleteVm" ? { ...step, vmCid: "vm-of-last-week" } : step)),
  ],
  "nothing restarted that cannot start": [
    (declaration, observation) => planBoshDeployment(declaration, { ...observation, monit: new Map() }),
  ],
  "no etcd started that fails": [
    (declaration, observation) => {
      const instances = observation.instances?.map((listed) => ({
        ...listed,
        processes: listed.processes.map((process) => ({ ...process, name: `${process.name} of old` })),
      }));
      const { diagnoses } = planBoshDeployment(declaration, observation);
      return { ...planBoshDeployment(declaration, { ...observation, instances }), diagnoses };
    },
  ],
};

const numRuns = 1_500;

describe("planBoshDeployment, for every observation", function () {
  this.timeout(propertyTimeoutMs);

  for (const [rule, checker] of Object.entries(checkers)) {
    it(`keeps the rule: ${rule}`, () => expectHolds(keepsRule(rule, checker, planBoshDeployment), { numRuns }));

    for (const [position, planner] of (broken[rule] ?? []).entries()) {
      it(`is caught breaking the rule: ${rule} (${position + 1})`, () => {
        const { inputs, check } = keepsRule(rule, checker, planner);
        const parameters = searchParameters(`planBoshDeployment: wrong in ${rule} ${position}`, { numRuns });
        expect(fc.check(fc.property(inputs, check), parameters).failed).to.equal(true);
      });
    }
  }

  it("has a broken planner for every rule", () => expect(Object.keys(broken)).to.deep.equal(Object.keys(checkers)));
});
