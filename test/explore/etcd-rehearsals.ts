// Random etcd clusters and faults, each plan of them rehearsed. A failing run becomes the smallest scenario that fails.

import { setImmediate } from "node:timers/promises";
import { createPrng } from "../../src/simulator/prng";
import type { EtcdPlanner } from "../../src/simulator/rehearsal/etcd-subject";
import { explore } from "../../src/simulator/rehearsal/explore";
import { sceneOf } from "../../src/simulator/rehearsal/scenario-subject";
import { rehearse } from "../../src/simulator/rehearsal/search";
import { describeRehearsal } from "../../src/simulator/rehearsal/words";
import type { Scenario } from "../../src/simulator/scenario";
import type { Exploration, Failure, Tried } from "./exploration";
import { renderFound, renderScenario } from "./found-file";

const name = "etcd-rehearsals";
const runsOfTurn = 10;
const casesMax = 100;
const seedMax = 2 ** 31 - 1;

/** Explores with the real planner, or with another one. */
export function etcdRehearsals(planner?: EtcdPlanner): Exploration {
  return {
    name,
    run: async (seed) => {
      const all: Tried[] = [];
      for (let run = 0; run < runsOfTurn; run += 1) {
        const own = createPrng(String(seed)).fork(`run ${run}`).integer(1, seedMax);
        all.push(runSeed(own, planner));
        // A search holds the thread; in between ^C is heard.
        await setImmediate();
      }
      return {
        seeds: all.length,
        cases: all.reduce((sum, { cases }) => sum + cases, 0),
        failures: all.flatMap(({ failures }) => failures),
      };
    },
    replay: async (file) => {
      if (file.kind === "scenario") return searchWhole(file.scenario, planner);
      return runSeed(file.found.seed, planner).failures[0]?.words;
    },
  };
}

function runSeed(seed: number, planner: EtcdPlanner | undefined): Tried {
  try {
    const { cases, failures } = explore({
      seed: String(seed),
      runs: 1,
      casesMax,
      ...(planner === undefined ? {} : { planner }),
    });
    return { seeds: 1, cases, failures: failures.map(({ scenario }) => failureOf(scenario, seed, planner)) };
  } catch (error) {
    // Neither a planner nor the simulator may end in an error, whatever the cluster.
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seeds: 1, cases: 1, failures: [failureOfSeed(seed, words)] };
  }
}

function failureOf(scenario: Scenario, seed: number, planner: EtcdPlanner | undefined): Failure {
  const words = searchWhole(scenario, planner);
  if (words === undefined) return failureOfSeed(seed, "a rule is broken in the run, and not in its smallest scenario");
  return { name: `${name}-${seed}`, text: renderScenario(scenario, words), words };
}

function failureOfSeed(seed: number, words: string): Failure {
  return { name: `${name}-${seed}`, text: renderFound({ exploration: name, seed, error: words }), words };
}

/** Every case of the scenario until one fails, which the run that found it had only drawn some of. */
function searchWhole(scenario: Scenario, planner: EtcdPlanner | undefined): string | undefined {
  const { subject, world } = sceneOf(scenario);
  const rehearsal = rehearse(planner === undefined ? subject : { ...subject, planner }, world, { failuresMax: 1 });
  return rehearsal.failures.length === 0 ? undefined : describeRehearsal(rehearsal).join("\n");
}
