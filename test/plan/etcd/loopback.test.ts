// The planner, the parsers and the rendered commands on real etcd. A version whose binaries are not there is skipped.

import { expect } from "chai";
import type { EtcdPlan } from "../../../src/model/etcd-plan";
import { type EtcdChangeStep, type EtcdStep, etcdEffectsOfKind } from "../../../src/model/etcd-step";
import { planEtcd } from "../../../src/plan/etcd/plan";
import { findEtcdBinaries } from "../../observe/etcd/loopback-cluster";
import { LoopbackNodes } from "./loopback-nodes";

const isChange = (step: EtcdStep): step is EtcdChangeStep => etcdEffectsOfKind[step.kind].length > 0;

/** Plans and applies until nothing is left to do; the kinds of the steps that ran, with their nodes. */
async function converge(nodes: LoopbackNodes, declaration: object = {}): Promise<{ ran: string[]; plan: EtcdPlan }> {
  const ran: string[] = [];
  for (let round = 0; round < 150; round += 1) {
    const plan = planEtcd(await nodes.input(declaration));
    const [step] = plan.steps;
    if (step === undefined) {
      // An election is no failure: it is over within a second.
      if (plan.assessment.verdict.kind === "unknown" && round < 140) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        continue;
      }
      return { ran, plan };
    }
    if (isChange(step)) {
      nodes.apply(step);
      ran.push(`${step.kind.slice(4)} ${step.node}`);
    } else await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`no end after: ${ran.join(", ")}`);
}

function writeKeys(nodes: LoopbackNodes): void {
  for (let key = 0; key < 50; key += 1)
    nodes.cluster.etcdctl(["cp-0", "cp-1", "cp-2"], "put", `key${key}`, `value-${key}`);
}

const read = (nodes: LoopbackNodes, name: string) => nodes.cluster.etcdctl([name], "get", "key", "--prefix").stdout;

for (const minor of ["3.3", "3.4", "3.5", "3.6"]) {
  const binaries = findEtcdBinaries(minor);
  describe(`planEtcd on real etcd ${minor}`, function () {
    this.timeout(180_000);
    let nodes: LoopbackNodes | undefined;

    before(function () {
      if (process.env.QUORATE_TEST_ALL !== "1") {
        process.stdout.write("skipped: real etcd on loopback: npm run test:all runs it\n");
        this.skip();
      }
      if (binaries === undefined) {
        console.log(`      skipped: no etcd ${minor} in QUORATE_ETCD_BIN, ~/.cache/quorate-etcd or on the PATH`);
        this.skip();
      }
    });

    afterEach(async () => {
      await nodes?.close();
      nodes = undefined;
    });

    const fresh = async (extraFlags = "") => {
      if (binaries === undefined) throw new Error("skipped");
      nodes = await LoopbackNodes.start(binaries, extraFlags);
      writeKeys(nodes);
      return nodes;
    };

    it("replaces the wiped first member, stopped, and serves its data through it", async () => {
      const lab = await fresh();
      const before = read(lab, "cp-1");
      lab.monit("cp-0", "stop");
      await lab.cluster.until("cp-0 ends", () => lab.pidOf("cp-0") === undefined);
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

    it("replaces a member wiped under its running process, the leader included", async () => {
      const lab = await fresh();
      const status = planEtcd(await lab.input()).assessment;
      const leader = status.members.find((member) => member.isLeader)?.node ?? "";
      lab.wipe(leader);
      const { ran, plan } = await converge(lab);
      expect(plan.assessment.verdict.kind, ran.join(", ")).to.equal("healthy");
      expect(ran.some((step) => step.startsWith("MoveLeader"))).to.equal(true);
      expect(read(lab, leader)).to.match(/value-49/);
    });

    it("rebuilds a lost quorum from the survivor that is named, and grows back to three", async () => {
      const lab = await fresh();
      for (const name of ["cp-0", "cp-2"]) {
        lab.monit(name, "stop");
        await lab.cluster.until(`${name} ends`, () => lab.pidOf(name) === undefined);
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

    it("frees a full database and takes writes again", async () => {
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
