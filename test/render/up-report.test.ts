// A real run as a report: what it tells of a run that ended, one that was cut off, and one that had nothing to do.

import { expect } from "chai";
import type { RunEntry } from "../../src/model/run-record";
import { reportOfUp } from "../../src/render/up-report";
import { recordedRun, threeTroubles } from "../provider/recorded-run";
import { upRun } from "./up-runs";

describe("the report of a real up", () => {
  it("shows the nodes before and after, each over time, and when each was well again", async () => {
    const report = reportOfUp(await upRun());
    expect(report.topologies.map(({ caption }) => caption)).to.deep.equal(["Before", "After"]);
    const count = (index: number) =>
      report.topologies[index]?.places.map(({ items }) => items.filter(({ health }) => health === "up").length);
    expect([count(0), count(1)]).to.deep.equal([
      [6, 6, 0],
      [7, 7, 0],
    ]);
    const healths = report.lanes.map(({ name, spans }) => [name, spans.map(({ health }) => health)]);
    expect(healths).to.deep.equal([
      ["cp-0", ["partial", "up"]],
      ["cp-1", ["partial", "up"]],
      ["cp-2", ["down"]],
    ]);
    // The record begins 4 s after the run, and goes on by the clock of the world.
    expect(report.lanes[0]?.spans[0]?.fromSeconds).to.be.closeTo(4, 0.01);
    expect(report.lanes[0]?.spans[1]?.fromSeconds).to.be.above(10);
  });

  it("shows every step with its command and outcome, those of other resources too, in order of time", async () => {
    const { steps } = reportOfUp(await upRun());
    expect(steps.map(({ where, outcome }) => [where, outcome])).to.have.deep.members([
      ["cp-1", "done"],
      ["cp-0", "done"],
      ["smoke", "done"],
    ]);
    expect(steps.map(({ atSeconds }) => atSeconds)).to.deep.equal(
      steps.map(({ atSeconds }) => atSeconds).sort((a, b) => (a ?? 0) - (b ?? 0)),
    );
    expect(
      steps.filter(({ where }) => where !== "smoke").every(({ command }) => command?.includes("# effect:")),
    ).to.equal(true);
  });

  it("says what was refused with the next safe step, and that not all is as declared", async () => {
    const report = reportOfUp(await upRun());
    expect(report.isGood).to.equal(false);
    const refused = report.tables.find(({ title }) => title === "Refused");
    expect(refused?.rows[0]?.slice(0, 2)).to.deep.equal(["node-unreachable", "cp-2"]);
    expect(refused?.rows[0]?.[3]).to.match(/make the node reachable/);
    expect(report.notes.find(({ title }) => title === "Not as declared")?.lines[0]).to.match(/cp-2 is unreachable/);
  });

  it("says since when all is up when all is", async () => {
    const { entries } = await recordedRun(threeTroubles.slice(0, 2));
    const report = reportOfUp(await upRun({ records: [entries], hasSucceeded: true, messages: [] }));
    expect(report.isGood).to.equal(true);
    expect(report.summary).to.match(/^All is as declared after /);
    expect(report.figures.find(({ name }) => name === "All up again")?.value).to.match(/^after \d+s$/);
  });

  it("tells a run that was cut off as far as it went, and does not call it good", async () => {
    const run = await upRun({ hasSucceeded: true });
    const [record = []] = run.records;
    const started = record.findIndex(({ kind }) => kind === "step-started");
    const report = reportOfUp({ ...run, records: [record.slice(0, started + 1)] });
    expect(report.isGood).to.equal(false);
    expect(report.steps[0]).to.deep.include({ outcome: "running", seconds: undefined });
    expect(report.notes.map(({ title }) => title)).to.include("Cut off");
  });

  it("follows a refresh by a repair of the same resource as one resource", async () => {
    const { entries } = await recordedRun(threeTroubles);
    const [began] = entries;
    if (began?.kind !== "began") throw new Error("no record");
    const look = entries.find(({ kind }) => kind === "seen") as RunEntry;
    const read: readonly RunEntry[] = [{ ...began, phase: "read", wallMs: began.wallMs - 2000 }, look];
    const report = reportOfUp(await upRun({ records: [[...read, ...entries]], startedAtMs: began.wallMs - 4000 }));
    expect(report.lanes.map(({ name }) => name)).to.deep.equal(["cp-0", "cp-1", "cp-2"]);
    expect(report.lanes[0]?.spans[0]?.fromSeconds).to.be.closeTo(2, 0.01);
  });

  it("is a page without charts and topology for a stack whose resources leave no record", async () => {
    const report = reportOfUp(await upRun({ records: [], hasSucceeded: true, messages: [] }));
    expect([report.lanes, report.topologies, report.isGood]).to.deep.equal([[], [], true]);
    expect(report.tables[0]?.rows.map(([name]) => name)).to.deep.equal(["control-plane", "smoke"]);
  });
});
