// What people notice of a PKS cluster, judged from the director's world: whoever repairs it is not asked.

import type { DrillHealth, DrillPlace } from "../../model/drill";
import { hasEtcdVote } from "../director/simulated-quorum";
import {
  doesAgentAnswer,
  nameOf,
  type SimulatedDeployment,
  type SimulatedInstance,
  type SimulatedWorld,
  shortName,
} from "../director/world";
import type { ServiceNow } from "./drill-scene";
import type { pksServices } from "./pks-drill-scenario";

interface Cluster {
  readonly world: SimulatedWorld;
  readonly deployment: SimulatedDeployment;
}

/** Every service, and every instance for itself. */
export function judgeCluster(cluster: Cluster): readonly ServiceNow[] {
  const { votes, members, hasMajority } = pksVotes(cluster);
  const serving = mastersOf(cluster).filter(
    (master) => isRunning(cluster, master, "kube-apiserver") && hasEtcdVote(cluster.world, master),
  );
  const instances = servicesOf(cluster).map((instance) => ({ instance, ...healthOf(cluster, instance) }));
  const unwell = instances.filter(({ health }) => health !== "up");
  const why = unwell.map(({ instance, why: reason }) => `${shortName(instance)} ${reason}`).join("; ");
  const service = (
    name: (typeof pksServices)[number],
    health: DrillHealth,
    reason: string,
    parameters: readonly string[],
  ): ServiceNow => ({ name, health, why: health === "up" ? "" : reason, parameters });
  const isServing = hasMajority && serving.length > 0;
  const behind = ["stopError", "vmDelete", "vmCreate", "jobsStart"];
  return [
    service("api", isServing ? "up" : "down", hasMajority ? "no API server runs" : pksLine(cluster), behind),
    service("redundancy", !hasMajority ? "down" : votes < members ? "partial" : "up", pksLine(cluster), behind),
    service("jobs", unwell.length === 0 ? "up" : "partial", why, behind),
    ...instances.map(({ instance, health, why: reason }) => ({
      name: shortName(instance),
      health,
      why: reason,
      parameters: behind,
    })),
  ];
}

/** Votes that are there, and counted in all. */
export function pksVotes(cluster: Cluster): {
  readonly votes: number;
  readonly members: number;
  readonly hasMajority: boolean;
} {
  const masters = mastersOf(cluster);
  const votes = masters.filter((master) => hasEtcdVote(cluster.world, master)).length;
  return { votes, members: masters.length, hasMajority: votes > masters.length / 2 };
}

/** Votes that are there, needed, and counted in all. */
export function pksLine(cluster: Cluster): string {
  const { votes, members } = pksVotes(cluster);
  const needed = Math.floor(members / 2) + 1;
  const left = votes - needed;
  const rest = left < 0 ? "quorum lost" : left === 0 ? "the next loss stops it" : `it survives ${left} more`;
  return `etcd: ${votes} of ${members} votes, ${needed} needed; ${rest}`;
}

/** The zones with their instances. */
export function pksPlaces(cluster: Cluster): readonly DrillPlace[] {
  const zones = [...new Set(servicesOf(cluster).map(({ zone }) => zone))].sort();
  return zones.map((zone) => ({
    name: zone,
    items: servicesOf(cluster)
      .filter((instance) => instance.zone === zone)
      .map((instance) => {
        const { health, why } = healthOf(cluster, instance);
        return { name: shortName(instance), health, detail: why === "" ? nameOf(instance) : why };
      }),
  }));
}

/** The masters, by index. */
export function mastersOf({ deployment }: Cluster): readonly SimulatedInstance[] {
  return deployment.instances.filter(({ group }) => group === "master");
}

function servicesOf({ deployment }: Cluster): readonly SimulatedInstance[] {
  return deployment.instances.filter(({ lifecycle }) => lifecycle === "service");
}

function healthOf(
  { world }: Cluster,
  instance: SimulatedInstance,
): { readonly health: DrillHealth; readonly why: string } {
  const { vm } = instance;
  if (vm === undefined || !vm.existsInIaas) return { health: "down", why: "has no VM" };
  if (!doesAgentAnswer(world, instance)) return { health: "down", why: "does not answer" };
  if (vm.isStopped) return { health: "down", why: "its jobs are stopped" };
  const bad = vm.processes.filter(({ state }) => state !== "running");
  if (bad.length === 0) return { health: "up", why: "" };
  if (bad.length === vm.processes.length) return { health: "down", why: "its jobs start" };
  const words = bad.map(({ name, state, hasJobDirectory }) =>
    hasJobDirectory ? `${name} is ${state}` : `${name} has no job directory`,
  );
  return { health: "partial", why: words.join(", ") };
}

function isRunning({ world }: Cluster, instance: SimulatedInstance, process: string): boolean {
  return (
    doesAgentAnswer(world, instance) &&
    instance.vm?.processes.some(({ name, state }) => name === process && state === "running") === true
  );
}
