// Three masters as PKS makes them: etcd with TLS under a real monit, below /var/vcap.

import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { etcdPrograms } from "./binaries";
import { Authority } from "./certificates";
import { type EtcdLab, type EtcdVersion, etcdLab } from "./etcd-lab";
import { type LabSkipped, prepareMachine } from "./requirements";
import { type HostToFurnish, openSite } from "./site";
import { waitUntil } from "./wait-until";

/** Three masters, `master-0` (the bootstrap instance) to `master-2`. */
export interface PksLab extends EtcdLab {
  readonly kind: "pks";
  /** BOSH instance id and etcd member name of each host, in their order. */
  readonly instanceIds: readonly string[];
}

const vcap = 2000;
const instanceIds = [
  "59e3f363-85b7-4f5b-b824-643f025eccd5",
  "377482a0-4687-4b97-82d5-670dac2ed94e",
  "5f5eb080-c238-4e81-8073-ecc63ce98cee",
] as const;

/** Opens three healthy masters without any key. */
export async function openPksLab(options: { readonly etcdVersion: EtcdVersion }): Promise<PksLab | LabSkipped> {
  const unfit = await prepareMachine();
  if (unfit !== undefined) return unfit;
  const programs = await etcdPrograms(options.etcdVersion, "var/vcap/packages/etcd/bin");
  if (programs.kind === "skipped") return programs;
  let authority: Authority | undefined;
  const site = await openSite({
    hostNames: instanceIds.map((_, index) => `master-${index}`),
    aliases: (index) => [domainName(index)],
    trees: ["pks"],
    programs: programs.copies,
    furnish: async (host) => {
      authority ??= await Authority.create(join(host.directory, "etcd-ca"));
      await furnish(host, authority);
    },
  });
  try {
    if (authority === undefined) throw new Error("no host was furnished");
    const lab = etcdLab(site, authority, () => "LOCAL=true ETCDCTL_API=3 /var/vcap/jobs/etcd/bin/etcdctl");
    await formCluster(lab);
    await site.snapshot();
    return { ...lab, kind: "pks", instanceIds };
  } catch (error) {
    await site.close();
    throw error;
  }
}

/**
 * The first starts a cluster, each other adds itself, by the job's own rules. etcd refuses that until the members have
 * been connected for 5 s, and monit would then wait 30 s before it tries again; so monit takes over afterwards.
 */
async function formCluster(lab: EtcdLab): Promise<void> {
  for (const [index, host] of lab.hosts.entries()) {
    await waitUntil(`${host.name} has joined`, async () => {
      await host.run("kill -0 $(cat /var/vcap/sys/run/bpm/etcd/etcd.pid) || /var/vcap/jobs/bpm/bin/bpm start etcd");
      return /, started, /.test(await lab.etcdctl("member list", host));
    });
    await lab.waitMembers(index + 1, host);
  }
  await Promise.all(lab.hosts.map((host) => host.run("systemctl enable --now monit")));
  await lab.waitHealthy();
}

function domainName(index: number): string {
  return `master-${index}.etcd.cfcr.internal`;
}

async function furnish({ disk, index, address }: HostToFurnish, authority: Authority): Promise<void> {
  const root = join(disk, "var/vcap");
  for (const folder of ["store/etcd", "jobs/etcd/config", "sys/log/etcd", "sys/run/bpm/etcd", "monit", "instance"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  const url = (port: number, at: number): string => `https://${domainName(at)}:${port}`;
  const peers = instanceIds.map((id, at) => `${id}=${url(2380, at)}`).join(",");
  const endpoints = instanceIds.map((_, at) => url(2379, at)).join(",");
  writeFileSync(
    join(root, "jobs/etcd/bin/utils.sh"),
    `\netcd_endpoint_address="${url(2379, index)}"\netcd_endpoints="${endpoints}"\n\n` +
      `etcd_peer_address="${url(2380, index)}"\netcd_peers="${peers}"\n`,
  );
  writeFileSync(join(root, "instance/id"), `${instanceIds[index]}\n`);
  writeFileSync(join(root, "instance/bootstrap"), `${index === 0}\n`);
  for (const role of ["etcd", "peer", "etcdctl"]) {
    const issued = await authority.issue({
      commonName: domainName(index),
      alternativeNames: [`DNS:${domainName(index)}`, "DNS:localhost", `IP:${address}`, "IP:127.0.0.1"],
    });
    const config = join(root, "jobs/etcd/config");
    writeFileSync(join(config, `${role}-ca.crt`), authority.own.certificate);
    writeFileSync(join(config, `${role}.crt`), issued.certificate);
    writeFileSync(join(config, `${role}.key`), issued.key, { mode: 0o600 });
    chownSync(join(config, `${role}.key`), vcap, vcap);
  }
  chmodSync(join(root, "store/etcd"), 0o700);
  for (const folder of ["store/etcd", "sys/log/etcd", "sys/run/bpm/etcd"]) chownSync(join(root, folder), vcap, vcap);
  chmodSync(join(root, "bosh/etc/monitrc"), 0o600); // monit refuses a readable one
}
