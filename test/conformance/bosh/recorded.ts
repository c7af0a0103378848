// Reads the recordings and rebuilds the world in which they were made. Recorded bodies are cut at 600 characters.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { layOutDeployment, pksBrokenMaster, pksDeploymentName } from "../../../src/simulator/director/scenarios";
import { SimulatedDirector } from "../../../src/simulator/director/simulated-director";
import { realTimings, scaleTimings } from "../../../src/simulator/director/timings";
import { createPrng } from "../../../src/simulator/prng";
import { VirtualClock } from "../../../src/simulator/virtual-clock";

/** One request of the real CLI with the answer that it accepted. */
export interface RecordedExchange {
  readonly t: number;
  readonly m: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly h: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number;
  readonly res: string;
  readonly resH: Readonly<Record<string, string>>;
}

/** One command. */
export interface Recording {
  /** Such as "10-recreate-fails". */
  readonly name: string;
  readonly exchanges: readonly RecordedExchange[];
  /** What the CLI printed. */
  readonly printed: string;
}

const directory = join(__dirname, "recordings");
const cutAt = 600;

/** All recordings in the order in which they were made. */
export function readRecordings(): readonly Recording[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(".http.ndjson"))
    .sort()
    .map((file) => {
      const name = file.replace(".http.ndjson", "");
      const lines = readFileSync(join(directory, file), "utf8").trim().split("\n");
      return {
        name,
        exchanges: lines.map((line) => JSON.parse(line) as RecordedExchange),
        printed: readFileSync(join(directory, `${name}.txt`), "utf8"),
      };
    });
}

/** Was the body cut by the recorder? */
export function isCut(exchange: RecordedExchange): boolean {
  return exchange.res.length >= cutAt;
}

/** The printed table: rows of cells. The CLI pads columns and parts them by two blanks. */
export function printedTable(printed: string, firstHeading: string): readonly (readonly string[])[] {
  const lines = printed.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`${firstHeading} `));
  const rows = lines.slice(start + 1);
  const end = rows.indexOf("");
  return rows.slice(0, end).map((line) => line.trimEnd().split(/ {2,}/));
}

/** The director of the recordings; durations are those of its stand-in: next to none. */
export function recordedDirector(startMs: number): {
  readonly director: SimulatedDirector;
  readonly timings: { updateVmMs: number };
} {
  const createdAtMs = Date.parse("2020-08-04T23:59:01Z");
  const timings = { ...scaleTimings(realTimings, 0), queueMs: 50 };
  const master = (id: string, index: number, agentId: string, diskCid: string) => ({
    id,
    zone: `pks-az${index + 1}`,
    address: `172.28.3.${index + 2}`,
    vm: { cid: `master_vm-${934905729598 + index}`, agentId, createdAtMs },
    diskCid,
  });
  const deployment = layOutDeployment(
    {
      name: pksDeploymentName,
      releases: [
        { name: "kubo", version: "0.31.4" },
        { name: "bosh-dns", version: "1.10.0" },
      ],
      stemcells: [{ name: "bosh-vsphere-esxi-ubuntu-xenial-go_agent", version: "621.71" }],
      manifest: [
        `name: ${pksDeploymentName}`,
        "update: {canaries: 1, max_in_flight: 1, canary_watch_time: 1000-2000, update_watch_time: 1000-2000}",
        "instance_groups:",
        "- name: master",
        "  instances: 3",
        "- name: worker",
        "  instances: 1",
        "",
      ].join("\n"),
    },
    [
      {
        group: "apply-addons",
        vmType: "medium.disk",
        lifecycle: "errand",
        jobs: [],
        instances: [{ id: "b7464878-e9c2-4c18-9f3b-89aae38f8d32", zone: "pks-az1", address: "172.28.3.9" }],
      },
      {
        group: "master",
        vmType: "medium.disk",
        jobs: ["etcd", "fluentd", "kube-apiserver"],
        instances: [
          master("9b8ad6e0-a438-4033-9767-46c586fb4771", 0, "401cc98f-591a-4051-8f2f-cb86aab860f3", "disk-aaa"),
          master("8cdf6298-e50a-4dc3-997b-b7e14502cc57", 1, "6f235c84-ee67-485d-8227-6a850ad03a4f", "disk-bbb"),
          master(pksBrokenMaster.id, 2, "5e1e5ae9-1ae4-42e8-b970-11c8dcb59680", "disk-ccc"),
        ],
      },
      {
        group: "worker",
        vmType: "xlarge",
        jobs: ["docker", "kubelet"],
        instances: [
          {
            id: "3b2ae3af-a4ff-4850-8d36-a120525bab4b",
            zone: "pks-az1",
            address: "172.28.3.5",
            vm: { cid: "worker_vm-934905729601", agentId: "62ccc3d4-7e0c-42f1-a408-86d962cb9966", createdAtMs },
            diskCid: "disk-ddd",
          },
        ],
      },
    ],
  );
  const director = new SimulatedDirector({
    clock: new VirtualClock(startMs),
    prng: createPrng("recordings"),
    deployments: [deployment],
    name: "boshfake",
    uuid: "71d36859-4f21-446f-8a02-f18d7f1263c6",
    version: "280.1.0 (00000000)",
    firstTaskId: 202_930,
    timings,
    isResurrectorDeployed: false,
  });
  return { director, timings };
}

/** What was done to the world before a command was recorded. */
export function arrangeWorld(director: SimulatedDirector, timings: { updateVmMs: number }, name: string): void {
  const instances = director.deployment(pksDeploymentName).instances;
  const vmOf = (id: string) => instances.find((instance) => instance.id.startsWith(id))?.vm;
  if (name === "08-instances-failing") {
    const fluentd = vmOf("774bfafe")?.processes.find((process) => process.name === "fluentd");
    if (fluentd !== undefined) Object.assign(fluentd, { state: "unknown", hasJobDirectory: false });
  }
  if (name === "11-delete-vm") {
    // Between these two somebody looked up the VM's id with a listing that was not kept.
    director.startListing(pksDeploymentName, false, { user: "admin", contextId: "" });
  }
  // The recorded recreate was still at work at the first look.
  timings.updateVmMs = name === "14-recreate" ? 600 : 0;
  if (name === "21-cck-two") {
    const silent = vmOf("9b8ad6e0");
    if (silent !== undefined) silent.isAgentAlive = false;
    const worker = instances.find(({ group }) => group === "worker");
    if (worker !== undefined) worker.vm = undefined;
  }
}
