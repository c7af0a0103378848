// kubespray's own role, from its own tree, with the inventory that quorate writes: QUORATE_TEST_KUBESPRAY=<v2.31 tree>.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { EtcdFacts, RecoveryRequest } from "../../../src/model/inventory-recovery";
import { openTimeoutMs, type ProcessResult } from "../../lab/lab";
import { chooseCases } from "../../matrix";
import { type KubesprayTools, kubesprayTools } from "../ansible";
import { caseTimeoutMs, type LabCase, useKubesprayLab } from "./kubespray-lab";

describe("kubespray's own etcd role", function () {
  this.timeout(caseTimeoutMs);
  const suite = useKubesprayLab();
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
    const out = suite.bench.writeByQuorate(request, facts);
    const role = join(suite.folder, "role.yml");
    const plays = ["- hosts: etcd[0]", "  roles: [{role: kubespray_defaults}, {role: recover_control_plane/etcd}]"];
    writeFileSync(role, `${plays.join("\n")}\n`);
    const settings = [
      `ANSIBLE_ROLES_PATH=${join(kubespray.directory, "roles")}`,
      `ANSIBLE_LIBRARY=${join(kubespray.directory, "library")}`,
      "ANSIBLE_CACHE_PLUGIN=memory",
    ];
    const inventory = ["-b", "-i", join(out, "hosts.ini"), "-e", `@${join(out, "recovery-vars.yml")}`];
    const { playbook } = kubespray.tools;
    const prepared = await suite.bench.runClean("env", [...settings, playbook, ...inventory, join(out, "prepare.yml")]);
    expect(prepared.exitCode, prepared.stdout + prepared.stderr).to.equal(0);
    return suite.bench.runClean("env", [
      ...settings,
      playbook,
      ...inventory,
      role,
      "--limit",
      "etcd,kube_control_plane",
    ]);
  }

  const roleCases: readonly LabCase[] = [
    {
      name: "leaves the survivors alone and whole while the quorum is kept",
      run: async () => {
        const facts = await suite.bench.observedWithIds([0]);
        await suite.bench.reprovision(0);
        const result = await recoverByRole({}, facts);
        expect(result.exitCode, result.stdout + result.stderr).to.equal(0);
        await suite.lab.waitMembers(2, suite.host(2));
        expect(await suite.lab.keysDigest(suite.host(1))).to.equal(suite.digest);
        expect(await suite.lab.etcdctl("member list", suite.host(2))).to.not.contain("etcd1");
      },
    },
    {
      name: "restores the survivor's data as one member under its own name when the quorum is lost",
      run: async () => {
        await suite.bench.reprovision(0, 1);
        const result = await recoverByRole(
          { source: { kind: "survivor", host: "node3" } },
          suite.bench.observed("quorum-lost", [0, 1]),
        );
        expect(result.exitCode, result.stdout + result.stderr).to.equal(0);
        await suite.lab.waitMembers(1, suite.host(2));
        expect(await suite.lab.keysDigest(suite.host(2))).to.equal(suite.digest);
        expect(await suite.lab.etcdctl("member list", suite.host(2))).to.contain(", etcd3, ");
      },
    },
  ];
  for (const one of chooseCases("recoveries by kubespray's role", roleCases, () => "case")) it(one.name, one.run);
});
