import { expect } from "chai";
import * as fc from "fast-check";
import { parseIniInventory } from "../../src/inventory/parse-ini";
import { deriveRecovery } from "../../src/inventory/recovery";
import { readsAnyText, readsBackIni, readsBackYaml } from "./inventory-properties";
import { expectHolds, propertyTimeoutMs, searchParameters } from "./parameters";
import { keepsEveryRule, provesAnySize } from "./recovery-properties";

describe("inventories (properties)", function () {
  this.timeout(propertyTimeoutMs);

  it("read back from INI as they were, whatever their values hold", () => {
    expectHolds(readsBackIni, { numRuns: 300 });
  });

  it("read back from YAML as they were, whatever their values hold", () => {
    expectHolds(readsBackYaml, { numRuns: 300 });
  });

  it("end in an inventory or in an input error with a line, whatever the text is", () => {
    expectHolds(readsAnyText, { numRuns: 1000 });
  });
});

describe("deriveRecovery (properties)", function () {
  this.timeout(propertyTimeoutMs);

  it("keeps every rule, judged anew by the test, or refuses with a code and a smallest change", () => {
    expectHolds(keepsEveryRule, { numRuns: 1500 });
    const proven = fc
      .sample(keepsEveryRule.inputs, searchParameters("deriveRecovery: proven and refused", { numRuns: 300 }))
      .filter((trouble) => keepsEveryRule.check(trouble) === "proven");
    expect(proven.length, "the generator must reach proofs").to.be.greaterThan(20);
  });

  it("proves or refuses sites of 1 to 5,000 hosts, and what it writes reads back the same", () => {
    expectHolds(provesAnySize, { numRuns: 25 });
  });

  it("derives and proves a site of 5,000 hosts within seconds of CPU", () => {
    const workers = Array.from(
      { length: 4993 },
      (_, index) => `worker${index} ip=10.1.${index >> 8}.${index & 255} rack=${index % 40}`,
    );
    const masters = Array.from({ length: 7 }, (_, index) => `cp${index} ip=10.0.0.${index}`);
    const text = [
      ...["[all]"],
      ...masters,
      ...workers,
      "[kube_control_plane]",
      "cp[0:6]",
      "[etcd]",
      "cp[0:6]",
      "[kube_node]",
      "worker[0:4992]",
      "[kube_node:vars]",
      "a=1",
      "",
    ].join("\n");
    const inventory = parseIniInventory("hosts.ini", text);
    const started = process.cpuUsage();
    const result = deriveRecovery(
      { inventory, variablesFiles: [], extraVars: [] },
      {
        brokenEtcd: ["cp0", "cp3"],
        brokenControlPlane: ["cp0"],
        replacements: [],
        source: { kind: "none" },
        flavor: "kubespray",
        tree: { major: 2, minor: 28, patch: 1 },
        inventoryAs: "hosts.ini",
        recoveryVarsAs: "recovery-vars.yml",
        withFollowUp: false,
      },
      undefined,
    );
    expect(result.kind).to.equal("proven");
    expect(process.cpuUsage(started).user, "microseconds of CPU").to.be.lessThan(15_000_000);
  });
});
