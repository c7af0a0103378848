// Seed 003's own example on five real hosts, through `quorate up`: three masters lost, two of five voters left, no API
// server. The names of the hosts and the playbook are the seed's.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { furnishControlPlane, loseControlPlane, packCertificates } from "./control-plane";
import { caseTimeoutMs, chooseRecoveries, type LabCase, useKubesprayLab } from "./kubespray-lab";

const masters = ["taco-m1", "taco-m2", "taco-m3"];
const joined = (first: string, source: string) => [
  first,
  ...masters,
  ...["taco-w1", "taco-w2"].filter((name) => name !== source),
];

describe("quorate up on the site of seed 003", function () {
  this.timeout(caseTimeoutMs);
  const suite = useKubesprayLab([...masters, "taco-w1", "taco-w2"]);

  /** Three masters come back empty; taco-w1 has missed the last writes. Returns the path of a backup of the certificates. */
  async function loseMasters(): Promise<string> {
    const { bench, folder, lab } = suite;
    bench.writeSite(masters);
    for (const index of [0, 1, 2]) await furnishControlPlane(suite.host(index));
    const backup = join(folder, "pki.tar.gz");
    writeFileSync(backup, Buffer.from(await packCertificates(suite.host(0)), "base64"), { mode: 0o600 });
    await suite.host(3).run("systemctl stop etcd");
    await lab.etcdctl("put late-key written-while-taco-w1-was-down", suite.host(4));
    await bench.reprovision(0, 1, 2);
    for (const index of [0, 1, 2]) await loseControlPlane(suite.host(index));
    await suite.host(3).run("systemctl start --no-block etcd");
    return backup;
  }

  async function expectCertificates(): Promise<void> {
    expect(await suite.host(0).run("cat /etc/kubernetes/ssl/ca.key; readlink /etc/kubernetes/pki")).to.equal(
      "ca.key of the cluster\n/etc/kubernetes/ssl",
    );
    expect(await suite.host(0).run("stat -c %a /etc/kubernetes"), "no 777").to.not.equal("777");
  }

  const cases: readonly LabCase[] = [
    {
      name: "is refused without a source and from the survivor that is behind, and restored from the other",
      run: async () => {
        const pkiBackup = await loseMasters();
        const wanted = { observe: true, flavor: "taco", pkiBackup };
        const stack = suite.bench.openStack(wanted);
        try {
          await stack.init();
          const up = ["up", "--yes", "--skip-preview"];
          expect(await stack.refused(...up))
            .to.contain("data-source-missing")
            .and.to.contain("--source-survivor taco-w2");
          stack.declare({ ...wanted, sourceSurvivor: "taco-w1" });
          expect(await stack.refused(...up))
            .to.contain("data-source-behind")
            .and.to.contain("is behind taco-w2");
          stack.declare({ ...wanted, sourceSurvivor: "taco-m1" });
          expect(await stack.refused(...up)).to.contain("data-source-not-a-survivor");
          expect(await suite.host(4).run("systemctl is-active etcd"), "nothing was changed").to.equal("active");
          stack.declare({ ...wanted, sourceSurvivor: "taco-w2" });
          await stack.run(...up);
          expect(readFileSync(join(suite.folder, "out", "recover.sh"), "utf8")).to.contain(
            "recover-k8s-control-plane.yml --limit etcd,kube_control_plane -e etcd_retries=10 --skip-tags=external-provisioner",
          );
          await suite.expectWhole(joined("etcd5", "taco-w2"));
          expect(await suite.lab.etcdctl("get late-key", suite.host(3))).to.contain("written-while-taco-w1-was-down");
          await expectCertificates();
          await stack.run("preview", "--expect-no-changes");
        } finally {
          stack.project.remove();
        }
      },
    },
    {
      name: "is restored from a snapshot, and writes after it are gone on every host alike",
      run: async () => {
        const snapshot = join(suite.folder, "etcd-snapshot.db");
        await suite.lab.etcdctl("snapshot save /root/snapshot.db", suite.host(4));
        writeFileSync(snapshot, Buffer.from(await suite.host(4).run("base64 -w0 /root/snapshot.db"), "base64"));
        const pkiBackup = await loseMasters();
        const stack = suite.bench.openStack({ observe: true, flavor: "taco", pkiBackup, snapshot });
        try {
          await stack.init();
          await stack.run("up", "--yes", "--skip-preview");
          expect(readFileSync(join(suite.folder, "out", "recover.sh"), "utf8")).to.contain(
            `-e etcd_snapshot=${snapshot} -e etcd_retries=10 --skip-tags=external-provisioner`,
          );
          await suite.expectWhole(joined("etcd5", "taco-w2"));
          expect(await suite.lab.etcdctl("get late-key", suite.host(0))).to.equal("");
          await expectCertificates();
        } finally {
          stack.project.remove();
        }
      },
    },
    {
      name: "comes back after ^C in the middle of a restore, from what that left",
      run: async () => {
        const pkiBackup = await loseMasters();
        const stack = suite.bench.openStack({ observe: true, flavor: "taco", pkiBackup, sourceSurvivor: "taco-w2" });
        try {
          await stack.init();
          await suite.bench.interruptUp(stack, "TASK [Add the member");
          const output = await stack.run("up", "--yes", "--skip-preview");
          expect(output).to.contain("out.earlier-1");
          await suite.lab.waitHealthy();
          expect(await suite.lab.etcdctl("get late-key", suite.host(0))).to.contain("written-while-taco-w1-was-down");
        } finally {
          stack.project.remove();
        }
      },
    },
  ];
  for (const one of chooseRecoveries("seed 003", cases)) it(one.name, one.run);
});
