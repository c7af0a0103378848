// The kubespray stack through the command line: preview shows what is proven and what no longer is, up writes it, and
// Ansible runs only when it is asked to, once a recovery.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { chooseCases } from "../matrix";
import { expectExit, expectRefused, golden, kubesprayProject, type StackCase } from "./kubespray-project";

describe("the kubespray stack", function () {
  this.timeout(180_000);
  const site = kubesprayProject();
  const { inStacks, recovery, declare } = site;
  const project = {
    preview: (...args: readonly string[]) => site.project().preview(...args),
    up: (...args: readonly string[]) => site.project().up(...args),
  };

  const cases: readonly StackCase[] = [
    {
      name: "previews the rules that are met and the command, and writes and runs nothing",
      kind: "written",
      run: async () => {
        const output = await expectExit(project.preview(), 0);
        expect(output).to.contain("proven: quorum kept, broken etcd members are replaced");
        expect(output).to.match(/met {2}join-names-free: 1 join, none under etcd1 to etcd3/);
        expect(output).to.match(/ansible-playbook -b -i .*recovery\/hosts.ini .*--limit etcd,kube_control_plane/);
        expect(output).to.contain("quorate:index:RecoveryInventory");
        expect(output).not.to.contain("command:local:Command");
        expect(fs.existsSync(inStacks("recovery"))).to.equal(false);
      },
    },
    {
      name: "writes the golden inventory, and then has nothing to do",
      kind: "written",
      run: async () => {
        await expectExit(project.up(), 0);
        expect(fs.readFileSync(recovery("hosts.ini"), "utf8")).to.equal(
          fs.readFileSync(path.join(golden, "hosts.ini"), "utf8"),
        );
        expect(fs.readFileSync(recovery("group_vars/all.yml"), "utf8")).to.equal("dns_mode: coredns\n");
        const output = await expectExit(project.preview("--expect-no-changes"), 0);
        expect(output).to.contain("still proves");
      },
    },
    {
      name: "shows each file that no longer proves by its path, and writes them anew",
      kind: "written",
      run: async () => {
        await expectExit(project.up(), 0);
        fs.appendFileSync(recovery("recover.sh"), "echo edited\n");
        fs.rmSync(recovery("recovery-vars.yml"));
        fs.appendFileSync(inStacks("site/group_vars/all.yml"), "dns_domain: cluster.local\n");
        const wrong = fs
          .readFileSync(recovery("hosts.ini"), "utf8")
          .replace("etcd_member_name=cp1", "etcd_member_name=etcd1");
        fs.writeFileSync(recovery("hosts.ini"), wrong);
        const output = await expectExit(project.preview("--diff"), 0);
        for (const file of ["recover.sh", "recovery-vars.yml", "group_vars/all.yml", "hosts.ini"])
          expect(output, file).to.contain(file);
        expect(output).to.match(/recovery-vars\.yml"?\s*:\s*"is missing"/);
        expect(output).to.contain("rule join-names-free");
        await expectExit(project.up(), 0);
        await expectExit(project.preview("--expect-no-changes"), 0);
        expect(fs.readFileSync(recovery("group_vars/all.yml"), "utf8")).to.contain("cluster.local");
      },
    },
    {
      name: "leaves an inventory alone that was edited by hand and still proves",
      kind: "written",
      run: async () => {
        await expectExit(project.up(), 0);
        fs.appendFileSync(recovery("hosts.ini"), "# agreed with the night shift\n");
        await expectExit(project.preview("--expect-no-changes"), 0);
      },
    },
    {
      name: "notices that the original changed after the recovery was written",
      kind: "written",
      run: async () => {
        await expectExit(project.up(), 0);
        const original = inStacks("site/hosts.ini");
        fs.writeFileSync(original, fs.readFileSync(original, "utf8").replaceAll("10.0.0.3", "10.0.0.33"));
        const output = await expectExit(project.preview("--diff"), 0);
        expect(output).to.contain("unproven");
        expect(output).to.contain("10.0.0.33");
      },
    },
    {
      name: "refuses with every reason and the smallest change, writes nothing and does not run",
      kind: "refused",
      run: async () => {
        declare({ brokenEtcd: ["cp1x"], kubesprayVersion: "v2.28.1", run: true });
        const preview = await project.preview();
        expect(preview.output).to.contain("unknown-host: ").and.to.contain("did you mean cp1?");
        const output = await expectRefused(project.up());
        expect(output).to.contain("nothing was written").and.to.contain("smallest change: ");
        expect(fs.existsSync(inStacks("recovery"))).to.equal(false);
      },
    },
    {
      name: "names every mistake of the configuration at once, each with its path",
      kind: "refused",
      run: async () => {
        declare({ inventory: undefined, brokenEtcd: "cp1", colour: "blue", run: "yes" });
        const output = await expectRefused(project.preview());
        expect(output).to.contain("4 mistakes in the configuration of stack site");
        for (const key of ["inventory", "brokenEtcd", "run"]) expect(output, key).to.contain(`quorate:${key}: `);
        expect(output).to.contain("colour");
      },
    },
    {
      name: "names what contradicts itself in the declaration",
      kind: "refused",
      run: async () => {
        declare({ snapshot: "a.db", sourceSurvivor: "cp2", kubesprayVersion: "latest" });
        const output = await expectRefused(project.preview());
        expect(output).to.contain("sourceSurvivor: must not be given together with snapshot");
        expect(output).to.contain("kubesprayVersion: must be a tag of kubespray");
      },
    },
    {
      name: "names an inventory that is not there",
      kind: "refused",
      run: async () => {
        declare({ inventory: "site/host.ini" });
        expect((await project.preview()).output).to.match(/the inventory .*site\/host\.ini does not exist/);
        expect(await expectRefused(project.up())).to.match(/the inventory .*site\/host\.ini does not exist/);
      },
    },
  ];
  for (const one of chooseCases("kubespray stack", cases, ({ kind }) => kind)) it(one.name, one.run);
});
