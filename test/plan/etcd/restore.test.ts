// Rebuilding a lost quorum, against the model: only when asked to, and from any crash.

import { expect } from "chai";
import { planEtcd } from "../../../src/plan/etcd/plan";
import { nodeNames, type RunnerKind } from "./builders";
import { EtcdModel } from "./etcd-model";
import { inputOf, type RunOptions, runModel } from "./run-model";

const runners: readonly RunnerKind[] = ["monit", "systemd", "static-pod"];
const sha256 = "a".repeat(64);
const survivor = { restore: { name: "night-one", source: { kind: "survivor", node: "cp-1" } } };
const snapshot = {
  restore: { name: "night-one", source: { kind: "snapshot", file: "kept.db", sha256, revision: 900 } },
};

function wipe(model: EtcdModel, ...names: readonly string[]): EtcdModel {
  for (const name of names) {
    model.node(name).data = { kind: "none" };
    model.node(name).isRunning = false;
  }
  model.settle();
  model.forks.length = 0;
  return model;
}

const twoWiped = (runner: RunnerKind, version: string) =>
  wipe(new EtcdModel(runner, version, nodeNames(3)), "cp-0", "cp-2");
const allWiped = (runner: RunnerKind, version: string) =>
  wipe(new EtcdModel(runner, version, nodeNames(3)), ...nodeNames(3));

function expectRebuilt(model: EtcdModel, options: RunOptions) {
  const old = model.mainCluster();
  const result = runModel(model, { ...options, repairSeveral: false });
  const told = `${result.plan.assessment.verdict.summary} | ${result.effects.join(", ")} | ${result.refusals.join("; ")}`;
  expect(result.isStuck, told).to.equal(false);
  expect(result.plan.blockers, told).to.deep.equal([]);
  expect(result.plan.assessment.verdict.kind, told).to.equal("healthy");
  expect(result.plan.assessment.quorum?.clusterId, told).to.not.equal(old);
  expect(result.violations, told).to.deep.equal([]);
  return result;
}

const reasons = (model: EtcdModel, options: RunOptions = {}) =>
  planEtcd(inputOf(model, options)).blockers.map((blocker) => blocker.reason);

describe("planEtcd with a lost quorum", () => {
  for (const runner of runners) {
    it(`changes nothing without the opt-in, and names the survivor (${runner})`, () => {
      // Index 0 under monit and kubeadm's first node boot a fork of their own; what is left must still not be touched.
      const model = wipe(new EtcdModel(runner, "3.5.21", nodeNames(3)), "cp-1", "cp-2");
      const { effects, plan } = runModel(model);
      expect(effects).to.deep.equal([]);
      expect(plan.blockers.map((blocker) => blocker.reason)).to.deep.equal(["etcd-quorum-lost"]);
      expect(plan.blockers[0]?.nextStep).to.match(/survivor", node: "cp-0".*revision 1000/);
    });

    for (const version of ["3.3.17", "3.4.23", "3.5.21", "3.6.5"]) {
      it(`rebuilds from the survivor that is named, with its data (${runner}, etcd ${version})`, () => {
        const model = twoWiped(runner, version);
        const { effects, plan } = expectRebuilt(model, { declaration: survivor });
        expect(plan.assessment.quorum?.revision).to.equal(1000);
        expect(model.node("cp-1").archive.some((data) => data.kind === "present" && data.revision === 1000)).to.equal(
          true,
        );
        expect(model.backups).to.have.length(1);
        const order = ["collectEtcdSnapshot cp-1", "stopEtcdService cp-1"];
        expect(effects.filter((effect) => order.includes(effect))).to.deep.equal(order);
        expect([...model.nodes.values()].every((node) => !node.isWriterRunning)).to.equal(true);
      });

      it(`rebuilds from the snapshot that is named when all are wiped (${runner}, etcd ${version})`, () => {
        const { plan } = expectRebuilt(allWiped(runner, version), { declaration: snapshot });
        expect(plan.assessment.quorum?.revision).to.equal(900);
        expect(plan.notes.map((note) => note.text).join()).to.match(/masterleases|leases of API servers/);
      });
    }

    for (const kind of ["killed", "rebooted"] as const)
      it(`goes on with a rebuild from a crash after any effect (${kind}, ${runner})`, () => {
        for (const version of [runner === "monit" ? "3.3.17" : "3.5.21"])
          for (const declaration of [survivor, snapshot]) {
            const broken = () => (declaration === survivor ? twoWiped(runner, version) : allWiped(runner, version));
            const { effects } = expectRebuilt(broken(), { declaration });
            for (let afterEffect = 0; afterEffect < effects.length; afterEffect += 1)
              expectRebuilt(broken(), { declaration, crash: { afterEffect, kind } });
          }
      });
  }

  it("holds the API servers back until the rebuilt cluster serves, and no longer", () => {
    const model = twoWiped("static-pod", "3.5.21");
    const before = planEtcd(inputOf(model, { declaration: survivor }));
    expect(before.mustHoldWriters).to.equal(true);
    expectRebuilt(model, { declaration: survivor });
    expect(planEtcd(inputOf(model, { declaration: survivor })).mustHoldWriters).to.equal(false);
  });

  it("refuses a survivor that is behind another one, and names the other", () => {
    const model = wipe(new EtcdModel("systemd", "3.5.21", nodeNames(5)), "cp-2", "cp-3", "cp-4");
    const behind = model.node("cp-1");
    if (behind.data.kind === "present") behind.data = { ...behind.data, revision: 400 };
    const { blockers, steps } = planEtcd(inputOf(model, { declaration: survivor }));
    expect(steps).to.deep.equal([]);
    expect(blockers.map((blocker) => blocker.reason)).to.deep.equal(["etcd-restore-source"]);
    expect(blockers[0]?.nextStep).to.match(/cp-0/);
  });

  it("refuses to rebuild while a node cannot be stopped and archived, and says so of every such node", () => {
    const model = twoWiped("systemd", "3.5.21");
    for (const name of ["cp-0", "cp-2"]) model.node(name).isOnline = false;
    const { blockers, steps } = planEtcd(inputOf(model, { declaration: survivor }));
    expect(steps).to.deep.equal([]);
    expect(blockers.map((blocker) => [blocker.reason, blocker.node])).to.deep.equal([
      ["etcd-restore-node", "cp-0"],
      ["etcd-restore-node", "cp-2"],
    ]);
  });

  it("refuses a restore whose name was used before", () => {
    const model = twoWiped("systemd", "3.5.21");
    expectRebuilt(model, { declaration: survivor });
    wipe(model, "cp-0", "cp-1");
    expect(reasons(model, { declaration: survivor })).to.include("etcd-restore-used");
    const renamed = { restore: { name: "night-two", source: { kind: "survivor", node: "cp-2" } } };
    expectRebuilt(model, { declaration: renamed });
  });

  it("does nothing with the opt-in while the quorum stands", () => {
    const model = new EtcdModel("systemd", "3.5.21", nodeNames(3));
    const { effects, plan } = runModel(model, { declaration: survivor });
    expect(effects).to.deep.equal([]);
    expect(plan.assessment.verdict.kind).to.equal("healthy");
  });

  it("starts whole members rather than rebuild, even when the rebuild is declared", () => {
    const model = new EtcdModel("systemd", "3.5.21", nodeNames(3));
    for (const node of model.nodes.values()) {
      node.isRunning = false;
      node.isPaused = true;
    }
    const { effects, plan } = runModel(model, { declaration: survivor });
    expect(effects.some((effect) => effect.startsWith("restore"))).to.equal(false);
    expect(plan.assessment.verdict.kind).to.equal("healthy");
  });

  it("needs etcdutl on 3.6, and refuses with its name when it is not there", () => {
    const model = twoWiped("systemd", "3.6.5");
    const input = inputOf(model, { declaration: survivor });
    const views = input.views.map((view) =>
      view.kind === "observed"
        ? { ...view, etcd: { ...view.etcd, tools: { etcdctl: "3.6.5", server: "3.6.5" } } }
        : view,
    );
    const { blockers } = planEtcd({ ...input, views });
    expect(blockers.map((blocker) => blocker.reason)).to.include("etcd-restore-tool");
  });
});
