// Runs tiers of the tests: `npm test`, `npm run test:lab`, ... Each run has folders of its own for what is temporary and for HOME,
// so that two checkouts can be tested at the same time. Ends with a line of totals over all its tiers.
//
//   run.ts TIER...            the tiers, one after the other
//   run.ts --changed [BASE]   the fast tier, and of the others what test/changes.ts gives for the files that differ from BASE
//   --whole                   every case of every matrix, instead of one of each kind

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { changedFiles, filesFor } from "./changes";
import { describeFailures, describeFailuresInFull, lastLine, type RunTotals } from "./reporter";
import { filesOf, specOf, type Tier, tierOf, tiers } from "./tiers";

const root = resolve(__dirname, "..");

interface TierRun {
  readonly tier: Tier;
  /** Paths below the tests' folder. */
  readonly files: readonly string[];
}

interface TierEnd {
  readonly tier: Tier;
  readonly totals: RunTotals;
  readonly seconds: number;
}

function fail(problem: string): never {
  process.stderr.write(`error: ${problem}\n`);
  process.exit(2);
}

function chooseRuns(words: readonly string[]): readonly TierRun[] {
  if (words[0] !== "--changed") {
    const unknown = words.find((word) => !tiers.some(({ name }) => name === word));
    if (unknown !== undefined || words.length === 0)
      fail(`${unknown ?? "nothing"} is no tier of the tests: ${tiers.map(({ name }) => name).join(", ")}`);
    return tiers.filter(({ name }) => words.includes(name)).map((tier) => ({ tier, files: filesOf(tier.name) }));
  }
  const changed = changedOrFail(words[1]);
  process.stdout.write(
    `${changed.length === 0 ? "no file differs" : `${changed.length} files differ`}: the fast tests, and what else these need\n`,
  );
  const files = filesFor(changed);
  const chosen = [...new Set([...filesOf("fast"), ...files])];
  return tiers
    .map((tier) => ({ tier, files: chosen.filter((file) => tierOf(file) === tier.name) }))
    .filter((run) => run.files.length > 0);
}

function changedOrFail(base: string | undefined): readonly string[] {
  try {
    return changedFiles(root, base);
  } catch (error) {
    return fail(`what has changed cannot be told: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The environment of a tier: nothing of this user's but what was built and what is on PATH. */
function environmentOf(folder: string, isWhole: boolean): NodeJS.ProcessEnv {
  const { XDG_CACHE_HOME, HOME = homedir() } = process.env;
  const [temporary, home] = [join(folder, "t"), join(folder, "h")];
  for (const one of [temporary, home]) mkdirSync(one, { mode: 0o700 });
  return {
    ...process.env,
    TMPDIR: temporary,
    HOME: home,
    XDG_CACHE_HOME: XDG_CACHE_HOME ?? join(HOME, ".cache"),
    QUORATE_TEST_LEFT_OUT: join(folder, "left-out"),
    QUORATE_TEST_RESULT: join(folder, "result"),
    ...(isWhole ? { QUORATE_TEST_ALL: "1" } : {}),
  };
}

async function runTier({ tier, files }: TierRun, isWhole: boolean): Promise<TierEnd> {
  process.stdout.write(`\n== ${tier.name}: ${files.length} files; ${tier.needs}\n`);
  const folder = mkdtempSync(join(tmpdir(), "qt-"));
  const begunMs = Date.now();
  try {
    const environment = environmentOf(folder, isWhole);
    const words = [
      ...["--reporter", "./test/reporter.ts"],
      ...(tier.jobs > 1 ? ["--parallel", "--jobs", String(tier.jobs)] : []),
      ...files.map(specOf),
    ];
    const mocha = spawn(process.execPath, [require.resolve("mocha/bin/mocha.js"), ...words], {
      cwd: root,
      env: environment,
      stdio: ["ignore", "inherit", "inherit"],
    });
    const code = await endOf(mocha);
    const result = environment.QUORATE_TEST_RESULT ?? "";
    const totals: RunTotals = existsSync(result)
      ? JSON.parse(readFileSync(result, "utf8"))
      : {
          passed: 0,
          failed: 1,
          skipped: 0,
          failures: [{ line: `FAILED ${tier.name}: mocha ended with ${code}`, words: [] }],
        };
    const seconds = (Date.now() - begunMs) / 1000;
    process.stdout.write(`== ${tier.name} took ${seconds.toFixed(0)} s\n`);
    return { tier, totals, seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The exit code of a run. One that is stopped takes what it has started along, and its folder is removed all the same. */
async function endOf(mocha: ChildProcess): Promise<number | null> {
  let stoppedBy: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals) => {
    stoppedBy = signal;
    mocha.kill(signal);
  };
  for (const signal of stopSignals) process.on(signal, stop);
  const [code] = await once(mocha, "close");
  for (const signal of stopSignals) process.off(signal, stop);
  if (stoppedBy !== undefined) throw new Stopped(stoppedBy);
  return code;
}

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

class Stopped extends Error {}

function sum(ends: readonly TierEnd[]): RunTotals {
  const add = (key: "passed" | "failed" | "skipped") => ends.reduce((all, { totals }) => all + totals[key], 0);
  return {
    passed: add("passed"),
    failed: add("failed"),
    skipped: add("skipped"),
    failures: ends.flatMap(({ totals }) => totals.failures),
  };
}

async function main(words: readonly string[]): Promise<number> {
  const isWhole = words.includes("--whole");
  const runs = chooseRuns(words.filter((word) => word !== "--whole"));
  // Tests start the compiled commands, many at a time: built once here, and found fresh by all of them.
  const built = spawnSync(process.execPath, [join(root, "bin/build.js")], { stdio: "inherit" });
  if (built.status !== 0) fail("dist/ cannot be built");
  const ends: TierEnd[] = [];
  for (const run of runs) ends.push(await runTier(run, isWhole));
  const totals = sum(ends);
  if (ends.length > 1) {
    const lines = ends.map(
      ({ tier, totals: own, seconds }) =>
        `  ${seconds.toFixed(0).padStart(5)} s  ${tier.name.padEnd(8)} ${lastLine(own)}`,
    );
    const failures = [...describeFailuresInFull(totals), ...describeFailures(totals)];
    process.stdout.write(`\n${["the tiers:", ...lines, "", ...failures, lastLine(totals)].join("\n")}\n`);
  }
  // A tier whose parts are not here skips all it has, and says why; one that found no test at all has not run.
  return totals.failed > 0 || totals.passed + totals.skipped === 0 ? 1 : 0;
}

void main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (!(error instanceof Stopped)) throw error;
    process.stderr.write(`error: stopped by ${error.message}\n`);
    process.exitCode = 1;
  },
);
