// Real Ansible against real etcd: the inventory that quorate writes brings the member back with its data whole, and
// each inventory that a hurried reader of the documents would write fails.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { parseKubesprayVersion } from "../../../src/inventory/kubespray-version";
import { readSite } from "../../../src/inventory/read-site";
import { deriveRecovery } from "../../../src/inventory/recovery";
import { writeRecovery } from "../../../src/inventory/write-recovery";
import type { EtcdFacts, RecoveryRequest } from "../../../src/model/inventory-recovery";
import { type AnsibleTools, ansibleTools, type KubesprayTools, kubesprayTools } from "../../inventory/ansible";
import { chooseCases } from "../../matrix";
import {
  type LabHost,
  labOrSkip,
  openSystemdEtcdLab,
  openTimeoutMs,
  type ProcessResult,
  type SystemdEtcdLab,
} from "../lab";
import { type RecoveryBench, recoveryBench } from "./recovery-bench";

const keysCount = 300;

/** One run of Ansible in the lab: minutes, so one of each kind runs unless all are asked for. */
interface LabCase {
  readonly name: string;
  readonly kind: string;
  readonly run: () => Promise<void>;
}

describe("a kubespray recovery with real Ansible and real etcd", function () {
  this.timeout(400_000);
  let lab: SystemdEtcdLab;
  let tools: AnsibleTools & { readonly kind: "ready" };
  let bench: RecoveryBench;
  let folder: string;
  let digest: string;

  before(async function () {
    this.timeout(openTimeoutMs);
    const found = await ansibleTools();
    if (found.kind === "missing") {
      process.stdout.write(`skipped: ${found.reason}\n`);
      return this.skip();
    }
    tools = found;
    lab = labOrSkip(this, await openSystemdEtcdLab());
    folder = join(dirname(lab.sshConfig), "kubespray");
    bench = recoveryBench(lab, tools, folder);
  });

  after(async () => {
    await lab?.close();
  });

  beforeEach(async () => {
    await lab.reset();
    await lab.writeKeys(keysCount);
    digest = await lab.keysDigest(host(2));
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  });

  const host = (index: number): LabHost => bench.host(index);

  async function expectWhole(names: readonly string[]): Promise<void> {
    await lab.waitHealthy();
    const list = await lab.etcdctl("member list", host(2));
    expect([...list.matchAll(/, started, ([^,]+),/g)].map((match) => match[1]).sort()).to.deep.equal([...names].sort());
    for (const each of lab.hosts) expect(await lab.keysDigest(each), each.name).to.equal(digest);
  }

  const cases: readonly LabCase[] = [
    {
      name: "brings node1, the first of three, back through the inventory that quorate wrote",
      kind: "brought back by recover.sh",
      run: async () => {
        const facts = await bench.observedWithIds([0]);
        await bench.reprovision(0);
        const result = await bench.recoverByQuorate({}, facts);
        expect(result.exitCode, result.stdout + result.stderr).to.equal(0);
        await expectWhole(["etcd2", "etcd3", "node1"]);
        expect(readFileSync(join(folder, "out", "preserved", "etcd-snapshot.db")).length).to.be.greaterThan(10_000);
      },
    },
    {
      name: "restores a lost quorum from the survivor, which keeps its name, and the others join it",
      kind: "brought back by recover.sh",
      run: async () => {
        await bench.reprovision(0, 1);
        const result = await bench.recoverByQuorate(
          { source: { kind: "survivor", host: "node3" } },
          bench.observed("quorum-lost", [0, 1]),
        );
        expect(result.exitCode, result.stdout + result.stderr).to.equal(0);
        await expectWhole(["node1", "node2", "etcd3"]);
      },
    },
    {
      name: "restores a lost quorum by quorate's own step where the playbook's cannot be trusted",
      kind: "brought back by recover.sh",
      run: async () => {
        await bench.reprovision(0, 1);
        // Nothing observed: the tag installs etcd 3.6, whose etcdctl has no restore.
        const result = await bench.recoverByQuorate({
          brokenEtcd: ["node1", "node2"],
          source: { kind: "survivor", host: "node3" },
        });
        expect(result.exitCode, result.stdout + result.stderr).to.equal(0);
        await expectWhole(["node1", "node2", "etcd3"]);
        const revision = /"revision":(\d+)/.exec(await lab.etcdctl("get no-such-key -w json", host(0)))?.[1];
        expect(Number(revision), "watchers of the old revision must notice").to.be.greaterThan(1_000_000_000);
      },
    },
    {
      name: "refuses to remove a member that answers, whatever the inventory calls it",
      kind: "refused on the node",
      run: async () => {
        await bench.reprovision(0);
        // The name etcd2 is pinned to the broken host; the real etcd2 is alive.
        const hosts = lab.hosts
          .map((each, index) => `${each.name} ip=${each.address} etcd_member_name=etcd${[2, 1, 3][index]}`)
          .join("\n");
        const path = bench.writeInventory("wrong.ini", `[etcd]\n${hosts}\n[kube_control_plane]\nnode1\nnode2\nnode3\n`);
        const site = readSite(path, { paths: [], playbookFolder: undefined });
        const tree = parseKubesprayVersion("v2.30.0");
        const request: RecoveryRequest = {
          brokenEtcd: ["node1"],
          replacements: [],
          source: { kind: "none" },
          flavor: "kubespray",
          tree,
          inventoryAs: join(folder, "out", "hosts.ini"),
          recoveryVarsAs: join(folder, "out", "recovery-vars.yml"),
          withFollowUp: false,
        };
        const derived = deriveRecovery(site, request, undefined);
        if (derived.kind === "refused") throw new Error(derived.violations[0]?.message);
        writeRecovery(join(folder, "out"), derived.files, folder);
        const args = ["-b", "-i", join(folder, "out", "hosts.ini"), join(folder, "out", "prepare.yml")];
        const result = await bench.runClean(tools.playbook, args);
        expect(result.exitCode).to.not.equal(0);
        expect(result.stdout).to.contain("answers: it is not the broken one");
        expect((await lab.etcdctl("member list", host(1))).trim().split("\n")).to.have.length(3);
      },
    },
    {
      name: "brings node1 back through quorate up, which runs Ansible, and has nothing to do afterwards",
      kind: "brought back by up",
      run: async () => {
        const facts = await bench.observedWithIds([0]);
        await bench.reprovision(0);
        await bench.recoverByUp(facts);
        await expectWhole(["etcd2", "etcd3", "node1"]);
      },
    },
  ];
  for (const one of chooseCases("kubespray recoveries", cases, ({ kind }) => kind)) it(one.name, one.run);

  describe("kubespray's own etcd role", () => {
    let kubespray: KubesprayTools & { readonly kind: "ready" };

    before(async function () {
      this.timeout(openTimeoutMs);
      const found = await kubesprayTools();
      if (found.kind === "missing") {
        process.stdout.write(`skipped: ${found.reason}\n`);
        return this.skip();
      }
      kubespray = found;
    });

    /** Prepares, then runs the role recover_control_plane/etcd alone: the rest of kubespray needs packages and a registry. */
    async function recoverByRole(request: Partial<RecoveryRequest>, facts: EtcdFacts): Promise<ProcessResult> {
      const out = bench.writeByQuorate(request, facts);
      const role = join(folder, "role.yml");
      const plays = ["- hosts: etcd[0]", "  roles: [{role: kubespray_defaults}, {role: recover_control_plane/etcd}]"];
      writeFileSync(role, `${plays.join("\n")}\n`);
      const settings = [
        `ANSIBLE_ROLES_PATH=${join(kubespray.directory, "roles")}`,
        `ANSIBLE_LIBRARY=${join(kubespray.directory, "library")}`,
        "ANSIBLE_CACHE_PLUGIN=memory",
      ];
      const inventory = ["-b", "-i", join(out, "hosts.ini"), "-e", `@${join(out, "recovery-vars.yml")}`];
      const { playbook } = kubespray.tools;
      const prepared = await bench.runClean("env", [...settings, playbook, ...inventory, join(out, "prepare.yml")]);
      expect(prepared.exitCode, prepared.stdout + prepared.stderr).to.equal(0);
      return bench.runClean("env", [...settings, playbook, ...inventory, role, "--limit", "etcd,kube_control_plane"]);
    }

    const roleCases: readonly LabCase[] = [
      {
        name: "leaves the survivors alone and whole while the quorum is kept",
        kind: "role",
        run: async () => {
          const facts = await bench.observedWithIds([0]);
          await bench.reprovision(0);
          const result = await recoverByRole({}, facts);
          expect(result.exitCode, result.stdout + result.stderr).to.equal(0);
          await lab.waitMembers(2, host(2));
          expect(await lab.keysDigest(host(1))).to.equal(digest);
          expect(await lab.etcdctl("member list", host(2))).to.not.contain("etcd1");
        },
      },
      {
        name: "restores the survivor's data as one member under its own name when the quorum is lost",
        kind: "role",
        run: async () => {
          await bench.reprovision(0, 1);
          const result = await recoverByRole(
            { source: { kind: "survivor", host: "node3" } },
            bench.observed("quorum-lost", [0, 1]),
          );
          expect(result.exitCode, result.stdout + result.stderr).to.equal(0);
          await lab.waitMembers(1, host(2));
          expect(await lab.keysDigest(host(2))).to.equal(digest);
          expect(await lab.etcdctl("member list", host(2))).to.contain(", etcd3, ");
        },
      },
    ];
    for (const one of chooseCases("recoveries by kubespray's role", roleCases, ({ kind }) => kind))
      it(one.name, one.run);
  });

  describe("fails with", () => {
    const broken = "[broken_etcd]\nnode1 etcd_member_name=etcd1\n[broken_kube_control_plane]\n";
    const plane = "[kube_control_plane]\nnode3\nnode2\nnode1\n";

    const wrongCases: readonly LabCase[] = [
      {
        name: "seed 003's unchanged order, the broken host first",
        kind: "wrong inventory",
        run: async () => {
          await bench.reprovision(0);
          const path = bench.writeInventory(
            "wrong.ini",
            `${bench.addresses()}\n[etcd]\nnode1\nnode2\nnode3\n${plane}${broken}`,
          );
          const result = await bench.play(path);
          expect(result.exitCode).to.not.equal(0);
          expect(result.stdout).to.contain("admin-node1.pem: no such file");
        },
      },
      {
        name: "seed 003's names: the survivor first, and a joiner that keeps the name etcd1",
        kind: "wrong inventory",
        run: async () => {
          await bench.reprovision(0);
          // systemd may start the joiner again just between "member add" and its new configuration, with the old one that
          // happens to be right. Whether it does depends on the second; without it the collision is there every time.
          const dropIn = "/run/systemd/system/etcd.service.d";
          await host(0).run(
            `mkdir -p ${dropIn} && printf '[Service]\\nRestart=no\\n' > ${dropIn}/once.conf && systemctl daemon-reload`,
          );
          const order = "[etcd]\nnode3 etcd_member_name=etcd3\nnode2 etcd_member_name=etcd2\nnode1\n";
          const path = bench.writeInventory("wrong.ini", `${bench.addresses()}\n${order}${plane}${broken}`);
          const result = await bench.play(path);
          expect(result.exitCode, result.stdout).to.not.equal(0);
          expect(await host(0).run("grep ^ETCD_INITIAL_CLUSTER= /etc/etcd.env")).to.match(
            /=etcd1=https:.*,etcd1=https:/,
          );
        },
      },
      {
        name: "no [broken_etcd] at all",
        kind: "wrong inventory",
        run: async () => {
          await bench.reprovision(0);
          const path = bench.writeInventory(
            "wrong.ini",
            `${bench.addresses()}\n[etcd]\nnode3\nnode2\nnode1\n${plane}[broken_kube_control_plane]\n`,
          );
          const result = await bench.play(path);
          expect(result.exitCode).to.not.equal(0);
          expect(result.stdout).to.contain("broken_etcd");
        },
      },
      {
        name: "a broken host whose name is not pinned",
        kind: "wrong inventory",
        run: async () => {
          await bench.reprovision(0);
          const path = bench.writeInventory(
            "wrong.ini",
            `${bench.addresses()}\n[etcd]\nnode3\nnode2\nnode1\n${plane}[broken_etcd]\nnode1\n[broken_kube_control_plane]\n`,
          );
          const result = await bench.play(path);
          expect(result.exitCode).to.not.equal(0);
          expect(result.stdout).to.contain("etcd_member_name");
        },
      },
      {
        name: "no main_ip on a controller that has no facts cached",
        kind: "wrong inventory",
        run: async () => {
          await bench.reprovision(0);
          const hosts = lab.hosts.map((each) => `${each.name} ip=${each.address}`).join("\n");
          const path = bench.writeInventory("wrong.ini", `${hosts}\n[etcd]\nnode3\nnode2\nnode1\n${plane}${broken}`);
          const result = await bench.play(path);
          expect(result.exitCode).to.not.equal(0);
          expect(result.stdout).to.contain("main_access_ip");
        },
      },
      {
        name: "node1 broken beside node10, whose certificates `rm *node1*` takes along",
        kind: "wrong inventory",
        run: async () => {
          const certificates =
            "cd /etc/ssl/etcd/ssl && for f in *node2*; do mv $f $(echo $f | sed s/node2/node10/); done";
          await host(1).run(`${certificates}; sed -i s/-node2/-node10/ /etc/etcd.env && systemctl restart etcd`);
          await bench.reprovision(0);
          const [one, two, three] = lab.hosts.map(
            (each) => `ip=${each.address} main_ip=${each.address} main_access_ip=${each.address}`,
          );
          const hosts = `node1 ${one}\nnode10 ansible_host=node2 ${two}\nnode3 ${three}`;
          const order =
            "[etcd]\nnode10 etcd_member_name=etcd2\nnode3 etcd_member_name=etcd3\nnode1\n[kube_control_plane]\nnode10\nnode3\nnode1\n";
          const path = bench.writeInventory(
            "wrong.ini",
            `${hosts}\n${order}[broken_etcd]\nnode1 etcd_member_name=old-etcd1\n[broken_kube_control_plane]\n`,
          );
          const result = await bench.play(path);
          expect(result.exitCode).to.not.equal(0);
          expect(await host(1).run("ls /etc/ssl/etcd/ssl")).to.not.contain("admin-node10.pem");
        },
      },
    ];
    for (const one of chooseCases("wrong kubespray inventories", wrongCases, ({ kind }) => kind)) it(one.name, one.run);
  });
});
