// The drills of etcd: how each ends, what it says to the operator, and that it is the same again.

import { expect } from "chai";
import { listDrills } from "../../../src/simulator/drill";
import { figureOf, play, playAll } from "./drills";

interface Ending {
  readonly name: string;
  readonly isRecovered: boolean;
  /** Events by id, in this order. */
  readonly tells: readonly string[];
  readonly missed: readonly string[];
}

const endings: readonly Ending[] = [
  {
    name: "lost-one-master",
    isRecovered: true,
    tells: ["looked", "etcdSaveSnapshot", "etcdRemoveMember", "etcdArchiveData", "etcdAddMember", "recovered"],
    missed: [],
  },
  {
    name: "lost-two-masters",
    isRecovered: true,
    tells: ["writes-down", "etcdStopWriters", "etcdRestoreSnapshot", "writes-up", "redundancy-up", "recovered"],
    missed: [],
  },
  {
    name: "lost-two-masters-refused",
    isRecovered: false,
    tells: ["writes-down", "etcd-quorum-lost", "given-up"],
    missed: ["RTO of writes"],
  },
  {
    name: "lost-all-masters",
    isRecovered: true,
    tells: ["writes-down", "looked", "etcdDeliverSnapshot", "etcdRestoreSnapshot", "writes-up", "recovered"],
    missed: [],
  },
  { name: "forked-etcd", isRecovered: true, tells: ["looked", "etcdStopMember", "etcdArchiveData"], missed: [] },
  { name: "full-disk", isRecovered: true, tells: ["disk-full", "etcd-disk-full", "disk-freed"], missed: [] },
  { name: "full-database", isRecovered: true, tells: ["writes-down", "etcdCompact", "etcdDisarmAlarms"], missed: [] },
  {
    name: "certificates-expired",
    isRecovered: true,
    tells: ["writes-down", "etcd-certificates", "writes-up", "recovered"],
    missed: [],
  },
  { name: "seed-001", isRecovered: true, tells: ["etcdRemoveMember", "etcdMakeMemberDirectory"], missed: [] },
  { name: "seed-003", isRecovered: true, tells: ["writes-down", "etcdRestoreSnapshot", "writes-up"], missed: [] },
];

describe("a drill of etcd", function () {
  this.timeout(60_000);

  for (const { name, isRecovered, tells, missed } of endings)
    it(`${name} ${isRecovered ? "ends well" : "is refused"}, and tells ${tells.join(", ")}`, async () => {
      const result = await play(name);
      const ids = result.events.flatMap(({ id }) => id ?? []);
      const seen = tells.map((id) => ids.indexOf(id));
      expect(seen, ids.join(", ")).to.deep.equal([...seen].sort((a, b) => a - b));
      expect(seen).not.to.include(-1);
      expect(result.isRecovered).to.equal(isRecovered);
      expect(result.figures.filter(({ isMet }) => !isMet).map((figure) => figure.name)).to.deep.equal(missed);
      expect(result.advice).not.to.deep.equal([]);
      expect(result.events.at(-1)?.kind).to.equal("end");
    });

  it("is there for every scenario of etcd", () => {
    const drills = listDrills().filter(({ kind }) => kind === "etcd");
    expect(endings.map(({ name }) => name).sort()).to.deep.equal(drills.map(({ name }) => name).sort());
  });

  it("gives up the writes that are newer than the backup it restores, and no others", async () => {
    const lost = figureOf(await play("lost-all-masters"), "RPO");
    expect(lost.value).to.be.within(600, 620);
    expect(figureOf(await play("lost-two-masters"), "RPO").value).to.equal(0);
  });

  it("takes longer when steps or the operator take longer", async () => {
    const value = async (parameters: Record<string, number>) =>
      figureOf(await play("lost-two-masters", { parameters }), "RTO of writes").value ?? Number.POSITIVE_INFINITY;
    const usual = await value({});
    for (const parameters of [{ reaction: 900 }, { step: 60 }, { start: 120 }])
      expect(await value(parameters)).to.be.above(usual);
  });

  it("compares three masters with five: five keep their quorum", async () => {
    const results = await playAll("lost-two-masters", {}, "masters");
    expect(results.map(({ variant }) => variant)).to.deep.equal(["3 masters", "5 masters"]);
    expect(results.map(({ isRecovered }) => isRecovered)).to.deep.equal([true, true]);
    const [three, five] = results.map((result) => figureOf(result, "RTO of writes").value ?? Number.POSITIVE_INFINITY);
    expect([five, (three ?? 0) > 300]).to.deep.equal([0, true]);
  });

  it("is the same again", async () => {
    expect(await play("seed-003")).to.deep.equal(await play("seed-003"));
  });
});

describe("the drill of a race with the resurrector", function () {
  this.timeout(60_000);

  it("refuses the operator's cck while the resurrector has the lock, and the resurrector mends both cells", async () => {
    const { events, steps, isRecovered } = await play("resurrector-races-the-operator");
    expect(isRecovered).to.equal(true);
    expect(steps.map(({ outcome, message }) => [outcome, /deployment lock/.test(message)])).to.deep.equal([
      ["failed", true],
    ]);
    expect(events.some(({ text }) => /Scan unresponsive VMs/.test(text))).to.equal(true);
  });
});
