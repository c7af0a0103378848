import { expect } from "chai";
import type { JsonObject } from "../../src/model/json";
import { effectsOfKind } from "../../src/model/step";
import { injectFault, memoryWorld, simulatedClock, simulatedNodes, type World } from "../../src/simulator";
import { stopService, withService } from "../../src/simulator/services";
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
    killService: async (service) => {
      await holder.change((world) => ({ world: withKilledProcess(world, "cp-0", service), result: undefined }));
    },
  };
}

/** systemd starts a kubelet again ten seconds after its process ended. Source: RestartSec of kubeadm's unit. */
function withKilledProcess(world: World, node: string, service: string): World {
  const ended = stopService(world, node, service);
  const found = ended.nodes[node]?.services[service];
  if (found === undefined) throw new Error(`no service ${service}`);
  return withService(ended, node, service, { ...found, state: "starting", retryAtMs: ended.timeMs + 10_000 });
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
