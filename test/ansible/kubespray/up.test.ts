// A kubespray recovery through `quorate up`: the live hosts are looked at, Ansible runs, and what it leaves is checked.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { furnishControlPlane, loseControlPlane } from "./control-plane";
import { caseTimeoutMs, chooseRecoveries, type LabCase, useKubesprayLab } from "./kubespray-lab";

describe("quorate up on a kubespray site", function () {
  this.timeout(caseTimeoutMs);
  const suite = useKubesprayLab();

  async function furnish(): Promise<void> {
    await Promise.all(suite.lab.hosts.map(furnishControlPlane));
    suite.bench.writeSite(["node1", "node2", "node3"]);
  }

  async function lose(index: number): Promise<void> {
    await suite.bench.reprovision(index);
    await loseControlPlane(suite.host(index));
  }

  const cases: readonly LabCase[] = [
    {
      name: "sees which host is broken, brings it back, runs cluster.yml without a limit, and has nothing to do afterwards",
      run: async () => {
        await furnish();
        const stack = suite.bench.openStack({ observe: true, followUp: true });
        try {
          await stack.init();
          expect(await stack.run("preview")).to.contain("healthy: 3 of 3 voters agree");
          await lose(0);
          const preview = await stack.run("preview");
          expect(preview)
            .to.contain("proven: quorum kept")
            .and.to.contain("node1: there is no usable manifest of kube-apiserver");
          expect(await suite.lab.etcdctl("member list", suite.host(2)), "a preview changes nothing").to.match(
            /, etcd1, /,
          );
          stack.declare({ observe: true, followUp: true, brokenEtcd: ["node2"] });
          expect(await stack.refused("up", "--yes", "--skip-preview"))
            .to.contain("'node2' is named broken, but its etcd member is a healthy voter")
            .and.to.contain("'node1' is not named broken");
          stack.declare({ observe: true, followUp: true });
          const output = await stack.run("up", "--yes", "--skip-preview");
          expect(output)
            .to.match(/PLAY RECAP/)
            .and.to.contain("TASK [Ask it]");
          await suite.expectWhole(["etcd2", "etcd3", "node1"]);
          for (const host of suite.lab.hosts)
            expect(await host.run("cat /etc/nginx-proxy.conf")).to.equal("node2 node3 node1");
          await stack.run("preview", "--expect-no-changes");
        } finally {
          stack.project.remove();
        }
      },
    },
    {
      name: "fails when an API server does not answer after the playbook, although every etcd member votes",
      run: async () => {
        await furnish();
        await suite.bench.reprovision(0);
        // Its API server runs and answers with an error.
        await suite.host(1).run("touch /etc/kubernetes/mute");
        const stack = suite.bench.openStack({ observe: true });
        try {
          await stack.init();
          const output = await stack.refused("up", "--yes", "--skip-preview");
          expect(output, output).to.match(/TASK \[Ask it\] failed on node2/);
          expect(existsSync(join(suite.folder, "out", "finished"))).to.equal(false);
        } finally {
          stack.project.remove();
        }
      },
    },
    {
      name: "ends Ansible on ^C in the middle of the playbook, and the next up brings the member back from there",
      run: async () => {
        await furnish();
        await lose(0);
        const stack = suite.bench.openStack({ observe: true });
        try {
          await stack.init();
          await suite.bench.interruptUp(stack, "TASK [Add the member");
          const output = await stack.run("up", "--yes", "--skip-preview");
          expect(output).to.contain("is kept in").and.to.contain("out.earlier-1");
          await suite.expectWhole(["etcd2", "etcd3", "node1"]);
          expect(existsSync(join(suite.folder, "out.earlier-1", "preserved", "etcd-snapshot.db"))).to.equal(true);
          await stack.run("preview", "--expect-no-changes");
        } finally {
          stack.project.remove();
        }
      },
    },
  ];
  for (const one of chooseRecoveries("quorate up", cases)) it(one.name, one.run);
});
