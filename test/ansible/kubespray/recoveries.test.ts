// Real Ansible against real etcd: the inventory that quorate writes brings members back with their data whole.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parseKubesprayVersion } from "../../../src/inventory/kubespray-version";
import { readSite } from "../../../src/inventory/read-site";
import { deriveRecovery } from "../../../src/inventory/recovery";
import { writeRecovery } from "../../../src/inventory/write-recovery";
import type { RecoveryRequest } from "../../../src/model/inventory-recovery";
import { caseTimeoutMs, chooseRecoveries, type LabCase, useKubesprayLab } from "./kubespray-lab";

describe("a kubespray recovery with real Ansible and real etcd", function () {
  this.timeout(caseTimeoutMs);
  const suite = useKubesprayLab();

  const cases: readonly LabCase[] = [
    {
      name: "brings node1, the first of three, back through the inventory that quorate wrote",
      run: async () => {
        const facts = await suite.bench.observedWithIds([0]);
        await suite.bench.reprovision(0);
        const result = await suite.bench.recoverByQuorate({}, facts);
        expect(result.exitCode, result.stdout + result.stderr).to.equal(0);
        await suite.expectWhole(["etcd2", "etcd3", "node1"]);
        expect(readFileSync(join(suite.folder, "out", "preserved", "etcd-snapshot.db")).length).to.be.greaterThan(
          10_000,
        );
      },
    },
    {
      name: "restores a lost quorum from the survivor, which keeps its name, and the others join it",
      run: async () => {
        await suite.bench.reprovision(0, 1);
        const result = await suite.bench.recoverByQuorate(
          { source: { kind: "survivor", host: "node3" } },
          suite.bench.observed("quorum-lost", [0, 1]),
        );
        expect(result.exitCode, result.stdout + result.stderr).to.equal(0);
        await suite.expectWhole(["node1", "node2", "etcd3"]);
      },
    },
    {
      name: "restores a lost quorum by quorate's own step where the playbook's cannot be trusted",
      run: async () => {
        await suite.bench.reprovision(0, 1);
        // Nothing observed: the tag installs etcd 3.6, whose etcdctl has no restore.
        const result = await suite.bench.recoverByQuorate({
          brokenEtcd: ["node1", "node2"],
          source: { kind: "survivor", host: "node3" },
        });
        expect(result.exitCode, result.stdout + result.stderr).to.equal(0);
        await suite.expectWhole(["node1", "node2", "etcd3"]);
        const revision = /"revision":(\d+)/.exec(
          await suite.lab.etcdctl("get no-such-key -w json", suite.host(0)),
        )?.[1];
        expect(Number(revision), "watchers of the old revision must notice").to.be.greaterThan(1_000_000_000);
      },
    },
    {
      name: "refuses to remove a member that answers, whatever the inventory calls it",
      run: async () => {
        await suite.bench.reprovision(0);
        // The name etcd2 is pinned to the broken host; the real etcd2 is alive.
        const hosts = suite.lab.hosts
          .map((each, index) => `${each.name} ip=${each.address} etcd_member_name=etcd${[2, 1, 3][index]}`)
          .join("\n");
        const path = suite.bench.writeInventory(
          "wrong.ini",
          `[etcd]\n${hosts}\n[kube_control_plane]\nnode1\nnode2\nnode3\n`,
        );
        const site = readSite(path, { paths: [], playbookFolder: undefined });
        const tree = parseKubesprayVersion("v2.30.0");
        const request: RecoveryRequest = {
          brokenEtcd: ["node1"],
          replacements: [],
          source: { kind: "none" },
          flavor: "kubespray",
          tree,
          inventoryAs: join(suite.folder, "out", "hosts.ini"),
          recoveryVarsAs: join(suite.folder, "out", "recovery-vars.yml"),
          withFollowUp: false,
        };
        const derived = deriveRecovery(site, request, undefined);
        if (derived.kind === "refused") throw new Error(derived.violations[0]?.message);
        writeRecovery(join(suite.folder, "out"), derived.files, suite.folder);
        const args = ["-b", "-i", join(suite.folder, "out", "hosts.ini"), join(suite.folder, "out", "prepare.yml")];
        const result = await suite.bench.runClean(suite.tools.playbook, args);
        expect(result.exitCode).to.not.equal(0);
        expect(result.stdout).to.contain("answers: it is not the broken one");
        expect((await suite.lab.etcdctl("member list", suite.host(1))).trim().split("\n")).to.have.length(3);
      },
    },
  ];
  for (const one of chooseRecoveries("recover.sh", cases)) it(one.name, one.run);
});
