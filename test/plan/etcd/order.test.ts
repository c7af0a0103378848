// What has to come before what, in plans over a quorum, and what is refused for it.

import { expect } from "chai";
import type { EtcdDeclaration } from "../../../src/model/etcd-declaration";
import type { EtcdStep } from "../../../src/model/etcd-step";
import type { EtcdNodeView } from "../../../src/model/etcd-verdict";
import { planEtcd } from "../../../src/plan/etcd/plan";
import {
  type Change,
  change,
  data,
  declare,
  fields,
  healthyViews,
  id,
  leaderless,
  looping,
  memberOf,
  membership,
  nodeNames,
  noHistory,
  silent,
  status,
  stopped,
  voterEtcd,
  wiped,
  wipedRunning,
} from "./builders";

function plan(etcd: EtcdDeclaration, views: readonly EtcdNodeView[], more: object = {}) {
  return planEtcd({
    etcd,
    views,
    history: { ...noHistory, lastRevision: 900 },
    repairSeveral: true,
    manifestDirectory: "/etc/kubernetes/manifests",
    archiveDirectory: "/var/lib/quorate/archive",
    pods: {},
    definitionDrifts: {},
    ...more,
  });
}
const told = (steps: readonly EtcdStep[]) => steps.map((step) => `${step.kind} ${step.node}`);
/** Position of a step in the plan; it has to be there. */
function place(steps: readonly EtcdStep[], kind: EtcdStep["kind"], node: string, subject?: string): number {
  const found = steps.findIndex(
    (step) => step.kind === kind && step.node === node && (subject === undefined || step.subject === subject),
  );
  expect(found, `${kind} ${node} in ${told(steps).join(", ")}`).to.be.at.least(0);
  return found;
}

const four = nodeNames(4);
const fork: Change = () => voterEtcd(membership(["cp-0"], { clusterId: id(99), revision: 4 }), "cp-0");
const foreign: Change = (etcd) => data({ identity: { clusterId: id(99), memberId: id(5) } })(stopped(etcd));
const leader = (node: string) => healthyViews(membership(nodeNames(3), { leader: node }), nodeNames(3));

describe("planEtcd, in what order", () => {
  it("stops a member that serves a cluster of its own before another one joins", () => {
    const listed = membership(four, {
      leader: "cp-1",
      members: [...four.slice(0, 3).map((node) => memberOf(node)), memberOf("cp-3", { name: "", isLearner: true })],
    });
    const views = change(change(healthyViews(listed, four), "cp-0", fork), "cp-3", wiped);
    const { steps } = plan(declare(4), views);
    expect(place(steps, "etcdStopMember", "cp-0")).to.be.below(place(steps, "etcdStartMember", "cp-3"));
  });

  it("stops a member that fails at every start only while another one is to join", () => {
    const listed = membership(four, {
      leader: "cp-1",
      members: [...four.slice(0, 3).map((node) => memberOf(node)), memberOf("cp-3", { name: "", isLearner: true })],
    });
    const joining = plan(declare(4), change(change(healthyViews(listed, four), "cp-0", looping), "cp-3", wiped));
    expect(place(joining.steps, "etcdCondemnData", "cp-0")).to.be.below(
      place(joining.steps, "etcdStartMember", "cp-3"),
    );
    const alone = plan(declare(3), change(leader("cp-1"), "cp-0", looping));
    expect(told(alone.steps)[0]).to.match(/^etcdSaveSnapshot/);
  });

  it("moves what lies on a member that was taken out aside before another one is taken out", () => {
    const listed = membership(four, { leader: "cp-1", members: four.slice(0, 3).map((node) => memberOf(node)) });
    const views = change(change(healthyViews(listed, four), "cp-0", wiped), "cp-3", foreign);
    const { steps } = plan(declare(4), views);
    const removal = steps.findIndex((step) => step.kind === "etcdRemoveMember");
    expect(place(steps, "etcdArchiveData", "cp-3")).to.be.below(removal);
    expect(told(steps)[0]).to.match(/^etcdSaveSnapshot/);
  });

  for (const runner of ["systemd", "monit"] as const)
    it(`holds a leader without its files back before it hands leadership over, and stops it last (${runner})`, () => {
      const { steps } = plan(declare(3, runner), change(leader("cp-0"), "cp-0", wipedRunning));
      const [park, move, stop] = [
        place(steps, "etcdParkDefinition", "cp-0"),
        place(steps, "etcdMoveLeader", "cp-0"),
        place(steps, "etcdStopMember", "cp-0"),
      ];
      expect([park < move, move < stop]).to.deep.equal([true, true]);
    });

  it("refuses to stop it when those that follow the next leader are too few without it", () => {
    const led = change(leader("cp-1"), "cp-0", wipedRunning);
    const { steps, blockers } = plan(declare(3), change(led, "cp-2", leaderless));
    expect(told(steps)).to.not.include("etcdStopMember cp-0");
    expect(blockers.map(({ reason }) => reason)).to.include("etcd-member-isolated");
  });

  it("waits for a member whose process runs until it votes, and no longer", () => {
    expect(told(plan(declare(3), change(leader("cp-0"), "cp-1", silent())).steps)).to.deep.equal([
      "etcdWaitForMember cp-1",
    ]);
    expect(plan(declare(3), leader("cp-0")).steps).to.deep.equal([]);
  });

  it("hands leadership over before the leader is restarted for its definition", () => {
    const { steps } = plan(declare(3), leader("cp-0"), {
      definitionDrifts: { "cp-0": "a flag differs", "cp-1": "it too" },
    });
    expect(told(steps)).to.deep.equal([
      "etcdStartMember cp-1",
      "etcdWaitForMember cp-1",
      "etcdMoveLeader cp-0",
      "etcdStartMember cp-0",
      "etcdWaitForMember cp-0",
    ]);
  });

  it("keeps the alarm of a full database until no member is left that would raise it again", () => {
    const alarm = fields({ alarms: { kind: "seen", value: [{ memberId: memberOf("cp-0").id, alarm: "NOSPACE" }] } });
    const full = nodeNames(3).reduce((views, node) => change(views, node, alarm), leader("cp-1"));
    const disarms = (views: readonly EtcdNodeView[]) =>
      told(plan(declare(3), views).steps).filter((step) => step.startsWith("etcdDisarmAlarms")).length;
    expect(disarms(full)).to.equal(1);
    expect(disarms(change(full, "cp-0", wipedRunning))).to.equal(0);
  });

  it("compacts below the lowest revision that a voter has, so that the hashes of all can be compared", () => {
    const alarm = fields({ alarms: { kind: "seen", value: [{ memberId: memberOf("cp-0").id, alarm: "NOSPACE" }] } });
    const hash = fields({ hash: { kind: "seen", value: { hash: "1", revision: 1000, compactRevision: 5 } } });
    const views = nodeNames(3).reduce((all, node) => change(all, node, alarm, hash), leader("cp-1"));
    const { steps } = plan(declare(3), change(views, "cp-2", status({ revision: 990 })));
    expect(steps.flatMap((step) => (step.kind === "etcdCompact" ? [step.revision] : []))).to.deep.equal([989]);
  });
});

describe("planEtcd, of a full database beside a member that lags", () => {
  const alarm = fields({ alarms: { kind: "seen", value: [{ memberId: memberOf("cp-0").id, alarm: "NOSPACE" }] } });
  const compactedAt = (compactRevision: number) =>
    fields({ hash: { kind: "seen", value: { hash: "1", revision: 1000, compactRevision } } });
  const full = status({ dbSizeBytes: 100, dbSizeInUseBytes: 99, dbQuotaBytes: 100 });

  it("compacts no further than the laggard allows, and not again once that is done", () => {
    const views = nodeNames(3).reduce((all, node) => change(all, node, alarm, compactedAt(5)), leader("cp-1"));
    const { steps } = plan(declare(3), change(views, "cp-2", status({ revision: 6 })));
    expect(told(steps).filter((step) => step.startsWith("etcdCompact"))).to.deep.equal([]);
  });

  it("defragments a file at its quota that could give a little back before it calls it full for good", () => {
    const views = nodeNames(3).reduce((all, node) => change(all, node, alarm, compactedAt(999), full), leader("cp-1"));
    const loose = status({ dbSizeBytes: 100, dbSizeInUseBytes: 91, dbQuotaBytes: 100 });
    const { steps, blockers } = plan(declare(3), change(views, "cp-2", loose));
    expect(told(steps).filter((step) => step.startsWith("etcdDefragment"))).to.deep.equal(["etcdDefragment cp-2"]);
    expect(blockers.map(({ reason }) => reason)).not.to.include("etcd-still-full");
  });

  it("has a defragmentation fail for a file that stays full, where the version does not say what is in use", () => {
    const old = (version: string) => status({ version, dbSizeBytes: 100, dbSizeInUseBytes: 99, dbQuotaBytes: 100 });
    const bounds = (version: string) => {
      const views = nodeNames(3).reduce(
        (all, node) => change(all, node, alarm, compactedAt(999), old(version)),
        leader("cp-1"),
      );
      const { steps } = plan(declare(3), views);
      return steps.flatMap((step) => (step.kind === "etcdDefragment" ? [step.sizeMaxBytes] : []));
    };
    expect(bounds("3.4.23")).to.deep.equal([90, 90, 90]);
    expect(bounds("3.5.21")).to.deep.equal([]);
  });

  it("replaces a member that is not whole before it calls the others full for good", () => {
    const views = nodeNames(3).reduce((all, node) => change(all, node, alarm, compactedAt(999), full), leader("cp-1"));
    expect(plan(declare(3), views).blockers.map(({ reason }) => reason)).to.include("etcd-still-full");
    const { steps, blockers } = plan(declare(3), change(views, "cp-2", wipedRunning));
    expect(blockers.map(({ reason }) => reason)).not.to.include("etcd-still-full");
    expect(told(steps).some((step) => step.startsWith("etcdRemoveMember"))).to.equal(true);
  });
});

describe("planEtcd, of what cannot be asked or was found bad", () => {
  const restore = { name: "night-one", source: { kind: "survivor", node: "cp-0" } };
  const lost = (...changes: readonly Change[]) =>
    change(
      change(
        change(leader("cp-0"), "cp-0", stopped, data({ offline: { revision: 1000, totalKeys: 9 } }), ...changes),
        "cp-1",
        wiped,
      ),
      "cp-2",
      wiped,
    );

  it("rebuilds from no survivor whose data was condemned", () => {
    const good = plan(declare(3, "systemd", { restore }), lost());
    const bad = plan(declare(3, "systemd", { restore }), lost(data({ isCondemned: true })));
    expect(good.blockers).to.deep.equal([]);
    expect(good.steps.length).to.be.above(0);
    expect(bad.steps).to.deep.equal([]);
    expect(bad.blockers.map(({ reason, message }) => [reason, /found bad/.test(message)])).to.deep.include([
      "etcd-restore-source",
      true,
    ]);
  });

  for (const [failure, verdict] of [
    ["certificate", "certificates"],
    ["tool-missing", "tool-failure"],
  ] as const)
    it(`does not call the quorum lost while one runs that may be all of it: ${verdict}`, () => {
      const sha256 = "a".repeat(64);
      const fromFile = { name: "night-one", source: { kind: "snapshot", file: "kept.db", sha256, revision: 900 } };
      const views = healthyViews(membership(nodeNames(2)), nodeNames(2));
      const given = change(change(views, "cp-0", silent(failure, "no")), "cp-1", wiped);
      const { assessment, steps } = plan(declare(2, "systemd", { restore: fromFile }), given);
      expect([assessment.verdict.kind, steps]).to.deep.equal([verdict, []]);
      const ended = plan(declare(2, "systemd", { restore: fromFile }), change(given, "cp-0", wiped));
      expect(ended.assessment.verdict.kind).to.equal("quorum-lost");
    });
});
