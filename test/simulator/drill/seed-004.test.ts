// Seed 004's two outages: what the log says, in its order, and how the figures follow from the parameters.

import { expect } from "chai";
import type { DrillResult } from "../../../src/model/drill";
import { findDrills, openDrills, playDrill } from "../../../src/simulator/drill";
import { figureOf, play, playAll } from "./drills";

const outages = ["seed-004-outage-1", "seed-004-outage-2"] as const;

const healthAt = (result: DrillResult, service: string, seconds: number): string | undefined =>
  result.lanes
    .find(({ name }) => name === service)
    ?.spans.find(({ fromSeconds, toSeconds }) => fromSeconds <= seconds && seconds < toSeconds)?.health;

describe("the drills of seed 004", () => {
  for (const name of outages) {
    it(`show every line of the log within its minute, in the log's order (${name})`, async () => {
      const { comparison, isRecovered, startsAt } = await play(name);
      expect(comparison.filter(({ agrees }) => !agrees)).to.deep.equal([]);
      expect(isRecovered).to.equal(true);
      expect(comparison.map(({ at }) => at)).to.deep.equal([...comparison.map(({ at }) => at)].sort());
      // Events have a minute of their own; a state is as old as it is.
      const events = comparison.filter(({ says }) => /power|shut|mail|network|servers|cck|everything|done/.test(says));
      const moments = events.map(({ simulatedAt }) => simulatedAt ?? "");
      expect(moments)
        .to.deep.equal([...moments].sort())
        .and.have.length.above(3);
      expect(moments[0]).to.equal(`${startsAt}:00`);
    });
  }

  it("mark what has no modelled cause as given, with the reason, and nothing else", async () => {
    const [first, second] = await playAll("seed-004");
    const given = (result: DrillResult | undefined) =>
      result?.comparison.filter(({ origin }) => origin === "given").map(({ at, because }) => [at, because.length > 40]);
    expect(given(first)).to.deep.equal([
      ["10:29", true],
      ["10:33", true],
      ["10:43", true],
    ]);
    expect(given(second)).to.deep.equal([["15:43", true]]);
    expect([first?.assumptions, second?.assumptions].map((one) => (one ?? []).length > 3)).to.deep.equal([true, true]);
  });

  it("lose 16 VMs, which is beyond the resurrector's brake, so that only cck brings them back", async () => {
    for (const name of outages) {
      const { events, steps } = await play(name);
      expect(events.map(({ id }) => id)).to.include.members(["meltdown", "cck-done", "recovered"]);
      expect(steps.map(({ outcome, message }) => [outcome, message])).to.deep.equal([
        ["done", "16 problems, 0 skipped because none of the resolutions is offered"],
      ]);
    }
  });

  it("have no cause but the given ones: without them the apps and the pushes stay away until cck has come to them", async () => {
    const [file] = findDrills("seed-004-outage-1");
    const text = (file?.text ?? "")
      .split("\n")
      .filter((line) => !line.includes("given:"))
      .join("\n");
    if (file === undefined) throw new Error("no drill");
    const [session] = openDrills({ ...file, text }, { isScripted: true, parameters: {}, seed: undefined });
    if (session === undefined) throw new Error("no session");
    const result = await playDrill(session);
    expect(healthAt(result, "apps", 600)).to.equal("down");
    expect(figureOf(result, "RTO of apps")).to.include({ isMet: false });
    expect(figureOf(result, "RTO of apps").value).to.be.above(1560);
    expect(result.comparison.filter(({ agrees }) => !agrees).map(({ at }) => at)).to.include.members([
      "10:29",
      "10:33",
      "10:43",
    ]);
  });

  it("are the same for the same seed and differ in chance alone for another", async () => {
    const again = await play("seed-004-outage-2");
    expect(await play("seed-004-outage-2")).to.deep.equal(again);
    const other = await play("seed-004-outage-2", { seed: "another" });
    expect(other.events).not.to.deep.equal(again.events);
    expect(other.comparison.filter(({ agrees }) => !agrees)).to.deep.equal([]);
  });

  it("agree with the log whatever chance does", async () => {
    for (const seed of ["1", "2", "3", "4", "5"]) {
      for (const result of await playAll("seed-004", { seed }))
        expect(
          result.comparison.filter(({ agrees }) => !agrees),
          `${result.name} with seed ${seed}`,
        ).to.deep.equal([]);
    }
  }).timeout(60_000);
});

interface Direction {
  readonly parameter: string;
  readonly drill: (typeof outages)[number];
  readonly figure: string;
  readonly low: number;
  readonly high: number;
}

const directions: readonly Direction[] = [
  { parameter: "vmReboot", drill: "seed-004-outage-2", figure: "RTO of vms", low: 30, high: 120 },
  { parameter: "vmReboot", drill: "seed-004-outage-1", figure: "RTO of healthwatch", low: 30, high: 120 },
  { parameter: "diskCheck", drill: "seed-004-outage-2", figure: "RTO of vms", low: 1, high: 60 },
  { parameter: "presenceTtl", drill: "seed-004-outage-2", figure: "RTO of apps-manager", low: 10, high: 120 },
  { parameter: "convergence", drill: "seed-004-outage-2", figure: "RTO of apps-manager", low: 5, high: 300 },
  { parameter: "auction", drill: "seed-004-outage-2", figure: "RTO of apps-manager", low: 1, high: 60 },
  { parameter: "dropletDownload", drill: "seed-004-outage-2", figure: "RTO of apps-manager", low: 5, high: 90 },
  { parameter: "appStart", drill: "seed-004-outage-1", figure: "RTO of apps-manager", low: 5, high: 200 },
  { parameter: "blobstoreCopyAge", drill: "seed-004-outage-1", figure: "RPO of the blobstore", low: 60, high: 7200 },
];

describe("a parameter of the foundation", () => {
  for (const { parameter, drill, figure, low, high } of directions) {
    it(`moves ${figure} up when ${parameter} grows (${drill})`, async () => {
      const value = async (chosen: number) =>
        figureOf(await play(drill, { parameters: { [parameter]: chosen } }), figure).value ?? Number.POSITIVE_INFINITY;
      expect(await value(high)).to.be.above(await value(low));
    });
  }

  it("gives a push a modelled cause to fail until the cells are back: cells that are fuller", async () => {
    const why = async (cellsAllocated: number) => {
      const { lanes } = await play("seed-004-outage-2", { parameters: { cellsAllocated } });
      return lanes
        .find(({ name }) => name === "push")
        ?.spans.map((span) => span.why)
        .join("; ");
    };
    expect(await why(67)).to.match(/no cell has 1024 MB free to stage on/);
    expect(await why(50)).not.to.match(/free to stage on/);
  });

  it("lets VMs start by themselves: nothing is left for cck", async () => {
    const { steps } = await play("seed-004-outage-2", { parameters: { vmsStartWithHost: 1 } });
    expect(steps.map(({ message }) => message)).to.deep.equal([
      "0 problems, 0 skipped because none of the resolutions is offered",
    ]);
  });

  it("delays the mail: a longer silence before an agent counts as gone", async () => {
    const mail = async (agentTimeout: number) =>
      (await play("seed-004-outage-2", { parameters: { agentTimeout } })).events.find(({ id }) => id === "alert")
        ?.atSeconds;
    expect(await mail(300)).to.be.above((await mail(60)) ?? 0);
  });
});

describe("two designs side by side", () => {
  it("lose MySQL's majority with two zones and keep it with three", async () => {
    const [two, three] = await playAll("seed-004-outage-1", {}, "zones");
    const downs = (result: DrillResult | undefined) =>
      result?.lanes.find(({ name }) => name === "database")?.spans.some(({ health }) => health === "down");
    expect([two?.variant, three?.variant]).to.deep.equal(["2 zones", "3 zones"]);
    expect([downs(two), downs(three)]).to.deep.equal([true, false]);
    expect([two?.isRecovered, three?.isRecovered]).to.deep.equal([false, true]);
  });

  it("make no difference by the resurrector when it stands down", async () => {
    const [on, off] = await playAll("seed-004-outage-2", {}, "resurrector");
    expect([on?.variant, off?.variant]).to.deep.equal(["resurrector on", "resurrector off"]);
    expect(on?.figures).to.deep.equal(off?.figures);
    expect(off?.events.some(({ id }) => id === "meltdown")).to.equal(false);
  });
});

describe("the drill with the director in the lost zone", () => {
  it("gets no mail, cannot check until the director is back, and recovers then", async () => {
    const { events, steps, isRecovered } = await play("director-in-the-lost-zone");
    expect(events.filter(({ id, atSeconds }) => id === "alert" && atSeconds < 2400)).to.deep.equal([]);
    expect(steps.map(({ outcome, message }) => [outcome, message])).to.deep.equal([
      ["done", "the address leads to the routers"],
      ["failed", "the director does not answer"],
      ["done", "16 problems, 0 skipped because none of the resolutions is offered"],
    ]);
    expect(isRecovered).to.equal(true);
  });

  it("takes as much longer as the director needs to boot", async () => {
    const recovered = async (directorBoot: number) =>
      figureOf(await play("director-in-the-lost-zone", { parameters: { directorBoot } }), "RTO of vms").value ?? 0;
    expect((await recovered(900)) - (await recovered(300))).to.equal(600);
  });
});
