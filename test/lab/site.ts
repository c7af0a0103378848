// What all labs have in common: a slot of this machine (one bridge, one subnet), the hosts on it, the operator's files.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HostPlace, LabHost } from "./host";
import { shellDirectory } from "./requirements";
import { outputOf } from "./run-process";

/** What distinguishes one lab's hosts from another's. */
export interface SitePlan {
  /** Host names in order; the first has address .2. */
  readonly hostNames: readonly string[];
  /** Further names of a host, in every host's /etc/hosts. */
  readonly aliases?: (index: number) => readonly string[];
  /** Writes what differs between hosts onto a host's disk before it is first switched on. */
  readonly furnish?: (host: HostToFurnish) => Promise<void>;
  /** Folders below `files/` copied over every host's root, in this order. */
  readonly trees: readonly string[];
  /** Programs all hosts have besides this machine's own: folder on this machine to folder on the hosts. */
  readonly programs: readonly { readonly from: string; readonly to: string }[];
  /** A containerd root with images, for hosts that run containers. */
  readonly images?: string;
}

/** A host that has a disk and has not been switched on yet. */
export interface HostToFurnish {
  readonly name: string;
  readonly index: number;
  readonly address: string;
  /** Addresses of all hosts, in their order. */
  readonly addresses: readonly string[];
  /** Its root directory; only what is written here differs from the machine's own. */
  readonly disk: string;
  /** The operator's folder, gone when the lab ends. */
  readonly directory: string;
}

/** The part of a lab that does not depend on what runs on its hosts. */
export interface Site {
  readonly hosts: readonly LabHost[];
  /** First three numbers of the hosts' addresses; this machine is `.1`. */
  readonly subnet: string;
  /** Pass it as `ssh -F`: the hosts by name, the identity, strict host key checking against the lab's known_hosts. */
  readonly sshConfig: string;
  readonly knownHosts: string;
  /** Private key that every account of every host accepts. */
  readonly identity: string;
  /** Remembers the state of all disks, as of one instant, for `restore`. */
  snapshot(): Promise<void>;
  /** Switches all hosts off, puts the disks back to the snapshot and switches them on. */
  restore(): Promise<void>;
  /** Ends the lab and removes all that it made. */
  close(): Promise<void>;
}

const firstSlot = 3; // 172.28.3.0/24 is where the masters of the recorded PKS cluster live.
const lastSlot = 60;
const slotTaken = 75;
const subnetInUse = 76;

/** Makes the hosts and switches them on. */
export async function openSite(plan: SitePlan): Promise<Site> {
  const keeper = await startKeeper();
  try {
    return await equip(keeper, plan);
  } catch (error) {
    await keeper.end();
    throw error;
  }
}

interface Keeper {
  readonly slot: number;
  readonly pid: number;
  readonly subnet: string;
  /** Folder of the operator's files, gone when the lab ends. */
  readonly directory: string;
  end(): Promise<void>;
}

async function startKeeper(): Promise<Keeper> {
  for (let slot = firstSlot; slot <= lastSlot; slot += 1) {
    const directory = `/run/quorate-lab-${slot}`;
    const subnet = `172.28.${slot}`;
    const script = join(shellDirectory, "keeper.sh");
    const args = ["--mount", "--propagation", "private", "bash", script, String(slot), directory, subnet];
    const process = spawn("unshare", args, { detached: true, stdio: ["pipe", "pipe", "inherit"] });
    const exitCode = await readyOrExit(process);
    if (exitCode === slotTaken || exitCode === subnetInUse) continue;
    if (exitCode !== undefined || process.pid === undefined) {
      throw new Error(`${script} ended with ${exitCode ?? "no pid"}`);
    }
    const end = async (): Promise<void> => {
      const ended = once(process, "close");
      process.stdin.end();
      await ended;
    };
    return { slot, pid: process.pid, subnet, directory, end };
  }
  throw new Error(`all lab slots ${firstSlot} to ${lastSlot} are taken`);
}

/** Undefined once the keeper has said that it is ready; its exit code when it ends instead. */
function readyOrExit(process: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve) => {
    process.stdout?.once("data", () => resolve(undefined));
    process.once("close", (code) => resolve(code ?? -1));
  });
}

async function equip(keeper: Keeper, plan: SitePlan): Promise<Site> {
  const { slot, pid, subnet, directory } = keeper;
  const machines = join(directory, "machines");
  const machinesFromHere = `/proc/${pid}/root${machines}`;
  const identity = join(directory, "id_ed25519");
  const sshConfig = join(directory, "ssh_config");
  const knownHosts = join(directory, "known_hosts");
  const place: HostPlace = { slot, subnet, machines, keeperPid: pid, sshConfig };
  const inKeeper = (script: string, ...args: readonly string[]): Promise<unknown> =>
    outputOf("nsenter", [`--mount=/proc/${pid}/ns/mnt`, "bash", join(shellDirectory, script), ...args]);

  await outputOf("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "quorate-lab", "-f", identity]);
  await inKeeper("hide.sh", machines);
  mkdirSync(join(machinesFromHere, "layer"));
  for (const { from, to } of plan.programs) cpSync(from, join(machinesFromHere, "layer", to), { recursive: true });
  if (plan.images !== undefined) await outputOf("cp", ["-a", plan.images, join(machinesFromHere, "images")]);

  const addresses = plan.hostNames.map((_, index) => `${subnet}.${index + 2}`);
  const names = plan.hostNames.map((name, index) => {
    return [addresses[index], name, ...(plan.aliases?.(index) ?? [])].join(" ");
  });
  const hosts: LabHost[] = [];
  for (const [index, name] of plan.hostNames.entries()) {
    const trees = ["every-host", ...plan.trees].map((tree) => join(__dirname, "files", tree));
    await inKeeper("disk.sh", machines, name, `${identity}.pub`, ...trees);
    if (plan.images !== undefined) await inKeeper("containerd-root.sh", machines, name);
    const disk = join(machinesFromHere, name, "disk");
    writeFileSync(join(disk, "etc/hosts"), `127.0.0.1 localhost\n${names.join("\n")}\n`);
    const address = addresses[index] ?? "";
    await plan.furnish?.({ name, index, address, addresses, disk, directory });
    const publicKey = readFileSync(join(disk, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8");
    const hostKey = publicKey.split(" ").slice(0, 2).join(" ");
    hosts.push(new LabHost(name, address, hostKey, place));
  }
  writeFileSync(knownHosts, hosts.map((host) => `${host.address},${host.name} ${host.hostKey}\n`).join(""));
  writeFileSync(sshConfig, operatorSshConfig(hosts, identity, knownHosts));
  await Promise.all(hosts.map((host) => host.powerOn()));

  return {
    hosts,
    subnet,
    sshConfig,
    knownHosts,
    identity,
    snapshot: async () => void (await inKeeper("snapshot.sh", String(slot), machines, ...plan.hostNames)),
    restore: async () => {
      await Promise.all(hosts.map((host) => host.powerOff()));
      for (const host of hosts) {
        await host.restoreDisk();
        if (plan.images !== undefined) await inKeeper("containerd-root.sh", machines, host.name);
      }
      await Promise.all(hosts.map((host) => host.powerOn()));
    },
    close: async () => {
      await Promise.all(hosts.map((host) => host.powerOff()));
      await keeper.end();
    },
  };
}

function operatorSshConfig(hosts: readonly LabHost[], identity: string, knownHosts: string): string {
  const each = hosts.map((host) => `Host ${host.name}\n  HostName ${host.address}\n`).join("");
  return `${each}Host *
  User root
  IdentityFile ${identity}
  IdentitiesOnly yes
  BatchMode yes
  StrictHostKeyChecking yes
  UserKnownHostsFile ${knownHosts}
  GlobalKnownHostsFile /dev/null
  ConnectTimeout 5
`;
}
