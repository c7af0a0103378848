import { expect } from "chai";
import { backupSchema } from "../../src/model/backup";
import type { EtcdNodeView } from "../../src/model/etcd-verdict";
import type { JsonObject } from "../../src/model/json";
import { judgeMembers, judgeNewest, planBackup, type VerifiedBackup } from "../../src/plan/backup";
import { checkInputs } from "../../src/provider/check-inputs";
import { expectHolds } from "../property/parameters";
import { backup, keepsNewestBackups, nowMs } from "./backup-properties";
import { change, declare, fields, healthyViews, membership, nodeNames, status } from "./etcd/builders";

describe("judgeNewest", () => {
  const cases: readonly [string, VerifiedBackup | undefined, string | undefined, RegExp | undefined][] = [
    ["asks for one when there is none", undefined, "c1", /no verified backup/],
    ["lets one be that is as old as it may be", backup(24), "c1", undefined],
    ["asks for one when the newest is older", backup(24.01), "c1", /older than 24 h/],
    ["asks for one when another cluster answers now", backup(1, "c2"), "c1", /cluster c2, and cluster c1 answers/],
    ["goes by age alone while no cluster answers", backup(1, "c2"), undefined, undefined],
    ["does not believe a date in the future", backup(-2), "c1", /future/],
    ["forgives a clock that is a little ahead", backup(-0.5), "c1", undefined],
  ];
  for (const [title, newest, clusterId, because] of cases) {
    it(title, () => {
      const overdue = judgeNewest(newest, { clusterId, answering: [], maxAgeHours: 24, nowMs });
      if (because === undefined) expect(overdue).to.equal(undefined);
      else expect(overdue?.because).to.match(because);
    });
  }

  it("asks for one when the newest lacks a node that answers now, and not while that node is silent", () => {
    const judge = (...answering: readonly string[]) =>
      judgeNewest(backup(1), { clusterId: "c1", answering, maxAgeHours: 24, nowMs });
    expect(judge("cp-1", "cp-2")?.because).to.equal("it is without the certificates and keys of cp-1, cp-2");
    expect(judge()).to.equal(undefined);
  });
});

describe("chooseExpired", () => {
  it("never lets the newest verified ones of the cluster go, nor any of another, whatever there is", () => {
    expectHolds(keepsNewestBackups);
  });
});

describe("planBackup", () => {
  const nodes = nodeNames(3);
  const etcd = declare(3);
  const access = (node: string) => ({ access: { kind: "ssh", host: node } });
  const declared = backupSchema.parse({
    nodes: Object.fromEntries(nodes.map((node) => [node, access(node)])),
    etcd,
    directory: "/kept",
  });
  const cluster = membership(nodes);
  const healthy = healthyViews(cluster, nodes);
  const plan = (views: readonly EtcdNodeView[]) => planBackup(declared, judgeMembers(declared, views, undefined));
  const silent = (node: string): EtcdNodeView => ({ kind: "unreachable", node, reason: "no route" });

  it("asks a follower and not the leader, and archives every node", () => {
    const ready = plan(healthy);
    if (ready.kind !== "ready") throw new Error(ready.message);
    expect(cluster.leader).to.equal("cp-0");
    expect([ready.snapshot.node, ready.clusterId]).to.deep.equal(["cp-1", cluster.clusterId]);
    expect(ready.pki.map(({ node }) => node)).to.deep.equal(nodes);
    expect(ready.pki[0]?.paths).to.include.members(["/etc/kubernetes", "/etc/ssl/etcd", "/etc/etcd.env"]);
  });

  it("gives the snapshot a name by which the plan before surgery knows it as its own", () => {
    const ready = plan(healthy);
    if (ready.kind !== "ready") throw new Error(ready.message);
    const { subject, path } = ready.snapshot;
    expect(subject.startsWith(`${cluster.clusterId}-`)).to.equal(true);
    expect(path).to.equal(`/var/lib/etcd-snapshots/${subject}`);
  });

  it("asks the other follower when the first is gone, and is blocked without a quorum", () => {
    const two = plan(healthy.map((view) => (view.node === "cp-1" ? silent("cp-1") : view)));
    expect(two.kind === "ready" && two.snapshot.node).to.equal("cp-2");
    const one = plan(healthy.map((view) => (view.node === "cp-0" ? view : silent(view.node))));
    expect(one).to.have.property("kind", "blocked");
    expect(one).to.have.property("message").that.contains("no healthy member of etcd answers in a quorum");
  });
});

describe("judgeMembers", () => {
  const [only = ""] = nodeNames(1);
  const cluster = membership([only]);
  const declared = backupSchema.parse({
    nodes: { [only]: { access: { kind: "local" } } },
    etcd: declare(1),
    directory: "/kept",
  });
  const serving = (revision: number, keys: number) =>
    change(
      healthyViews(cluster, [only]),
      only,
      status({ revision }),
      fields({ read: { kind: "seen", value: { revision } }, keyCount: { kind: "seen", value: keys } }),
    );
  const verdict = (views: readonly EtcdNodeView[], newest?: VerifiedBackup) =>
    planBackup(declared, judgeMembers(declared, views, newest)).kind;

  it("takes a single member of which there is no backup as it is", () => {
    expect(verdict(serving(1000, 300))).to.equal("ready");
  });

  it("takes no backup of a single member with an empty store", () => {
    expect(verdict(serving(1, 0))).to.equal("blocked");
  });

  it("takes no backup of a single member whose keys cannot be counted and that was never written to", () => {
    const uncounted = fields({
      keyCount: { kind: "failed", failure: "tool-hung", message: "context deadline exceeded" },
    });
    expect(verdict(change(serving(1, 0), only, uncounted))).to.equal("blocked");
  });

  it("takes no backup of a member that has lost what the newest one holds", () => {
    const newest = backup(30, cluster.clusterId);
    expect(newest.record.revision).to.equal(7);
    expect(verdict(serving(6, 3), newest)).to.equal("blocked");
    expect(verdict(serving(7, 3), newest)).to.equal("ready");
  });

  it("goes on with a cluster that was rebuilt under another id", () => {
    expect(verdict(serving(6, 3), backup(30, "c0ffee"))).to.equal("ready");
  });
});

describe("backupSchema", () => {
  const right = {
    nodes: { "cp-0": { access: { kind: "local" } } },
    etcd: declare(1),
    directory: "/kept",
  };
  const wrong: readonly [string, object, RegExp][] = [
    ["a relative directory", { directory: "kept" }, /directory: must be an absolute path/],
    ["a passphrase of two lines", { passphrase: "one\ntwo-three" }, /passphrase: must be one line/],
    ["a passphrase that is too short", { passphrase: "short" }, /passphrase: must have 8 characters/],
    ["a passphrase that openssl would cut off", { passphrase: "x".repeat(1001) }, /passphrase: is too long/],
    ["none to keep", { keep: 0 }, /keep/],
    ["a member on a node that is not declared", { etcd: declare(2) }, /etcd\.members\["?cp-1"?\]: is not the name/],
    ["a path that leads upwards", { pkiPaths: ["/etc/../root"] }, /pkiPaths\[0\]: must not contain/],
  ];
  for (const [title, change, message] of wrong) {
    it(`refuses ${title}, and never shows a value`, () => {
      const checked = checkInputs(backupSchema, { ...right, ...change } as unknown as JsonObject);
      if (checked.kind === "valid") throw new Error("it was taken");
      expect(checked.problems.join("; ")).to.match(message).and.not.contain("two-three");
    });
  }

  it("fills in what is left out", () => {
    expect(backupSchema.parse(right)).to.include({ keep: 7, maxAgeHours: 24 });
  });
});
