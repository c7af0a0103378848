// The parts of a foundation, made from its topology and its parameters: the director with its health monitor, and Diego.

import { monitorTimingsOf } from "../director/health-monitor";
import { SimulatedDirector } from "../director/simulated-director";
import { realTimings } from "../director/timings";
import { doesAgentAnswer, nameOf, type SimulatedDeployment } from "../director/world";
import type { Prng } from "../prng";
import type { VirtualClock } from "../virtual-clock";
import { Diego } from "./diego";
import type { Foundation } from "./foundation";
import type { Parameters } from "./parameters";
import type { FoundationTopology } from "./topology";

const secondMs = 1000;
/** The director, as the parameters have it. */
export function createDirector(
  topology: FoundationTopology,
  parameters: Parameters,
  clock: VirtualClock,
  deployment: SimulatedDeployment,
  prng: Prng,
): SimulatedDirector {
  const ms = (seconds: number) => Math.round(seconds * secondMs);
  return new SimulatedDirector({
    clock,
    prng: prng.fork("director"),
    deployments: [deployment],
    firstTaskId: 202_930,
    isResurrectorDeployed: topology.resurrector,
    meltdownLimits: {
      minimumDownJobs: parameters.meltdownVms,
      percentThreshold: parameters.meltdownPercent / 100,
      timeThresholdSecs: 600,
    },
    monitorTimings: monitorTimingsOf(parameters),
    timings: {
      ...realTimings,
      rebootVmMs: ms(parameters.vmReboot),
      createVmMs: ms(parameters.vmRecreate),
      deleteVmMs: ms(parameters.vmDelete),
      updateVmMs: ms(parameters.jobsStart),
      agentWaitMs: ms(parameters.agentWait),
      diskCheckMs: ms(parameters.diskCheck),
    },
  });
}

/** Diego, with its apps in place. */
export function createDiego(foundation: Foundation, prng: Prng): Diego {
  const { topology, parameters, deployment, director } = foundation;
  const cells = deployment.instances
    .filter(({ group }) => group === "diego_cell")
    .map((instance) => ({
      name: nameOf(instance),
      zone: instance.zone,
      isVmUp: () => doesAgentAnswer(director.world, instance),
    }));
  const named = topology.apps.map(({ memory, ...app }) => ({ ...app, memoryMb: memory }));
  const namedMb = named.reduce((sum, { instances, memoryMb }) => sum + instances * memoryMb, 0);
  const restMb = (cells.length * parameters.cellMemory * parameters.cellsAllocated) / 100 - namedMb;
  const pairs = Math.max(0, Math.floor(restMb / 2 / customerMb));
  const customers = Array.from({ length: pairs }, (_, index) => ({
    name: `customer-${String(index + 1).padStart(3, "0")}`,
    instances: 2,
    memoryMb: customerMb,
  }));
  const answering = (group: string) =>
    deployment.instances
      .filter((instance) => instance.group === group && doesAgentAnswer(director.world, instance))
      .map(nameOf);
  const around = {
    isDatabaseUp: () => foundation.isGaleraPrimary(),
    answering,
    isBlobstoreUp: () => foundation.isBlobstoreUp(),
  };
  return new Diego(parameters, cells, around, prng, foundation.nowMs(), [...named, ...customers]);
}

// Customers' apps have two instances of 1 GB each: the vendor asks for two at least.
const customerMb = 1024;
