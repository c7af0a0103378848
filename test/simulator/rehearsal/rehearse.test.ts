import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { planWorld } from "../../../src/simulator/rehearsal/etcd-subject";
import { Runner } from "../../../src/simulator/rehearsal/run-to-end";
import { sceneOf } from "../../../src/simulator/rehearsal/scenario-subject";
import { rehearse } from "../../../src/simulator/rehearsal/search";
import { describeRehearsal } from "../../../src/simulator/rehearsal/words";
import { parseScenario, type Scenario, scenarioSchema } from "../../../src/simulator/scenario";
import { chooseCases } from "../../matrix";

const folder = path.join(__dirname, "../../scenarios/rehearse");
const kept = fs
  .readdirSync(folder)
  .sort()
  .map((file) => parseScenario(fs.readFileSync(path.join(folder, file), "utf8"), file));

function rehearsed(scenario: Scenario) {
  const { subject, world } = sceneOf(scenario);
  return rehearse(subject, world);
}

describe("rehearse, on the kept scenarios", function () {
  this.timeout(120_000);

  for (const scenario of kept) {
    it(`${scenario.name}: ends as it says, and no prefix with one more fault breaks a rule`, () => {
      const { subject, world } = sceneOf(scenario);
      const { end } = new Runner(subject, world).run(world);
      expect(end.kind, JSON.stringify(end.reasons)).to.equal(scenario.end?.kind);
      if (scenario.end?.kind === "refused") expect(end.reasons).to.deep.equal(scenario.end.reasons);
      const rehearsal = rehearse(subject, world);
      expect(rehearsal.failures.length, describeRehearsal(rehearsal).join("\n")).to.equal(0);
      expect(rehearsal.cases).to.be.above(rehearsal.points.length);
    });
  }

  it("writes down what is known of bad data before anything else, while another member is down", () => {
    const scenario = kept.find((one) => one.name === "corrupt-beside-wiped");
    if (scenario === undefined) throw new Error("no such scenario");
    const { subject, world } = sceneOf(scenario);
    const [first] = planWorld(subject, world).steps;
    expect([first?.kind, first?.node]).to.deep.equal(["etcdCondemnData", "cp-3"]);
  });

  it("says how many acknowledged writes a restore from a backup gives up", () => {
    const scenario = kept.find((one) => one.name === "all-lost");
    if (scenario === undefined) throw new Error("no such scenario");
    expect(rehearsed(scenario).lostRevisions).to.be.at.least(60);
    expect(describeRehearsal(rehearsed(scenario)).join("\n")).to.match(/gives up \d+ acknowledged revisions/);
  });
});

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly scenario: Scenario;
}

const matrix: readonly Case[] = ["monit", "systemd", "static-pod"].flatMap((runner) =>
  ["3.3.27", "3.4.23", "3.5.21", "3.6.5"].flatMap((version) =>
    [1, 3, 5, 7].flatMap((members) =>
      [
        "etcd-data-wiped",
        "disk-lost",
        "etcd-data-damaged",
        "etcd-data-corrupt",
        "etcd-stopped",
        "etcd-full",
        "power-lost",
      ].map(
        (fault): Case => ({
          name: `${members} members, ${runner}, etcd ${version}, ${fault}`,
          kind: `${members} ${fault}`,
          scenario: scenarioSchema.parse({
            version: 1,
            name: "matrix",
            title: "One fault.",
            topology: { kind: "etcd", runner, members, version },
            faults: [{ at: "0s", fault: { kind: fault, node: "cp-0" } }],
          }),
        }),
      ),
    ),
  ),
);

describe("rehearse, on one fault of each kind and size", function () {
  this.timeout(300_000);

  for (const { name, scenario } of chooseCases("rehearsals", matrix, (one) => one.kind))
    it(name, () => {
      const rehearsal = rehearsed(scenario);
      expect(rehearsal.failures.length, describeRehearsal(rehearsal).join("\n")).to.equal(0);
    });
});

describe("rehearse", function () {
  this.timeout(60_000);

  it("gives the same result for the same scene", () => {
    const [scenario] = kept;
    if (scenario === undefined) throw new Error("nothing is kept");
    const [a, b] = [rehearsed(scenario), rehearsed(scenario)];
    expect([a.cases, a.plans, [...a.ends]]).to.deep.equal([b.cases, b.plans, [...b.ends]]);
  });
});
