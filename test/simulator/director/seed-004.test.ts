// Seed 004: the resurrector is off; a zone with 16 VMs loses its power and gets it back; cloud check recovers them.
import { expect } from "chai";
import { observeResurrection } from "../../../src/converge/bosh-observe";
import { convergeBosh } from "../../../src/converge/bosh-round";
import type { BoshDeploymentDeclaration } from "../../../src/model/bosh-plan";
import type { TaskEvent } from "../../../src/model/bosh-task";
import { estimateRecoveryMs } from "../../../src/plan/bosh-estimate";
import { planBoshDeployment } from "../../../src/plan/bosh-plan";
import { diffResurrection } from "../../../src/plan/bosh-resurrection";
import { cfDeployment, cfDeploymentName as deployment } from "../../../src/simulator/director/scenarios";
import { SimulatedDirectorAccess } from "../../../src/simulator/director/simulated-access";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { cutZonePower, restoreZonePower } from "../../../src/simulator/director/world";
import { practiceDirector, servePractice, startMs } from "./practice-director";
import { practiceReach } from "./practice-reach";

const declaration: BoshDeploymentDeclaration = {
  deployment,
  quorumGroups: [
    { group: "mysql", hasEtcd: false },
    { group: "diego_database", hasEtcd: false },
  ],
  mustRun: [],
  repairSeveral: false,
  isMassRecovery: true,
};

const minute = 60_000;

function outage(): SimulatedDirector {
  const director = practiceDirector({ isResurrectorDeployed: true, deployments: [cfDeployment(startMs)] });
  director.clock.advance(5 * minute);
  cutZonePower(director.world, "az2");
  director.clock.advance(25 * minute);
  restoreZonePower(director.world, "az2");
  return director;
}

async function recover(
  director: SimulatedDirector,
  onProgress?: (event: TaskEvent) => void,
  reach = practiceReach(director),
) {
  return convergeBosh({
    ...reach,
    clock: director.clock,
    declaration,
    planner: planBoshDeployment,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

async function jobStates(director: SimulatedDirector): Promise<ReadonlySet<string | undefined>> {
  const listing = await new SimulatedDirectorAccess(director).observeInstances(deployment);
  return new Set(listing.kind === "listed" ? listing.instances.map(({ jobState }) => jobState) : []);
}

describe("seed 004: a zone is lost and comes back", () => {
  it("recovers 16 silent VMs by one scan and one answer, with progress for each, in about the seed's time", async () => {
    const director = outage();
    const finished: string[] = [];
    const since = director.clock.nowMs();
    const result = await recover(director, (event) => {
      if (event.kind === "progress" && event.stage === "Applying problem resolutions" && event.state === "finished")
        finished.push(event.task);
    });
    expect([result.failures, result.plan.steps, result.plan.blockers]).to.deep.equal([[], [], []]);
    expect(finished).to.have.length(16);
    expect(finished.every((task) => task.endsWith(": Reboot VM"))).to.equal(true);
    const tookMs = director.clock.nowMs() - since;
    expect(tookMs).to.be.within(estimateRecoveryMs({ rebooted: 16, recreated: 0 }), 32 * minute);
    expect(await jobStates(director)).to.deep.equal(new Set(["running"]));
  });

  it("asks for no listing of VMs before the scan has answered (the seed's warning)", async () => {
    const director = outage();
    await recover(director);
    const descriptions = [...director.tasks.list()].reverse().map(({ description }) => description);
    expect(descriptions.slice(0, 2)).to.deep.equal(["scan cloud", "apply resolutions"]);
  });

  it("finds 0 problems in a second scan", async () => {
    const director = outage();
    await recover(director);
    const scan = await new SimulatedDirectorAccess(director).scanProblems(deployment);
    expect(scan.kind === "scanned" && scan.problems).to.deep.equal([]);
  });

  it("gives each of a mixture of missing and silent VMs its own answer, over HTTPS too", async () => {
    const director = outage();
    const gone = director
      .deployment(deployment)
      .instances.filter(({ zone, group }) => zone === "az2" && group === "diego_cell");
    for (const { vm } of gone) if (vm !== undefined) vm.existsInIaas = false;
    const { served, access } = await servePractice(director, { client: { followLimits: { pollMs: 30_000 } } });
    const finished: string[] = [];
    const result = await recover(
      director,
      (event) => {
        if (event.kind === "progress" && event.stage === "Applying problem resolutions" && event.state === "finished")
          finished.push(event.task);
      },
      practiceReach(director, access),
    );
    await served.close();
    expect(result.failures).to.deep.equal([]);
    expect(finished.filter((task) => task.endsWith(": Recreate VM and wait for processes to start"))).to.have.length(3);
    expect(finished.filter((task) => task.endsWith(": Reboot VM"))).to.have.length(13);
    expect(await jobStates(director)).to.deep.equal(new Set(["running"]));
  });

  it("answers one VM of a quorum group at a time, the others in a later round", async () => {
    const director = outage();
    const [first, second] = director
      .deployment(deployment)
      .instances.filter(({ group, zone }) => group === "mysql" && zone !== "az2");
    if (first?.vm !== undefined) first.vm.isAgentAlive = false;
    const perTask: number[] = [];
    let mysqls = 0;
    const result = await recover(director, (event) => {
      if (event.kind !== "progress" || event.stage !== "Applying problem resolutions" || event.state !== "started")
        return;
      if (event.index === 1) mysqls = 0;
      if (event.task.includes("'mysql/") && !event.task.endsWith(": Skip for now")) mysqls += 1;
      perTask.push(mysqls);
    });
    expect(result.failures).to.deep.equal([]);
    expect(Math.max(...perTask)).to.equal(1);
    expect(second?.vm?.isAgentAlive).to.equal(true);
    expect(await jobStates(director)).to.deep.equal(new Set(["running"]));
  });

  it("deletes nothing while the zone is still dark: it says that the hosts look down, and recovers once they are back", async () => {
    const director = outage();
    cutZonePower(director.world, "az2");
    const cids = () => director.deployment(deployment).instances.map(({ vm }) => vm?.cid);
    const before = cids();
    const result = await recover(director);
    expect(new Set(result.plan.blockers.map(({ reason }) => reason))).to.deep.equal(new Set(["zone-down"]));
    expect(result.plan.blockers).to.have.length(16);
    expect(cids()).to.deep.equal(before);
    expect(director.configs.latest({ type: "resurrection" })).to.deep.equal([]);
    restoreZonePower(director.world, "az2");
    await recover(director);
    expect(await jobStates(director)).to.deep.equal(new Set(["running"]));
  });

  it("shows the switched-off resurrector as drift, and none after it was turned on", async () => {
    const director = outage();
    director.isResurrectionOn = false;
    const access = new SimulatedDirectorAccess(director);
    const declared = { isOn: true, configs: [] };
    expect(diffResurrection(declared, await observeResurrection(access))).to.deep.equal([
      { kind: "switch", isOn: false, wantedOn: true },
    ]);
    await access.setResurrection(true);
    expect(diffResurrection(declared, await observeResurrection(access))).to.deep.equal([]);
  });
});
