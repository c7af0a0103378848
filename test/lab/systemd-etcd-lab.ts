// Three nodes as kubespray makes them: etcd with TLS as a systemd unit, configured by /etc/etcd.env.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { etcdPrograms } from "./binaries";
import { Authority } from "./certificates";
import { type EtcdLab, type EtcdVersion, etcdLab } from "./etcd-lab";
import type { LabHost } from "./host";
import { type LabSkipped, prepareMachine } from "./requirements";
import { type HostToFurnish, openSite } from "./site";

/** Nodes, `node1` to `node3` unless named otherwise, with members `etcd1` and so on in their order. */
export interface SystemdEtcdLab extends EtcdLab {
  readonly kind: "systemd-etcd";
}

const usualHostNames = ["node1", "node2", "node3"] as const;
const certificateFolder = "/etc/ssl/etcd/ssl";

/** Opens healthy members without any key; three, and etcd 3.5, by default. */
export async function openSystemdEtcdLab(
  options: { readonly etcdVersion?: Exclude<EtcdVersion, "3.3">; readonly hostNames?: readonly string[] } = {},
): Promise<SystemdEtcdLab | LabSkipped> {
  const unfit = await prepareMachine();
  if (unfit !== undefined) return unfit;
  const programs = await etcdPrograms(options.etcdVersion ?? "3.5", "usr/local/bin");
  if (programs.kind === "skipped") return programs;
  let authority: Authority | undefined;
  const site = await openSite({
    hostNames: options.hostNames ?? usualHostNames,
    trees: ["systemd-etcd"],
    programs: programs.copies,
    furnish: async (host) => {
      authority ??= await Authority.create(join(host.directory, "etcd-ca"));
      await furnish(host, authority);
    },
  });
  try {
    if (authority === undefined) throw new Error("no host was furnished");
    const lab = etcdLab(site, authority, client);
    await lab.waitHealthy();
    // kubespray writes `existing` on every run after the first.
    for (const host of site.hosts) {
      await host.run("sed -i s/^ETCD_INITIAL_CLUSTER_STATE=.*/ETCD_INITIAL_CLUSTER_STATE=existing/ /etc/etcd.env");
    }
    await site.snapshot();
    return { ...lab, kind: "systemd-etcd" };
  } catch (error) {
    await site.close();
    throw error;
  }
}

function client(host: LabHost): string {
  const admin = `${certificateFolder}/admin-${host.name}`;
  const files = `--cacert=${certificateFolder}/ca.pem --cert=${admin}.pem --key=${admin}-key.pem`;
  return `ETCDCTL_API=3 /usr/local/bin/etcdctl --endpoints=https://127.0.0.1:2379 ${files}`;
}

async function furnish({ disk, index, name, address, addresses }: HostToFurnish, authority: Authority): Promise<void> {
  const folder = join(disk, certificateFolder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "ca.pem"), authority.own.certificate);
  writeFileSync(join(folder, "ca-key.pem"), authority.own.key, { mode: 0o600 });
  for (const role of ["member", "admin"]) {
    const issued = await authority.issue({
      commonName: `etcd-${role}-${name}`,
      alternativeNames: [`DNS:${name}`, "DNS:localhost", `IP:${address}`, "IP:127.0.0.1"],
    });
    writeFileSync(join(folder, `${role}-${name}.pem`), issued.certificate);
    writeFileSync(join(folder, `${role}-${name}-key.pem`), issued.key, { mode: 0o600 });
  }
  mkdirSync(join(disk, "var/lib/etcd"), { mode: 0o700, recursive: true });
  const member = `${certificateFolder}/member-${name}`;
  const admin = `${certificateFolder}/admin-${name}`;
  const settings: Readonly<Record<string, string>> = {
    ETCD_DATA_DIR: "/var/lib/etcd",
    ETCD_ADVERTISE_CLIENT_URLS: `https://${address}:2379`,
    ETCD_INITIAL_ADVERTISE_PEER_URLS: `https://${address}:2380`,
    ETCD_INITIAL_CLUSTER_STATE: "new",
    ETCD_METRICS: "basic",
    ETCD_LISTEN_CLIENT_URLS: `https://${address}:2379,https://127.0.0.1:2379`,
    ETCD_INITIAL_CLUSTER_TOKEN: "k8s_etcd",
    ETCD_LISTEN_PEER_URLS: `https://${address}:2380`,
    ETCD_NAME: `etcd${index + 1}`,
    ETCD_INITIAL_CLUSTER: addresses.map((each, at) => `etcd${at + 1}=https://${each}:2380`).join(","),
    ETCD_AUTO_COMPACTION_RETENTION: "8",
    ETCD_SNAPSHOT_COUNT: "10000",
    ETCD_TRUSTED_CA_FILE: `${certificateFolder}/ca.pem`,
    ETCD_CERT_FILE: `${member}.pem`,
    ETCD_KEY_FILE: `${member}-key.pem`,
    ETCD_CLIENT_CERT_AUTH: "true",
    ETCD_PEER_TRUSTED_CA_FILE: `${certificateFolder}/ca.pem`,
    ETCD_PEER_CERT_FILE: `${member}.pem`,
    ETCD_PEER_KEY_FILE: `${member}-key.pem`,
    ETCD_PEER_CLIENT_CERT_AUTH: "True",
    ETCDCTL_ENDPOINTS: "https://127.0.0.1:2379",
    ETCDCTL_CACERT: `${certificateFolder}/ca.pem`,
    ETCDCTL_KEY: `${admin}-key.pem`,
    ETCDCTL_CERT: `${admin}.pem`,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(disk, "etc/etcd.env"), `# Environment file for etcd\n${lines.join("")}`, { mode: 0o640 });
}
