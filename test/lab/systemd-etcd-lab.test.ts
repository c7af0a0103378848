// The systemd lab itself: etcd as a unit that systemd restarts, masks and gives up on.

import { expect } from "chai";
import { describeLab } from "./describe-one";
import { labOrSkip, openSystemdEtcdLab, openTimeoutMs, type SystemdEtcdLab, waitUntil } from "./lab";

describeLab("openSystemdEtcdLab", function () {
  this.timeout(180_000);
  let lab: SystemdEtcdLab;

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openSystemdEtcdLab());
  });

  after(async () => {
    await lab?.close();
  });

  const host = (index: number) => lab.hosts[index] ?? expect.fail(`the lab has no host ${index}`);

  it("runs etcd 3.5 as a unit with kubespray's files", async () => {
    expect(await host(0).run("systemctl show -p Restart,User,EnvironmentFiles etcd")).to.contain("/etc/etcd.env");
    expect(await lab.etcdctl("member list", host(0))).to.match(/, started, etcd3, https:\/\/172\.28\.\d+\.4:2380/);
    expect(await host(0).run("journalctl -u etcd -o cat | grep -c '3.5.21'")).to.match(/^[1-9]/);
  });

  it("has etcd started again by systemd after it was killed", async () => {
    const before = await host(1).run("systemctl show -p MainPID --value etcd");
    await host(1).run("systemctl kill --signal=KILL etcd");
    await waitUntil("a new process runs", async () => {
      const state = await host(1).run("systemctl show -p MainPID,ActiveState --value etcd");
      return state.endsWith("active") && !state.startsWith("0") && !state.startsWith(`${before}\n`);
    });
    await lab.waitHealthy();
  });

  it("starts etcd despite `mask --runtime`, because the unit's file in /etc wins", async () => {
    await host(2).run("systemctl stop etcd && systemctl mask --runtime etcd && systemctl start etcd");
    expect(await host(2).run("systemctl is-active etcd")).to.equal("active");
    await host(2).run("systemctl unmask --runtime etcd");
  });

  it("cannot start etcd while /run/systemd/system.control masks it", async () => {
    const mask = "/run/systemd/system.control/etcd.service";
    await host(2).run(`systemctl stop etcd && mkdir -p $(dirname ${mask}) && ln -s /dev/null ${mask}`);
    await host(2).run("systemctl daemon-reload");
    expect((await host(2).ssh("systemctl start etcd")).stderr).to.contain("Unit etcd.service is masked");
    await host(2).run(`rm ${mask} && systemctl daemon-reload && systemctl start etcd`);
    await lab.waitHealthy();
  });

  it("keeps writing while one of three has no power, and takes it back with what it missed", async () => {
    await host(0).powerOff();
    await waitUntil("the others elect a leader", () => lab.etcdctl("put missed yes", host(1)));
    await host(0).powerOn();
    await lab.waitHealthy();
    expect(await lab.etcdctl("get missed --print-value-only", host(0))).to.equal("yes");
  });

  it("is healthy and empty again after a reset", async () => {
    await lab.reset();
    expect(await lab.etcdctl("get '' --from-key --keys-only", host(2))).to.equal("");
  });
});
