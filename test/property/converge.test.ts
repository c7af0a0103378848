import { expect } from "chai";
import * as fc from "fast-check";
import { isSettled } from "../../src/model/plan";
import { advance, injectFault, memoryWorld } from "../../src/simulator";
import { kubeadmDeclaration } from "../simulator/worlds";
import {
  anyFault,
  anyInterruption,
  convergeOnce,
  mendable,
  repairCompletely,
  runInTrouble,
  trouble,
  troubled,
} from "./runs";

// The seed is fixed so that a run can be repeated; PROPERTY_SEED explores elsewhere, PROPERTY_RUNS longer.
const seed = Number(process.env.PROPERTY_SEED ?? 20260101);
const runs = Number(process.env.PROPERTY_RUNS ?? 25);
const parameters = { seed, numRuns: runs, interruptAfterTimeLimit: 100_000 } as const;

describe("converge, from any mix of faults", function () {
  this.timeout(120_000);

  it("ends settled or with a named reason, loses nothing, does no harm, and then does nothing (1 to 5 nodes)", async () => {
    await fc.assert(
      fc.asyncProperty(trouble(anyFault, { min: 1, max: 5 }), async (given) => {
        const { violations } = await runInTrouble(given);
        expect(violations).to.deep.equal([]);
      }),
      parameters,
    );
  });

  it("mends everything that can be mended (1 to 5 nodes)", async () => {
    await fc.assert(
      fc.asyncProperty(trouble(mendable, { min: 1, max: 5 }), async (given) => {
        expect(await repairCompletely(memoryWorld(troubled(given)), given.size)).to.deep.equal([]);
      }),
      parameters,
    );
  });

  it("mends the others completely while one node is down (3 to 5 nodes)", async () => {
    await fc.assert(
      fc.asyncProperty(
        trouble(mendable, { min: 3, max: 5 }),
        fc.constantFrom("power-lost", "unreachable"),
        async (given, how) => {
          const node = "cp-1";
          const down =
            how === "power-lost"
              ? ({ kind: how, node } as const)
              : ({ kind: "unreachable", node, level: "timeout", message: "" } as const);
          const holder = memoryWorld(injectFault(troubled(given), down));
          const result = await convergeOnce(holder, kubeadmDeclaration(given.size));
          expect(result?.plan.blockers.map((blocker) => [blocker.node, blocker.reason])).to.deep.include([
            node,
            "node-unreachable",
          ]);
          expect(await repairCompletely(holder, given.size, [node])).to.deep.equal([]);
        },
      ),
      parameters,
    );
  });

  it("converges after any crash between two effects, with nothing half-written (1 to 3 nodes)", async () => {
    const given = trouble(mendable, { min: 1, max: 3 }).chain((one) =>
      fc.record({
        one: fc.constant(one),
        interruption: fc.nat(one.size - 1).chain((index) => anyInterruption(`cp-${index}`)),
      }),
    );
    await fc.assert(
      fc.asyncProperty(given, async ({ one, interruption }) => {
        const holder = memoryWorld(injectFault(troubled(one), interruption));
        const plane = kubeadmDeclaration(one.size);
        await convergeOnce(holder, plane);
        const powered = Object.keys(plane.nodes).reduce(
          (world, node) => injectFault(world, { kind: "power-back", node }),
          holder.read(),
        );
        // From here on nothing more goes wrong: what was going to interrupt a later step does not.
        const next = memoryWorld({ ...advance(powered, 60), interruptions: [] });
        expect(await repairCompletely(next, one.size)).to.deep.equal([]);
        expect(next.read().incidents).to.deep.equal([]);
      }),
      parameters,
    );
  });

  it("does nothing to a healthy control plane (1 to 5 nodes)", async () => {
    for (const size of [1, 2, 3, 4, 5]) {
      const { result } = await runInTrouble({ size, faults: [], seconds: 0 });
      expect(result.applied).to.deep.equal([]);
      expect(isSettled(result.plan)).to.equal(true);
    }
  });
});
