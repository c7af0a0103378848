import { expect } from "chai";
import type { EtcdCertificate } from "../../../src/model/etcd-observation";
import type { EtcdHistory, EtcdNodeView, EtcdVerdictKind } from "../../../src/model/etcd-verdict";
import { bootstrapClusterId, bootstrapMemberId } from "../../../src/plan/etcd/cluster-id";
import { assessEtcd } from "../../../src/plan/etcd/verdict";
import {
  change,
  data,
  day,
  declare,
  fields,
  healthyViews,
  id,
  leaderless,
  looping,
  lose,
  memberOf,
  membership,
  nodeNames,
  noHistory,
  nowSeconds,
  observed,
  peerUrl,
  service,
  silent,
  status,
  stopped,
  token,
  voterEtcd,
  wiped,
  wipedRunning,
} from "./builders";

interface Case {
  readonly name: string;
  readonly size: number;
  readonly views: readonly EtcdNodeView[];
  readonly history?: EtcdHistory;
  readonly declaration?: object;
  readonly want: EtcdVerdictKind;
  /** Conditions by node, where they are not voting. */
  readonly conditions?: Readonly<Record<string, string>>;
  /** Does a quorum remain? */
  readonly hasQuorum?: boolean;
  readonly evidence?: RegExp;
}

const [one, three, five] = [1, 3, 5].map((size) => {
  const nodes = nodeNames(size);
  return { nodes, cluster: membership(nodes), views: healthyViews(membership(nodes), nodes) };
}) as [Scene, Scene, Scene];
interface Scene {
  readonly nodes: readonly string[];
  readonly cluster: ReturnType<typeof membership>;
  readonly views: readonly EtcdNodeView[];
}

const recorded = (lastRevision: number): EtcdHistory => ({ lastRevision, backups: [] });
const certificate = (fault: Partial<EtcdCertificate>): EtcdCertificate => ({
  role: "server",
  path: "/etc/kubernetes/pki/etcd/server.crt",
  state: "readable",
  notBeforeSeconds: nowSeconds - day,
  notAfterSeconds: nowSeconds + day,
  isSignedByCa: true,
  names: ["cp-2.lab"],
  ...fault,
});
const withCertificate = (fault: Partial<EtcdCertificate>) =>
  change(
    three.views,
    "cp-2",
    silent("refused"),
    service({ state: "failed", hasProcess: false }),
    fields({ certificates: [certificate(fault)] }),
  );

// The wiped first kubeadm member: a cluster of its own, booted by itself alone. When the real cluster was booted so too,
// its ids are the same.
const selfOnly = membership(["cp-0"], { revision: 40 });
const grown = { ...three.cluster, clusterId: bootstrapClusterId([peerUrl("cp-0")], token), leader: "cp-1" };
const fork = observed("cp-0", voterEtcd(selfOnly, "cp-0"));
const with0 = (views: readonly EtcdNodeView[], view: EtcdNodeView) =>
  views.map((other) => (other.node === view.node ? view : other));

const restore = {
  name: "night-one",
  source: { kind: "snapshot", file: "s.db", sha256: "a".repeat(64), revision: 900 },
};
const rebuilt = membership(["cp-0"], {
  clusterId: bootstrapClusterId([peerUrl("cp-0")], "quorate-night-one"),
  members: [memberOf("cp-0", { id: bootstrapMemberId(peerUrl("cp-0"), "quorate-night-one") })],
  revision: 950,
});
const rebuiltViews = with0(
  change(change(three.views, "cp-1", wiped), "cp-2", wiped),
  observed("cp-0", voterEtcd(rebuilt, "cp-0")),
);

const hash = (value: string, revision = 1000) =>
  fields({ hash: { kind: "seen", value: { hash: value, revision, compactRevision: 900 } } });
const alarm = (kind: "NOSPACE" | "CORRUPT", node: string) =>
  fields({ alarms: { kind: "seen", value: [{ memberId: memberOf(node).id, alarm: kind }] } });

const cases: readonly Case[] = [
  { name: "three voters agree", size: 3, views: three.views, want: "healthy" },
  { name: "five voters agree", size: 5, views: five.views, want: "healthy" },
  {
    name: "a single voter at its recorded revision",
    size: 1,
    views: one.views,
    history: recorded(1000),
    want: "healthy",
  },
  {
    name: "a single voter of which nothing is recorded",
    size: 1,
    views: one.views,
    want: "unknown",
    evidence: /no revision and no backup/,
  },
  {
    name: "a single voter behind its recorded revision",
    size: 1,
    views: one.views,
    history: recorded(5000),
    want: "forked",
    evidence: /revision 1000, and revision 5000/,
  },
  {
    name: "a single voter behind its last backup",
    size: 1,
    views: one.views,
    history: { lastRevision: undefined, backups: [{ revision: 1001, sha256: "", takenAtSeconds: 0, file: "b" }] },
    want: "forked",
  },
  {
    name: "three voters behind the recorded revision",
    size: 3,
    views: three.views,
    history: recorded(5000),
    want: "unknown",
  },
  {
    name: "one of three wiped and failing",
    size: 3,
    views: change(three.views, "cp-2", wiped),
    want: "minority-lost",
    conditions: { "cp-2": "empty" },
  },
  {
    name: "the leader of three wiped and failing",
    size: 3,
    views: change(
      change(change(three.views, "cp-0", wiped), "cp-1", status({ leaderId: memberOf("cp-1").id })),
      "cp-2",
      status({ leaderId: memberOf("cp-1").id }),
    ),
    want: "minority-lost",
    conditions: { "cp-0": "empty" },
  },
  {
    name: "one of three wiped under its running process",
    size: 3,
    views: change(three.views, "cp-1", wipedRunning),
    want: "minority-lost",
    conditions: { "cp-1": "wiped-running" },
  },
  {
    name: "one of three wiped under its running process, which sees no leader at the moment",
    size: 3,
    views: change(change(three.views, "cp-1", wipedRunning), "cp-1", leaderless),
    want: "minority-lost",
    conditions: { "cp-1": "wiped-running" },
  },
  {
    name: "one of three stopped with its data whole",
    size: 3,
    views: change(three.views, "cp-1", stopped),
    want: "minority-lost",
    conditions: { "cp-1": "stopped" },
  },
  {
    name: "one of three looping with its data there",
    size: 3,
    views: change(three.views, "cp-1", looping),
    want: "minority-lost",
    conditions: { "cp-1": "crash-looping" },
  },
  {
    name: "one of three starting",
    size: 3,
    views: change(three.views, "cp-1", silent()),
    want: "minority-lost",
    conditions: { "cp-1": "starting" },
  },
  {
    name: "one of three with half of its files",
    size: 3,
    views: change(three.views, "cp-1", looping, data({ state: "incomplete" })),
    want: "minority-lost",
    conditions: { "cp-1": "damaged" },
  },
  {
    name: "one of three powered off",
    size: 3,
    views: lose(three.views, "cp-2"),
    want: "minority-lost",
    conditions: { "cp-2": "unreachable" },
  },
  {
    name: "one of three cut off from its peers",
    size: 3,
    views: change(three.views, "cp-2", leaderless),
    want: "minority-lost",
    conditions: { "cp-2": "isolated" },
  },
  {
    name: "one of three with the data of a removed membership",
    size: 3,
    views: change(
      three.views,
      "cp-2",
      looping,
      data({ identity: { clusterId: three.cluster.clusterId, memberId: id(77) } }),
    ),
    want: "minority-lost",
    conditions: { "cp-2": "stale" },
  },
  {
    name: "one of three with the data of another cluster",
    size: 3,
    views: change(
      three.views,
      "cp-2",
      looping,
      data({ identity: { clusterId: id(5), memberId: memberOf("cp-2").id } }),
    ),
    want: "minority-lost",
    conditions: { "cp-2": "stale" },
  },
  {
    name: "one of three whose data directory cannot be read",
    size: 3,
    views: change(three.views, "cp-2", stopped, data({ state: "unknown", detail: "permission denied" })),
    want: "minority-lost",
    conditions: { "cp-2": "unknown" },
  },
  {
    name: "one of three with data of nobody known",
    size: 3,
    views: change(three.views, "cp-2", stopped, (etcd) => {
      const { identity: _none, ...rest } = etcd.data;
      return { ...etcd, data: rest };
    }),
    want: "minority-lost",
    conditions: { "cp-2": "unknown" },
  },
  {
    name: "a learner that answers beside two voters",
    size: 3,
    views: (() => {
      const cluster = {
        ...three.cluster,
        members: [memberOf("cp-0"), memberOf("cp-1"), memberOf("cp-2", { isLearner: true })],
      };
      return change(
        healthyViews(cluster, three.nodes),
        "cp-2",
        fields({
          members: { kind: "failed", failure: "learner", message: "rpc not supported for learner" },
          read: { kind: "failed", failure: "learner", message: "" },
        }),
      );
    })(),
    want: "minority-lost",
    conditions: { "cp-2": "learning" },
  },
  {
    name: "an undeclared member that never started",
    size: 3,
    views: healthyViews(
      { ...three.cluster, members: [...three.cluster.members, memberOf("cp-9", { name: "" })] },
      three.nodes,
    ),
    want: "minority-lost",
  },
  {
    name: "two of five wiped",
    size: 5,
    views: change(change(five.views, "cp-3", wiped), "cp-4", wiped),
    want: "minority-lost",
    conditions: { "cp-3": "empty", "cp-4": "empty" },
  },
  {
    name: "the wiped first member serving its own cluster",
    size: 3,
    views: with0(healthyViews({ ...three.cluster, leader: "cp-1" }, three.nodes), fork),
    want: "forked",
    hasQuorum: true,
    conditions: { "cp-0": "forked" },
  },
  {
    name: "the wiped first member under its old ids",
    size: 3,
    views: with0(healthyViews(grown, three.nodes), fork),
    want: "forked",
    hasQuorum: true,
    conditions: { "cp-0": "forked" },
    evidence: /leader/,
  },
  {
    name: "the wiped first member with the others powered off",
    size: 3,
    views: lose(with0(three.views, fork), "cp-1", "cp-2"),
    want: "unknown",
    evidence: /1 of 3 declared members/,
  },
  {
    name: "the wiped first member with the others powered off, revision recorded",
    size: 3,
    views: lose(with0(three.views, fork), "cp-1", "cp-2"),
    history: recorded(900),
    want: "unknown",
    evidence: /revision 40, and revision 900/,
  },
  {
    name: "two wiped members that formed a new cluster beside a survivor with more",
    size: 3,
    views: change(
      healthyViews({ ...three.cluster, clusterId: id(99), revision: 12 }, three.nodes),
      "cp-2",
      leaderless,
      status({ clusterId: three.cluster.clusterId, revision: 1000 }),
    ),
    want: "forked",
    hasQuorum: false,
    evidence: /cp-2 holds revision 1000/,
  },
  {
    name: "two halves that each answer as a cluster",
    size: 2,
    views: [
      observed("cp-0", voterEtcd(membership(["cp-0"]), "cp-0")),
      observed("cp-1", voterEtcd(membership(["cp-1"]), "cp-1")),
    ],
    history: recorded(10),
    want: "forked",
  },
  {
    name: "the quota reached",
    size: 3,
    views: change(three.views, "cp-0", alarm("NOSPACE", "cp-0")),
    want: "full",
    hasQuorum: true,
  },
  {
    name: "the quota reached and one wiped",
    size: 3,
    views: change(change(three.views, "cp-0", alarm("NOSPACE", "cp-0")), "cp-2", wiped),
    want: "full",
    conditions: { "cp-2": "empty" },
  },
  {
    name: "one of three hashes different at one revision",
    size: 3,
    views: change(three.views, "cp-1", hash("666")),
    want: "corrupt",
    conditions: { "cp-1": "corrupt" },
  },
  {
    name: "one hash different at another revision",
    size: 3,
    views: change(three.views, "cp-1", hash("666", 1003), status({ revision: 1003 })),
    want: "healthy",
  },
  {
    name: "three hashes all different",
    size: 3,
    views: change(change(three.views, "cp-1", hash("666")), "cp-2", hash("777")),
    want: "corrupt",
    conditions: {},
    hasQuorum: true,
  },
  {
    name: "two voters whose hashes differ",
    size: 2,
    views: change(healthyViews(membership(nodeNames(2)), nodeNames(2)), "cp-1", hash("666")),
    want: "corrupt",
    conditions: {},
  },
  {
    name: "a CORRUPT alarm with all hashes equal",
    size: 3,
    views: change(three.views, "cp-0", alarm("CORRUPT", "cp-1")),
    want: "corrupt",
    conditions: {},
  },
  {
    name: "a CORRUPT alarm with hashes that cannot be compared",
    size: 3,
    views: nodeNames(3).reduce(
      (views, node) => change(views, node, fields({ hash: { kind: "failed", failure: "corrupt", message: "" } })),
      change(three.views, "cp-0", alarm("CORRUPT", "cp-1")),
    ),
    want: "corrupt",
    conditions: { "cp-1": "corrupt" },
  },
  {
    name: "reads refused by a store that distrusts itself",
    size: 3,
    views: nodeNames(3).reduce(
      (views, node) =>
        change(
          views,
          node,
          alarm("CORRUPT", "cp-1"),
          fields({
            read: { kind: "failed", failure: "corrupt", message: "" },
            hash: { kind: "failed", failure: "corrupt", message: "" },
          }),
        ),
      three.views,
    ),
    want: "corrupt",
    hasQuorum: true,
    conditions: { "cp-1": "corrupt" },
  },
  {
    name: "an emptied store under the right ids",
    size: 3,
    views: change(three.views, "cp-1", status({ revision: 1 }), fields({ keyCount: { kind: "seen", value: 0 } })),
    want: "minority-lost",
    conditions: { "cp-1": "behind" },
  },
  {
    name: "an expired certificate",
    size: 3,
    views: withCertificate({ notAfterSeconds: nowSeconds - day }),
    want: "certificates",
    conditions: { "cp-2": "certificates" },
    evidence: /expired on/,
  },
  {
    name: "a certificate not valid yet",
    size: 3,
    views: withCertificate({ notBeforeSeconds: nowSeconds + day }),
    want: "certificates",
    conditions: { "cp-2": "certificates" },
    evidence: /not valid before/,
  },
  {
    name: "a certificate of a foreign CA",
    size: 3,
    views: withCertificate({ isSignedByCa: false }),
    want: "certificates",
    conditions: { "cp-2": "certificates" },
    evidence: /not signed by the cluster's CA/,
  },
  {
    name: "a certificate for another host",
    size: 3,
    views: withCertificate({ names: ["cp-7.lab", "10.0.0.7"] }),
    want: "certificates",
    conditions: { "cp-2": "certificates" },
    evidence: /does not name cp-2\.lab/,
  },
  {
    name: "a certificate file gone",
    size: 3,
    views: withCertificate({ state: "missing" }),
    want: "certificates",
    conditions: { "cp-2": "certificates" },
    evidence: /is missing/,
  },
  {
    name: "certificate errors of the tool on all three",
    size: 3,
    views: three.nodes.reduce(
      (views, node) => change(views, node, silent("certificate", "x509: certificate has expired")),
      three.views,
    ),
    want: "certificates",
    hasQuorum: false,
    conditions: { "cp-0": "certificates", "cp-1": "certificates", "cp-2": "certificates" },
  },
  {
    name: "etcdctl missing on one of three",
    size: 3,
    views: change(three.views, "cp-1", silent("tool-missing")),
    want: "tool-failure",
    hasQuorum: true,
    conditions: { "cp-1": "tool-failure" },
  },
  {
    name: "etcdctl missing everywhere",
    size: 3,
    views: three.nodes.reduce((views, node) => change(views, node, silent("tool-missing")), three.views),
    want: "tool-failure",
    hasQuorum: false,
  },
  {
    name: "etcdctl hanging everywhere",
    size: 3,
    views: three.nodes.reduce((views, node) => change(views, node, silent("tool-hung")), three.views),
    want: "tool-failure",
    hasQuorum: false,
  },
  {
    name: "etcdctl printing garbage on two of three",
    size: 3,
    views: change(change(three.views, "cp-1", silent("garbage")), "cp-2", silent("garbage")),
    want: "tool-failure",
    hasQuorum: false,
  },
  {
    name: "access denied to the tool",
    size: 3,
    views: change(three.views, "cp-1", silent("denied")),
    want: "tool-failure",
    conditions: { "cp-1": "tool-failure" },
  },
  {
    name: "etcdctl missing beside a wiped member",
    size: 3,
    views: change(change(three.views, "cp-1", silent("tool-missing")), "cp-2", wiped),
    want: "tool-failure",
    hasQuorum: false,
  },
  {
    name: "nobody reached",
    size: 3,
    views: lose(three.views, "cp-0", "cp-1", "cp-2"),
    want: "unknown",
    evidence: /unreachable/,
  },
  {
    name: "two of three powered off, the third without leader",
    size: 3,
    views: lose(change(three.views, "cp-0", leaderless), "cp-1", "cp-2"),
    want: "quorum-lost",
  },
  {
    name: "two of three powered off, the third stopped",
    size: 3,
    views: lose(change(three.views, "cp-0", stopped), "cp-1", "cp-2"),
    want: "unknown",
  },
  {
    name: "two of three powered off, the third still with a leader",
    size: 3,
    views: lose(three.views, "cp-1", "cp-2"),
    want: "unknown",
    evidence: /voting|unknown/,
  },
  {
    name: "two of three wiped, the third without leader",
    size: 3,
    views: change(change(change(three.views, "cp-0", leaderless), "cp-1", wiped), "cp-2", wiped),
    want: "quorum-lost",
    conditions: { "cp-0": "isolated", "cp-1": "empty", "cp-2": "empty" },
  },
  {
    name: "all three wiped",
    size: 3,
    views: three.nodes.reduce((views, node) => change(views, node, wiped), three.views),
    want: "quorum-lost",
  },
  {
    name: "all three stopped with their data whole",
    size: 3,
    views: three.nodes.reduce((views, node) => change(views, node, stopped), three.views),
    want: "quorum-lost",
  },
  {
    name: "one of two wiped",
    size: 2,
    views: change(change(healthyViews(membership(nodeNames(2)), nodeNames(2)), "cp-0", leaderless), "cp-1", wiped),
    want: "quorum-lost",
  },
  {
    name: "three voters that show different member lists",
    size: 3,
    views: change(
      change(three.views, "cp-1", fields({ members: { kind: "seen", value: [memberOf("cp-1"), memberOf("cp-0")] } })),
      "cp-2",
      fields({ members: { kind: "seen", value: [memberOf("cp-2"), memberOf("cp-0")] } }),
    ),
    want: "unknown",
  },
  {
    name: "a probe without etcd sections on two nodes",
    size: 3,
    views: three.views.map((view) =>
      view.node === "cp-0" ? view : { kind: "unseen" as const, node: view.node, reason: "cut off" },
    ),
    want: "unknown",
  },
  {
    name: "the rebuilt first member of a declared restore",
    size: 3,
    views: rebuiltViews,
    declaration: { restore },
    want: "minority-lost",
    hasQuorum: true,
    conditions: { "cp-1": "empty", "cp-2": "empty" },
  },
  {
    name: "the same member without a declared restore",
    size: 3,
    views: rebuiltViews,
    want: "forked",
    evidence: /no majority/,
  },
  {
    name: "the same member without a declared restore, revision recorded and the others blank",
    size: 3,
    views: rebuiltViews,
    history: recorded(900),
    want: "minority-lost",
    hasQuorum: true,
  },
  {
    name: "a rebuilt member below its snapshot's revision",
    size: 3,
    views: change(rebuiltViews, "cp-0", status({ revision: 4 })),
    declaration: { restore },
    want: "forked",
  },
];

describe("assessEtcd", () => {
  for (const { name, size, views, history, declaration, want, conditions, hasQuorum, evidence } of cases) {
    it(`says ${want} for ${name} (${size} declared)`, () => {
      const { verdict, members, quorum } = assessEtcd(
        declare(size, "systemd", declaration),
        views,
        history ?? noHistory,
      );
      expect(verdict.kind, verdict.summary).to.equal(want);
      const broken = members.filter((member) => member.condition !== "voting");
      if (conditions !== undefined)
        expect(Object.fromEntries(broken.map((member) => [member.node, member.condition]))).to.deep.equal(conditions);
      if (hasQuorum !== undefined) expect(quorum !== undefined).to.equal(hasQuorum);
      if (evidence !== undefined) expect(verdict.evidence.map((item) => item.text).join("\n")).to.match(evidence);
      expect(verdict.summary).to.match(/\S/);
      expect(verdict.evidence.length).to.be.greaterThan(0);
    });
  }

  it("says whether starting what is there brings the quorum back", () => {
    const judge = (views: readonly EtcdNodeView[]) => {
      const { verdict } = assessEtcd(declare(3), views, noHistory);
      return verdict.kind === "quorum-lost" ? [verdict.isConfirmed, verdict.canBeStarted] : verdict.kind;
    };
    const all = three.nodes.reduce((views, node) => change(views, node, stopped), three.views);
    expect(judge(all)).to.deep.equal([true, true]);
    expect(judge(change(all, "cp-2", wiped))).to.deep.equal([true, true]);
    expect(judge(change(change(all, "cp-2", wiped), "cp-1", wiped))).to.deep.equal([true, false]);
    expect(judge(change(all, "cp-2", data({ identity: { clusterId: id(3), memberId: id(4) } })))).to.deep.equal([
      true,
      false,
    ]);
  });

  it("gives the same answer whatever the order of the views", () => {
    const views = change(change(five.views, "cp-3", wiped), "cp-1", hash("666"));
    const [forward, backward] = [views, [...views].reverse()].map((given) => assessEtcd(declare(5), given, noHistory));
    expect(backward).to.deep.equal(forward);
  });
});
