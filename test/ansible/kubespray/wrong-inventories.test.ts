// Each inventory that a hurried reader of the documents would write fails, under a playbook that does to real etcd what
// kubespray's does.

import { expect } from "chai";
import { chooseCases } from "../../matrix";
import { caseTimeoutMs, type LabCase, useKubesprayLab } from "./kubespray-lab";

describe("a kubespray recovery by hand fails with", function () {
  this.timeout(caseTimeoutMs);
  const suite = useKubesprayLab();
  const broken = "[broken_etcd]\nnode1 etcd_member_name=etcd1\n[broken_kube_control_plane]\n";
  const plane = "[kube_control_plane]\nnode3\nnode2\nnode1\n";

  const wrongCases: readonly LabCase[] = [
    {
      name: "seed 003's unchanged order, the broken host first",
      run: async () => {
        await suite.bench.reprovision(0);
        const path = suite.bench.writeInventory(
          "wrong.ini",
          `${suite.bench.addresses()}\n[etcd]\nnode1\nnode2\nnode3\n${plane}${broken}`,
        );
        const result = await suite.bench.play(path);
        expect(result.exitCode).to.not.equal(0);
        expect(result.stdout).to.contain("admin-node1.pem: no such file");
      },
    },
    {
      name: "seed 003's names: the survivor first, and a joiner that keeps the name etcd1",
      run: async () => {
        await suite.bench.reprovision(0);
        // systemd may start the joiner again just between "member add" and its new configuration, with the old one that
        // happens to be right. Whether it does depends on the second; without it the collision is there every time.
        const dropIn = "/run/systemd/system/etcd.service.d";
        await suite
          .host(0)
          .run(
            `mkdir -p ${dropIn} && printf '[Service]\\nRestart=no\\n' > ${dropIn}/once.conf && systemctl daemon-reload`,
          );
        const order = "[etcd]\nnode3 etcd_member_name=etcd3\nnode2 etcd_member_name=etcd2\nnode1\n";
        const path = suite.bench.writeInventory("wrong.ini", `${suite.bench.addresses()}\n${order}${plane}${broken}`);
        const result = await suite.bench.play(path);
        expect(result.exitCode, result.stdout).to.not.equal(0);
        expect(await suite.host(0).run("grep ^ETCD_INITIAL_CLUSTER= /etc/etcd.env")).to.match(
          /=etcd1=https:.*,etcd1=https:/,
        );
      },
    },
    {
      name: "no [broken_etcd] at all",
      run: async () => {
        await suite.bench.reprovision(0);
        const path = suite.bench.writeInventory(
          "wrong.ini",
          `${suite.bench.addresses()}\n[etcd]\nnode3\nnode2\nnode1\n${plane}[broken_kube_control_plane]\n`,
        );
        const result = await suite.bench.play(path);
        expect(result.exitCode).to.not.equal(0);
        expect(result.stdout).to.contain("broken_etcd");
      },
    },
    {
      name: "a broken host whose name is not pinned",
      run: async () => {
        await suite.bench.reprovision(0);
        const path = suite.bench.writeInventory(
          "wrong.ini",
          `${suite.bench.addresses()}\n[etcd]\nnode3\nnode2\nnode1\n${plane}[broken_etcd]\nnode1\n[broken_kube_control_plane]\n`,
        );
        const result = await suite.bench.play(path);
        expect(result.exitCode).to.not.equal(0);
        expect(result.stdout).to.contain("etcd_member_name");
      },
    },
    {
      name: "no main_ip on a controller that has no facts cached",
      run: async () => {
        await suite.bench.reprovision(0);
        const hosts = suite.lab.hosts.map((each) => `${each.name} ip=${each.address}`).join("\n");
        const path = suite.bench.writeInventory(
          "wrong.ini",
          `${hosts}\n[etcd]\nnode3\nnode2\nnode1\n${plane}${broken}`,
        );
        const result = await suite.bench.play(path);
        expect(result.exitCode).to.not.equal(0);
        expect(result.stdout).to.contain("main_access_ip");
      },
    },
    {
      name: "node1 broken beside node10, whose certificates `rm *node1*` takes along",
      run: async () => {
        const certificates =
          "cd /etc/ssl/etcd/ssl && for f in *node2*; do mv $f $(echo $f | sed s/node2/node10/); done";
        await suite.host(1).run(`${certificates}; sed -i s/-node2/-node10/ /etc/etcd.env && systemctl restart etcd`);
        await suite.bench.reprovision(0);
        const [one, two, three] = suite.lab.hosts.map(
          (each) => `ip=${each.address} main_ip=${each.address} main_access_ip=${each.address}`,
        );
        const hosts = `node1 ${one}\nnode10 ansible_host=node2 ${two}\nnode3 ${three}`;
        const order =
          "[etcd]\nnode10 etcd_member_name=etcd2\nnode3 etcd_member_name=etcd3\nnode1\n[kube_control_plane]\nnode10\nnode3\nnode1\n";
        const path = suite.bench.writeInventory(
          "wrong.ini",
          `${hosts}\n${order}[broken_etcd]\nnode1 etcd_member_name=old-etcd1\n[broken_kube_control_plane]\n`,
        );
        const result = await suite.bench.play(path);
        expect(result.exitCode).to.not.equal(0);
        expect(await suite.host(1).run("ls /etc/ssl/etcd/ssl")).to.not.contain("admin-node10.pem");
      },
    },
  ];
  for (const one of chooseCases("wrong kubespray inventories", wrongCases, () => "case")) it(one.name, one.run);
});
