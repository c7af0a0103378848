// What vouches for a cluster that says by itself that it is the one: what was recorded, and under which word.

import { expect } from "chai";
import type { EtcdHistory, EtcdNodeView } from "../../../src/model/etcd-verdict";
import { bootstrapClusterId, bootstrapMemberId } from "../../../src/plan/etcd/cluster-id";
import { assessEtcd } from "../../../src/plan/etcd/verdict";
import {
  type Change,
  change,
  data,
  declare,
  fields,
  healthyViews,
  id,
  memberOf,
  membership,
  nodeNames,
  noHistory,
  observed,
  peerUrl,
  status,
  stopped,
  voterEtcd,
  wiped,
} from "./builders";

const source = { kind: "survivor", node: "cp-0" };
const restore = { name: "night-one", source };
const restoreToken = "quorate-night-one";
const rebuiltId = bootstrapClusterId([peerUrl("cp-0")], restoreToken);
const rebuilt = membership(["cp-0"], {
  clusterId: rebuiltId,
  members: [memberOf("cp-0", { id: bootstrapMemberId(peerUrl("cp-0"), restoreToken) })],
  revision: 950,
});
const blank = nodeNames(3).reduce(
  (views, node) => change(views, node, wiped),
  healthyViews(membership(nodeNames(3)), nodeNames(3)),
);
const rebuiltViews = (...changes: readonly Change[]): readonly EtcdNodeView[] =>
  blank.map((view) =>
    view.node === "cp-0"
      ? observed(
          "cp-0",
          changes.reduce((etcd, make) => make(etcd), voterEtcd(rebuilt, "cp-0")),
        )
      : view,
  );
const saved = (revision: number): Change =>
  fields({
    snapshots: [
      {
        path: "/var/lib/quorate/snapshots/restore-night-one.db",
        bytes: 1,
        takenAtSeconds: 0,
        sha256: "a".repeat(64),
        isVerified: true,
        revision,
        totalKeys: 1,
      },
    ],
  });
const at = (revision: number) => status({ revision });
const recorded = (lastRevision: number, more: Partial<EtcdHistory> = {}): EtcdHistory => ({
  ...noHistory,
  lastRevision,
  ...more,
});

interface Case {
  readonly title: string;
  readonly views: readonly EtcdNodeView[];
  readonly history?: EtcdHistory;
  readonly declaration: object;
  readonly size: number;
  readonly isFound: boolean;
}

const alone = (revision: number) => change(healthyViews(membership(["cp-0"]), ["cp-0"]), "cp-0", at(revision));
const two = membership(["cp-0", "cp-1"], { revision: 1000 });
const twoOfFour = (others: Change): readonly EtcdNodeView[] =>
  ["cp-2", "cp-3"].reduce<readonly EtcdNodeView[]>(
    (views, node) => change(views, node, others),
    healthyViews(membership(nodeNames(4)), nodeNames(4)).map((view) =>
      two.members.some(({ name }) => name === view.node) ? observed(view.node, voterEtcd(two, view.node)) : view,
    ),
  );
const damaged: Change = (etcd) => {
  const { identity: _gone, ...rest } = stopped(etcd).data;
  return { ...stopped(etcd), data: { ...rest, state: "incomplete" } };
};

const cases: readonly Case[] = [
  ...[true, false].map((isFound) => ({
    title: `a rebuilt cluster ${isFound ? "at" : "below"} the revision that was recorded of it`,
    views: rebuiltViews(),
    history: recorded(isFound ? 950 : 951, { lastClusterId: rebuiltId }),
    declaration: { restore },
    size: 3,
    isFound,
  })),
  {
    title: "a rebuilt cluster below what was recorded of the one that it replaced",
    views: rebuiltViews(),
    history: recorded(2000, { lastClusterId: id(77) }),
    declaration: { restore },
    size: 3,
    isFound: true,
  },
  {
    title: "a rebuilt cluster of which nothing was recorded yet",
    views: rebuiltViews(),
    history: recorded(2000),
    declaration: { restore },
    size: 3,
    isFound: true,
  },
  ...[true, false].map((isFound) => ({
    title: `a rebuilt cluster ${isFound ? "at" : "below"} the snapshot of the survivor that lies on its node`,
    views: rebuiltViews(saved(isFound ? 950 : 951)),
    declaration: { restore },
    size: 3,
    isFound,
  })),
  {
    title: "a rebuilt cluster beside a file of that name that another node was the source of before",
    views: change(rebuiltViews(saved(950)), "cp-1", saved(2000)),
    declaration: { restore },
    size: 3,
    isFound: true,
  },
  {
    title: "an empty store under the name of a restore from a survivor",
    views: rebuiltViews(at(1)),
    declaration: { restore },
    size: 3,
    isFound: false,
  },
  {
    title: "a rebuilt cluster beside a stopped member of it that holds more",
    views: change(
      rebuiltViews(),
      "cp-1",
      data({
        state: "present",
        identity: { clusterId: rebuiltId, memberId: id(8) },
        offline: { revision: 960, totalKeys: 9 },
      }),
    ),
    declaration: { restore },
    size: 3,
    isFound: false,
  },
  {
    title: "a single member below what was recorded, at the revision that is accepted",
    views: alone(40),
    history: recorded(1000),
    declaration: { acceptRevision: 40 },
    size: 1,
    isFound: true,
  },
  ...[true, false].map((isFound) => ({
    title: `a single member ${isFound ? "at" : "below"} what was recorded under the word that is still declared`,
    views: alone(isFound ? 500 : 40),
    history: recorded(500, { acceptedRevision: 40 }),
    declaration: { acceptRevision: 40 },
    size: 1,
    isFound,
  })),
  {
    title: "a single member below what was recorded, by another word than the one that was used up",
    views: alone(40),
    history: recorded(500, { acceptedRevision: 39 }),
    declaration: { acceptRevision: 40 },
    size: 1,
    isFound: true,
  },
  {
    title: "two of four declared members beside data that cannot be started",
    views: twoOfFour(damaged),
    history: recorded(1000),
    declaration: {},
    size: 4,
    isFound: true,
  },
  {
    title: "two of four declared members beside data that cannot be started, nothing recorded",
    views: twoOfFour(damaged),
    declaration: {},
    size: 4,
    isFound: false,
  },
  {
    title: "one of three declared members beside data that cannot be started",
    views: ["cp-1", "cp-2"].reduce<readonly EtcdNodeView[]>(
      (views, node) => change(views, node, damaged),
      healthyViews(membership(nodeNames(3)), nodeNames(3)).map((view) =>
        view.node === "cp-0" ? observed("cp-0", voterEtcd(membership(["cp-0"]), "cp-0")) : view,
      ),
    ),
    history: recorded(1000),
    declaration: {},
    size: 3,
    isFound: false,
  },
];

describe("the quorum that is found", () => {
  for (const { title, views, history, declaration, size, isFound } of cases)
    it(`${isFound ? "is" : "is not"} ${title}`, () => {
      const { quorum, verdict } = assessEtcd(declare(size, "systemd", declaration), views, history ?? noHistory);
      expect(quorum !== undefined, verdict.summary).to.equal(isFound);
      if (!isFound) expect(verdict.kind).to.be.oneOf(["forked", "unknown"]);
    });
});
