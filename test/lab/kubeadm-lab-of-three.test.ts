// The kubeadm lab with three nodes: what a test may take for granted when one of them is away.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { describeLab } from "./describe-one";
import { type KubeadmLab, labOrSkip, openKubeadmLab, openTimeoutMs, waitUntil } from "./lab";
import { Project } from "./project";

describeLab("openKubeadmLab (three nodes)", function () {
  this.timeout(300_000);
  let lab: KubeadmLab;

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openKubeadmLab({ nodes: 3 }));
  });

  after(async () => {
    await lab?.close();
  });

  const host = (index: number) => lab.hosts[index] ?? expect.fail(`the lab has no host ${index}`);

  it("stacks three etcd members, one a node", async () => {
    const members = await lab.etcdctl("member list", host(2));
    expect(members.match(/, started, cp-[012], /g)).to.have.lengthOf(3);
  });

  it("is captured as one declaration whose nodes differ by name and address only, and which holds", async () => {
    const project = new Project("lab");
    try {
      await project.capture(lab.sshConfig, ...lab.hosts.map(({ name }) => `${name}=root@${name}`));
      const { config } = parse(readFileSync(join(project.folder, "stacks/Pulumi.lab.yaml"), "utf8"));
      expect(Object.values(config["quorate:nodes"]).map((node) => Object.keys(node as object).sort())).to.deep.equal(
        Array(3).fill(["access", "values"]),
      );
      await project.succeed("stack", "init", "lab");
      expect((await project.up()).exitCode).to.equal(0);
      const preview = await project.preview("--expect-no-changes");
      expect(preview.exitCode, preview.output).to.equal(0);
    } finally {
      project.remove();
    }
  });

  it("goes on with the first node without power, and takes it back", async () => {
    await host(0).powerOff();
    await waitUntil("the second node's API server writes", () => lab.kubectl("create configmap kept", host(1)));
    // A new leader of the controller managers (15 s) first waits a node's grace time (50 s).
    const notReady = async () => / NotReady /.test(await lab.kubectl("get node cp-0 --no-headers", host(2)));
    await waitUntil("the third node calls the first one not ready", notReady, { deadlineMs: 180_000 });
    await host(0).powerOn();
    await lab.waitHealthy();
    expect(await lab.kubectl("get configmap kept -o name", host(0))).to.equal("configmap/kept");
  });

  it("is as it was opened after a reset, even when all etcd data was lost", async () => {
    await Promise.all(lab.hosts.map((each) => each.powerOn()));
    await Promise.all(lab.hosts.map((each) => each.run("rm -rf /var/lib/etcd/member; pkill -KILL -x etcd")));
    await lab.reset();
    expect(await lab.kubectl("get configmap -o name")).not.to.contain("configmap/kept");
    expect((await lab.etcdctl("member list", host(1))).match(/, started, /g)).to.have.lengthOf(3);
  });
});
