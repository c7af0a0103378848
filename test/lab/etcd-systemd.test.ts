// etcd as a systemd unit on three real hosts, as kubespray has it: the data of one member is gone.

import { expect } from "chai";
import { chooseCases } from "../matrix";
import { describeEtcd } from "./describe-one";
import { systemdProject } from "./etcd-project";
import { labOrSkip, openSystemdEtcdLab, openTimeoutMs, type SystemdEtcdLab, waitUntil } from "./lab";
import type { CommandEnd, Project } from "./project";

const losses = {
  "under its process": "rm -rf /var/lib/etcd/member",
  "and it was killed": "rm -rf /var/lib/etcd/member; systemctl kill --signal=KILL etcd",
  "and it is stopped": "systemctl stop etcd; rm -rf /var/lib/etcd/member",
  "and it is stopped, masked and failed":
    "systemctl kill --signal=ABRT etcd; systemctl stop etcd; rm -rf /var/lib/etcd/member; systemctl mask --runtime etcd",
} as const;
type Loss = keyof typeof losses;

const versions = ["3.5", "3.6"] as const;
// What systemd makes of a member that is gone is the same for each version of etcd.
const lossesOf: Readonly<Record<(typeof versions)[number], readonly Loss[]>> = {
  "3.5": Object.keys(losses) as readonly Loss[],
  "3.6": ["under its process"],
};
const all = versions.flatMap((version) =>
  [0, 1, 2].flatMap((index) =>
    lossesOf[version].map((loss) => ({
      name: `etcd${index + 1}, whose data is gone ${loss} (etcd ${version})`,
      version,
      index,
      loss,
    })),
  ),
);

for (const version of versions) {
  describeEtcd(`etcd ${version} under real systemd`, function () {
    this.timeout(15 * 60_000);
    let lab: SystemdEtcdLab;
    let project: Project;
    const cases = chooseCases(
      `a member under systemd (etcd ${version})`,
      all.filter((one) => one.version === version),
      () => "one",
    );

    before(async function () {
      this.timeout(openTimeoutMs);
      lab = labOrSkip(this, await openSystemdEtcdLab({ etcdVersion: version }));
      project = await systemdProject(lab);
    });
    after(async () => {
      project?.remove();
      await lab?.close();
    });

    const host = (index: number) => lab.hosts[index] ?? expect.fail(`the lab has no host ${index}`);
    const expectExit = (end: CommandEnd, code: number) => expect(end.exitCode, end.output).to.equal(code);

    for (const { name, index, loss } of cases) {
      it(`replaces ${name}, with every key as it was`, async () => {
        expectExit(await project.up(), 0);
        await lab.writeKeys(1000);
        const digest = await lab.keysDigest(host((index + 1) % 3));
        // Systemd starts it again. Where its leader is new then, etcd sends it everything under its old id, and nothing is left
        // to mend.
        await lab.lead(host((index + 1) % 3));
        await host(index).run(losses[loss]);
        const preview = await project.preview("--expect-no-changes");
        expectExit(preview, 7);
        expect(preview.output).to.contain(`node${index + 1} etcd member etcd${index + 1}`);
        expect(preview.output).to.match(/take member [0-9a-f]+ .*out of the cluster/);
        const up = await project.up();
        expectExit(up, 0);
        for (const each of [1, 2, 3]) expect(up.output).to.match(new RegExp(`node${each} +.* voting`));
        expect(up.output).to.match(/etcd is healthy: 3 of 3 voters agree, leader [0-9a-f]+, which is node[123]/);
        await waitUntil("the new member holds every key", async () => (await lab.keysDigest(host(index))) === digest);
        await lab.waitHealthy();
        expectExit(await project.preview("--expect-no-changes"), 0);
        expect(
          await host(index).run("systemctl is-active etcd; ls /run/systemd/system/etcd.service.d || true"),
        ).to.equal("active");
      });
    }
  });
}
