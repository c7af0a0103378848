// A project with a kubespray site in trouble, and an Ansible of ours that only notes what it is asked to do.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { situations } from "../inventory/situations";
import { type CommandEnd, Project } from "../lab/project";

/** What must come of the site. */
export const golden = path.join(__dirname, "../inventory/golden/only-etcd1-broken");
const situation = situations.find((one) => one.name === "only-etcd1-broken");

/** Ends with this code; returns what was printed. */
export async function expectExit(end: Promise<CommandEnd>, code: number): Promise<string> {
  const { exitCode, output } = await end;
  expect(exitCode, output).to.equal(code);
  return output;
}

/** Fails without a stack trace; returns what was printed. */
export async function expectRefused(end: Promise<CommandEnd>): Promise<string> {
  const { exitCode, output } = await end;
  expect(exitCode, output).to.be.greaterThan(0);
  expect(output, "a stack trace").not.to.match(/\n\s+at .*:\d+:\d+/);
  return output;
}

/** Some runs of quorate: seconds each, so one case of each kind runs unless all are asked for. */
export interface StackCase {
  readonly name: string;
  readonly kind: string;
  readonly run: () => Promise<void>;
}

/** Makes a project before each test of the calling suite and removes it afterwards. */
export function kubesprayProject() {
  let project: Project;
  const inStacks = (...names: readonly string[]) => path.join(project.folder, "stacks", ...names);
  const declaration = {
    topology: "kubespray",
    inventory: "site/hosts.ini",
    output: "recovery",
    brokenEtcd: ["cp1"],
    brokenControlPlane: ["cp1"],
    kubesprayVersion: situation?.version,
  };
  const declare = (change: Readonly<Record<string, unknown>> = {}): void => {
    const entries = Object.entries({ ...declaration, ...change }).filter(([, value]) => value !== undefined);
    const config = Object.fromEntries(entries.map(([key, value]) => [`quorate:${key}`, value]));
    // The salt of the secrets stays: a stack that has encrypted state cannot do without it.
    const file = inStacks("Pulumi.site.yaml");
    const salt = fs.existsSync(file) ? /^encryptionsalt: .*$/m.exec(fs.readFileSync(file, "utf8"))?.[0] : undefined;
    fs.writeFileSync(file, `${salt === undefined ? "" : `${salt}\n`}${stringify({ config })}`);
  };
  beforeEach(async () => {
    project = new Project("site");
    fs.mkdirSync(inStacks("site/group_vars"), { recursive: true });
    fs.writeFileSync(inStacks("site/hosts.ini"), situation?.inventory ?? "");
    fs.writeFileSync(inStacks("site/group_vars/all.yml"), "dns_mode: coredns\n");
    declare();
    await project.succeed("stack", "init", "site");
  });
  afterEach(() => project?.remove());
  return {
    project: () => project,
    inStacks,
    recovery: (name: string) => inStacks("recovery", name),
    declare,
    /** Everything that the stack's state holds. */
    state: () => {
      const folder = path.join(project.folder, "state/.pulumi/stacks");
      const files = fs
        .readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".json"));
      return files.map((name) => fs.readFileSync(path.join(folder, name), "utf8")).join("\n");
    },
    /** Installs an ansible-playbook; `lines` are what it does after it has noted its arguments. */
    installAnsible: (lines: readonly string[], version = "2.16.5") => {
      fs.mkdirSync(inStacks("bin"), { recursive: true });
      const script = [
        "#!/bin/sh",
        `if [ "$1" = --version ]; then echo "ansible-playbook [core ${version}]"; exit; fi`,
        `echo "$*" >> ${inStacks("calls")}`,
        'echo "TASK [etcd : Write the token] ***"',
        `echo 'ok: [cp2] => {"token": "hunter2"}'`,
        ...lines,
      ];
      fs.writeFileSync(inStacks("bin/ansible-playbook"), `${script.join("\n")}\n`, { mode: 0o755 });
    },
    /** Arguments of each run of that Ansible. */
    calls: () => {
      const file = inStacks("calls");
      return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n") : [];
    },
  };
}
