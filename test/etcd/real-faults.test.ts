// What can happen to real etcd: the verdict on it, and that it ends repaired or refused with the right reason, and never
// worse than it began.

import { expect } from "chai";
import { planEtcd } from "../../src/plan/etcd/plan";
import { chooseCases } from "../matrix";
import { LoopbackNodes } from "./loopback-nodes";
import { converge, readKeys, writeKeys } from "./loopback-run";
import { realFaults } from "./real-faults";
import { useEtcd } from "./use-etcd";

const names = ["cp-0", "cp-1", "cp-2"];
const chosen = chooseCases("faults of real etcd", realFaults, ({ outcome }) =>
  outcome === "repaired" ? outcome : "refused",
);

describe("a fault of real etcd", function () {
  this.timeout(240_000);
  const etcd = useEtcd("3.5");
  let nodes: LoopbackNodes | undefined;
  afterEach(async () => {
    await nodes?.close();
    nodes = undefined;
  });

  for (const fault of chosen) {
    it(`${fault.outcome === "repaired" ? "is repaired" : `is refused (${fault.outcome})`}: ${fault.name}`, async () => {
      const lab = await LoopbackNodes.start(etcd(), fault.extraFlags);
      nodes = lab;
      writeKeys(lab);
      const keys = readKeys(lab, "cp-1");
      expect(keys).to.contain("value-49");
      const more = {
        repairSeveral: fault.repairSeveral ?? false,
        history: { lastRevision: fault.lastRevision, backups: lab.backups },
      };
      await fault.make(lab);
      const servingBefore = names.filter((name) => readKeys(lab, name) === keys);
      // An election may be under way right after the fault.
      let { verdict } = planEtcd({ ...(await lab.input()), ...more }).assessment;
      for (let look = 0; look < 20 && verdict.kind !== fault.verdict; look += 1)
        verdict = planEtcd({ ...(await lab.input()), ...more }).assessment.verdict;
      expect(verdict.kind, verdict.summary).to.equal(fault.verdict);

      const { ran, plan } = await converge(lab, {}, more, 5);
      const summary = `${plan.assessment.verdict.summary} after ${ran.join(", ")}; ${plan.blockers.map((one) => one.message).join("; ")}`;
      if (fault.outcome === "repaired") {
        expect(plan.assessment.verdict.kind, summary).to.equal("healthy");
        expect(plan.drifts, summary).to.deep.equal([]);
        const listed = lab.members("cp-1").map(({ peerUrl }) => peerUrl);
        expect(listed.sort(), summary).to.deep.equal(names.map((name) => lab.cluster.member(name).peerUrl).sort());
        for (const name of names) expect(readKeys(lab, name), `${name}: ${summary}`).to.equal(keys);
        return;
      }
      expect(
        plan.blockers.map((one) => one.reason),
        summary,
      ).to.include(fault.outcome);
      const tries = ["SaveSnapshot", ...(fault.tries ?? [])];
      expect(
        ran.filter((step) => !tries.some((kind) => step.startsWith(`${kind} `))),
        summary,
      ).to.deep.equal([]);
      for (const name of servingBefore) expect(readKeys(lab, name), `${name}: ${summary}`).to.equal(keys);
    });
  }
});
