// Real etcd as what is rehearsed.

import { expect } from "chai";
import { planEtcd } from "../../src/plan/etcd/plan";
import { rehearseLive } from "../../src/simulator/rehearsal/live-subject";
import { LoopbackNodes } from "./loopback-nodes";
import { useEtcd } from "./use-etcd";

for (const minor of ["3.5", "3.6"] as const) {
  describe(`the copy of real etcd ${minor}`, function () {
    this.timeout(300_000);
    const etcd = useEtcd(minor);
    let nodes: LoopbackNodes | undefined;
    afterEach(async () => {
      await nodes?.close();
      nodes = undefined;
    });

    it("of a cluster with a wiped member is rehearsed in full, and the same plan is asked for on both", async () => {
      nodes = await LoopbackNodes.start(etcd());
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
