// A user's project that declares the etcd of a lab.

import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import type { SystemdEtcdLab } from "./lab";
import { Project } from "./project";

/** What a project is made of: enough of a lab to write its stack's configuration. */
export interface PksHosts {
  readonly sshConfig: string;
  readonly hostNames: readonly string[];
  readonly instanceIds: readonly string[];
}

/** A project for the masters of a PKS lab, with an empty stack. `etcd` adds to the etcd part. */
export async function pksProject(lab: PksHosts, etcd: object = {}): Promise<Project> {
  const project = new Project("masters");
  writePksStack(project, lab, etcd);
  await project.succeed("stack", "init", project.stack);
  return project;
}

/** Writes the stack's configuration, in place of the one before. */
export function writePksStack(project: Project, lab: PksHosts, etcd: object = {}, more: object = {}): void {
  const access = (host: string) => ({ kind: "ssh", host, configFile: lab.sshConfig });
  const member = (index: number) => ({
    name: lab.instanceIds[index],
    peerUrl: `https://master-${index}.etcd.cfcr.internal:2380`,
    clientUrl: `https://master-${index}.etcd.cfcr.internal:2379`,
  });
  const config = {
    "quorate:topology": "pks",
    "quorate:nodes": Object.fromEntries(lab.hostNames.map((host) => [host, { access: access(host) }])),
    "quorate:etcd": {
      runner: { kind: "monit" },
      members: Object.fromEntries(lab.hostNames.map((host, index) => [host, member(index)])),
      keptSnapshots: path.join(project.folder, "snapshots"),
      ...etcd,
    },
    ...more,
  };
  const file = path.join(project.folder, "stacks", `Pulumi.${project.stack}.yaml`);
  const kept = fs.existsSync(file) ? (/^encryptionsalt: .*$/m.exec(fs.readFileSync(file, "utf8"))?.[0] ?? "") : "";
  fs.writeFileSync(file, `${kept}\n${stringify({ config })}`);
}

/** Puts the etcd part into the configuration of a stack that is written already, in place of the one before. */
export function declareEtcd(project: Project, etcd: object): void {
  const file = path.join(project.folder, "stacks", `Pulumi.${project.stack}.yaml`);
  const written = parse(fs.readFileSync(file, "utf8")) as { readonly config: Readonly<Record<string, unknown>> };
  fs.writeFileSync(file, stringify({ ...written, config: { ...written.config, "quorate:etcd": etcd } }));
}

/** A project for the nodes of a lab with etcd as a systemd unit, with an empty stack. */
export async function systemdProject(lab: Pick<SystemdEtcdLab, "hosts" | "sshConfig">): Promise<Project> {
  const project = new Project("nodes");
  const nodes = lab.hosts.map(({ name }) => {
    return [name, { access: { kind: "ssh", host: name, configFile: lab.sshConfig } }] as const;
  });
  const members = lab.hosts.map(({ name, address }, index) => {
    const urls = { peerUrl: `https://${address}:2380`, clientUrl: `https://${address}:2379` };
    return [name, { name: `etcd${index + 1}`, ...urls }] as const;
  });
  const config = {
    "quorate:topology": "kubespray",
    "quorate:manifests": "manifests",
    "quorate:nodes": Object.fromEntries(nodes),
    "quorate:services": {},
    "quorate:etcd": {
      runner: { kind: "systemd" },
      members: Object.fromEntries(members),
      owner: "root:root",
      token: "k8s_etcd",
      keptSnapshots: path.join(project.folder, "snapshots"),
    },
  };
  const stacks = path.join(project.folder, "stacks");
  fs.mkdirSync(path.join(stacks, "manifests"));
  fs.writeFileSync(path.join(stacks, `Pulumi.${project.stack}.yaml`), stringify({ config }));
  await project.succeed("stack", "init", project.stack);
  return project;
}
