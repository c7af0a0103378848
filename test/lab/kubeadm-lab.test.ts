// The kubeadm lab itself: what later tests take for granted about its hosts.

import { expect } from "chai";
import { describeLab } from "./describe-one";
import { type KubeadmLab, labOrSkip, openKubeadmLab, openTimeoutMs, waitUntil } from "./lab";
import { runProcess } from "./run-process";

describeLab("openKubeadmLab (one node)", function () {
  this.timeout(180_000);
  let lab: KubeadmLab;

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openKubeadmLab({ nodes: 1 }));
  });

  after(async () => {
    await lab?.close();
  });

  const host = () => lab.hosts[0] ?? expect.fail("the lab has no host");

  it("has a node that is Ready and answers as v1.33.13", async () => {
    expect(await lab.kubectl("get node cp-0 --no-headers")).to.match(/^cp-0 +Ready +control-plane .* v1\.33\.13$/);
  });

  it("scales a deployment, which takes scheduler, controller manager and kubelet", async () => {
    await lab.kubectl("create deployment app --image=registry.local/app:1");
    await lab.kubectl("scale deployment app --replicas=2");
    await waitUntil("two pods of app run", async () => {
      return (await lab.kubectl("get deployment app -o jsonpath={.status.readyReplicas}")) === "2";
    });
  });

  it("restarts the kubelet through systemd, which gives it a new process", async () => {
    const before = await host().run("systemctl show -p MainPID --value kubelet");
    await host().run("systemctl restart kubelet");
    const after = await host().run("systemctl show -p MainPID --value kubelet");
    expect(Number(after)).to.be.greaterThan(0);
    expect(after).not.to.equal(before);
    expect(await host().run("systemctl cat kubelet")).to.contain("10-kubeadm.conf");
  });

  it("keeps the kubelet's log in the journal", async () => {
    expect(await host().run("journalctl -u kubelet -o cat --no-pager | grep -c 'Started kubelet'")).to.match(/^[1-9]/);
  });

  it("has no crictl, as a node that was not made by hand may not have", async () => {
    expect((await host().ssh("crictl version")).exitCode).to.equal(127);
  });

  it("lets ops become root without a password and refuses it to nosudo", async () => {
    expect(await host().run("sudo -n id -u", { user: "ops" })).to.equal("0");
    const refused = await host().ssh("sudo -n id -u", { user: "nosudo" });
    expect(refused.exitCode).to.equal(1);
    expect(refused.stderr).to.equal("sudo: a password is required\n");
  });

  it("is refused by ssh when its host key is not the known one", async () => {
    const args = ["-F", lab.sshConfig, "-o", "UserKnownHostsFile=/dev/null", "cp-0", "true"];
    const refused = await runProcess("ssh", args);
    expect(refused.exitCode).to.equal(255);
    expect(refused.stderr).to.contain("Host key verification failed");
  });

  it("is unreachable while its network is cut, and back when it is restored", async () => {
    await host().cutNetwork();
    const cut = await host().ssh("true");
    await host().restoreNetwork();
    expect(cut.exitCode).to.equal(255);
    await waitUntil("ssh answers again", async () => (await host().ssh("true")).exitCode === 0);
  });

  it("keeps its disk and loses its processes when the power goes", async () => {
    await host().run("echo kept > /root/kept; echo lost > /run/lost");
    const boot = await host().run("cat /etc/machine-id; journalctl --list-boots | wc -l");
    await host().powerOff();
    expect(host().isOn).to.equal(false);
    expect((await host().ssh("true")).exitCode).to.equal(255);
    await host().powerOn();
    expect(await host().run("cat /root/kept")).to.equal("kept");
    expect((await host().ssh("test -e /run/lost")).exitCode).to.equal(1);
    expect(await host().run("cat /etc/machine-id; journalctl --list-boots | wc -l")).not.to.equal(boot);
    await lab.waitHealthy();
  });

  it("is as it was opened after a reset, whatever was broken", async () => {
    await host().run("rm -rf /etc/kubernetes/manifests/* /var/lib/etcd/member; systemctl stop kubelet");
    await lab.reset();
    expect(await host().run("ls /etc/kubernetes/manifests | wc -l; ls /root")).to.equal("4");
    expect(await lab.kubectl("get deployments --no-headers")).to.equal("");
  });
});
