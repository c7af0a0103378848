// Foundations to practise on: the PKS cluster of seed 000 and a Cloud Foundry over three zones as in seed 004.
import type { SimulatedDeployment, SimulatedInstance } from "./world";

/** An instance group to be laid out. */
export interface GroupLayout {
  readonly group: string;
  /** One entry for each instance. */
  readonly instances: readonly {
    readonly id: string;
    readonly zone: string;
    readonly address: string;
    /** Undefined: no VM. */
    readonly vm?: { readonly cid: string; readonly agentId: string; readonly createdAtMs: number };
    /** Undefined: no persistent disk. */
    readonly diskCid?: string;
  }[];
  readonly vmType: string;
  readonly lifecycle?: "service" | "errand";
  readonly jobs: readonly string[];
}

/** Lays out a deployment in which all is well. */
export function layOutDeployment(
  head: Pick<SimulatedDeployment, "name" | "releases" | "stemcells" | "manifest">,
  groups: readonly GroupLayout[],
): SimulatedDeployment {
  return { ...head, instances: groups.flatMap(layOutGroup) };
}

function layOutGroup(layout: GroupLayout): readonly SimulatedInstance[] {
  return layout.instances.map(({ id, zone, address, vm, diskCid }, index) => ({
    group: layout.group,
    id,
    index,
    zone,
    address,
    vmType: layout.vmType,
    lifecycle: layout.lifecycle ?? "service",
    jobs: layout.jobs,
    isBootstrap: index === 0,
    state: "started",
    isIgnored: false,
    vm:
      vm === undefined
        ? undefined
        : {
            ...vm,
            existsInIaas: true,
            isPoweredOn: true,
            isAgentAlive: true,
            processes: layout.jobs.map((name) => ({ name, state: "running", hasJobDirectory: true })),
            isStopped: false,
            shellUsers: [],
          },
    disks:
      diskCid === undefined
        ? []
        : [{ cid: diskCid, sizeMb: 51_200, existsInIaas: true, isActive: true, isMounted: vm !== undefined }],
  }));
}

/** Name of seed 000's deployment. */
export const pksDeploymentName = "service-instance_56c19cfc-d5d7-4e11-aee2-78c81f4e7ad4";

/** The master whose fluentd breaks in seed 000. */
export const pksBrokenMaster = { group: "master", id: "774bfafe-67a2-406b-9ee5-a8db68f2e694" } as const;

const masterJobs = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "etcd",
  "blackbox",
  "ncp",
  "fluentd",
  "telegraf",
  "bosh-dns",
  "bosh-dns-resolvconf",
  "bosh-dns-healthcheck",
  "system-metrics-agent",
];
const workerJobs = ["docker", "kubelet", "kube-proxy", "fluentd", "telegraf", "bosh-dns"];

/** How large a PKS cluster is. */
export interface PksSize {
  readonly masters: number;
  readonly workers: number;
}

/** Seed 000: three masters over three zones, one worker, one errand. All is well. Other sizes are laid out alike. */
export function pksDeployment(
  createdAtMs: number,
  { masters, workers }: PksSize = { masters: 3, workers: 1 },
): SimulatedDeployment {
  const cidStem = pksDeploymentName.replaceAll("_", "-");
  const vm = (group: string, suffix: string, agentId: string) => ({
    cid: `${group}_${cidStem}_${suffix}`,
    agentId,
    createdAtMs,
  });
  // Instances that the seed does not have, over the zones in turn.
  const moreInstances = (group: "master" | "worker", from: number, count: number) =>
    Array.from({ length: Math.max(0, count - from) }, (_, position) => {
      const index = from + position;
      const kind = group === "master" ? 1 : 2;
      const suffix = `${kind}${String(index).padStart(11, "0")}`;
      return {
        id: `0000000${kind}-0000-4000-a000-${suffix}`,
        zone: `pks-az${(index % 3) + 1}`,
        address: `172.28.3.${10 * kind + index}`,
        vm: vm(group, suffix, `0000000${kind}-0000-4000-b000-${suffix}`),
        diskCid: `disk-${group}-${index}`,
      };
    });
  const manifest = [
    `name: ${pksDeploymentName}`,
    "update: {canaries: 1, max_in_flight: 1, canary_watch_time: 1000-2000, update_watch_time: 1000-2000}",
    "instance_groups:",
    "- name: master",
    `  instances: ${masters}`,
    "- name: worker",
    `  instances: ${workers}`,
    "",
  ].join("\n");
  return layOutDeployment(
    {
      name: pksDeploymentName,
      releases: [
        { name: "kubo", version: "0.31.4" },
        { name: "bosh-dns", version: "1.10.0" },
      ],
      stemcells: [{ name: "bosh-vsphere-esxi-ubuntu-xenial-go_agent", version: "621.71" }],
      manifest,
    },
    [
      {
        group: "apply-addons",
        vmType: "medium.disk",
        lifecycle: "errand",
        jobs: [],
        instances: [{ id: "b7464878-e9c2-4c18-9f3b-89aae38f8d32", zone: "pks-az1", address: "172.28.3.6" }],
      },
      {
        group: "master",
        vmType: "medium.disk",
        jobs: masterJobs,
        instances: [
          {
            id: "9b8ad6e0-a438-4033-9767-46c586fb4771",
            zone: "pks-az1",
            address: "172.28.3.2",
            vm: vm("master", "8a7e6242d1e2", "401cc98f-591a-4051-8f2f-cb86aab860f3"),
            diskCid: "disk-aaa",
          },
          {
            id: "8cdf6298-e50a-4dc3-997b-b7e14502cc57",
            zone: "pks-az2",
            address: "172.28.3.3",
            vm: vm("master", "b15c5f379684", "6f235c84-ee67-485d-8227-6a850ad03a4f"),
            diskCid: "disk-bbb",
          },
          {
            id: pksBrokenMaster.id,
            zone: "pks-az3",
            address: "172.28.3.4",
            vm: vm("master", "934905729598", "5e1e5ae9-1ae4-42e8-b970-11c8dcb59680"),
            diskCid: "disk-ccc",
          },
          ...moreInstances("master", 3, masters),
        ].slice(0, masters),
      },
      {
        group: "worker",
        vmType: "xlarge",
        jobs: workerJobs,
        instances: [
          {
            id: "3b2ae3af-a4ff-4850-8d36-a120525bab4b",
            zone: "pks-az1",
            address: "172.28.3.5",
            vm: vm("worker", "86a1f0acfa45", "62ccc3d4-7e0c-42f1-a408-86d962cb9966"),
            diskCid: "disk-ddd",
          },
          ...moreInstances("worker", 1, workers),
        ].slice(0, workers),
      },
    ],
  );
}

/** Name of seed 004's deployment. */
export const cfDeploymentName = "cf-54c9c2f906b6aba996cd";

// Group, instances in each of the three zones, processes. Sixteen in the second zone, as seed 004 counted.
const cfGroups: readonly (readonly [
  group: string,
  perZone: readonly [number, number, number],
  jobs: readonly string[],
])[] = [
  ["nats", [1, 1, 0], ["nats"]],
  ["nfs_server", [1, 0, 0], ["blobstore_nginx"]],
  ["mysql_proxy", [1, 1, 0], ["proxy"]],
  ["mysql", [1, 1, 1], ["galera-init", "galera-agent"]],
  ["diego_database", [1, 1, 1], ["bbs", "locket"]],
  ["uaa", [1, 1, 0], ["uaa"]],
  ["cloud_controller", [1, 1, 0], ["cloud_controller_ng", "nginx_cc"]],
  ["ha_proxy", [1, 0, 0], ["haproxy"]],
  ["router", [1, 1, 1], ["gorouter"]],
  ["clock_global", [1, 1, 0], ["cloud_controller_clock"]],
  ["cloud_controller_worker", [1, 1, 0], ["cloud_controller_worker_1"]],
  ["diego_brain", [1, 1, 1], ["auctioneer", "ssh_proxy"]],
  ["diego_cell", [3, 3, 3], ["rep", "garden"]],
  ["loggregator_trafficcontroller", [1, 1, 1], ["loggregator_trafficcontroller"]],
  ["doppler", [1, 1, 1], ["doppler"]],
  ["credhub", [1, 1, 1], ["credhub"]],
];
const diskGroups = new Set(["nfs_server", "mysql"]);

/** Seed 004: a Cloud Foundry over three zones, sixteen VMs in az2. All is well. */
export function cfDeployment(createdAtMs: number): SimulatedDeployment {
  let serial = 0;
  const next = (kind: number): string => {
    serial += 1;
    return `${kind.toString(16).padStart(8, "0")}-0000-4000-a000-${serial.toString(16).padStart(12, "0")}`;
  };
  const groups = cfGroups.map(([group, perZone, jobs]): GroupLayout => {
    const zones = perZone.flatMap((count, zone) => Array.from({ length: count }, () => `az${zone + 1}`));
    const instances = zones.map((zone, index) => {
      const id = next(1);
      const vm = { cid: `vm-${next(2)}`, agentId: next(3), createdAtMs };
      const disk = diskGroups.has(group) ? { diskCid: `disk-${group}-${index}` } : {};
      return { id, zone, address: `10.0.${zone.slice(2)}.${10 + serial / 3}`, vm, ...disk };
    });
    return { group, vmType: "medium", jobs, instances };
  });
  return layOutDeployment(
    {
      name: cfDeploymentName,
      releases: [{ name: "capi", version: "1.71.4" }],
      stemcells: [{ name: "bosh-vsphere-esxi-ubuntu-xenial-go_agent", version: "170.14" }],
      manifest: `name: ${cfDeploymentName}\n`,
    },
    groups,
  );
}
