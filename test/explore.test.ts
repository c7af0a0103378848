// The exploration with fresh seeds: with something broken on purpose a failing seed is written, and its file replays it.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import * as fc from "fast-check";
import { planBoshDeployment } from "../src/plan/bosh-plan";
import { planEtcd } from "../src/plan/etcd/plan";
import type { EtcdPlanner } from "../src/simulator/rehearsal/etcd-subject";
import { runExplore } from "./explore/command";
import { etcdPlans } from "./explore/etcd-plans";
import { etcdRehearsals } from "./explore/etcd-rehearsals";
import { everyExploration } from "./explore/every-exploration";
import type { Exploration } from "./explore/exploration";
import { parseFound } from "./explore/found-file";
import { explored, propertyExploration } from "./explore/property-exploration";
import { checkers, keepsRule, type Planner } from "./plan/bosh-plan-rules";

/** Runs the command for so many turns. */
async function run(explorations: readonly Exploration[], words: readonly string[], turns = 1) {
  const said = { out: "", err: "" };
  let left = turns;
  const code = await runExplore(words, {
    explorations,
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    nowMs: () => 0,
    isEnded: () => left-- <= 0,
  });
  return { code, ...said };
}

/** Adds members as voters at once. */
const hasty: EtcdPlanner = (input) => {
  const plan = planEtcd(input);
  const steps = plan.steps.map((step) => (step.kind === "etcdAddMember" ? { ...step, isLearner: false } : step));
  return { ...plan, steps };
};
const confused: EtcdPlanner = () => {
  throw new Error("confused");
};

interface Broken {
  readonly title: string;
  readonly wrong: Exploration;
  readonly right: Exploration;
  readonly form: "scenario" | "input" | "path" | "seed";
}

const small = (isWrong: boolean) =>
  propertyExploration("small", [
    explored(
      {
        name: "has no list with a seven",
        inputs: fc.record({ list: fc.array(fc.nat(9)), text: fc.string({ unit: "binary" }) }),
        check: async ({ list }) => expect(list.includes(7) && isWrong).to.equal(false),
      },
      300,
    ),
  ]);

const boshRule = (planner: Planner) => {
  const rule = "a pause that was left is undone first";
  const checker = checkers[rule];
  if (checker === undefined) throw new Error("there is no such rule");
  return propertyExploration("bosh-plans", [explored(keepsRule(rule, checker, planner), 300)]);
};

const broken: readonly Broken[] = [
  { title: "an etcd cluster", wrong: etcdRehearsals(hasty), right: etcdRehearsals(), form: "scenario" },
  { title: "a planner that throws", wrong: etcdRehearsals(confused), right: etcdRehearsals(), form: "seed" },
  {
    title: "members of an etcd cluster",
    wrong: etcdPlans(({ input }) => hasty(input)),
    right: etcdPlans(),
    form: "input",
  },
  {
    title: "a BOSH deployment, which is no plain data",
    wrong: boshRule((declaration, observation) => {
      const plan = planBoshDeployment(declaration, observation);
      return { ...plan, steps: plan.steps.filter(({ kind }) => kind !== "undoPause") };
    }),
    right: boshRule(planBoshDeployment),
    form: "path",
  },
  { title: "any small property", wrong: small(true), right: small(false), form: "input" },
];

describe("npm run explore", function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(() => {
    folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "explore-")), "found here");
  });

  for (const { title, wrong, right, form } of broken)
    it(`writes a failing seed as ${form}, which fails when it is replayed until it is mended: ${title}`, async () => {
      const { code, out } = await run([wrong], ["--seed", "broken", "--save", folder]);
      expect(code).to.equal(1);
      const [first] = fs.readdirSync(folder);
      const file = path.join(folder, first ?? "");
      expect(out).to.include(`npm run explore -- --replay '${file}'`);

      const found = parseFound(fs.readFileSync(file, "utf8"), file);
      const { kind } = found;
      const own = kind === "scenario" ? kind : "input" in found.found ? "input" : found.found.path ? "path" : "seed";
      expect(own).to.equal(form);

      expect(await run([wrong], ["--replay", file])).to.include({ code: 1, err: "" });
      expect(await run([right], ["--replay", file])).to.deep.equal({ code: 0, out: `${file}: all holds\n`, err: "" });
    });

  it("makes an input as small as it can be", async () => {
    await run([small(true)], ["--seed", "small", "--save", folder]);
    const file = path.join(folder, fs.readdirSync(folder)[0] ?? "");
    const found = parseFound(fs.readFileSync(file, "utf8"), file);
    expect(found)
      .to.have.nested.property("found.input")
      .that.deep.equals({ list: [7], text: "" });
  });

  it("goes the same rounds for the same seed, and others for another", async () => {
    const kinds = [small(false), { ...small(true), name: "wrong" }];
    const words = ["--save", folder, "--seed"];
    const once = await run(kinds, [...words, "one"], 3);
    expect(once.out)
      .to.match(/^seed one, 10 minutes, every exploration; failing seeds go to /)
      .and.match(/round 2 +small +1 seeds +300 cases +0 failures/);
    expect(await run(kinds, [...words, "one"], 3)).to.deep.equal(once);
    expect((await run(kinds, [...words, "two"], 3)).out).not.to.equal(once.out.replaceAll("seed one", "seed two"));
  });

  it("explores one kind alone, and gives the result as JSON", async () => {
    const kinds = [small(true), { ...small(false), name: "other" }];
    const words = ["--only", "other", "--json", "--seed", "x", "--save", folder, "--minutes", "0.5"];
    const { code, out } = await run(kinds, words, 2);
    expect([code, JSON.parse(out)]).to.deep.equal([
      0,
      {
        seed: "x",
        minutes: 0.5,
        only: "other",
        save: folder,
        seconds: 0,
        explorations: [{ name: "other", turns: 2, seeds: 2, cases: 600, failures: 0 }],
        failures: [],
      },
    ]);
    expect(fs.existsSync(folder)).to.equal(false);
  });

  it("knows every exploration by a name of its own", () => {
    const names = everyExploration.map(({ name }) => name);
    expect([...new Set(names)]).to.deep.equal(names);
  });

  for (const words of [
    ["--minutes", "0"],
    ["--minutes", "soon"],
    ["--only", "everything"],
    ["--seed", ""],
    ["--save", ""],
    ["--replay", "a.yaml", "--json"],
    ["--replay", "/no/such.yaml"],
    ["--replay", __filename],
    ["--frobnicate"],
    ["seed"],
    ["--seed"],
  ])
    it(`refuses ${words.map((word) => path.basename(word)).join(" ")} in one line`, async () => {
      const { code, out, err } = await run(everyExploration, words);
      expect([code, out]).to.deep.equal([2, ""]);
      expect(err).to.match(/^[^\n]{10,}\n$/);
    });
});

// A file that is committed there is tried at each push from then on. So is one that was just found, until it is mended.
describe("what was found by exploring", function () {
  this.timeout(120_000);
  const kept = path.join(__dirname, "scenarios/found");
  const files = fs.existsSync(kept) ? fs.readdirSync(kept).map((file) => path.join(kept, file)) : [];

  for (const file of files)
    it(`holds by now: ${path.basename(file)}`, async () => {
      const { code, out, err } = await run(everyExploration, ["--replay", file]);
      expect(code, `${out}${err}`).to.equal(0);
    });
});
