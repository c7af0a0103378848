// Seed 000: fluentd's job directory is deleted on a PKS master; cloud check sees nothing; recreate cannot stop the job.
import { expect } from "chai";
import { type BoshPlanner, convergeBosh } from "../../../src/converge/bosh-round";
import type { BoshDeploymentDeclaration } from "../../../src/model/bosh-plan";
import type { BoshStep } from "../../../src/model/bosh-step";
import { planBoshDeployment } from "../../../src/plan/bosh-plan";
import { pksDeploymentName as deployment, pksBrokenMaster } from "../../../src/simulator/director/scenarios";
import { SimulatedDirectorAccess } from "../../../src/simulator/director/simulated-access";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { breakFluentd, instanceOf, practiceDirector, servePractice } from "./practice-director";
import { practiceReach } from "./practice-reach";

const declaration: BoshDeploymentDeclaration = {
  deployment,
  quorumGroups: [{ group: "master", hasEtcd: true }],
  mustRun: [],
  repairSeveral: false,
  isMassRecovery: false,
};

function cids(director: SimulatedDirector): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    director.deployment(deployment).instances.map(({ group, index, vm }) => [`${group}/${index}`, vm?.cid]),
  );
}

async function states(director: SimulatedDirector): Promise<readonly (string | undefined)[]> {
  const listing = await new SimulatedDirectorAccess(director).observeInstances(deployment);
  return listing.kind === "listed" ? listing.instances.map(({ jobState }) => jobState) : [];
}

// Each look is a TLS connection.
const overHttps = { client: { followLimits: { pollMs: 10_000 } } };

const kinds = (steps: readonly BoshStep[]): readonly string[] => steps.map(({ kind }) => kind);
const allRunning = [undefined, "running", "running", "running", "running"];
const repair = [
  "takeEtcdSnapshot",
  "pauseResurrection",
  "waitForMonitor",
  "deleteVm",
  "recreateInstance",
  "resumeResurrection",
];

describe("seed 000: a master's job directory is gone", () => {
  for (const how of ["in process", "over HTTPS"] as const) {
    it(`is repaired by delete-vm and recreate, the others untouched, the resurrector as before (${how})`, async () => {
      const director = practiceDirector({ isResurrectorDeployed: true });
      breakFluentd(director);
      const practice = how === "over HTTPS" ? await servePractice(director, overHttps) : undefined;
      const reach = practiceReach(director, practice?.access);
      const before = cids(director);
      const plans: (readonly string[])[] = [];
      const result = await convergeBosh({
        ...reach,
        clock: director.clock,
        declaration,
        planner: planBoshDeployment,
        onEvent: (event) => {
          if (event.kind === "planned") plans.push(kinds(event.plan.steps));
        },
      });
      await practice?.served.close();
      expect(plans[0]).to.deep.equal([...repair.slice(0, 5), "waitForInstance", "resumeResurrection"]);
      expect(result.attempts.map(({ step, isDone }) => [step.kind, isDone])).to.deep.equal(
        repair.map((kind) => [kind, true]),
      );
      expect([result.failures, result.plan.steps, result.plan.blockers]).to.deep.equal([[], [], []]);
      const after = cids(director);
      expect(after["master/2"]).not.to.equal(before["master/2"]);
      expect({ ...after, "master/2": "" }).to.deep.equal({ ...before, "master/2": "" });
      expect(await states(director)).to.deep.equal(allRunning);
      expect([director.isResurrectionOn, director.configs.latest({ type: "resurrection" })]).to.deep.equal([true, []]);
      // The resurrector did not race it, no member but the broken one ever lost its vote, and all three stood at the snapshot.
      expect(director.tasks.list().some(({ description }) => description === "scan and fix")).to.equal(false);
      expect([reach.quorum.snapshots, reach.quorum.fewestVotes]).to.deep.equal([[3], 2]);
    });
  }

  it("changes nothing when run again", async () => {
    const director = practiceDirector({ isResurrectorDeployed: true });
    breakFluentd(director);
    const options = { ...practiceReach(director), clock: director.clock, declaration, planner: planBoshDeployment };
    await convergeBosh(options);
    const before = cids(director);
    const again = await convergeBosh(options);
    expect([again.attempts, again.plan.steps, cids(director)]).to.deep.equal([[], [], before]);
  });

  it("is raced by the resurrector when a planner leaves the pause out: the test above would notice", async () => {
    const director = practiceDirector({ isResurrectorDeployed: true });
    breakFluentd(director);
    const careless: BoshPlanner = (declared, observation) => {
      const plan = planBoshDeployment(declared, { ...observation, resurrection: { isOn: false, configs: [] } });
      return plan;
    };
    const slowHands = practiceReach(director);
    await convergeBosh({
      ...slowHands,
      clock: director.clock,
      declaration,
      planner: (declared, observation) => {
        // Between delete-vm and recreate an operator reads the output for two minutes.
        if (observation.attempts.at(-1)?.step.kind === "deleteVm") director.clock.advance(120_000);
        return careless(declared, observation);
      },
    });
    expect(director.tasks.list().some(({ description }) => description === "scan and fix")).to.equal(true);
  });

  for (const killedAfter of repair.slice(0, 5)) {
    it(`converges in the next run when the tool is killed after ${killedAfter}`, async () => {
      const director = practiceDirector({ isResurrectorDeployed: true });
      breakFluentd(director);
      const reach = practiceReach(director);
      const killed = new Error("killed");
      // A kill runs no handler: from then on this run can change nothing, so that not even its clean-up reaches the director.
      let isKilled = false;
      const access = new Proxy(reach.director, {
        get: (target, name) => {
          if (isKilled) throw killed;
          const member: unknown = Reflect.get(target, name);
          return typeof member === "function" ? member.bind(target) : member;
        },
      });
      const first = convergeBosh({
        ...reach,
        director: access,
        clock: director.clock,
        declaration,
        planner: planBoshDeployment,
        onEvent: (event) => {
          if (event.kind === "step-ended" && event.step.kind === killedAfter) isKilled = true;
        },
      });
      expect(await first.catch((error: unknown) => error)).to.equal(killed);
      const pauses = director.configs.latest({ type: "resurrection" }).length;
      expect(pauses).to.equal(killedAfter === "takeEtcdSnapshot" ? 0 : 1);
      const second = await convergeBosh({ ...reach, clock: director.clock, declaration, planner: planBoshDeployment });
      if (pauses === 1) expect(second.attempts[0]?.step.kind).to.equal("undoPause");
      expect(second.failures).to.deep.equal([]);
      expect(await states(director)).to.deep.equal(allRunning);
      expect(director.configs.latest({ type: "resurrection" })).to.deep.equal([]);
    });
  }

  it("stops after the running step on ^C and takes the pause back", async () => {
    const director = practiceDirector({ isResurrectorDeployed: true });
    breakFluentd(director);
    let isCancelled = false;
    const result = await convergeBosh({
      ...practiceReach(director),
      clock: director.clock,
      declaration,
      planner: planBoshDeployment,
      isCancelled: () => isCancelled,
      onEvent: (event) => {
        if (event.kind === "step-started" && event.step.kind === "waitForMonitor") isCancelled = true;
      },
    });
    expect([result.isCancelled, result.attempts.at(-1)?.step.kind]).to.deep.equal([true, "waitForMonitor"]);
    expect(director.configs.latest({ type: "resurrection" })).to.deep.equal([]);
    expect(instanceOf(director, "master", pksBrokenMaster.id).vm).not.to.equal(undefined);
  });

  it("does not delete a VM that was replaced since the plan was made", async () => {
    const director = practiceDirector();
    breakFluentd(director);
    let swapped: string | undefined;
    const result = await convergeBosh({
      ...practiceReach(director),
      clock: director.clock,
      declaration,
      planner: planBoshDeployment,
      onEvent: (event) => {
        if (event.kind !== "step-started" || event.step.kind !== "deleteVm") return;
        const instance = instanceOf(director, "master", pksBrokenMaster.id);
        if (instance.vm === undefined) return;
        swapped = `${instance.vm.cid}-new`;
        instance.vm = { ...instance.vm, cid: swapped };
      },
    });
    expect(result.failures[0]).to.match(/has another VM, .*-new by now, so .* was not deleted$/);
    expect(instanceOf(director, "master", pksBrokenMaster.id).vm?.cid).to.equal(swapped);
  });

  it("restarts a process that only needs that, and recreates one instance when that does not help", async () => {
    for (const isStuck of [false, true]) {
      const director = practiceDirector();
      const { vm } = instanceOf(director, "worker", "3b2ae3af-a4ff-4850-8d36-a120525bab4b");
      const kubelet = vm?.processes.find(({ name }) => name === "kubelet");
      if (kubelet !== undefined) Object.assign(kubelet, { state: "failing", isStuck });
      const result = await convergeBosh({
        ...practiceReach(director),
        clock: director.clock,
        declaration,
        planner: planBoshDeployment,
      });
      const surgery = ["pauseResurrection", "waitForMonitor", "recreateInstance", "resumeResurrection"];
      expect(result.attempts.map(({ step }) => step.kind)).to.deep.equal([
        "restartProcess",
        ...(isStuck ? surgery : []),
      ]);
      expect(await states(director)).to.deep.equal(allRunning);
    }
  });

  it("waits for the delete-vm that a killed run started, which belongs to no deployment, instead of starting another", async () => {
    const director = practiceDirector();
    breakFluentd(director);
    const cid = instanceOf(director, "master", pksBrokenMaster.id).vm?.cid ?? "";
    const left = director.startDeleteVm(cid, { user: "operator", contextId: "" });
    director.clock.advance(5_000);
    const result = await convergeBosh({
      ...practiceReach(director),
      clock: director.clock,
      declaration,
      planner: planBoshDeployment,
    });
    expect(result.attempts[0]?.step).to.deep.include({ kind: "waitForTask", taskId: left.id });
    expect(director.tasks.list().filter(({ type }) => type === "delete_vm")).to.have.length(1);
    expect(await states(director)).to.deep.equal(allRunning);
  });

  it("does not queue a listing behind a full queue, and does not call that healthy", async () => {
    const director = practiceDirector({ workers: 1 });
    breakFluentd(director);
    for (let count = 0; count < 5; count += 1) director.startDeleteVm(`vm-${count}`, { user: "ops", contextId: "" });
    director.clock.advance(1_000);
    const reach = practiceReach(director);
    const options = { ...reach, clock: director.clock, declaration, planner: planBoshDeployment };
    const result = await convergeBosh(options);
    expect(result.plan.blockers.map(({ reason }) => reason)).to.deep.equal(["not-observed"]);
    expect(director.tasks.list().some(({ description }) => description === "retrieve vm-stats")).to.equal(false);
    director.clock.advance(300_000);
    await convergeBosh(options);
    expect(await states(director)).to.deep.equal(allRunning);
  });

  it("waits for another operator's task instead of failing on its lock", async () => {
    const director = practiceDirector();
    breakFluentd(director);
    const other = director.startScan(deployment, { user: "ops", contextId: "" });
    director.clock.advance(1_000);
    const result = await convergeBosh({
      ...practiceReach(director),
      clock: director.clock,
      declaration,
      planner: planBoshDeployment,
    });
    expect(result.attempts[0]?.step).to.deep.include({ kind: "waitForTask", taskId: other.id });
    expect(await states(director)).to.deep.equal(allRunning);
  });
});
