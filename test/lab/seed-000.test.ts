// Seed 000 in whole: a master's fluentd is gone, cloud check sees nothing, a recreate fails at its stop. Real masters behind a
// served director, and a real API server to be asked for the service afterwards.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { connectDirector } from "../../src/adapters/bosh-director/director-client";
import { systemClock } from "../../src/adapters/system-clock";
import { buildComponent } from "./binaries";
import { BoshProject, expectExit, expectFailure } from "./bosh-project";
import { type KubeadmLab, labOrSkip, openKubeadmLab, openPksLab, openTimeoutMs, type PksLab, waitUntil } from "./lab";
import { installFluentd, type LabDirector, labDeployment, labSecret, serveLabDirector } from "./pks-director";

describe("seed 000 in whole", function () {
  this.timeout(600_000);
  let masters: PksLab;
  let cluster: KubeadmLab;
  let front: LabDirector;
  let project: BoshProject;
  let kubectl: string;

  const broken = () => ({ group: "master", id: masters.instanceIds[2] ?? "" });
  const cids = () => front.director.deployment(labDeployment).instances.map(({ vm }) => vm?.cid);

  before(async function () {
    this.timeout(openTimeoutMs);
    cluster = labOrSkip(this, await openKubeadmLab({ nodes: 1 }));
    masters = labOrSkip(this, await openPksLab({ etcdVersion: "3.4" }));
    await installFluentd(masters);
    front = await serveLabDirector(masters, { isResurrectorDeployed: true });
    project = new BoshProject(masters, front);
    const programs = await buildComponent("kubernetes");
    if (programs.kind === "skipped") throw new Error(programs.reason);
    const kubeconfig = path.join(project.folder, "kubeconfig");
    fs.writeFileSync(kubeconfig, (await cluster.hosts[0]?.run("cat /etc/kubernetes/admin.conf")) ?? "", {
      mode: 0o600,
    });
    kubectl = `${path.join(programs.directory, "kubectl")} --kubeconfig ${kubeconfig}`;
    await deployWordpress();
  });
  after(async () => {
    project?.remove();
    await front?.served.close();
    await masters?.close();
    await cluster?.close();
  });

  async function deployWordpress(): Promise<void> {
    await cluster.kubectl("create namespace wordpress");
    for (const name of ["wordpress", "wordpress-mysql"])
      await cluster.kubectl(`create deployment ${name} -n wordpress --image=registry.local/app:1`);
    await cluster.kubectl("create service loadbalancer wordpress -n wordpress --tcp=80:80");
    await cluster.kubectl("create service clusterip wordpress-mysql -n wordpress --clusterip=None --tcp=3306:3306");
    await waitUntil(
      "wordpress runs",
      async () => {
        const ready = await cluster.kubectl(
          "get deployments -n wordpress -o jsonpath={.items[*].status.readyReplicas}",
        );
        return ready === "1 1";
      },
      { deadlineMs: 120_000 },
    );
  }

  const acceptance = () => [
    {
      name: "service",
      command: `${kubectl} get po,svc -n wordpress`,
      expect: ["^pod/wordpress-mysql-.* 1/1 +Running", "^service/wordpress +LoadBalancer"],
    },
  ];

  it("is told, repaired by delete-vm with a snapshot kept first, touches nobody else, and passes kubectl's check", async () => {
    const { host, port } = { host: "127.0.0.1", port: front.served.port };
    const credentials = { kind: "client", client: "ops_manager", secret: labSecret } as const;
    const access = connectDirector(
      { host, port, caCertificate: front.caCertificate, credentials },
      { clock: systemClock() },
    );
    await masters.writeKeys(100);
    await front.breakFluentd(2);

    const scan = await access.scanProblems(labDeployment);
    expect(scan.kind === "scanned" && scan.problems).to.deep.equal([]);
    const recreated = await access.changeInstance(labDeployment, {
      instance: broken(),
      action: "recreate",
      scope: "converge",
    });
    expect(recreated.kind === "failed" && recreated.message).to.match(
      /^Action Failed get_task: Task .* result: Stopping Monitored Services: Stopping services '\[fluentd\]' errored$/,
    );

    await project.declare({ acceptance: acceptance() });
    const before = cids();
    const name = `master/${broken().id}`;
    const preview = await expectFailure(project.preview("--expect-no-changes"));
    expect(preview).to.contain(
      `${name}: failing: fluentd not monitored - restart pending, /var/vcap/jobs/fluentd/bin/ctl is missing`,
    );
    expect(preview).to.contain("would fail at its stop, because /var/vcap/jobs/fluentd/bin/ctl is missing");
    expect(preview).to.contain(`delete-vm ${before[2]}`);
    expect(preview).to.contain("a verified snapshot is kept off it first");
    expect(cids()).to.deep.equal(before);

    await expectExit(project.up(), 0);
    const kept = fs.readdirSync(path.join(project.folder, "snapshots"));
    expect(kept).to.have.length(1);
    expect(fs.statSync(path.join(project.folder, "snapshots", kept[0] ?? "")).size).to.be.greaterThan(10_000);
    expect(cids().map((cid, index) => cid === before[index])).to.deep.equal([true, true, false, true, true]);
    const listing = await access.observeInstances(labDeployment);
    const states = listing.kind === "listed" ? listing.instances : [];
    expect(states.map(({ instance, jobState }) => [instance.group, jobState])).to.deep.equal([
      ["apply-addons", undefined],
      ["master", "running"],
      ["master", "running"],
      ["master", "running"],
      ["worker", "running"],
    ]);
    expect(front.director.isResurrectionOn).to.equal(true);
    expect(front.director.configs.latest({ type: "resurrection" })).to.deep.equal([]);
    expect(front.director.tasks.list().filter(({ description }) => description === "scan and fix")).to.deep.equal([]);
    await masters.waitHealthy();
    expect(await front.usersLeft()).to.deep.equal([]);
    await expectExit(project.preview("--expect-no-changes"), 0);
  });

  it("fails that check once the namespace's service is removed, and says which line is missing", async () => {
    await project.declare({ acceptance: acceptance(), alwaysCheck: true });
    await cluster.kubectl("delete service wordpress -n wordpress");
    expect(await expectFailure(project.up())).to.contain(
      "check service: its output has no line that matches ^service/wordpress +LoadBalancer",
    );
  });
});
