// `npm run bench:million [cases] [seed]`: so many simulated prefixes of plans with one more fault, of random clusters. Prints
// what it went through and how long that took; ends with 1 if a rule was broken.

import { type Exploration, explore } from "../src/simulator/rehearsal/explore";
import { describeExploration } from "../src/simulator/rehearsal/words";

const [wantedText = "1000000", seed = "million"] = process.argv.slice(2);
const wanted = Number(wantedText);
// Runs of one batch: often enough to tell how far it is.
const batchRuns = 200;
// A plan of a large cluster has thousands of cases; so many of it leave room for other plans.
const casesMax = 400;

function add(sum: ReadonlyMap<string, number>, more: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const all = new Map(sum);
  for (const [mark, count] of more) all.set(mark, (all.get(mark) ?? 0) + count);
  return all;
}

const begunMs = Date.now();
let all: Exploration = {
  seed,
  runs: 0,
  cases: 0,
  plans: 0,
  failures: [],
  verdicts: new Map(),
  steps: new Map(),
  reasons: new Map(),
};
for (let batch = 0; all.cases < wanted; batch += 1) {
  const more = explore({ seed: `${seed}-${batch}`, runs: batchRuns, casesMax });
  all = {
    seed,
    runs: all.runs + more.runs,
    cases: all.cases + more.cases,
    plans: all.plans + more.plans,
    failures: [...all.failures, ...more.failures],
    verdicts: add(all.verdicts, more.verdicts),
    steps: add(all.steps, more.steps),
    reasons: add(all.reasons, more.reasons),
  };
  const minutes = (Date.now() - begunMs) / 60_000;
  process.stderr.write(
    `${all.cases} of ${wanted} cases after ${minutes.toFixed(1)} min, ${all.failures.length} broken\n`,
  );
}
const seconds = (Date.now() - begunMs) / 1000;
process.stdout.write(
  `${describeExploration(all).join("\n")}\n${all.cases} prefixes of plans with one more fault in ${seconds.toFixed(0)} s, ${((seconds * 1e6) / all.cases / 1000).toFixed(2)} ms each: ${all.failures.length} broke a rule\n`,
);
process.exitCode = all.failures.length === 0 ? 0 : 1;
