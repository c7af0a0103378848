// Seed 001 through a director: masters that are declared by deployment and instance, without an address, reached as `bosh ssh`
// does it, with the real sshd and etcd behind.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { boshCli } from "../conformance/bosh/bosh-cli";
import { chooseCases } from "../matrix";
import { BoshProject, expectExit, expectFailure } from "./bosh-project";
import { labOrSkip, openPksLab, openTimeoutMs, type PksLab, waitUntil } from "./lab";
import { installFluentd, type LabDirector, labDeployment, labSecret, serveLabDirector } from "./pks-director";

const wipe = `/var/vcap/bosh/bin/monit stop etcd
for i in $(seq 300); do pgrep -x etcd >/dev/null || break; sleep 0.1; done
rm -rf /var/vcap/store/etcd/*`;

describe("PKS masters behind a director", function () {
  this.timeout(600_000);
  let lab: PksLab;
  let project: BoshProject;
  let front: LabDirector;
  let isKeyForeign = false;

  const host = (index: number) => lab.hosts[index] ?? expect.fail(`the lab has no master ${index}`);

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openPksLab({ etcdVersion: "3.4" }));
    await installFluentd(lab);
    front = await serveLabDirector(lab, { hostKeyOf: (index) => lab.hosts[isKeyForeign ? 0 : index]?.hostKey });
  });
  after(async () => {
    await front?.served.close();
    await lab?.close();
  });
  beforeEach(async () => {
    isKeyForeign = false;
    project = new BoshProject(lab, front);
    await project.declare();
  });
  afterEach(() => project?.remove());

  const repairs = [
    {
      name: "repairs seed 001 with no address declared, keeps every key, and leaves no user on any master",
      run: async () => {
        await lab.writeKeys(100);
        const digest = await lab.keysDigest(host(0));
        const { users } = front;
        await host(2).run(wipe);
        front.agentSays(2, "etcd", { state: "failing" });
        const preview = await expectFailure(project.preview("--expect-no-changes"));
        expect(preview).to.contain(
          `etcd of master/${lab.instanceIds[2]} does not run: that is left to the plan of its ControlPlane`,
        );
        expect(preview).to.match(/take member [0-9a-f]+ .*out of the cluster/);
        await expectExit(project.up(), 0);
        front.agentSays(2, "etcd", { state: "running" });
        await lab.waitHealthy();
        expect(await lab.keysDigest(host(2))).to.equal(digest);
        expect(await host(2).run("stat -c %U /var/vcap/store/etcd/member")).to.equal("vcap");
        expect(users.length).to.be.greaterThan(0);
        expect(await front.usersLeft()).to.deep.equal([]);
        await expectExit(project.preview("--expect-no-changes"), 0);
      },
    },
    {
      name: "puts a broken job off while another master's etcd is wiped, mends that etcd in the same up, and the job in the next",
      run: async () => {
        await front.breakFluentd(2);
        await host(1).run(wipe);
        front.agentSays(1, "etcd", { state: "failing" });
        const name = `master/${lab.instanceIds[2]}`;
        expect(await expectFailure(project.preview("--expect-no-changes"))).to.contain("put off (");
        const first = await expectFailure(project.up());
        expect(first).to.contain(`${name} is not touched`);
        expect(first).to.contain("let the ControlPlane of these members mend their etcd, then run up again");
        await lab.waitHealthy();
        front.agentSays(1, "etcd", { state: "running" });
        const second = await expectExit(project.up(), 0);
        expect(second).to.contain(`of ${name} (`);
        await lab.waitHealthy();
        await expectExit(project.preview("--expect-no-changes"), 0);
      },
    },
  ];
  for (const { name, run } of chooseCases("repairs behind a director", repairs, () => "repair")) it(name, run);

  const ways = [
    {
      name: "touches no master whose peers do not vote, says how many would be left, and leaves no user after that failure",
      run: async () => {
        const deletions = () =>
          front.director.tasks.list().filter(({ description }) => description.startsWith("delete vm")).length;
        const before = deletions();
        await front.breakFluentd(2);
        await host(1).run("systemctl stop monit; /var/vcap/jobs/bpm/bin/bpm stop etcd");
        try {
          const output = await expectFailure(project.up());
          expect(output).to.match(/is not touched: .*(voters would be left|another member of 'master' is down too)/);
          expect(deletions()).to.equal(before);
          expect(await front.usersLeft()).to.deep.equal([]);
        } finally {
          await host(1).run("systemctl start monit");
          await front.mendFluentd(2);
          await lab.waitHealthy();
        }
      },
    },
    {
      name: "trusts no host key but the one that the agent reports, and removes the user that it could not use",
      run: async () => {
        isKeyForeign = true;
        const { output } = await project.preview();
        expect(output).to.match(/master-[12] .*host key/i);
        expect(await front.usersLeft()).to.deep.equal([]);
      },
    },
    {
      name: "removes the user after ^C",
      run: async () => {
        const before = front.users.length;
        const running = project.start("up", "--yes", "--skip-preview");
        await waitUntil("a user is made", async () => front.users.length > before, { deadlineMs: 120_000 });
        running.child.kill("SIGINT");
        await running.ended;
        expect(await front.usersLeft()).to.deep.equal([]);
      },
    },
    {
      name: "finds the user that a kill -9 left, says so, and removes it in the next up",
      run: async () => {
        const before = front.users.length;
        const running = project.start("up", "--yes", "--skip-preview");
        await waitUntil("a user is made", async () => front.users.length > before, { deadlineMs: 120_000 });
        running.child.kill("SIGKILL");
        await running.ended;
        const left = await front.usersLeft();
        expect(left).not.to.deep.equal([]);
        rmSync(path.join(project.folder, "state/.pulumi/locks"), { recursive: true, force: true });
        const output = await expectExit(project.up(), 0);
        for (const user of left) expect(output).to.contain(`removed the user ${user} on master/`);
        expect(await front.usersLeft()).to.deep.equal([]);
      },
    },
    {
      name: "goes by the gateway that BOSH_GW_* names, whose own key has to be known",
      run: async () => {
        await expectExit(project.up(), 0);
        const [gateway, master] = [host(0), host(1)];
        const homeSsh = mkdtempSync(path.join(tmpdir(), "quorate-home-ssh-"));
        const way = { BOSH_GW_HOST: gateway.address, BOSH_GW_USER: "root", BOSH_GW_PRIVATE_KEY: lab.identity };
        const cameByGateway = async () => {
          const accepted = await master.run("journalctl --no-pager -t sshd -g 'Accepted publickey for bosh_' | cat");
          return accepted.split("\n").filter((line) => line.includes(` from ${gateway.address} `)).length;
        };
        try {
          const before = await cameByGateway();
          expect((await project.previewThrough(way, homeSsh)).output).to.match(/host key/i);
          expect(await cameByGateway()).to.equal(before);
          writeFileSync(path.join(homeSsh, "known_hosts"), `${gateway.address} ${gateway.hostKey}\n`);
          await expectExit(project.previewThrough(way, homeSsh), 0);
          expect(await cameByGateway()).to.be.greaterThan(before);
          expect(await front.usersLeft()).to.deep.equal([]);
        } finally {
          rmSync(homeSsh, { recursive: true, force: true });
        }
      },
    },
  ];
  for (const { name, run } of chooseCases("ways to a master and back", ways, () => "way")) it(name, run);

  it("lets the ordinary bosh CLI in by its own `bosh ssh`, which leaves no user either", async function () {
    if (spawnSync("bosh", ["--version"]).status !== 0) {
      process.stdout.write("skipped: no bosh CLI in PATH\n");
      this.skip();
    }
    const environment = `https://127.0.0.1:${front.served.port}`;
    const cli = boshCli({ environment, caCertificate: front.caCertificate, client: "ops_manager", secret: labSecret });
    const words = `bosh -n --no-color -d ${labDeployment} ssh master/${lab.instanceIds[1]} --results --json -c hostname`;
    const { code, printed } = await cli.shell(words);
    cli.remove();
    expect(code, printed).to.equal(0);
    expect(printed).to.match(/"stdout": "master-1/);
    // The CLI does not wait for its own clean-up, and the director's time stands still while nobody asks.
    front.director.clock.advance(60_000);
    await waitUntil("the user is gone", async () => (await front.usersLeft()).length === 0);
  });
});
