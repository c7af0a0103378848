// A user's project that declares the etcd of a lab.

import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
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
