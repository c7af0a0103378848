import { expect } from "chai";
import type { JsonObject } from "../../src/model/json";
import { effectsOfKind } from "../../src/model/step";
import { injectFault, memoryWorld, simulatedClock, simulatedNodes } from "../../src/simulator";
import { type ContractCase, type ContractSubject, contract, runContractCase } from "./contract";
import { kubeadmDeclaration, kubeadmNodes, kubeadmWorld } from "./worlds";

function simulatedSubject(): ContractSubject {
  const holder = memoryWorld(kubeadmWorld(1));
  const pod = kubeadmNodes(1)[0]?.pods.find((one) => (one.metadata as JsonObject).name === "kube-scheduler") ?? {};
  const { manifestDirectory, archiveDirectory } = kubeadmDeclaration(1);
  return {
    nodes: simulatedNodes(holder, { plane: kubeadmDeclaration(1) }),
    clock: simulatedClock(holder),
    node: "cp-0",
    pod,
    manifestDirectory,
    archiveDirectory,
    prepare: async (faults) => {
      await holder.change((world) => ({ world: faults.reduce(injectFault, world), result: undefined }));
    },
  };
}

describe("the contract of a node, on the simulator", () => {
  for (const [kind, rows] of Object.entries(contract) as unknown as [string, readonly ContractCase[]][]) {
    for (const row of rows) {
      it(`${kind}: ${row.title}`, () => runContractCase(row, simulatedSubject()));
    }
  }

  it("has a row for every kind of step", () => {
    expect(Object.keys(contract).sort()).to.deep.equal(Object.keys(effectsOfKind).sort());
  });
});
