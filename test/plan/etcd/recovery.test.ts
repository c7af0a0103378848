// The planner against the model: every fault, every way of running etcd, and a crash between any two effects.

import { expect } from "chai";
import type { MemberId } from "../../../src/model/etcd-member-id";
import { nodeNames, type RunnerKind } from "./builders";
import { EtcdModel, type ModelNode } from "./etcd-model";
import { type RunOptions, runModel } from "./run-model";

const runners: readonly RunnerKind[] = ["monit", "systemd", "static-pod"];
const versions = ["3.3.17", "3.4.23", "3.5.21", "3.6.5"];

interface Fault {
  readonly name: string;
  readonly break: (model: EtcdModel, node: ModelNode) => void;
}

const wipe = (node: ModelNode) => {
  node.data = { kind: "none" };
  node.isRunning = false;
};

const faults: readonly Fault[] = [
  {
    name: "wiped and stopped",
    break: (_model, node) => {
      wipe(node);
      node.isPaused = true;
    },
  },
  {
    name: "wiped under its running process",
    break: (_model, node) => {
      node.isDeletedUnderProcess = true;
    },
  },
  {
    name: "wiped and started again as it is defined",
    break: (model, node) => {
      wipe(node);
      model.settle();
    },
  },
  {
    name: "stopped with its data",
    break: (_model, node) => {
      node.isRunning = false;
      node.isPaused = true;
    },
  },
  {
    name: "failing at every start",
    break: (model, node) => {
      if (node.data.kind === "present") node.data = { ...node.data, isBad: true };
      node.isRunning = false;
      model.settle();
    },
  },
  {
    name: "corrupt",
    break: (model, node) => {
      if (node.data.kind === "present") node.data = { ...node.data, isCorrupt: true };
      const cluster = model.clusters.get(model.mainCluster());
      if (cluster !== undefined) cluster.alarms = ["CORRUPT"];
    },
  },
  {
    name: "removed by hand, with its old data",
    break: (model, node) => {
      const cluster = model.clusters.get(model.mainCluster());
      if (cluster !== undefined) cluster.members = cluster.members.filter((member) => member.name !== node.name);
      node.isRunning = false;
      model.settle();
    },
  },
  {
    name: "added by hand and never started",
    break: (model, node) => {
      const cluster = model.clusters.get(model.mainCluster());
      if (cluster !== undefined)
        cluster.members = cluster.members.map((member) =>
          member.name === node.name ? { ...member, id: model.newId(), name: "", clientUrls: [] } : member,
        );
      wipe(node);
      node.isPaused = true;
    },
  },
];

function fresh(runner: RunnerKind, version: string, fault: Fault, target: string): EtcdModel {
  const model = new EtcdModel(runner, version, nodeNames(3));
  fault.break(model, model.node(target));
  // What the fault itself began is not ours.
  model.forks.length = 0;
  return model;
}

function expectHealed(model: EtcdModel, options: RunOptions = {}): ReturnType<typeof runModel> {
  const main: MemberId = model.mainCluster();
  const result = runModel(model, options);
  const told = `${result.plan.assessment.verdict.summary} | ${result.effects.join(", ")} | ${result.refusals.join("; ")}`;
  expect(result.violations, told).to.deep.equal([]);
  expect(result.isStuck, told).to.equal(false);
  expect(result.plan.blockers, told).to.deep.equal([]);
  expect(result.plan.assessment.verdict.kind, told).to.equal("healthy");
  expect(result.plan.drifts, told).to.deep.equal([]);
  expect(model.votes(main), told).to.equal(model.declared.length);
  return result;
}

describe("planEtcd against the model", () => {
  for (const runner of runners)
    for (const version of versions)
      for (const fault of faults) {
        it(`heals a member that is ${fault.name}, whichever of three it is (${runner}, etcd ${version})`, () => {
          for (const target of nodeNames(3)) expectHealed(fresh(runner, version, fault, target));
        });
      }

  for (const runner of runners)
    for (const version of ["3.3.17", "3.5.21"])
      for (const kind of ["killed", "rebooted"] as const)
        it(`goes on from a crash after any effect (${kind}, ${runner}, etcd ${version})`, () => {
          let points = 0;
          for (const fault of faults)
            for (const target of nodeNames(3)) {
              const { effects } = expectHealed(fresh(runner, version, fault, target));
              for (let afterEffect = 0; afterEffect < effects.length; afterEffect += 1) {
                points += 1;
                expectHealed(fresh(runner, version, fault, target), { crash: { afterEffect, kind } });
              }
            }
          expect(points).to.be.greaterThan(100);
        });

  it("keeps the old data of every member it replaces", () => {
    const model = fresh("systemd", "3.5.21", faults[4] as Fault, "cp-1");
    expectHealed(model);
    expect(model.node("cp-1").archive.map((data) => data.kind)).to.deep.equal(["present"]);
  });

  it("frees a full database without restoring anything, whatever crashes in between", () => {
    const full = () => {
      const model = new EtcdModel("static-pod", "3.5.21", nodeNames(3));
      const cluster = model.clusters.get(model.mainCluster());
      if (cluster === undefined) throw new Error("no cluster");
      cluster.isFull = true;
      cluster.compactRevision = 0;
      cluster.alarms = ["NOSPACE"];
      for (const name of nodeNames(3)) cluster.fragmented.add(name);
      return model;
    };
    const { effects } = expectHealed(full());
    expect(effects.filter((effect) => !effect.includes("Snapshot"))).to.deep.equal([
      "compactEtcd cp-1",
      "defragmentEtcd cp-1",
      "defragmentEtcd cp-2",
      "defragmentEtcd cp-0",
      "disarmEtcdAlarms cp-1",
    ]);
    for (let afterEffect = 0; afterEffect < effects.length; afterEffect += 1)
      expectHealed(full(), { crash: { afterEffect, kind: "killed" } });
  });

  it("grows from one member to two and three by learners, and never lets writes stop", () => {
    for (const runner of runners) {
      const model = new EtcdModel(runner, "3.5.21", ["cp-0"], nodeNames(3));
      const result = expectHealed(model, { repairSeveral: true, history: { lastRevision: 10, backups: [] } });
      expect(result.effects.filter((effect) => effect.startsWith("promote"))).to.have.length(2);
    }
  });

  it("refuses to grow from one member to two where there are no learners", () => {
    const model = new EtcdModel("systemd", "3.3.17", ["cp-0"], nodeNames(2));
    const result = runModel(model, { history: { lastRevision: 10, backups: [] } });
    expect(result.plan.blockers.map((blocker) => blocker.reason)).to.deep.equal(["etcd-growth-needs-learners"]);
    expect(result.effects).to.deep.equal([]);
  });

  it("repairs two of five one after the other once asked to, and none before", () => {
    const broken = () => {
      const model = new EtcdModel("systemd", "3.5.21", nodeNames(5));
      for (const name of ["cp-1", "cp-3"]) wipe(model.node(name));
      model.settle();
      return model;
    };
    const refused = runModel(broken());
    expect(refused.effects).to.deep.equal([]);
    expect(refused.plan.blockers.map((blocker) => blocker.reason)).to.deep.equal(["several-nodes-down"]);
    const { effects } = expectHealed(broken(), { repairSeveral: true });
    // Both dead members leave the list first, because etcd adds nobody while a listed voter is silent.
    const at = (name: string) => effects.flatMap((effect, index) => (effect.startsWith(name) ? [index] : []));
    const [removed, added, promoted] = [at("remove"), at("add"), at("promote")];
    expect([removed.length, added.length, promoted.length]).to.deep.equal([2, 2, 2]);
    expect(removed[1]).to.be.lessThan(added[0] ?? -1);
    expect(promoted[0]).to.be.lessThan(added[1] ?? -1);
  });

  it("starts three members that all stopped, without any opt-in", () => {
    for (const runner of runners) {
      const model = new EtcdModel(runner, "3.5.21", nodeNames(3));
      for (const node of model.nodes.values()) {
        node.isRunning = false;
        node.isPaused = true;
      }
      const { effects } = expectHealed(model);
      expect(effects).to.deep.equal(
        nodeNames(3).flatMap((name) => [`writeEtcdMembership ${name}`, `startEtcdService ${name}`]),
      );
    }
  });
});
