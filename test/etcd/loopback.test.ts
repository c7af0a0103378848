// The planner, the parsers and the rendered commands on real etcd. A version whose binaries are not there is skipped.

import { expect } from "chai";
import { planEtcd } from "../../src/plan/etcd/plan";
import { labOrSkip, openTimeoutMs } from "../lab/lab";
import { chooseCases } from "../matrix";
import { type EtcdBinaries, openEtcdBinaries } from "./loopback-cluster";
import { LoopbackNodes } from "./loopback-nodes";
import { converge, readKeys as read, writeKeys } from "./loopback-run";
import { fillWithLiveData } from "./real-fault";

const titles = {
  wiped: "replaces the wiped first member, stopped, and serves its data through it",
  running: "replaces a member wiped under its running process, the leader included",
  lost: "rebuilds a lost quorum from the survivor that is named, and grows back to three",
  full: "frees a full database and takes writes again",
  live: "says that a database is full of live data, and clears no alarm",
};
const minors = ["3.3", "3.4", "3.5", "3.6"] as const;
const chosen = chooseCases(
  "planEtcd on real etcd",
  minors.flatMap((minor) => Object.values(titles).map((title) => ({ name: `${title} (etcd ${minor})`, title }))),
  ({ title }) => title,
).map(({ name }) => name);

for (const minor of minors) {
  describe(`planEtcd on real etcd ${minor}`, function () {
    this.timeout(180_000);
    let binaries: EtcdBinaries;
    let nodes: LoopbackNodes | undefined;

    before(async function () {
      if (!chosen.some((name) => name.endsWith(`(etcd ${minor})`))) return;
      this.timeout(openTimeoutMs);
      binaries = labOrSkip(this, await openEtcdBinaries(minor));
    });

    const check = (title: string, body: () => Promise<void>) => {
      if (chosen.includes(`${title} (etcd ${minor})`)) it(title, body);
    };

    afterEach(async () => {
      await nodes?.close();
      nodes = undefined;
    });

    const fresh = async (extraFlags = "") => {
      nodes = await LoopbackNodes.start(binaries, extraFlags);
      writeKeys(nodes);
      return nodes;
    };

    check(titles.wiped, async () => {
      const lab = await fresh();
      const before = read(lab, "cp-1");
      await lab.stop("cp-0");
      lab.wipe("cp-0");
      const { ran, plan } = await converge(lab);
      expect(plan.assessment.verdict.kind, ran.join(", ")).to.equal("healthy");
      expect(ran.map((step) => step.split(" ")[0])).to.deep.equal([
        "SaveSnapshot",
        "RemoveMember",
        "MakeMemberDirectory",
        "AddMember",
        "StartMember",
        ...(minor === "3.3" ? [] : ["PromoteMember"]),
      ]);
      expect(before).to.match(/value-49/);
      expect(read(lab, "cp-0")).to.equal(before);
    });

    check(titles.running, async () => {
      const lab = await fresh();
      const status = planEtcd(await lab.input()).assessment;
      const leader = status.members.find((member) => member.isLeader)?.node ?? "";
      lab.wipe(leader);
      const { ran, plan } = await converge(lab);
      expect(plan.assessment.verdict.kind, ran.join(", ")).to.equal("healthy");
      expect(ran.some((step) => step.startsWith("MoveLeader"))).to.equal(true);
      expect(read(lab, leader)).to.match(/value-49/);
    });

    check(titles.lost, async () => {
      const lab = await fresh();
      for (const name of ["cp-0", "cp-2"]) {
        await lab.stop(name);
        lab.wipe(name);
      }
      const refused = await converge(lab);
      expect(refused.ran).to.deep.equal([]);
      expect(refused.plan.blockers.map((blocker) => blocker.reason)).to.deep.equal(["etcd-quorum-lost"]);
      const declared = { restore: { name: "night-one", source: { kind: "survivor", node: "cp-1" } } };
      const { ran, plan } = await converge(lab, declared);
      expect(plan.assessment.verdict.kind, ran.join(", ")).to.equal("healthy");
      expect(plan.assessment.quorum?.isRestored).to.equal(true);
      for (const name of ["cp-0", "cp-1", "cp-2"]) expect(read(lab, name)).to.match(/value-49/);
    });

    check(titles.live, async () => {
      const lab = await fresh("--quota-backend-bytes=4000000");
      await fillWithLiveData(lab);
      // What a version does not tell of itself is seen by defragmenting, which then fails with these words.
      const said = await converge(lab).then(
        ({ plan }) => plan.blockers.map(({ message }) => message).join("; "),
        (error: Error) => error.message,
      );
      expect(said).to.contain("full of live data");
      expect(lab.cluster.etcdctl(["cp-0"], "alarm", "list").stdout).to.contain("NOSPACE");
    });

    check(titles.full, async () => {
      const lab = await fresh("--quota-backend-bytes=4000000");
      for (let put = 0; put < 80; put += 1)
        if (lab.cluster.etcdctl(["cp-0"], "put", "big", "x".repeat(90_000)).exitCode !== 0) break;
      await lab.cluster.until("the alarm is raised", () =>
        lab.cluster.etcdctl(["cp-0"], "alarm", "list").stdout.includes("NOSPACE"),
      );
      expect(planEtcd(await lab.input()).assessment.verdict.kind).to.equal("full");
      const { ran, plan } = await converge(lab);
      expect(plan.assessment.verdict.kind, ran.join(", ")).to.equal("healthy");
      expect(ran.some((step) => step.startsWith("Restore"))).to.equal(false);
      const after = lab.cluster.etcdctl(["cp-0"], "put", "after", "1");
      expect(after.exitCode, `${after.stderr.slice(-300)} after ${ran.join(", ")}`).to.equal(0);
    });
  });
}
