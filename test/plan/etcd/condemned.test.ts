// A member whose data was condemned, and what it takes to call it sound again: hashes that can be compared.

import { expect } from "chai";
import type { EtcdHash } from "../../../src/model/etcd-observation";
import type { EtcdNodeView } from "../../../src/model/etcd-verdict";
import { compareHashes } from "../../../src/plan/etcd/corruption";
import { assessEtcd } from "../../../src/plan/etcd/verdict";
import { change, data, declare, fields, healthyViews, membership, nodeNames, noHistory, status } from "./builders";

const nodes = nodeNames(3);
const three = healthyViews(membership(nodes), nodes);
const hash = (value: string, revision = 1000, more: Partial<EtcdHash> = {}) =>
  fields({ hash: { kind: "seen", value: { hash: value, revision, compactRevision: 900, ...more } } });
const condemned = data({ isCondemned: true });
const lagging = [status({ revision: 999 }), hash("777", 999)] as const;
const withEarlier = (hashes: readonly [string, string, string]): readonly EtcdNodeView[] =>
  nodes.reduce(
    (views, node, index) =>
      change(
        views,
        node,
        status({ revision: 1000 + index }),
        hash(`${index}`, 1000 + index, { earlier: { hash: hashes[index] ?? "", revision: 901 } }),
      ),
    three,
  );

interface Case {
  readonly title: string;
  readonly views: readonly EtcdNodeView[];
  readonly want: readonly [verdict: string, condition: string];
}

const cases: readonly Case[] = [
  {
    title: "keeps a condemned member that answers, and whose hash is of another revision than its peers'",
    views: change(three, "cp-2", condemned, ...lagging),
    want: ["minority-lost", "condemned"],
  },
  {
    title: "keeps a condemned member whose hash could not be had",
    views: change(three, "cp-2", condemned, fields({ hash: { kind: "failed", failure: "no-answer", message: "" } })),
    want: ["minority-lost", "condemned"],
  },
  {
    title: "keeps a condemned member whose hash was equal at an earlier revision only",
    views: change(withEarlier(["8", "8", "8"]), "cp-2", condemned),
    want: ["minority-lost", "condemned"],
  },
  {
    title: "keeps a condemned member that agrees with nobody but another condemned one",
    views: change(change(change(three, "cp-2", condemned), "cp-1", condemned), "cp-0", hash("4242", 1001)),
    want: ["minority-lost", "condemned"],
  },
  {
    title: "calls a condemned member sound once its hash is a peer's at one revision",
    views: change(three, "cp-2", condemned),
    want: ["healthy", "voting"],
  },
  {
    title: "finds the one whose data differed at an earlier revision, where the newest hashes are of three revisions",
    views: withEarlier(["8", "8", "9"]),
    want: ["corrupt", "corrupt"],
  },
  {
    title: "finds nothing wrong where the earlier hashes are equal",
    views: withEarlier(["8", "8", "8"]),
    want: ["healthy", "voting"],
  },
  {
    title: "says that nobody has a majority where all earlier hashes differ",
    views: withEarlier(["7", "8", "9"]),
    want: ["corrupt", "voting"],
  },
  {
    title: "compares no hashes of different compactions",
    views: change(withEarlier(["8", "8", "9"]), "cp-2", hash("2", 1002, { compactRevision: 950 })),
    want: ["healthy", "voting"],
  },
];

describe("assessEtcd, of data that was condemned or cannot be compared at the newest revision", () => {
  for (const { title, views, want } of cases)
    it(title, () => {
      const { verdict, members } = assessEtcd(declare(3), views, noHistory);
      expect([verdict.kind, members.find(({ node }) => node === "cp-2")?.condition]).to.deep.equal(want);
    });

  it("takes hashes that are equal at an earlier revision for no proof that they are equal now", () => {
    const views = withEarlier(["8", "8", "8"]);
    const { quorum } = assessEtcd(declare(3), views, noHistory);
    if (quorum === undefined) throw new Error("no quorum");
    expect(compareHashes(views, quorum)).to.deep.include({ isCompared: true, isProvenEqual: false, sound: [] });
    expect(compareHashes(three, quorum)).to.deep.include({ isCompared: true, isProvenEqual: true, sound: nodes });
  });
});
