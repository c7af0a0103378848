// The stacked etcd of a kubeadm lab as a user's project declares it, and what is done to it.

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { declareEtcd } from "./etcd-project";
import { type KubeadmLab, type LabHost, waitUntil } from "./lab";
import { Project } from "./project";

/** Where the stacked etcd keeps its data. */
export const dataDirectory = "/var/lib/etcd";
const manifest = "/etc/kubernetes/manifests/etcd.yaml";

/** A project for the lab, captured from it as it is, with an empty stack. */
export async function kubeadmProject(lab: KubeadmLab): Promise<Project> {
  const project = new Project("lab");
  await project.capture(lab.sshConfig, ...lab.hosts.map(({ name }) => `${name}=root@${name}`));
  declareStackedEtcd(project, lab);
  await project.succeed("stack", "init", "lab");
  return project;
}

/** Declares the lab's etcd; `etcd` adds to it. */
export function declareStackedEtcd(project: Project, lab: KubeadmLab, etcd: object = {}): void {
  const members = lab.hosts.map(({ name, address }) => {
    return [name, { name, peerUrl: `https://${address}:2380`, clientUrl: `https://${address}:2379` }] as const;
  });
  declareEtcd(project, {
    runner: { kind: "static-pod" },
    members: Object.fromEntries(members),
    keptSnapshots: path.join(project.folder, "snapshots"),
    ...etcd,
  });
}

/** How a member loses its data. */
export type Loss =
  /** Under its process, which goes on. */
  | "running"
  /** And its process ends: the kubelet starts it anew over nothing. */
  | "restarted"
  /** With the kubelet stopped. */
  | "stopped";

/** Takes the data of a member away. */
export async function loseData(host: LabHost, loss: Loss): Promise<void> {
  if (loss === "stopped") await host.run("systemctl stop kubelet");
  await host.run(`rm -rf ${dataDirectory}/member`);
  if (loss === "running") return;
  const [before = ""] = (await host.run("pgrep -x etcd")).split("\n");
  await host.run(`kill -KILL ${before}`);
  await waitUntil(`${host.name}: its etcd has ended`, async () => {
    const { stdout } = await host.ssh("pgrep -x etcd");
    return !stdout.split("\n").includes(before);
  });
}

/** Misspells the command of the etcd manifest. */
export async function breakManifest(host: LabHost): Promise<void> {
  await host.run(`sed -i 's/- etcd$/- etcdddd/' ${manifest}`);
}

/** Saves a snapshot on a host and brings it to this machine, as a declared restore wants it. */
export async function fetchSnapshot(lab: KubeadmLab, host: LabHost, folder: string) {
  await lab.etcdctl("snapshot save /root/kept.db", host);
  const { revision } = JSON.parse(await host.run("etcdutl snapshot status /root/kept.db -w json")) as {
    readonly revision: number;
  };
  const file = path.join(folder, "kept.db");
  fs.copyFileSync(path.join(host.diskDirectory, "root/kept.db"), file);
  const sha256 = createHash("sha256").update(fs.readFileSync(file)).digest("hex");
  return { kind: "snapshot", file, sha256, revision } as const;
}
