// What must hold for a converge at a director, from random faults and with the director restarted at any moment: votes are
// never lost to the repair, and a second run mends what the first one left.
import { expect } from "chai";
import * as fc from "fast-check";
import { convergeBosh } from "../../../src/converge/bosh-round";
import type { BoshDeploymentDeclaration } from "../../../src/model/bosh-plan";
import { planBoshDeployment } from "../../../src/plan/bosh-plan";
import { pksDeploymentName as deployment } from "../../../src/simulator/director/scenarios";
import { SimulatedDirectorAccess } from "../../../src/simulator/director/simulated-access";
import type { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { createPrng, type Prng } from "../../../src/simulator/prng";
import type { RandomProperty } from "../../property/random-property";
import { breakFluentd, practiceDirector } from "./practice-director";
import { practiceReach } from "./practice-reach";

function declare(director: SimulatedDirector): BoshDeploymentDeclaration {
  return {
    deployment,
    quorumGroups: [{ group: "master", hasEtcd: true }],
    mustRun: director
      .deployment(deployment)
      .instances.filter(({ lifecycle }) => lifecycle === "service")
      .map(({ group, id }) => ({ group, id })),
    repairSeveral: false,
    isMassRecovery: false,
  };
}

function converge(director: SimulatedDirector, reach = practiceReach(director)) {
  return convergeBosh({ ...reach, clock: director.clock, declaration: declare(director), planner: planBoshDeployment });
}

/** A restart may strike this look itself, which says nothing of the repair: then it looks once more. */
async function states(director: SimulatedDirector): Promise<readonly (string | undefined)[]> {
  const access = new SimulatedDirectorAccess(director);
  const first = await access.observeInstances(deployment);
  const listing = first.kind === "listed" ? first : await access.observeInstances(deployment);
  return listing.kind === "listed" ? listing.instances.map(({ jobState }) => jobState) : [];
}

const allRunning = [undefined, "running", "running", "running", "running"];

/** Breaks up to two things on instances of which at most one is a master. */
function breakSomething(director: SimulatedDirector, prng: Prng): string {
  const services = director.deployment(deployment).instances.filter(({ lifecycle }) => lifecycle === "service");
  const masters = prng.shuffle(services.filter(({ group }) => group === "master")).slice(0, 1);
  const broken = prng
    .shuffle([...masters, ...services.filter(({ group }) => group === "worker")])
    .slice(0, prng.integer(1, 2));
  return broken
    .map((instance) => {
      const { vm } = instance;
      if (vm === undefined) return "";
      const kind = prng.pick(["process", "stuck", "job-directory", "silent", "gone", "forgotten", "stopped"]);
      const process = vm.processes.find(({ name }) => name === "fluentd");
      if (kind === "process" && process !== undefined) process.state = "failing";
      if (kind === "stuck" && process !== undefined) Object.assign(process, { state: "failing", isStuck: true });
      if (kind === "job-directory" && process !== undefined)
        Object.assign(process, { state: "unknown", hasJobDirectory: false });
      if (kind === "silent") vm.isAgentAlive = false;
      if (kind === "gone") vm.existsInIaas = false;
      if (kind === "forgotten") instance.vm = undefined;
      if (kind === "stopped") Object.assign(instance, { state: "stopped" }, { vm: { ...vm, isStopped: true } });
      return `${kind} ${instance.group}/${instance.index}`;
    })
    .join(", ");
}

type DirectorProperty = RandomProperty<number, Promise<void>>;

/** Of the number of a seed. */
export const mendsRandomFaults: DirectorProperty = {
  name: "mends random faults without losing a vote",
  // A smaller number is not a smaller fault.
  inputs: fc.noShrink(fc.integer({ min: 1 })),
  check: async (seed) => {
    const prng = createPrng(`bosh-${seed}`);
    const director = practiceDirector({ isResurrectorDeployed: prng.chance(1, 2) });
    director.clock.advance(120_000);
    const what = breakSomething(director, prng.fork("faults"));
    const reach = practiceReach(director);
    const result = await converge(director, reach);
    expect([result.failures, result.plan.blockers.map(({ message }) => message)], what).to.deep.equal([[], []]);
    expect(await states(director), what).to.deep.equal(allRunning);
    expect(reach.quorum.fewestVotes, what).to.be.at.least(2);
    expect(director.configs.latest({ type: "resurrection" }), what).to.deep.equal([]);
    expect((await converge(director)).attempts, what).to.deep.equal([]);
  },
};

/** Of the seconds after which the director restarts. */
export const mendsThroughRestart: DirectorProperty = {
  name: "mends seed 000 in at most three runs when the director restarts",
  inputs: fc.integer({ min: 1, max: 750 }),
  check: async (atSecs) => {
    const director = practiceDirector();
    breakFluentd(director);
    director.clock.after(atSecs * 1000, () => director.restart());
    const reach = practiceReach(director);
    let runs = 0;
    do {
      runs += 1;
      await converge(director, reach);
    } while (runs < 3 && JSON.stringify(await states(director)) !== JSON.stringify(allRunning));
    expect(await states(director)).to.deep.equal(allRunning);
    expect(reach.quorum.fewestVotes).to.equal(2);
    expect(director.configs.latest({ type: "resurrection" })).to.deep.equal([]);
  },
};

/** Of the seconds after which the director restarts. */
export const mendsInterruptedRecreate: DirectorProperty = {
  name: "mends a recreate that a restart of the director interrupts",
  inputs: fc.integer({ min: 1, max: 750 }),
  check: async (atSecs) => {
    const director = practiceDirector();
    const worker = director.deployment(deployment).instances.find(({ group }) => group === "worker");
    const kubelet = worker?.vm?.processes.find(({ name }) => name === "kubelet");
    if (kubelet !== undefined) Object.assign(kubelet, { state: "failing", isStuck: true });
    director.clock.after(atSecs * 1000, () => director.restart());
    let runs = 0;
    do {
      runs += 1;
      await converge(director);
    } while (runs < 3 && JSON.stringify(await states(director)) !== JSON.stringify(allRunning));
    expect(await states(director)).to.deep.equal(allRunning);
  },
};
