import { expect } from "chai";
import type {
  CellCapacity,
  FoundationDeclaration,
  FoundationObservation,
  FoundationRule,
} from "../../src/model/bosh-foundation";
import { checkFoundation } from "../../src/plan/foundation";
import { instanceCountRules } from "../../src/plan/foundation-counts";

const zones = ["az1", "az2", "az3"];

function cells(
  perZone: readonly number[],
  allocatedMb: number,
  totalMb = 32_768,
  largestInstanceMb = 1_024,
): CellCapacity {
  const all = perZone.flatMap((count, zone) =>
    Array.from({ length: count }, () => ({ zone: `az${zone + 1}`, totalMb, allocatedMb })),
  );
  return { cells: all, largestInstanceMb };
}

function declare(overrides: Partial<FoundationDeclaration> = {}): FoundationDeclaration {
  return {
    deployment: "cf",
    zones,
    hasExternalLoadBalancer: true,
    blobstore: { kind: "external" },
    hasExternalDatabase: false,
    release: "2.4",
    cells: undefined,
    mandatory: [],
    ...overrides,
  };
}

/** Instances of a group, zone after zone. */
function group(name: string, count: number, over: readonly string[] = zones) {
  return Array.from({ length: count }, (_, index) => ({ group: name, zone: over[index % over.length] }));
}

const good = [
  ...group("diego_cell", 3),
  ...group("diego_brain", 3),
  ...group("diego_database", 3),
  ...group("mysql", 3),
  ...group("mysql_proxy", 2),
  ...group("router", 3),
  ...group("doppler", 6),
];

function check(
  declaration: Partial<FoundationDeclaration> = {},
  observation: Partial<FoundationObservation> = {},
): readonly (readonly [FoundationRule, string, string])[] {
  const observed = { instances: good, isResurrectionOn: true, groupsNotResurrected: [], ...observation };
  return checkFoundation(declare(declaration), observed).map(({ rule, severity, message }) => [
    rule,
    severity,
    message,
  ]);
}

describe("checkFoundation", () => {
  it("finds nothing in a foundation that follows every rule", () => expect(check()).to.deep.equal([]));

  it("warns without an external load balancer, and names the zone of a single HAProxy (seed 004's first outage)", () => {
    const instances = [...good, { group: "ha_proxy", zone: "az1" }];
    expect(check({ hasExternalLoadBalancer: false }, { instances })).to.deep.equal([
      [
        "external-load-balancer",
        "warning",
        "no external load balancer is declared in front of the routers, and the one HAProxy is in zone az1: with that zone all apps are out of reach",
      ],
    ]);
  });

  it("takes an internal blobstore with a restore plan as a notice, without one as a violation", () => {
    expect(check({ blobstore: { kind: "internal-with-restore-plan", plan: "wiki/blobstore" } })[0]?.[1]).to.equal(
      "notice",
    );
    expect(check({ blobstore: { kind: "internal" }, mandatory: ["blobstore"] })[0]?.slice(0, 2)).to.deep.equal([
      "blobstore",
      "mandatory",
    ]);
  });

  for (const [count, isFine] of [
    [1, false],
    [2, false],
    [3, true],
    [4, false],
    [5, true],
  ] as const) {
    it(`${isFine ? "accepts" : "refuses"} ${count} availability zones`, () => {
      const names = Array.from({ length: count }, (_, index) => `az${index + 1}`);
      const found = check({ zones: names }, { instances: [] }).some(([rule]) => rule === "zone-count");
      expect(found).to.equal(!isFine);
    });
  }

  const counts: readonly (readonly [
    name: string,
    group: string,
    count: number,
    release: string,
    message: string | undefined,
  ])[] = [
    ["two cells in 2.4", "diego_cell", 2, "2.4", "Diego Cell: 2, at least 3 are recommended"],
    ["five MySQL servers", "mysql", 5, "2.4", "MySQL Server: 5, exactly 3 are needed for a majority"],
    ["two BBS in 2.0", "diego_database", 2, "2.0", "Diego BBS: 2, at least 3 are recommended"],
    ["four Consul servers in 2.2", "consul_server", 4, "2.2", "Consul: 4, an odd number is needed"],
    ["four Consul servers in 2.4, which has none in its table", "consul_server", 4, "2.4", undefined],
    ["two CredHubs in 2.8", "credhub", 2, "2.8", "CredHub: 2, at least 3 are recommended"],
    ["two CredHubs in 2.6", "credhub", 2, "2.6", undefined],
    ["two blobstores in 2.0", "nfs_server", 2, "2.0", "File Storage: 2, it cannot be scaled beyond 1"],
  ];
  for (const [name, groupName, count, release, message] of counts) {
    it(`${message === undefined ? "accepts" : "complains of"} ${name}`, () => {
      const found = check({ release }, { instances: group(groupName, count) }).filter(
        ([rule]) => rule === "instance-counts",
      );
      expect(found.map(([, , said]) => said)).to.deep.equal(message === undefined ? [] : [message]);
    });
  }

  it("wants no MySQL with an external database", () => {
    const messages = check({ hasExternalDatabase: true }).map(([, , message]) => message);
    expect(messages).to.deep.equal([
      "MySQL Server: 3 although an external database is declared, which needs none",
      "MySQL Proxy: 2 although an external database is declared, which needs none",
    ]);
  });

  it("complains of a zone without a BBS and of routers in one zone only", () => {
    const instances = [...group("diego_database", 3, ["az1", "az2"]), ...group("router", 3, ["az1"])];
    expect(check({}, { instances }).map(([rule, , message]) => [rule, message])).to.deep.equal([
      ["zone-spread", "Diego BBS: fewer than 1 in zone(s) az3"],
      ["zone-spread", "Router: all 3 are in zone az1"],
    ]);
  });

  it("says so when no table covers the release, instead of judging by another", () => {
    expect(check({ release: "1.12" })[0]).to.deep.equal([
      "instance-counts",
      "notice",
      "there is no table of instance counts for release 1.12",
    ]);
  });

  // Three equal zones survive the loss of one with at most two thirds allocated.
  for (const [allocatedMb, isFine] of [
    [20_000, true],
    [21_845, true],
    [22_000, false],
  ] as const) {
    it(`${isFine ? "accepts" : "refuses"} ${allocatedMb} of 32768 MB allocated on each of nine cells in three zones`, () => {
      const found = check({ cells: cells([3, 3, 3], allocatedMb) }).some(([rule]) => rule === "cell-capacity");
      expect(found).to.equal(!isFine);
    });
  }

  it("judges the zone whose loss hurts most when zones differ", () => {
    const [finding] = check({ cells: cells([4, 1, 1], 20_000), mandatory: ["cell-capacity"] });
    expect(finding).to.deep.equal([
      "cell-capacity",
      "mandatory",
      "when zone az1 is lost, 80000 MB have to move and the other cells have 25536 MB free",
    ]);
  });

  it("refuses to scale a cell up when the others cannot take its apps", () => {
    expect(check({ cells: cells([1, 1, 0], 20_000) }).map(([rule]) => rule)).to.include("cell-scale-up");
    expect(check({ cells: cells([2, 2, 2], 10_000) })).to.deep.equal([]);
  });

  it("wants room for the largest instance on one cell, not in sum", () => {
    const [finding] = check({ cells: cells([3, 3, 3], 20_000, 32_768, 16_000) });
    expect(finding?.[2]).to.equal(
      "when zone az1 is lost, the largest app instance (16000 MB) fits on no single cell: the most free is 12768 MB",
    );
  });

  it("wants the resurrector on, for every group", () => {
    expect(check({ mandatory: ["resurrector"] }, { isResurrectionOn: false })[0]?.slice(0, 2)).to.deep.equal([
      "resurrector",
      "mandatory",
    ]);
    expect(check({}, { groupsNotResurrected: ["mysql"] })[0]?.[2]).to.equal(
      "resurrection configs keep the resurrector off mysql of 'cf'",
    );
  });

  it("puts what is mandatory first", () => {
    const found = check(
      { hasExternalLoadBalancer: false, zones: ["az1", "az2"], mandatory: ["zone-count"] },
      { instances: [] },
    );
    expect(found.map(([rule]) => rule)).to.deep.equal(["zone-count", "external-load-balancer"]);
  });
});

describe("instanceCountRules", () => {
  it("knows 2.4.11 as 2.4 and 2.13 as the newest", () => {
    expect(instanceCountRules("2.4.11")).to.equal(instanceCountRules("2.4"));
    expect(instanceCountRules("2.13")).to.equal(instanceCountRules(undefined));
    expect(instanceCountRules("two")).to.equal(undefined);
  });
});
