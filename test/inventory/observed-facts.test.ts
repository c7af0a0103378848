import { expect } from "chai";
import { factsFromAssessment } from "../../src/inventory/observed-facts";
import { parseHexId } from "../../src/model/etcd-member-id";
import type { EtcdMember, EtcdObservation } from "../../src/model/etcd-observation";
import type { EtcdAssessment, EtcdCondition, EtcdMemberState, EtcdNodeView } from "../../src/model/etcd-verdict";

function id(text: string) {
  return parseHexId(text) ?? expect.fail(`${text} is no id`);
}

function entry(index: number): EtcdMember {
  const url = `https://10.0.0.${index}:2380`;
  return { id: id(`a${index}`), name: `etcd${index}`, peerUrls: [url], clientUrls: [], isLearner: false };
}

function observation(index: number, more: Partial<EtcdObservation> = {}): EtcdObservation {
  const failed = { kind: "failed", failure: "not-asked", message: "" } as const;
  return {
    tools: { etcdctl: "3.5.21" },
    status: {
      kind: "seen",
      value: {
        clusterId: id("c"),
        memberId: id(`a${index}`),
        version: "3.5.21",
        revision: 100 + index,
        raftTerm: 2,
        raftIndex: 200 + index,
        dbSizeBytes: 1,
        isLearner: false,
        errors: [],
      },
    },
    members: { kind: "seen", value: [entry(1), entry(2), entry(3)] },
    alarms: failed,
    read: failed,
    keyCount: failed,
    hash: failed,
    data: {
      directory: "/var/lib/etcd",
      state: "present",
      isDeletedUnderProcess: false,
      isCondemned: false,
      detail: "",
    },
    service: { state: "running", isPaused: false, hasProcess: true, detail: "" },
    definition: { state: "in-place", isForcingNewCluster: false },
    certificates: [],
    snapshots: [],
    writers: [],
    logTail: [],
    ...more,
  };
}

function view(index: number, more?: Partial<EtcdObservation>): EtcdNodeView {
  return { kind: "observed", node: `cp${index}`, timeSeconds: 0, etcd: observation(index, more) };
}

function member(index: number, condition: EtcdCondition, listed: EtcdMember | undefined): EtcdMemberState {
  const node = `cp${index}`;
  return { node, name: `declared${index}`, condition, entry: listed, isLeader: false, isCounted: false, evidence: [] };
}

function assessment(verdict: EtcdAssessment["verdict"], members: readonly EtcdMemberState[]): EtcdAssessment {
  return { verdict, quorum: undefined, members, strays: [] };
}

const lost = { kind: "quorum-lost", isConfirmed: true, canBeStarted: false, summary: "", evidence: [] } as const;

describe("factsFromAssessment", () => {
  it("takes the broken member from the quorum's list while the quorum is kept", () => {
    const quorum = {
      clusterId: id("c"),
      leaderId: id("a1"),
      members: [],
      nodes: [],
      revision: 1,
      version: "3.5.21",
      alarms: [],
      isRestored: false,
    };
    const kept = { kind: "minority-lost", quorum, summary: "", evidence: [] } as const;
    const members = [member(1, "voting", entry(1)), member(2, "stopped", entry(2)), member(3, "unreachable", entry(3))];
    const views: readonly EtcdNodeView[] = [
      view(1),
      view(2),
      { kind: "unreachable", node: "cp3", reason: "no answer" },
    ];
    const plane = [{ host: "cp3", isBroken: undefined, apiServerAnswers: undefined }];
    const facts = factsFromAssessment(assessment(kept, members), views, plane, "host");
    expect(
      facts.hosts.map((host) => [host.host, host.isReachable, host.isHealthyVoter, host.member?.name]),
    ).to.deep.equal([
      ["cp1", true, true, "etcd1"],
      ["cp2", true, false, "etcd2"],
      ["cp3", false, false, "etcd3"],
    ]);
    expect(facts.hosts[2]?.member).to.deep.equal({ id: "a3", name: "etcd3", peerUrl: "https://10.0.0.3:2380" });
  });

  it("counts whole but isolated or stopped members as survivors when the quorum is lost, with their own names", () => {
    const members = [member(1, "isolated", undefined), member(2, "empty", undefined), member(3, "stopped", undefined)];
    const down = { kind: "failed", failure: "refused", message: "" } as const;
    const identity = { clusterId: id("c"), memberId: id("a3") };
    const data = { ...observation(3).data, identity, offline: { revision: 77, totalKeys: 5 } };
    const views = [view(1), view(2, { status: down, members: down }), view(3, { status: down, members: down, data })];
    const facts = factsFromAssessment(
      assessment(lost, members),
      views,
      [{ host: "w1", isBroken: true, apiServerAnswers: false }],
      "host",
    );
    expect(facts.verdict).to.equal("quorum-lost");
    expect(facts.hosts.map((host) => host.isHealthyVoter)).to.deep.equal([true, false, true, false]);
    expect(facts.hosts[0]).to.deep.include({ raftIndex: 201n, revision: 101n, etcdVersion: "3.5.21" });
    expect(facts.hosts[2]).to.deep.include({ raftIndex: undefined, revision: 77n });
    expect(facts.hosts[3]).to.deep.include({ host: "w1", isControlPlaneBroken: true, apiServerAnswers: false });
  });

  it("says when a lost quorum only has to be started", () => {
    expect(factsFromAssessment(assessment({ ...lost, canBeStarted: true }, []), [], [], "host").canBeStarted).to.equal(
      true,
    );
  });
});
