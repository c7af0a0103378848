// A Cloud Foundry over zones as data, and how it becomes the director's deployment: which groups there are, how many
// instances in which zone, what apps run, where the director itself is.

import { z } from "zod";
import { drawUuid } from "../director/context";
import { layOutDeployment } from "../director/scenarios";
import type { SimulatedDeployment } from "../director/world";
import type { Prng } from "../prng";

const count = z.number().int().min(0).max(50);

const appSchema = z.strictObject({
  name: z.string().min(1),
  instances: z.number().int().min(1).max(100),
  memory: z.number().int().min(1).default(1024).describe("Megabytes of each instance."),
  zone: z.string().optional().describe("Where its instances are when the drill begins; left out: spread."),
});

/** A Cloud Foundry over zones. */
export const foundationSchema = z.strictObject({
  kind: z.literal("cloud-foundry"),
  deployment: z.string().min(1).describe("As the director names it."),
  zones: z.array(z.string().min(1)).min(1).max(9),
  directorZone: z.string().describe("Where the BOSH director's own VM is."),
  groups: z
    .record(z.string(), z.array(count))
    .describe("Instances of a group in each zone, in the order of the zones."),
  persistent: z.array(z.string()).default([]).describe("Groups with a persistent disk for each instance."),
  apps: z.array(appSchema).default([]).describe("Apps by name; customers' apps fill the rest as cellsAllocated says."),
  externalLoadBalancer: z
    .boolean()
    .default(false)
    .describe("In front of the routers; without it the HAProxy is the entry."),
  externalBlobstore: z.boolean().default(false),
  resurrector: z.boolean().default(true),
});

/** A Cloud Foundry over zones. */
export type FoundationTopology = Readonly<z.infer<typeof foundationSchema>>;

/** The processes of the groups that the model looks into; any other group has one named after it. */
const jobsOfGroup: Readonly<Record<string, readonly string[]>> = {
  nfs_server: ["blobstore_nginx"],
  mysql_proxy: ["proxy"],
  mysql: ["galera-init", "galera-agent"],
  diego_database: ["bbs", "locket"],
  cloud_controller: ["cloud_controller_ng", "nginx_cc"],
  ha_proxy: ["haproxy"],
  router: ["gorouter"],
  diego_brain: ["auctioneer", "ssh_proxy"],
  diego_cell: ["rep", "garden"],
};

/** Lays the foundation out as a deployment in which all is well. */
export function layOutFoundation(topology: FoundationTopology, createdAtMs: number, prng: Prng): SimulatedDeployment {
  let serial = 0;
  const groups = Object.entries(topology.groups).map(([group, perZone]) => {
    const zones = perZone.flatMap((instances, index) =>
      Array.from({ length: instances }, () => topology.zones[index] ?? topology.zones[0] ?? "zone"),
    );
    const instances = zones.map((zone, index) => {
      serial += 1;
      const own = prng.fork(`${group} ${index}`);
      const vm = { cid: `vm-${drawUuid(own.fork("cid"))}`, agentId: drawUuid(own.fork("agent")), createdAtMs };
      const disk = topology.persistent.includes(group) ? { diskCid: `disk-${drawUuid(own.fork("disk"))}` } : {};
      return {
        id: drawUuid(own),
        zone,
        address: `10.0.${Math.floor(serial / 200)}.${10 + (serial % 200)}`,
        vm,
        ...disk,
      };
    });
    return { group, vmType: "medium", jobs: jobsOfGroup[group] ?? [group], instances };
  });
  return layOutDeployment(
    {
      name: topology.deployment,
      releases: [{ name: "capi", version: "1.71.4" }],
      stemcells: [{ name: "bosh-vsphere-esxi-ubuntu-xenial-go_agent", version: "170.14" }],
      manifest: `name: ${topology.deployment}\n`,
    },
    groups,
  );
}

/** The same foundation over fewer zones: what was in the others is dealt out to those that are left, in turn. */
export function withZones(topology: FoundationTopology, zones: number): FoundationTopology {
  const kept = topology.zones.slice(0, zones);
  let turn = 0;
  const groups = Object.fromEntries(
    Object.entries(topology.groups).map(([group, perZone]) => {
      const counts = kept.map((_, index) => perZone[index] ?? 0);
      for (let rest = perZone.slice(kept.length).reduce((sum, one) => sum + one, 0); rest > 0; rest -= 1) {
        // Where fewest are; among equals in turn, so that no zone gets every odd one.
        const fewest = Math.min(...counts);
        const candidates = counts.flatMap((one, index) => (one === fewest ? [index] : []));
        const index = candidates[turn % candidates.length] ?? 0;
        counts[index] = (counts[index] ?? 0) + 1;
        turn += 1;
      }
      return [group, counts];
    }),
  );
  const isKept = (zone: string | undefined) => zone !== undefined && kept.includes(zone);
  return {
    ...topology,
    zones: kept,
    groups,
    directorZone: isKept(topology.directorZone) ? topology.directorZone : (kept.at(-1) ?? topology.directorZone),
    apps: topology.apps.map(({ zone, ...app }) => (zone !== undefined && isKept(zone) ? { ...app, zone } : app)),
  };
}
