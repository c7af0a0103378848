import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { settleMembers } from "../../src/model/etcd-settings";
import { type EtcdStep, etcdEffectsOfKind } from "../../src/model/etcd-step";
import { renderEtcdStep } from "../../src/render/etcd-step-command";
import { declare, id, type RunnerKind } from "../plan/etcd/builders";

const runners: readonly RunnerKind[] = ["monit", "systemd", "static-pod"];
const sha256 = "a".repeat(64);
const path = "/var/lib/etcd-snapshots/x.db";

function oneOfEach(runner: RunnerKind): Readonly<Record<EtcdStep["kind"], EtcdStep>> {
  const [at] = settleMembers(declare(3, runner));
  if (at === undefined) throw new Error("no member");
  const base = { node: "cp-0", reason: "it's broken; $(reboot)", subject: "cp-0", at };
  const place =
    runner === "static-pod"
      ? {
          fileName: "etcd.yaml",
          manifestDirectory: "/etc/kubernetes/manifests",
          parkDirectory: "/var/lib/quorate/archive/parked",
        }
      : undefined;
  const initialCluster = [
    { name: "cp-0", peerUrl: "https://cp-0.lab:2380" },
    { name: "cp-1", peerUrl: "https://cp-1.lab:2380" },
  ];
  const manifest = runner === "static-pod" ? { apiVersion: "v1", kind: "Pod" } : undefined;
  const parkDirectory = "/var/lib/quorate/archive/parked";
  return {
    etcdSaveSnapshot: { kind: "etcdSaveSnapshot", ...base, path, fileTool: "etcdutl" },
    etcdCollectSnapshot: { kind: "etcdCollectSnapshot", ...base, path, sha256, localFile: "/keep/a.db" },
    etcdDeliverSnapshot: { kind: "etcdDeliverSnapshot", ...base, path, sha256, localFile: "kept.db" },
    etcdCondemnData: { kind: "etcdCondemnData", ...base, memberId: id(0xabc) },
    etcdStopMember: { kind: "etcdStopMember", ...base, place, timeoutSeconds: 60 },
    etcdRemoveMember: { kind: "etcdRemoveMember", ...base, memberId: id(0xabc), memberName: "cp-1" },
    etcdArchiveData: { kind: "etcdArchiveData", ...base },
    etcdMakeMemberDirectory: { kind: "etcdMakeMemberDirectory", ...base },
    etcdAddMember: {
      kind: "etcdAddMember",
      ...base,
      memberName: "cp-1",
      peerUrl: "https://cp-1.lab:2380",
      isLearner: true,
    },
    etcdStartMember: { kind: "etcdStartMember", ...base, initialCluster, token: "etcd-cluster", manifest, place },
    etcdPromoteMember: {
      kind: "etcdPromoteMember",
      ...base,
      memberId: id(0xabc),
      promotedClientUrl: "https://cp-1.lab:2379",
    },
    etcdMoveLeader: { kind: "etcdMoveLeader", ...base, toMemberId: id(0xabc) },
    etcdUpdatePeerUrl: { kind: "etcdUpdatePeerUrl", ...base, memberId: id(0xabc), peerUrl: "https://cp-1.lab:2380" },
    etcdCompact: { kind: "etcdCompact", ...base, revision: 1200 },
    etcdDefragment: { kind: "etcdDefragment", ...base, sizeMaxBytes: 1_932_735_283 },
    etcdDisarmAlarms: { kind: "etcdDisarmAlarms", ...base },
    etcdRestoreSnapshot: {
      kind: "etcdRestoreSnapshot",
      ...base,
      path,
      sha256,
      token: "quorate-night-one",
      initialCluster: initialCluster.slice(0, 1),
      fileTool: "etcdutl",
      canBumpRevision: true,
    },
    etcdParkDefinition: { kind: "etcdParkDefinition", ...base, place },
    etcdResumeService: { kind: "etcdResumeService", ...base },
    etcdStopWriters: {
      kind: "etcdStopWriters",
      ...base,
      writers: [
        { kind: "static-pod", pod: "kube-apiserver" },
        { kind: "service", manager: "monit", name: "kube-apiserver" },
        { kind: "service", manager: "systemd", name: "kube-apiserver.service" },
      ],
      manifestDirectory: "/etc/kubernetes/manifests",
      parkDirectory,
    },
    etcdWaitForMember: { kind: "etcdWaitForMember", ...base, isVoter: true, timeoutSeconds: 300 },
  };
}

describe("renderEtcdStep", () => {
  for (const runner of runners)
    for (const [kind, step] of Object.entries(oneOfEach(runner))) {
      it(`marks one line for each effect of ${kind}, in order, in text that dash and bash can read (${runner})`, () => {
        const text = renderEtcdStep(step);
        expect([...text.matchAll(/^# effect: (\w+)$/gm)].map((match) => match[1])).to.deep.equal(
          etcdEffectsOfKind[step.kind],
        );
        for (const shell of ["dash", "bash"]) execFileSync(shell, ["-n"], { input: text });
        expect(text)
          .to.match(/^# cp-0: /)
          .and.to.contain("# why: it's broken; $(reboot)\n");
      });
    }

  it("adds a learner by its flag, and a voter without it", () => {
    const step = oneOfEach("systemd").etcdAddMember;
    expect(renderEtcdStep(step)).to.contain("member add cp-1 --learner --peer-urls=https://cp-1.lab:2380");
    expect(renderEtcdStep({ ...step, isLearner: false } as EtcdStep)).to.contain("member add cp-1 --peer-urls=");
  });

  it("raises the revision of a restore only where the version can", () => {
    const step = oneOfEach("systemd").etcdRestoreSnapshot;
    expect(renderEtcdStep(step))
      .to.contain("etcd_file snapshot restore")
      .and.to.contain("--bump-revision=1000000000 --mark-compacted");
    expect(renderEtcdStep({ ...step, canBumpRevision: false } as EtcdStep)).to.not.contain("bump");
  });

  it("prints a forecast whose member id is not known yet", () => {
    const step = { ...oneOfEach("systemd").etcdPromoteMember, memberId: undefined } as EtcdStep;
    expect(renderEtcdStep(step)).to.contain("member promote ID_THAT_ADDING_IT_PRINTED");
  });

  it("never deletes data: what it removes is what it staged itself", () => {
    for (const runner of runners)
      for (const step of Object.values(oneOfEach(runner)))
        for (const line of renderEtcdStep(step)
          .split("\n")
          .filter((text) => /\brm\b/.test(text)))
          expect(line, step.kind).to.match(
            /\.part|quorate-staged|\$staged|\.quorate-restore|50-quorate-paused|parked\/etcd\.yaml/,
          );
  });
});
