// What the labs with nothing but etcd have in common: its clients, its health, keys to tell whether data survived.

import { createHash } from "node:crypto";
import type { Authority } from "./certificates";
import type { LabHost } from "./host";
import type { Site } from "./site";
import { waitUntil } from "./wait-until";

/** etcd releases that a lab can run. 3.4 is Debian's package, the others are built from Go modules. */
export type EtcdVersion = "3.3" | "3.4" | "3.5" | "3.6";

/** Three healthy members. */
export interface EtcdLab extends Site {
  /** Issues certificates for the members; its own is the one that they trust. */
  readonly authority: Authority;
  /** Runs etcdctl on a host against that host's own member; throws when it fails. */
  etcdctl(command: string, host: LabHost, input?: string): Promise<string>;
  /** Waits until this host's member runs in a cluster of `count` members and answers a linearizable read. */
  waitMembers(count: number, host: LabHost): Promise<void>;
  /** Waits until every member that is on knows all three and answers a linearizable read. */
  waitHealthy(): Promise<void>;
  /** Has this host's member lead. */
  lead(host: LabHost): Promise<void>;
  /** Writes `key0` to `key<count - 1>`. */
  writeKeys(count: number): Promise<void>;
  /** SHA-256 of the keys that this host's own member holds, whatever the others hold. */
  keysDigest(host: LabHost): Promise<string>;
  /** Back to the state after opening. */
  reset(): Promise<void>;
}

/** The operations of a lab, given how etcdctl is called on its hosts. */
export function etcdLab(site: Site, authority: Authority, client: (host: LabHost) => string): EtcdLab {
  const etcdctl = (command: string, host: LabHost, input = ""): Promise<string> =>
    host.run(`${client(host)} ${command}`, { input });
  const first = site.hosts[0];
  if (first === undefined) throw new Error("a lab has at least one host");

  const waitMembers = async (count: number, host: LabHost): Promise<void> => {
    await waitUntil(`${host.name}: etcd is one of ${count}`, async () => {
      const started = (await etcdctl("member list", host)).match(/, started, /g) ?? [];
      if (started.length !== count) throw new Error(`${started.length} members started`);
      await etcdctl("get no-such-key", host);
      return true;
    });
  };
  const waitHealthy = async (): Promise<void> => {
    for (const host of site.hosts.filter((each) => each.isOn)) await waitMembers(site.hosts.length, host);
  };
  const lead = (host: LabHost): Promise<void> => leadThrough(etcdctl, site.hosts, host);
  const writeKeys = (count: number): Promise<void> => writeKeysThrough(etcdctl, first, count);
  const keysDigest = (host: LabHost): Promise<string> => keysDigestOf(etcdctl, host);
  const reset = async (): Promise<void> => {
    await site.restore();
    await waitHealthy();
  };
  return { ...site, authority, etcdctl, waitMembers, waitHealthy, lead, writeKeys, keysDigest, reset };
}

/** Runs etcdctl on a host against that host's own member; throws when it fails. */
export type LabEtcdctl = (command: string, host: LabHost, input?: string) => Promise<string>;

/** Writes `key0` to `key<count - 1>` through one host. */
export async function writeKeysThrough(etcdctl: LabEtcdctl, host: LabHost, count: number): Promise<void> {
  const batch = 100; // A transaction takes 128 operations at most.
  for (let from = 0; from < count; from += batch) {
    const keys = Array.from({ length: Math.min(batch, count - from) }, (_, index) => from + index);
    const puts = keys.map((key) => `put key${key} value-of-${key}`).join("\n");
    await etcdctl("txn", host, `\n${puts}\n\n\n`);
  }
}

/** SHA-256 of the keys that this host's own member holds, whatever the others hold. */
export async function keysDigestOf(etcdctl: LabEtcdctl, host: LabHost): Promise<string> {
  const keys = await etcdctl("get key --prefix --consistency=s", host);
  return createHash("sha256").update(keys).digest("hex");
}

/** The host whose member leads, of those that answer. */
export async function findLeader(etcdctl: LabEtcdctl, hosts: readonly LabHost[]): Promise<LabHost> {
  const { leader } = await memberStatuses(etcdctl, hosts);
  return leader.host;
}

/** Has a host's member lead, of a cluster whose every member answers. */
export async function leadThrough(etcdctl: LabEtcdctl, hosts: readonly LabHost[], host: LabHost): Promise<void> {
  const { statuses, leader } = await memberStatuses(etcdctl, hosts);
  const wanted = statuses.find((status) => status.host === host);
  if (wanted === undefined) throw new Error(`${host.name} is no member`);
  if (leader !== wanted) await etcdctl(`move-leader ${wanted.id}`, leader.host);
}

async function memberStatuses(etcdctl: LabEtcdctl, hosts: readonly LabHost[]) {
  const statuses = await Promise.all(
    hosts.map(async (host) => {
      // Columns were added over the releases; the first that is true or false has always said whether it leads.
      const [, id = "", ...columns] = (await etcdctl("endpoint status", host)).split(", ");
      return { host, id, isLeader: columns.find((column) => /^(true|false)$/.test(column)) === "true" };
    }),
  );
  const leader = statuses.find((status) => status.isLeader);
  if (leader === undefined) throw new Error("no member leads");
  return { statuses, leader };
}
