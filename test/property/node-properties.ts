// What must hold for a converge over the nodes of a control plane, from any mix of faults.

import { expect } from "chai";
import * as fc from "fast-check";
import { advance, type Fault, injectFault, memoryWorld } from "../../src/simulator";
import { kubeadmDeclaration } from "../simulator/worlds";
import type { RandomProperty } from "./random-property";
import {
  anyFault,
  anyInterruption,
  convergeOnce,
  mendable,
  repairCompletely,
  runInTrouble,
  type Trouble,
  trouble,
  troubled,
} from "./runs";

type NodeProperty<Input> = RandomProperty<Input, Promise<void>>;

export const endsWell: NodeProperty<Trouble> = {
  name: "ends settled or with a named reason",
  inputs: trouble(anyFault, { min: 1, max: 5 }),
  check: async (given) => {
    const { violations } = await runInTrouble(given);
    expect(violations).to.deep.equal([]);
  },
};

export const mendsAll: NodeProperty<Trouble> = {
  name: "mends everything that can be mended",
  inputs: trouble(mendable, { min: 1, max: 5 }),
  check: async (given) => {
    expect(await repairCompletely(memoryWorld(troubled(given)), given.size)).to.deep.equal([]);
  },
};

export const mendsOthers: NodeProperty<[Trouble, "power-lost" | "unreachable"]> = {
  name: "mends the others while one node is down",
  inputs: fc.tuple(trouble(mendable, { min: 3, max: 5 }), fc.constantFrom("power-lost", "unreachable")),
  check: async ([given, how]) => {
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
};

export const survivesCrash: NodeProperty<{ readonly one: Trouble; readonly interruption: Fault }> = {
  name: "converges after a crash between two effects",
  inputs: trouble(mendable, { min: 1, max: 3 }).chain((one) =>
    fc.record({
      one: fc.constant(one),
      interruption: fc.nat(one.size - 1).chain((index) => anyInterruption(`cp-${index}`)),
    }),
  ),
  check: async ({ one, interruption }) => {
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
  },
};
