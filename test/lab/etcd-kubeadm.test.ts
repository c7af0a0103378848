// The stacked etcd of three real kubeadm nodes: a member that lost its data, everything of the first node at once, and a
// quorum that is gone.

import { expect } from "chai";
import { chooseCases } from "../matrix";
import { describeEtcd } from "./describe-one";
import { keysDigestOf, leadThrough, writeKeysThrough } from "./etcd-lab";
import { EtcdSampler } from "./etcd-sampler";
import { breakManifest, declareStackedEtcd, fetchSnapshot, kubeadmProject, type Loss, loseData } from "./kubeadm-etcd";
import { type KubeadmLab, labOrSkip, openKubeadmLab, openTimeoutMs, waitUntil } from "./lab";
import type { CommandEnd, Project } from "./project";

type Fault =
  | { readonly kind: "member"; readonly index: number; readonly loss: Loss }
  | { readonly kind: "first-node" }
  | { readonly kind: "survivor" }
  | { readonly kind: "snapshot" };

const members = ([0, 1, 2] as const).flatMap((index) =>
  (["running", "restarted", "stopped"] as const).map((loss) => ({
    name: `replaces cp-${index}, whose data is gone (${loss})`,
    fault: { kind: "member", index, loss } as Fault,
  })),
);
const all: readonly { readonly name: string; readonly fault: Fault }[] = [
  ...members,
  { name: "repairs the first node's manifest, data and kubelet at once, with no fork", fault: { kind: "first-node" } },
  { name: "rebuilds a lost quorum from a survivor, once asked to", fault: { kind: "survivor" } },
  { name: "rebuilds a lost quorum from a snapshot, once asked to", fault: { kind: "snapshot" } },
];

describeEtcd("stacked etcd of three real kubeadm nodes", function () {
  this.timeout(20 * 60_000);
  let lab: KubeadmLab;
  let project: Project;
  let isDirty = false;

  before(async function () {
    this.timeout(openTimeoutMs);
    lab = labOrSkip(this, await openKubeadmLab({ nodes: 3 }));
    project = await kubeadmProject(lab);
  });
  // A cluster that was rebuilt, or that a case left broken, is no start for the next one.
  beforeEach(async () => {
    if (isDirty) {
      await lab.reset();
      project.remove();
      project = await kubeadmProject(lab);
    }
    isDirty = true;
    expectExit(await project.up(), 0);
    await writeKeysThrough(lab.etcdctl, host(0), 1000);
  });
  after(async () => {
    project?.remove();
    await lab?.close();
  });

  const host = (index: number) => lab.hosts[index] ?? expect.fail(`the lab has no host ${index}`);
  const expectExit = (end: CommandEnd, code: number) => expect(end.exitCode, end.output).to.equal(code);
  const digest = (index: number) => keysDigestOf(lab.etcdctl, host(index));

  /** One up mends all, every member holds what was written, and a second preview is empty. */
  const expectRepair = async (before: string) => {
    const up = await project.up();
    expectExit(up, 0);
    for (const each of [0, 1, 2]) expect(up.output, up.output).to.match(new RegExp(`cp-${each} +.* voting`));
    expect(up.output, up.output).to.match(/etcd is healthy: 3 of 3 voters agree, leader [0-9a-f]+, which is cp-[012]/);
    for (const each of [0, 1, 2])
      await waitUntil(`cp-${each} holds every key`, async () => (await digest(each)) === before);
    await lab.waitHealthy();
    expectExit(await project.preview("--expect-no-changes"), 0);
  };

  const replaceMember = async (index: number, loss: Loss) => {
    const before = await digest((index + 1) % 3);
    // The first member has its old ids when it starts anew. Where its leader is new then, that one sends it everything again, and
    // nothing is left to mend.
    await leadThrough(lab.etcdctl, lab.hosts, host((index + 1) % 3));
    await loseData(host(index), loss);
    const preview = await project.preview("--expect-no-changes");
    expectExit(preview, 7);
    expect(preview.output, preview.output).to.contain(`cp-${index} etcd member cp-${index}`);
    expect(preview.output).to.match(/take member [0-9a-f]+ .*out of the cluster/);
    await expectRepair(before);
  };

  const repairFirstNode = async () => {
    const before = await digest(1);
    const ids = (await lab.etcdctl("member list", host(1))).split("\n").map((line) => line.split(",")[0] ?? "");
    const decimal = (hex: string) => BigInt(`0x${hex}`).toString();
    const survivors = (await lab.etcdctl("member list", host(1)))
      .split("\n")
      .filter((line) => !line.includes(" cp-0,"))
      .map((line) => decimal(line.split(",")[0] ?? ""));
    expect(ids).to.have.lengthOf(3);
    const sampler = new EtcdSampler(lab.hosts);
    try {
      await waitUntil(
        "all three were sampled",
        async () => new Set(sampler.samples.map((each) => each.host)).size === 3,
      );
      await host(0).run("systemctl stop kubelet");
      await breakManifest(host(0));
      await loseData(host(0), "stopped");
      const preview = await project.preview("--expect-no-changes");
      expectExit(preview, 7);
      expect(preview.output).to.contain("cp-0 etcd member cp-0");
      expect(preview.output).to.contain('"etcdddd" => "etcd"');
      await expectRepair(before);
    } finally {
      sampler.stop();
    }
    const { samples, looks } = sampler;
    expect([...new Set(samples.map((each) => each.clusterId))], "cluster ids that were ever seen").to.have.lengthOf(1);
    for (const { host: seenOn, memberId, listed } of samples) {
      expect(listed, `what ${seenOn} listed`).to.include.members(survivors);
      expect(listed, `${seenOn} lists itself`).to.include(memberId);
    }
    process.stdout.write(`      ${looks} looks from outside, ${samples.length} answers, one cluster id\n`);
  };

  const expectRefused = async () => {
    const refused = await project.up();
    expect(refused.exitCode, refused.output).to.be.greaterThan(0);
    expect(refused.output, refused.output).to.match(/etcd\.restore/);
    return refused;
  };

  const rebuildFromSurvivor = async () => {
    const before = await digest(2);
    // One after the other: started anew, the first could be whole again before the second is wiped.
    for (const index of [0, 1]) await loseData(host(index), "stopped");
    await expectRefused();
    expect(await digest(2)).to.equal(before);
    const restore = { name: "night-one", source: { kind: "survivor", node: "cp-2" } };
    declareStackedEtcd(project, lab, { restore });
    await expectRepair(before);
    await lab.kubectl("create configmap after-restore");
  };

  const rebuildFromSnapshot = async () => {
    const before = await digest(1);
    const source = await fetchSnapshot(lab, host(1), project.folder);
    for (const index of [0, 1, 2]) await loseData(host(index), "restarted");
    await expectRefused();
    declareStackedEtcd(project, lab, { restore: { name: "night-two", source } });
    await expectRepair(before);
    await lab.kubectl("create configmap after-restore");
  };

  const play = (fault: Fault): Promise<void> => {
    switch (fault.kind) {
      case "member":
        return replaceMember(fault.index, fault.loss);
      case "first-node":
        return repairFirstNode();
      case "survivor":
        return rebuildFromSurvivor();
      case "snapshot":
        return rebuildFromSnapshot();
    }
  };

  for (const { name, fault } of chooseCases("stacked etcd of real kubeadm nodes", all, () => "one")) {
    it(name, async () => {
      await play(fault);
      isDirty = fault.kind === "survivor" || fault.kind === "snapshot";
    });
  }
});
