// The world of a PKS drill before anybody acts in it: its director, its deployment, and what a fault does to an instance.

import type { BoshDeploymentDeclaration } from "../../model/bosh-plan";
import { inputError, unreachable } from "../../model/errors";
import { monitorTimingsOf } from "../director/health-monitor";
import { pksDeployment } from "../director/scenarios";
import { SimulatedDirector } from "../director/simulated-director";
import { realTimings } from "../director/timings";
import { type SimulatedDeployment, type SimulatedInstance, shortName } from "../director/world";
import { createPrng } from "../prng";
import { secondsUntil } from "../scenario";
import { VirtualClock } from "../virtual-clock";
import type { PksDrillScenario, PksFault, PksParameters } from "./pks-drill-scenario";

// Any day does; it is the time of day that is shown.
const dayMs = Date.UTC(2020, 7, 5);
// Before the drill begins everything has run for a while, so that the monitor has seen every heartbeat.
const warmUpSeconds = 180;

/** A director, and what it looks after. */
export interface PksWorld {
  readonly clock: VirtualClock;
  readonly director: SimulatedDirector;
  readonly deployment: SimulatedDeployment;
  /** When the drill begins. */
  readonly beganMs: number;
}

/** Makes it, all well. @throws RecoveryError "input" for a drill that names what there is not. */
export function createPksWorld(scenario: PksDrillScenario, parameters: PksParameters, seed: string): PksWorld {
  const prng = createPrng(seed);
  const beganMs = dayMs + (scenario.startsAt === undefined ? 0 : secondsUntil(scenario.startsAt, "00:00")) * 1000;
  const warmUp = warmUpSeconds + prng.fork("monitor").integer(0, Math.ceil(parameters.analysis));
  const clock = new VirtualClock(beganMs - warmUp * 1000);
  const deployment = pksDeployment(clock.nowMs() - 86_400_000, scenario.topology);
  const director = new SimulatedDirector({
    clock,
    prng: prng.fork("director"),
    deployments: [deployment],
    firstTaskId: 202_930,
    isResurrectorDeployed: scenario.topology.resurrector,
    ...timingsOf(parameters),
  });
  clock.advance(beganMs - clock.nowMs());
  checkInstances(scenario, deployment);
  return { clock, director, deployment, beganMs };
}

/** What a program would declare for it. */
export function pksDeclaration({ name }: SimulatedDeployment): BoshDeploymentDeclaration {
  return {
    deployment: name,
    quorumGroups: [{ group: "master", hasEtcd: true }],
    mustRun: [],
    repairSeveral: false,
    isMassRecovery: false,
  };
}

/** Makes it so; the event's id and what there is to say. */
export function strikeInstance(
  deployment: SimulatedDeployment,
  fault: PksFault,
): { readonly id: string; readonly text: string } {
  const { vm } = findInstance(deployment, fault.instance);
  switch (fault.kind) {
    case "job-directory-lost": {
      const process = vm?.processes.find(({ name }) => name === fault.job);
      if (process !== undefined) Object.assign(process, { state: "unknown", hasJobDirectory: false });
      return { id: fault.kind, text: `${fault.instance} loses the directory of its job ${fault.job}` };
    }
    case "process-failed": {
      const process = vm?.processes.find(({ name }) => name === fault.process);
      if (process !== undefined) Object.assign(process, { state: "failing", isStuck: fault.stuck });
      return { id: fault.kind, text: `${fault.process} fails on ${fault.instance}` };
    }
    case "vm-lost":
      if (vm !== undefined) vm.existsInIaas = false;
      return { id: fault.kind, text: `the VM of ${fault.instance} is gone from the IaaS` };
    case "agent-hung":
      if (vm !== undefined) vm.isAgentAlive = false;
      return { id: fault.kind, text: `the agent of ${fault.instance} hangs` };
    default:
      return unreachable(fault);
  }
}

/** The instance of that short name. @throws RecoveryError "input" for one that there is not. */
export function findInstance({ instances }: SimulatedDeployment, name: string): SimulatedInstance {
  const found = instances.find((instance) => shortName(instance) === name);
  if (found !== undefined) return found;
  throw inputError(`there is no instance ${name}`, {
    hint: `the instances are ${instances.map(shortName).join(", ")}`,
  });
}

function checkInstances(
  { name, faults, operator, byHand }: PksDrillScenario,
  { instances }: SimulatedDeployment,
): void {
  const known = new Map(instances.map((instance) => [shortName(instance), instance]));
  const named = [
    ...faults.map(({ fault }, index) => ({ at: `faults.${index}.fault`, act: fault })),
    ...operator.map(({ action }, index) => ({ at: `operator.${index}.action`, act: action })),
    ...byHand.map(({ action }, index) => ({ at: `byHand.${index}.action`, act: action })),
  ];
  const problems = named.flatMap(({ at, act }) => {
    if (!("instance" in act)) return [];
    const instance = known.get(act.instance);
    if (instance === undefined) return [`${at}.instance: there is no instance ${act.instance}`];
    const job = "job" in act ? act.job : "process" in act ? act.process : undefined;
    return job === undefined || instance.jobs.includes(job) ? [] : [`${at}: ${act.instance} has no job ${job}`];
  });
  if (problems.length > 0)
    throw inputError(`the drill ${name} cannot be played`, {
      problems,
      hint: `its instances are ${[...known.keys()].join(", ")}`,
    });
}

function timingsOf(parameters: PksParameters) {
  const ms = (seconds: number) => Math.round(seconds * 1000);
  return {
    monitorTimings: monitorTimingsOf(parameters),
    timings: {
      ...realTimings,
      agentAnswerMs: ms(parameters.agentAnswer),
      diskCheckMs: ms(parameters.diskCheck),
      renderMs: ms(parameters.render),
      stopMs: ms(parameters.stopJobs),
      stopErrorMs: ms(parameters.stopError),
      deleteVmMs: ms(parameters.vmDelete),
      createVmMs: ms(parameters.vmCreate),
      updateVmMs: ms(parameters.jobsStart),
      rebootVmMs: ms(parameters.vmReboot),
    },
  };
}
