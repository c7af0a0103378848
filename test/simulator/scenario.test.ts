import { expect } from "chai";
import { isRecoveryError } from "../../src/model/errors";
import { durationSeconds, parseScenario, secondsUntil } from "../../src/simulator/scenario";

const text = `
version: 1
name: one-wiped
title: One member of three lost its data.
startsAt: "23:50"
topology: {kind: etcd, runner: monit, members: 3, version: 3.4.23}
faults:
  - {at: "00:05", fault: {kind: etcd-data-wiped, node: cp-1}}
  - {at: 90s, fault: {kind: links-cut, node: cp-0, peers: [cp-2]}}
end: {kind: restored}
`;

const problemsOf = (changed: string): readonly string[] => {
  try {
    parseScenario(changed, "file.yaml");
  } catch (error) {
    if (isRecoveryError(error)) return [error.message, ...error.problems];
    throw error;
  }
  return [];
};

describe("parseScenario", () => {
  it("reads what stands, what goes wrong and when, and fills in what is left out", () => {
    const scenario = parseScenario(text, "file.yaml");
    expect(scenario.topology).to.include({ kind: "etcd", runner: "monit", joining: 0 });
    expect(scenario.declaration).to.deep.equal({ repairSeveral: false });
    expect(scenario.faults.map(({ at }) => secondsUntil(at, scenario.startsAt))).to.deep.equal([900, 90]);
  });

  it("names every mistake with its path, all at once", () => {
    const wrong = text.replace("members: 3", "members: 30").replace("etcd-data-wiped", "etcd-data-gone");
    expect(problemsOf(wrong).join("\n"))
      .to.match(/topology.members: /)
      .and.match(/faults.0.fault.kind: /);
  });

  it("refuses a time of day when nothing says when the scenario begins", () => {
    expect(problemsOf(text.replace('startsAt: "23:50"', "")).join()).to.match(/startsAt: must say/);
  });

  it("says in one sentence that a file is not YAML", () => {
    expect(problemsOf("a: [").join()).to.match(/^file.yaml is not YAML/);
  });
});

describe("durationSeconds", () => {
  it("adds hours, minutes and seconds", () => {
    expect(["1h30m", "90s", "2m5s"].map(durationSeconds)).to.deep.equal([5400, 90, 125]);
  });
});
