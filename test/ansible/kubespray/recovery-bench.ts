// What the lab tests of a kubespray recovery do on their hosts: break nodes, write inventories, run Ansible with them.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { parseKubesprayVersion } from "../../../src/inventory/kubespray-version";
import { readSite } from "../../../src/inventory/read-site";
import { deriveRecovery } from "../../../src/inventory/recovery";
import { writeRecovery } from "../../../src/inventory/write-recovery";
import type { EtcdFacts, RecoveryRequest } from "../../../src/model/inventory-recovery";
import type { LabHost, ProcessResult, SystemdEtcdLab } from "../../lab/lab";
import { Project, type RunningCommand } from "../../lab/project";
import { runProcess } from "../../lab/run-process";
import { waitUntil } from "../../lab/wait-until";
import { type AnsibleTools, ansibleEnvironment } from "../ansible";

/** A run of Ansible takes about a minute; this only ends one that hangs. */
const playTimeoutMs = 900_000;

/** A stack of the lab's site, and quorate run in it with the lab's Ansible. */
export interface RecoveryStack {
  readonly project: Project;
  /** Writes the stack's configuration: what every run needs, and `change`. */
  declare(change: Readonly<Record<string, unknown>>): void;
  init(): Promise<void>;
  start(...args: readonly string[]): RunningCommand;
  /** Runs to its end, which has to be a success; returns what was printed. */
  run(...args: readonly string[]): Promise<string>;
  /** Runs to its end, which must not be a success; returns what was printed. */
  refused(...args: readonly string[]): Promise<string>;
}

/** The ways to break and recover one lab. `folder` is emptied before each test. */
export type RecoveryBench = ReturnType<typeof recoveryBench>;

/** A bench over an open lab. */
export function recoveryBench(lab: SystemdEtcdLab, tools: AnsibleTools & { readonly kind: "ready" }, folder: string) {
  const host = (index: number): LabHost => lab.hosts[index] ?? expect.fail(`the lab has no host ${index}`);

  /** A node as it comes back from the provider: installed by kubespray once, without data and certificates. */
  async function reprovision(...indexes: readonly number[]): Promise<void> {
    for (const index of indexes) await host(index).run("systemctl stop etcd; rm -rf /var/lib/etcd /etc/ssl/etcd/ssl");
  }

  function connection(): string {
    return `[all:vars]\nansible_user=root\nansible_python_interpreter=/usr/bin/python3\nansible_ssh_common_args=-F ${lab.sshConfig}\n`;
  }

  function writeInventory(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, `${text}\n${connection()}`);
    return path;
  }

  function addresses(): string {
    return lab.hosts
      .map((each) => `${each.name} ip=${each.address} main_ip=${each.address} main_access_ip=${each.address}`)
      .join("\n");
  }

  async function play(inventory: string, ...extra: readonly string[]): Promise<ProcessResult> {
    const playbook = join(__dirname, "recover-control-plane.yml");
    const args = [
      "-b",
      "-i",
      inventory,
      playbook,
      "--limit",
      "etcd,kube_control_plane",
      "-e",
      "etcd_retries=5",
      ...extra,
    ];
    return runClean(tools.playbook, args);
  }

  /** Runs a program with nothing of this process's environment but what Ansible needs. */
  function runClean(program: string, args: readonly string[]): Promise<ProcessResult> {
    const environment = ansibleEnvironment(tools);
    const path = `${dirname(tools.playbook)}:${environment.PATH ?? ""}`;
    const settings = Object.entries({ ...environment, PATH: path }).map(([name, value]) => `${name}=${value ?? ""}`);
    return runProcess("env", ["-i", ...settings, program, ...args], { timeoutMs: playTimeoutMs });
  }

  /** What `quorate inventory` does, then recover.sh as an operator would start it. */
  async function recoverByQuorate(request: Partial<RecoveryRequest>, facts?: EtcdFacts): Promise<ProcessResult> {
    return runClean("sh", [join(writeByQuorate(request, facts), "recover.sh")]);
  }

  /** Writes the proven recovery and returns its folder. */
  function writeByQuorate(request: Partial<RecoveryRequest>, facts?: EtcdFacts): string {
    const hosts = lab.hosts.map((each) => `${each.name} ip=${each.address}`).join("\n");
    const path = writeInventory("hosts.ini", `[etcd]\n${hosts}\n[kube_control_plane]\nnode1\nnode2\nnode3\n`);
    const out = join(folder, "out");
    const tree = parseKubesprayVersion("v2.31.0");
    const site = readSite(path, { paths: [], playbookFolder: undefined });
    const result = deriveRecovery(
      site,
      {
        replacements: [],
        source: { kind: "none" },
        flavor: "kubespray",
        tree: tree === undefined ? undefined : { ...tree, directory: __dirname, playbook: "recover-control-plane.yml" },
        inventoryAs: join(out, "hosts.ini"),
        recoveryVarsAs: join(out, "recovery-vars.yml"),
        withFollowUp: false,
        ...request,
      },
      facts,
    );
    if (result.kind === "refused") throw new Error(result.violations.map((violation) => violation.message).join("\n"));
    writeRecovery(out, result.files, folder);
    return out;
  }

  /** etcd 3.5 under a tag that installs 3.6: what is observed decides, not the tag. */
  function observed(verdict: EtcdFacts["verdict"], broken: readonly number[]): EtcdFacts {
    return {
      verdict,
      hosts: lab.hosts.map((each, index) => ({
        host: each.name,
        isReachable: true,
        isHealthyVoter: !broken.includes(index),
        member: { id: `${index + 1}`, name: `etcd${index + 1}`, peerUrl: `https://${each.address}:2380` },
        etcdVersion: "3.5.21",
        raftIndex: broken.includes(index) ? undefined : 100n,
      })),
    };
  }

  async function observedWithIds(broken: readonly number[]): Promise<EtcdFacts> {
    const living = host(2);
    const list = await lab.etcdctl("member list", living);
    const facts = observed("minority-lost", broken);
    const hosts = facts.hosts.map((each) => {
      const id = new RegExp(`^([0-9a-f]+), [a-z]+, ${each.member?.name},`, "m").exec(list)?.[1];
      return { ...each, member: each.member === undefined || id === undefined ? undefined : { ...each.member, id } };
    });
    return { ...facts, hosts };
  }

  /** The site's inventory as its users have it: nothing about members, `planes` of its hosts are control plane hosts. */
  function writeSite(planes: readonly string[]): string {
    const hosts = lab.hosts.map((each) => `${each.name} ip=${each.address}`).join("\n");
    return writeInventory("hosts.ini", `[etcd]\n${hosts}\n[kube_control_plane]\n${planes.join("\n")}\n`);
  }

  /** A stack that runs Ansible against the lab's hosts. */
  function openStack(declared: Readonly<Record<string, unknown>>): RecoveryStack {
    const project = new Project("kubespray");
    const start = (...args: readonly string[]) =>
      project.start([...args, "--stack", "kubespray"], ansibleEnvironment(tools));
    const declare = (change: Readonly<Record<string, unknown>>): void => {
      const all = {
        topology: "kubespray",
        inventory: join(folder, "hosts.ini"),
        output: join(folder, "out"),
        kubesprayDirectory: __dirname,
        kubesprayVersion: "v2.31.0",
        ansible: tools.playbook,
        run: true,
        ...change,
      };
      const config = Object.fromEntries(Object.entries(all).map(([key, value]) => [`quorate:${key}`, value]));
      const file = join(project.folder, "stacks/Pulumi.kubespray.yaml");
      const salt = existsSync(file) ? (/^encryptionsalt: .*\n/m.exec(readFileSync(file, "utf8"))?.[0] ?? "") : "";
      writeFileSync(file, `${salt}${stringify({ config })}`);
    };
    return {
      project,
      declare,
      start,
      run: async (...args) => {
        const end = await start(...args).ended;
        expect(end.exitCode, end.output).to.equal(0);
        return end.output;
      },
      refused: async (...args) => {
        const end = await start(...args).ended;
        expect(end.exitCode, end.output).to.not.equal(0);
        return end.output;
      },
      init: async () => {
        declare(declared);
        await project.succeed("stack", "init", "kubespray");
      },
    };
  }

  /** Presses ^C once the playbook of an up has come to this line, and makes sure that nothing of Ansible goes on. */
  async function interruptUp(stack: RecoveryStack, line: string): Promise<void> {
    const up = stack.start("up", "--yes", "--skip-preview");
    const out = join(folder, "out");
    const log = join(out, "ansible.log");
    let isOver = false;
    void up.ended.then(() => (isOver = true));
    const hasCome = () => existsSync(log) && readFileSync(log, "utf8").includes(line);
    await waitUntil(line, async () => isOver || hasCome(), { deadlineMs: playTimeoutMs });
    expect(isOver, up.output()).to.equal(false);
    up.child.kill("SIGINT");
    expect((await up.ended).exitCode).to.not.equal(0);
    const { stdout } = await runProcess("pgrep", ["-af", `ansible-playbook.*${out}`], { timeoutMs: 10_000 });
    expect(stdout.trim(), "Ansible goes on").to.equal("");
  }

  return {
    host,
    reprovision,
    writeInventory,
    addresses,
    play,
    runClean,
    recoverByQuorate,
    writeByQuorate,
    writeSite,
    openStack,
    interruptUp,
    observedWithIds,
    observed,
  };
}
