// What is to be run for what was changed, beside the fast tier. `npm run test:changed` reads it, CONTRIBUTING.md shows it.

import { spawnSync } from "node:child_process";
import { filesOf, tiers } from "./tiers";

/** One row: whoever changes this runs that. */
export interface ChangeRule {
  /** Files and folders, or beginnings of their names, relative to the repository. */
  readonly change: readonly string[];
  /** Beginnings of paths below test/, of files in the other tiers. */
  readonly run: readonly string[];
  /** What else is to be done, for people. */
  readonly note?: string;
}

/** All rows. */
export const changeRules: readonly ChangeRule[] = [
  {
    change: ["src/adapters/open-ssh-node", "src/adapters/transfer-run.ts", "src/adapters/stream-process.ts"],
    run: ["host/", "lab/access", "lab/kill"],
  },
  {
    change: ["src/adapters", "src/converge", "templates/steps", "src/render"],
    run: ["host/", "lab/contract", "lab/seed-002"],
    note: "`npm run bench` where a look or a step became longer",
  },
  { change: ["templates/probe", "src/observe"], run: ["host/", "etcd/hash-section", "lab/contract", "lab/seed-002"] },
  {
    change: ["src/plan", "src/model"],
    run: ["etcd/loopback", "etcd/real-faults", "lab/seed-001", "lab/seed-002"],
    note: "`npm run explore -- --minutes 10`; a failing seed becomes a scenario",
  },
  {
    change: ["src/plan/etcd", "src/simulator/etcd", "src/simulator/rehearsal"],
    run: ["etcd/", "lab/etcd-", "lab/seed-001"],
    note: "`npm run explore -- --minutes 10`, and before a release `npm run bench:million`",
  },
  {
    change: ["src/simulator"],
    run: ["etcd/contract", "etcd/step-contract", "lab/contract"],
    note: "a kind of step has a row in `test/simulator/contract.ts` or `test/simulator/etcd/step-contract.ts`; where it differs from real parts, the simulator is wrong; what has no counterpart names its upstream source in `test/simulator/upstream-sources.ts`",
  },
  {
    change: [
      "src/adapters/bosh-director",
      "src/simulator/director",
      "src/plan/bosh-plan.ts",
      "src/converge/bosh-round.ts",
    ],
    run: ["lab/bosh-pks", "lab/seed-000", "clis/bosh"],
    note: "with a `bosh` CLI on PATH",
  },
  {
    change: ["src/engine", "src/provider", "src/resources", "stacks", "Pulumi.yaml", "bin"],
    run: ["clis/"],
    note: "with a `pulumi` CLI on PATH",
  },
  {
    change: ["src/model/node-observation.ts"],
    run: [],
    note: "`QUORATE_TEST_GOLDEN=update` rewrites docs/node-observation.schema.json: read its diff; a changed meaning is a new version",
  },
  {
    change: ["templates/report.html.hbs", "src/render/report.ts", "src/render/report-charts.ts"],
    run: ["browser/"],
    note: "look at one: light, dark, phone, print",
  },
  {
    change: ["src/inventory", "templates/inventory"],
    run: ["ansible/"],
    note: "`QUORATE_TEST_GOLDEN=update` rewrites golden files: read the diff",
  },
  { change: ["test/lab"], run: ["lab/"] },
];

/** The files of the other tiers that changed files ask for, as paths below the tests' folder. */
export function filesFor(changed: readonly string[]): readonly string[] {
  const rules = changeRules.filter(({ change }) =>
    change.some((place) => changed.some((file) => file.startsWith(place))),
  );
  const wanted = rules.flatMap(({ run }) => run);
  const own = changed.filter((file) => file.endsWith(".test.ts")).map((file) => file.replace(/^test\//, ""));
  return tiers
    .filter(({ name }) => name !== "fast")
    .flatMap(({ name }) => filesOf(name))
    .filter((file) => own.includes(file) || wanted.some((beginning) => file.startsWith(beginning)))
    .sort();
}

/** Files that differ from a commit (default: the last one), those that git does not know yet too. */
export function changedFiles(root: string, base = "HEAD"): readonly string[] {
  const git = (...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync("git", words, { cwd: root, encoding: "utf8" });
    if (status !== 0) throw new Error(`git ${words.join(" ")}: ${stderr.trim()}`);
    return stdout.split("\0").filter((name) => name !== "");
  };
  return [
    ...git("diff", "--name-only", "-z", base, "--"),
    ...git("ls-files", "--others", "--exclude-standard", "-z"),
  ].sort();
}

/** The rows as CONTRIBUTING.md shows them. */
export function renderChangeRules(): string {
  const code = (all: readonly string[]) => all.map((one) => `\`${one}\``).join(", ");
  const rows = changeRules.map(({ change, run, note }) => {
    const files = run.length === 0 ? [] : [`test/{${run.map((one) => `${one}*`).join(",")}}`];
    return `| ${code(change)} | ${[code(files), note].filter((one) => one !== undefined && one !== "").join("; ")} |`;
  });
  return ["| you change | beside `npm test` |", "|---|---|", ...rows].join("\n");
}
