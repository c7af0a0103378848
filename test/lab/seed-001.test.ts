// Seed 001 on three real masters: the data of one member is removed, whichever it is, under its process or beside it. A user
// sees it in a preview, and `up` replaces the member.

import { expect } from "chai";
import { chooseCases } from "../matrix";
import { pksProject, writePksStack } from "./etcd-project";
import { type EtcdVersion, labOrSkip, openPksLab, openTimeoutMs, type PksLab, waitUntil } from "./lab";
import type { CommandEnd, Project } from "./project";

interface Case {
  readonly name: string;
  readonly version: EtcdVersion;
  readonly index: number;
  /** How its member was right before. */
  readonly was: "stopped" | "running" | "leading";
}

const all = (["3.3", "3.4"] as const).flatMap((version) => [
  ...[0, 1, 2].flatMap((index) => (["stopped", "running"] as const).map((was) => caseOf(version, index, was))),
  caseOf(version, 0, "leading"),
]);
const chosen = chooseCases("seed 001 on real masters", all, () => "wiped");
const monit = "/var/vcap/bosh/bin/monit";

function caseOf(version: EtcdVersion, index: number, was: Case["was"]): Case {
  return { name: `master-${index} wiped while ${was} (etcd ${version})`, version, index, was };
}

for (const version of ["3.3", "3.4"] as const) {
  describe(`seed 001 on real masters (etcd ${version})`, function () {
    this.timeout(15 * 60_000);
    let lab: PksLab;
    let project: Project;

    before(async function () {
      this.timeout(openTimeoutMs);
      lab = labOrSkip(this, await openPksLab({ etcdVersion: version }));
      project = await pksProject(hosts());
    });
    after(async () => {
      project?.remove();
      await lab?.close();
    });

    const hosts = () => ({
      sshConfig: lab.sshConfig,
      hostNames: lab.hosts.map(({ name }) => name),
      instanceIds: lab.instanceIds,
    });
    const host = (index: number) => lab.hosts[index] ?? expect.fail(`the lab has no host ${index}`);
    const expectExit = (end: CommandEnd, code: number) => expect(end.exitCode, end.output).to.equal(code);

    for (const { name, index, was } of chosen.filter((one) => one.version === version && one.was !== "leading")) {
      it(`replaces ${name}, with every key as it was`, async () => {
        writePksStack(project, hosts());
        expectExit(await project.up(), 0);
        // One that was saved in the case before would be young enough to serve.
        for (const each of lab.hosts) await each.run("rm -rf /var/vcap/store/etcd-snapshots");
        await lab.writeKeys(1000);
        const digest = await lab.keysDigest(host((index + 1) % 3));
        // The bootstrap instance that led comes back by itself, which has a case of its own.
        await lab.lead(host((index + 1) % 3));
        if (was === "stopped") {
          await host(index).run(`${monit} stop etcd`);
          await waitUntil("etcd has ended", async () => {
            const summary = await host(index).run(`${monit} summary`);
            return /^ etcd +Not monitored +Process/m.test(summary) && (await hasNoEtcd(index));
          });
        }
        await host(index).run("rm -rf /var/vcap/store/etcd/*");

        const preview = await project.preview("--expect-no-changes");
        expectExit(preview, 7);
        expect(preview.output).to.contain(`master-${index} etcd member ${lab.instanceIds[index]}`);
        // A process whose files are gone ends within 30 s; then the job's rules decide what is seen.
        const states = was === "stopped" ? "empty" : "wiped-running|empty|forked|stale";
        expect(preview.output).to.match(new RegExp(`"(${states})" => "voting"`));
        expect(preview.output, preview.output).to.contain("save a snapshot");

        const up = await project.up();
        expectExit(up, 0);
        for (let each = 0; each < 3; each += 1) expect(up.output).to.match(new RegExp(`master-${each} +.* voting`));
        expect(up.output).to.match(/etcd is healthy: 3 of 3 voters agree, leader [0-9a-f]+, which is master-[012]/);
        await waitUntil("the new member holds every key", async () => (await lab.keysDigest(host(index))) === digest);
        await lab.waitHealthy();
        expectExit(await project.preview("--expect-no-changes"), 0);
        expect(await host(index).run(`${monit} summary`)).to.match(/^ etcd +(OK|Initializing) +Process/m);
      });
    }

    for (const { name } of chosen.filter((one) => one.version === version && one.was === "leading")) {
      it(`believes ${name}, once its peers have sent it everything again`, async () => {
        // Once replaced it has another id, under which nobody would know it.
        await lab.reset();
        project.remove();
        project = await pksProject(hosts());
        writePksStack(project, hosts());
        expectExit(await project.up(), 0);
        await lab.writeKeys(1000);
        const digest = await lab.keysDigest(host(1));
        await lab.lead(host(0));
        const led = await host(0).run("pgrep -x etcd");
        await host(0).run("rm -rf /var/vcap/store/etcd/*");
        // The same index, name and token give it its old ids, and a leader that is new sends the log from its beginning.
        await waitUntil(
          "another process of etcd holds every key",
          async () => (await host(0).run("pgrep -x etcd")) !== led && (await lab.keysDigest(host(0))) === digest,
          { deadlineMs: 120_000 },
        );
        await lab.waitHealthy();
        expectExit(await project.preview("--expect-no-changes"), 0);
        expectExit(await project.up(), 0);
        expect(await lab.keysDigest(host(0))).to.equal(digest);
      });
    }

    const hasNoEtcd = async (index: number) => (await host(index).ssh("pgrep -x etcd")).exitCode === 1;
  });
}
