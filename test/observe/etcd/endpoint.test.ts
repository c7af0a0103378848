// The parsers on what etcd 3.3, 3.4, 3.5 and 3.6 really printed (samples/, made by record-samples.ts).

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { answered, type EtcdAnswer } from "../../../src/model/etcd-observation";
import { explainFailure } from "../../../src/observe/etcd/call-failure";
import {
  parseAlarmList,
  parseEndpointStatus,
  parseHash,
  parseKeyCount,
  parseLinearizableRead,
  parseMemberList,
} from "../../../src/observe/etcd/endpoint";
import { parseToolVersions } from "../../../src/observe/etcd/node-sections";
import type { ToolOutput } from "../../../src/observe/etcd/tool-output";
import { parseWalHead } from "../../../src/observe/etcd/wal-identity";

const folder = join(__dirname, "samples");
type Samples = Readonly<Record<string, Readonly<Record<string, ToolOutput & string>>>>;

function failureOf(answer: EtcdAnswer<unknown>): string {
  return answer.kind === "failed" ? answer.failure : "answered";
}

/** The ids of a recorded status, taken from its text by digits alone. */
function idsIn(output: ToolOutput): readonly string[] {
  const found = /"cluster_id":(\d+),"member_id":(\d+)/.exec(output.stdout);
  return [found?.[1], found?.[2]].map((digits) => BigInt(digits ?? 0).toString(16));
}

for (const file of readdirSync(folder).sort()) {
  const version = file.replace(/\.json$/, "");
  const samples = JSON.parse(readFileSync(join(folder, file), "utf8")) as Samples;
  const sample = (scenario: string, section: string): ToolOutput => {
    const found = samples[scenario]?.[section];
    if (found === undefined) throw new Error(`no sample ${scenario} ${section} of ${version}`);
    return found;
  };
  const hasLearners = !version.startsWith("3.3");

  describe(`parsers of etcd ${version}`, () => {
    it("keep every digit of cluster, member and leader ids", () => {
      const status = answered(parseEndpointStatus(sample("healthy", "etcd-status")));
      const members = answered(parseMemberList(sample("healthy", "etcd-members"))) ?? [];
      expect([status?.clusterId, status?.memberId]).to.deep.equal(idsIn(sample("healthy", "etcd-status")));
      expect(members.map((member) => member.id)).to.include.members([status?.memberId, status?.leaderId]);
      expect(status?.version).to.equal(version);
    });

    it("read three started voters with names and addresses", () => {
      const members = answered(parseMemberList(sample("healthy", "etcd-members"))) ?? [];
      expect(members.map((member) => member.name).sort()).to.deep.equal(["cp-0", "cp-1", "cp-2"]);
      expect(members.every((member) => member.peerUrls.length === 1 && !member.isLearner)).to.equal(true);
    });

    it("read revision, ten keys and no alarm of a healthy endpoint", () => {
      expect(answered(parseEndpointStatus(sample("healthy", "etcd-status")))?.revision).to.equal(11);
      expect(answered(parseKeyCount(sample("healthy", "etcd-keys")))).to.equal(10);
      expect(answered(parseAlarmList(sample("healthy", "etcd-alarms")))).to.deep.equal([]);
      expect(answered(parseLinearizableRead(sample("healthy", "etcd-read")))).to.deep.equal({ revision: 11 });
    });

    it("bind the hash to its revision and find it equal on a peer", () => {
      const [own, peer] = ["healthy", "healthy-peer"].map((scenario) =>
        answered(parseHash(sample(scenario, "etcd-hash"))),
      );
      expect(own?.revision).to.equal(11);
      expect(own?.compactRevision).to.equal(0);
      expect(own?.hash)
        .to.match(/^[0-9]+$/)
        .and.equal(peer?.hash);
    });

    it("see an added member that never started by its empty name", () => {
      const members = answered(parseMemberList(sample("added", "etcd-members"))) ?? [];
      const added = members.find((member) => member.name === "");
      expect(added?.isLearner).to.equal(hasLearners);
      expect(added?.clientUrls).to.deep.equal([]);
    });

    it("see a joined member as learner where the version has learners", () => {
      const status = answered(parseEndpointStatus(sample("joined", "etcd-status")));
      expect(status?.isLearner).to.equal(hasLearners);
      expect(failureOf(parseMemberList(sample("joined", "etcd-members")))).to.equal(
        hasLearners ? "learner" : "answered",
      );
    });

    it("see no leader and no linearizable read without quorum, yet status, keys and hash", () => {
      const status = answered(parseEndpointStatus(sample("no-quorum", "etcd-status")));
      expect(status?.leaderId).to.equal(undefined);
      expect(status?.revision).to.equal(11);
      expect(failureOf(parseLinearizableRead(sample("no-quorum", "etcd-read")))).to.be.oneOf([
        "no-answer",
        "no-leader",
      ]);
      expect(answered(parseKeyCount(sample("no-quorum", "etcd-keys")))).to.equal(10);
      expect(answered(parseHash(sample("no-quorum", "etcd-hash")))?.revision).to.equal(11);
    });

    it("say refused when no process listens", () => {
      expect(explainFailure(sample("stopped", "etcd-status"))?.failure).to.equal("refused");
      // 3.4 sometimes leaves the reason out of the others and says only that its deadline passed.
      for (const section of ["etcd-members", "etcd-alarms", "etcd-read", "etcd-keys", "etcd-hash"])
        expect(explainFailure(sample("stopped", section))?.failure, section).to.be.oneOf(["refused", "no-answer"]);
    });

    it("see a NOSPACE alarm with the member that raised it", () => {
      const status = answered(parseEndpointStatus(sample("full", "etcd-status")));
      expect(answered(parseAlarmList(sample("full", "etcd-alarms")))).to.deep.equal([
        { memberId: status?.memberId, alarm: "NOSPACE" },
      ]);
    });

    it("tell whose data a write-ahead log holds", () => {
      const [clusterId, memberId] = idsIn(sample("healthy", "etcd-status"));
      expect(parseWalHead(String(samples.data?.["wal-head"]))).to.deep.equal({ memberId, clusterId });
    });

    it("read the versions of the tools that are there", () => {
      const hasUtility = version.startsWith("3.5") || version.startsWith("3.6");
      expect(parseToolVersions(sample("tool", "etcd-tool"))).to.deep.equal({
        etcdctl: version,
        server: version,
        ...(hasUtility ? { etcdutl: version } : {}),
      });
      expect(explainFailure(sample("missing-tool", "etcd-status"))?.failure).to.equal("tool-missing");
    });
  });
}

describe("parsers on what is no answer", () => {
  const output = (change: Partial<ToolOutput>): ToolOutput => ({
    stdout: "",
    stderr: "",
    exitCode: 0,
    timedOut: false,
    ...change,
  });
  const cases = [
    { name: "nothing printed", given: output({}), want: "garbage" },
    { name: "text in place of JSON", given: output({ stdout: "OK\n" }), want: "garbage" },
    { name: "JSON cut off", given: output({ stdout: '[{"Endpoint":"x","Status":{' }), want: "garbage" },
    { name: "an empty list", given: output({ stdout: "[]\n" }), want: "garbage" },
    {
      name: "an id that is no number",
      given: output({ stdout: '[{"Status":{"header":{"cluster_id":"x"}}}]' }),
      want: "garbage",
    },
    { name: "a deadline passed", given: output({ exitCode: undefined, timedOut: true }), want: "tool-hung" },
    {
      name: "a missing tool",
      given: output({ exitCode: 127, stderr: "sh: etcdctl: not found" }),
      want: "tool-missing",
    },
    {
      name: "a foreign authority",
      given: output({ exitCode: 1, stderr: "x509: certificate signed by unknown authority" }),
      want: "certificate",
    },
    {
      name: "rights withheld",
      given: output({ exitCode: 1, stderr: "Error: etcdserver: permission denied" }),
      want: "denied",
    },
    { name: "words never seen", given: output({ exitCode: 3, stderr: "Error: etcdserver: gremlins" }), want: "other" },
    { name: "no section at all", given: undefined, want: "not-asked" },
  ];
  for (const { name, given, want } of cases) {
    it(`answer ${want} for ${name}`, () => {
      expect(failureOf(parseEndpointStatus(given))).to.equal(want);
    });
  }

  it("refuse a member list in which one member cannot be read", () => {
    const given = output({ stdout: '{"members":[{"ID":1,"name":"a"},{"name":"b"}]}' });
    expect(failureOf(parseMemberList(given))).to.equal("garbage");
  });

  it("leave a hash without revision when the store moved while it was made", () => {
    const status = (revision: number) =>
      `[{"Status":{"header":{"cluster_id":1,"member_id":2,"revision":${revision}},"version":"3.4.23","dbSize":1,"raftIndex":1,"raftTerm":1}}]`;
    const hash = '[{"HashKV":{"header":{},"hash":77,"compact_revision":5}}]';
    const given = output({ stdout: [status(8), hash, status(9)].join("\n") });
    expect(answered(parseHash(given))).to.deep.equal({ hash: "77", compactRevision: 5 });
  });
});
