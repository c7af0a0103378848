// Every recorded step is run by the embedded engine and compared, call by call and field by field: once on a plugin that
// answers from the recording, once on the plugin that was recorded.

import { expect } from "chai";
import { compareCalls, compareOrder, compareStates } from "./compare";
import { listSteps, type RecordedStep, readStep } from "./recording";
import { kindOf, prepare, scenarios } from "./scenarios";
import { type ObservedRun, type PluginKind, Workspace } from "./workspace";

/** Two Node processes with a cold TypeScript compiler each, on a busy machine. */
const runTimeoutMs = 120_000;

async function observe(scenario: string, step: RecordedStep, plugin: PluginKind): Promise<ObservedRun> {
  const kind = kindOf(step);
  if (kind === undefined) throw new Error(`${step.name} runs no deployment`);
  const workspace = new Workspace(scenario, plugin);
  try {
    prepare(workspace, scenario, step);
    return await workspace.run(step.before, step.answers, { kind });
  } finally {
    workspace.remove();
  }
}

function expectSame(differences: readonly string[]): void {
  expect(differences, differences.join("\n")).to.deep.equal([]);
}

for (const scenario of scenarios) {
  for (const plugin of ["replaying", "recorded"] as const) {
    describe(`conformance of ${scenario} on a ${plugin} plugin`, function () {
      this.timeout(runTimeoutMs);
      for (const name of listSteps(scenario)) {
        const step = readStep(scenario, name);
        if (kindOf(step) === undefined) continue;
        it(`${name}: sends the recorded calls and leaves the recorded state`, async () => {
          const run = await observe(scenario, step, plugin);
          const wasCutShort = JSON.stringify(step.answers).includes('"failures":');
          expectSame(compareCalls(step.calls, run.calls, step.before, wasCutShort));
          expectSame(compareOrder(run.calls, step.after));
          expectSame(await compareStates(step.after, run.state, step.before));
          expect(run.result.succeeded).to.equal(step.exitCode !== 1);
          if (step.exitCode === 7) expect(run.result.hasChanges).to.equal(true);
        });
      }
    });
  }
}
