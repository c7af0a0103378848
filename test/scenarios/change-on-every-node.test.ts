import { expect } from "chai";
import { converge } from "../../src/converge/round";
import { controlPlaneSchema } from "../../src/model/declaration";
import { planControlPlane } from "../../src/plan/control-plane";
import { advance, memoryWorld, observeNode, simulatedClock, simulatedNodes } from "../../src/simulator";
import { kubeadmDeclaration, kubeadmWorld } from "../simulator/worlds";

const names = ["cp-0", "cp-1", "cp-2"];

/** The declaration with one more environment variable for a pod, on every node: nothing that a runtime would show. */
function withVariable(pod: string) {
  const declaration = JSON.parse(JSON.stringify(kubeadmDeclaration(3)));
  for (const name of names)
    declaration.nodes[name].staticPods[pod].spec.containers[0].env = [{ name: "NEW", value: "1" }];
  return controlPlaneSchema.parse(declaration);
}

describe("manifest change: all nodes (3 nodes)", () => {
  for (const pod of ["etcd", "kube-apiserver"]) {
    it(`writes the ${pod} of one node only after that of the node before runs anew`, async () => {
      const holder = memoryWorld(advance(kubeadmWorld(3), 60));
      const beganAt = holder.read().timeMs / 1000;
      const result = await converge({
        plane: withVariable(pod),
        nodes: simulatedNodes(holder),
        clock: simulatedClock(holder),
        planner: planControlPlane,
      });
      expect(result.failures).to.deep.equal([]);
      const seen = names.map((name) => {
        const node = observeNode(holder.read(), name);
        if (node.kind !== "observed" || node.manifests.kind !== "seen" || node.containers.kind !== "seen")
          throw new Error("unseen");
        const file = node.manifests.value.find((candidate) => candidate.fileName === `${pod}.yaml`);
        const container = node.containers.value.containers.find(
          (candidate) => candidate.pod === `${pod}-${name}` && candidate.state === "running",
        );
        if (file === undefined || container === undefined) throw new Error(`no ${pod} on ${name}`);
        return { writtenAt: file.modifiedAtSeconds, startedAt: container.startedAtSeconds ?? 0 };
      });
      const inOrder = [...seen].sort((a, b) => a.writtenAt - b.writtenAt);
      expect(inOrder[0]?.writtenAt, "each one is written anew").to.be.at.least(beganAt);
      const times = inOrder.flatMap(({ writtenAt, startedAt }) => [writtenAt, startedAt]);
      expect(times).to.deep.equal([...times].sort((a, b) => a - b));
    });
  }
});
