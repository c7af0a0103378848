import { expect } from "chai";
import type { ResurrectionRule } from "../../src/model/bosh-resurrection";
import { isRecoveryError } from "../../src/model/errors";
import { explainMeltdown } from "../../src/plan/bosh-meltdown";
import {
  diffResurrection,
  isGroupResurrected,
  parseRules,
  pauseConfigName,
  pauseRules,
  renderRules,
} from "../../src/plan/bosh-resurrection";

function rule(
  enabled: boolean,
  include?: Partial<NonNullable<ResurrectionRule["include"]>>,
  exclude?: Partial<NonNullable<ResurrectionRule["exclude"]>>,
): ResurrectionRule {
  const filter = (value: typeof include) =>
    value === undefined ? undefined : { deployments: undefined, instanceGroups: undefined, ...value };
  return { enabled, include: filter(include), exclude: filter(exclude) };
}

describe("isGroupResurrected", () => {
  const cases: readonly (readonly [name: string, rules: readonly ResurrectionRule[], want: boolean])[] = [
    ["there is no rule", [], true],
    ["a rule without include switches all off", [rule(false)], false],
    ["a rule names another deployment", [rule(false, { deployments: ["other"] })], true],
    [
      "a rule names the deployment and another group",
      [rule(false, { deployments: ["cf"], instanceGroups: ["router"] })],
      true,
    ],
    ["a rule names both", [rule(false, { deployments: ["cf"], instanceGroups: ["mysql"] })], false],
    ["it is excluded from a rule", [rule(false, undefined, { instanceGroups: ["mysql"] })], true],
    ["an exclusion has no lists, which excludes nothing", [rule(false, undefined, {})], false],
    ["one rule allows and another forbids", [rule(true), rule(false, { instanceGroups: ["mysql"] })], false],
  ];
  for (const [name, rules, want] of cases) {
    it(`is ${want} when ${name}`, () => expect(isGroupResurrected([{ rules }], "cf", "mysql")).to.equal(want));
  }

  it("is false for the paused deployment only, by our pause", () => {
    const paused = [{ rules: pauseRules("cf") }];
    expect([isGroupResurrected(paused, "cf", "mysql"), isGroupResurrected(paused, "other", "mysql")]).to.deep.equal([
      false,
      true,
    ]);
  });
});

describe("diffResurrection", () => {
  const stored = { name: "quiet", id: "7", rules: [rule(false, { instanceGroups: ["b", "a"] })] };

  it("finds nothing when rules mean the same in another order", () => {
    const declared = { isOn: true, configs: [{ name: "quiet", rules: [rule(false, { instanceGroups: ["a", "b"] })] }] };
    expect(diffResurrection(declared, { isOn: true, configs: [stored] })).to.deep.equal([]);
  });

  it("finds the switch off, as in seed 004", () => {
    expect(diffResurrection({ isOn: true, configs: [] }, { isOn: false, configs: [] })).to.deep.equal([
      { kind: "switch", isOn: false, wantedOn: true },
    ]);
  });

  it("finds missing and different configs, and leaves those of others alone", () => {
    const declared = {
      isOn: true,
      configs: [
        { name: "quiet", rules: [rule(true)] },
        { name: "new", rules: [] },
      ],
    };
    const other = { name: "somebody-else", id: "9", rules: [rule(false)] };
    expect(
      diffResurrection(declared, { isOn: true, configs: [stored, other] }).map((drift) => [
        drift.kind,
        "name" in drift ? drift.name : "",
      ]),
    ).to.deep.equal([
      ["config-missing", "new"],
      ["config-differs", "quiet"],
    ]);
  });

  it("puts a pause that was left behind first", () => {
    const left = { name: pauseConfigName("cf"), id: "3", rules: pauseRules("cf") };
    expect(
      diffResurrection({ isOn: true, configs: [] }, { isOn: false, configs: [left] }).map(({ kind }) => kind),
    ).to.deep.equal(["pause-left", "switch"]);
  });
});

describe("parseRules", () => {
  it("reads back what renderRules writes", () => {
    const rules = [rule(true), rule(false, { deployments: ["cf"] }, { instanceGroups: ["router"] })];
    expect(parseRules("x", renderRules(rules))).to.deep.equal(rules);
  });

  it("reads a file as the director stores it", () => {
    const content = "rules:\n- enabled: false\n  include:\n    deployments:\n    - cf\n";
    expect(parseRules("x", content)).to.deep.equal([rule(false, { deployments: ["cf"] })]);
  });

  it("refuses what the monitor would ignore", () => {
    for (const content of ["rules: [{enabled: maybe}]", "rules: [", "- 1"]) {
      let code: string | undefined;
      try {
        parseRules("bad", content);
      } catch (error) {
        code = isRecoveryError(error) ? error.code : undefined;
      }
      expect(code, content).to.equal("input");
    }
  });
});

describe("explainMeltdown", () => {
  const cases: readonly (readonly [vms: number, down: number | undefined])[] = [
    [3, undefined],
    [4, undefined],
    [5, 5],
    [25, 5],
    [26, 6],
    [44, 9],
    [48, 10],
  ];
  for (const [vms, down] of cases) {
    it(`brakes ${down === undefined ? "never" : `from ${down} down on`} with ${vms} VMs`, () => {
      const { vmsDown, text } = explainMeltdown("d", vms);
      expect(vmsDown).to.equal(down);
      expect(text).to.match(
        down === undefined ? /^The resurrector never stands down for 'd'/ : /^The resurrector stands down for 'd' once/,
      );
    });
  }
});
