import { expect } from "chai";
import { Diego } from "../../../src/simulator/foundation/diego";
import { chooseParameters } from "../../../src/simulator/foundation/parameters";
import { createPrng } from "../../../src/simulator/prng";

interface Site {
  readonly diego: Diego;
  readonly lose: (zone: string) => void;
  readonly restore: (zone: string) => void;
  /** Goes on so many seconds. */
  readonly wait: (seconds: number) => void;
  readonly running: (app: string) => number;
  readonly set: { blobstore: boolean; database: boolean; brains: readonly string[] };
}

function site(options: {
  readonly cellsPerZone: number;
  readonly memory: number;
  readonly apps: readonly {
    readonly name: string;
    readonly instances: number;
    readonly memoryMb: number;
    readonly zone?: string;
  }[];
}): Site {
  const dark = new Set<string>();
  const set = { blobstore: true, database: true, brains: ["brain/0"] as readonly string[] };
  const cells = ["a", "b", "c"].flatMap((zone) =>
    Array.from({ length: options.cellsPerZone }, (_, index) => ({
      name: `${zone}${index}`,
      zone,
      isVmUp: () => !dark.has(zone),
    })),
  );
  let nowMs = 0;
  const around = {
    isDatabaseUp: () => set.database,
    isBlobstoreUp: () => set.blobstore,
    answering: (group: string) => (group === "diego_brain" ? set.brains : ["bbs/0"]),
  };
  const parameters = chooseParameters({ cellMemory: options.memory });
  const diego = new Diego(parameters, cells, around, createPrng("test"), nowMs, options.apps);
  return {
    diego,
    lose: (zone) => void dark.add(zone),
    restore: (zone) => void dark.delete(zone),
    wait: (seconds) => {
      for (let second = 0; second < seconds; second += 1) {
        nowMs += 1000;
        diego.tick(nowMs);
      }
    },
    running: (app) => diego.instances.filter((one) => one.app === app && one.state.kind === "running").length,
    set,
  };
}

describe("Diego in the model", () => {
  it("spreads an app's instances over zones first", () => {
    const { diego } = site({ cellsPerZone: 2, memory: 4096, apps: [{ name: "shop", instances: 3, memoryMb: 1024 }] });
    expect(diego.instances.map(({ cell }) => cell?.[0]).sort()).to.deep.equal(["a", "b", "c"]);
  });

  it("starts what was lost on other cells within the presence's time, a convergence, an auction and a start", () => {
    const one = site({
      cellsPerZone: 1,
      memory: 4096,
      apps: [{ name: "shop", instances: 1, memoryMb: 1024, zone: "a" }],
    });
    one.lose("a");
    one.wait(9);
    expect(one.running("shop")).to.equal(0);
    one.wait(15 + 30 + 5 + 35);
    expect([one.running("shop"), one.diego.instances[0]?.cell?.[0] !== "a"]).to.deep.equal([1, true]);
  });

  it("gives every app its first instance before any its second when there is no room for all", () => {
    const apps = ["one", "two", "three"].map((name) => ({ name, instances: 2, memoryMb: 1024 }));
    const full = site({ cellsPerZone: 1, memory: 2048, apps });
    full.lose("a");
    full.lose("b");
    full.wait(300);
    const counts = apps.map(({ name }) => full.running(name));
    expect(counts.reduce((sum, count) => sum + count, 0)).to.equal(2);
    expect(Math.max(...counts)).to.equal(1);
    expect(full.diego.instances.some(({ state }) => state.kind === "waiting" && state.why === "no-room")).to.equal(
      true,
    );
  });

  it("never puts more on a cell than fits", () => {
    const apps = [{ name: "shop", instances: 30, memoryMb: 700 }];
    const full = site({ cellsPerZone: 2, memory: 2048, apps });
    for (const zone of ["a", "b"]) full.lose(zone);
    full.wait(200);
    expect(full.diego.cells.every(({ name }) => full.diego.freeMb(name) >= 0)).to.equal(true);
  });

  it("waits for the blobstore, the database and an auctioneer", () => {
    for (const what of ["blobstore", "database", "brains"] as const) {
      const one = site({
        cellsPerZone: 1,
        memory: 4096,
        apps: [{ name: "shop", instances: 1, memoryMb: 1024, zone: "a" }],
      });
      if (what === "brains") one.set.brains = [];
      else one.set[what] = false;
      one.lose("a");
      one.wait(600);
      expect(one.running("shop"), what).to.equal(0);
      if (what === "brains") one.set.brains = ["brain/1"];
      else one.set[what] = true;
      one.wait(120);
      expect(one.running("shop"), what).to.equal(1);
    }
  });

  it("moves nothing back when the zone is back", () => {
    const one = site({ cellsPerZone: 1, memory: 4096, apps: [{ name: "shop", instances: 3, memoryMb: 1024 }] });
    one.lose("a");
    one.wait(200);
    one.restore("a");
    one.wait(600);
    expect(one.diego.instances.map(({ cell }) => cell?.[0]).includes("a")).to.equal(false);
  });

  it("empties a draining cell without an instance ever being away, as far as there is room", () => {
    const one = site({ cellsPerZone: 1, memory: 2048, apps: [{ name: "shop", instances: 3, memoryMb: 1024 }] });
    one.diego.drain("a0", 0);
    one.wait(60);
    expect([one.diego.left("a0"), one.running("shop")]).to.deep.equal([0, 3]);
    one.diego.drain("b0", 60_000);
    one.wait(600);
    expect(one.diego.left("b0")).to.be.above(0);
  });
});
