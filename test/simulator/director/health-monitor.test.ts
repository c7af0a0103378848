import { expect } from "chai";
import { renderRules } from "../../../src/plan/bosh-resurrection";
import {
  cfDeployment,
  cfDeploymentName,
  pksBrokenMaster,
  pksDeploymentName,
} from "../../../src/simulator/director/scenarios";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { cutZonePower } from "../../../src/simulator/director/world";
import { breakFluentd, instanceOf, practiceDirector, startMs } from "./practice-director";

function minutes(count: number): number {
  return count * 60_000;
}

function titles(director: SimulatedDirector, severity: number): readonly string[] {
  return director.monitor.alerts.filter((alert) => alert.severity === severity).map(({ title }) => title);
}

function silence(director: SimulatedDirector, group: string, id: string): void {
  const { vm } = instanceOf(director, group, id);
  if (vm !== undefined) vm.isAgentAlive = false;
}

describe("HealthMonitor", () => {
  it("has one silent master of four VMs recreated by itself, 40 to 150 s after the last beat", () => {
    const director = practiceDirector({ isResurrectorDeployed: true });
    const before = instanceOf(director, "master", pksBrokenMaster.id).vm?.cid;
    director.clock.advance(minutes(5));
    silence(director, "master", pksBrokenMaster.id);
    const silentSinceMs = director.clock.nowMs();
    director.clock.advance(minutes(20));
    const alert = director.monitor.alerts.find(({ severity }) => severity === 4);
    expect((alert?.atMs ?? 0) - silentSinceMs).to.be.within(40_000, 150_000);
    expect(instanceOf(director, "master", pksBrokenMaster.id).vm?.cid).not.to.equal(before);
    expect(
      director.tasks.list().filter(({ state, description }) => description === "scan and fix" && state === "done"),
    ).to.have.length(1);
  });

  it("does nothing for a failing process: that alert never reaches the resurrector (seed 000)", () => {
    const director = practiceDirector({ isResurrectorDeployed: true });
    breakFluentd(director);
    director.clock.advance(minutes(20));
    expect([director.monitor.alerts, director.tasks.list()]).to.deep.equal([[], []]);
  });

  it("recreates a VM that an operator deleted, and so races the operator's own recreate", () => {
    const director = practiceDirector({ isResurrectorDeployed: true });
    director.startDeleteVm(instanceOf(director, "master", pksBrokenMaster.id).vm?.cid ?? "", {
      user: "op",
      contextId: "",
    });
    director.clock.advance(minutes(2));
    expect(director.tasks.list().map(({ description }) => description)).to.include("scan and fix");
  });

  it("goes on alerting while the switch is off, but starts nothing", () => {
    const director = practiceDirector({ isResurrectorDeployed: true });
    director.isResurrectionOn = false;
    silence(director, "master", pksBrokenMaster.id);
    director.clock.advance(minutes(10));
    expect(titles(director, 2)).not.to.deep.equal([]);
    expect(director.tasks.list()).to.deep.equal([]);
  });

  it("leaves a group alone that a resurrection config disables, and says so", () => {
    const director = practiceDirector({ isResurrectorDeployed: true });
    const rules = [
      { enabled: false, include: { deployments: [pksDeploymentName], instanceGroups: ["master"] }, exclude: undefined },
    ];
    director.configs.store({
      type: "resurrection",
      name: "quiet",
      content: renderRules(rules),
      expectedLatestId: "0",
      nowMs: 0,
    });
    director.clock.advance(minutes(1));
    silence(director, "master", pksBrokenMaster.id);
    director.clock.advance(minutes(10));
    expect(titles(director, 1)).to.include("Resurrection is disabled by resurrection config");
    expect(director.tasks.list()).to.deep.equal([]);
  });

  it("does not know of a config until it reads them again, up to a minute later", () => {
    const director = practiceDirector({ isResurrectorDeployed: true });
    silence(director, "master", pksBrokenMaster.id);
    director.clock.advance(89_000);
    const rules = [{ enabled: false, include: undefined, exclude: undefined }];
    director.configs.store({
      type: "resurrection",
      name: "late",
      content: renderRules(rules),
      expectedLatestId: "0",
      nowMs: 0,
    });
    director.clock.advance(2_000);
    expect(director.tasks.list().map(({ description }) => description)).to.include("scan and fix");
  });

  it("stands down in a meltdown when a zone with 16 of 44 VMs is lost (seed 004)", () => {
    const director = practiceDirector({ isResurrectorDeployed: true, deployments: [cfDeployment(startMs)] });
    director.clock.advance(minutes(5));
    cutZonePower(director.world, "az2");
    director.clock.advance(minutes(10));
    expect(titles(director, 1)).to.include("We are in meltdown");
    expect(director.tasks.list()).to.deep.equal([]);
    expect(director.deployment(cfDeploymentName).instances.filter(({ zone }) => zone === "az2")).to.have.length(16);
  });

  it("does not brake with all four VMs of four down: five are the least", () => {
    const director = practiceDirector({ isResurrectorDeployed: true });
    director.clock.advance(minutes(5));
    for (const { group, id, vm } of director.deployment(pksDeploymentName).instances)
      if (vm !== undefined) silence(director, group, id);
    director.clock.advance(minutes(3));
    expect(titles(director, 1)).to.deep.equal([]);
    expect(director.tasks.list().map(({ description }) => description)).to.include("scan and fix");
  });
});

describe("SimulatedDirector", () => {
  it("leaves the same trace for the same seed", () => {
    const trace = (): string => {
      const director = practiceDirector({ isResurrectorDeployed: true });
      silence(director, "master", pksBrokenMaster.id);
      director.clock.advance(minutes(30));
      return JSON.stringify([director.monitor.alerts, director.tasks.list()]);
    };
    expect(trace()).to.equal(trace());
  });

  it("fails a single recreate of an instance without a VM, and leaves it stopped as if that were wanted", () => {
    const director = practiceDirector();
    const instance = instanceOf(director, "master", pksBrokenMaster.id);
    instance.vm = undefined;
    const change = { instance, action: "recreate", isHard: false, isUnresponsiveIgnored: false } as const;
    const task = director.startSingleChange(pksDeploymentName, change, { user: "op", contextId: "" });
    director.clock.advance(minutes(10));
    expect([director.task(task.id).state, instance.state]).to.deep.equal(["error", "stopped"]);
  });
});
