import { expect } from "chai";
import type { JsonObject } from "../../src/model/json";
import type { NodeObservation } from "../../src/model/node-observation";
import { alignInputs, liveInputs } from "../../src/plan/live-inputs";
import { diffProperties } from "../../src/plan/property-diff";
import { file, observed, plane, pod, seen, service, unknown, unreachableNode } from "../builders";

const scheduler = pod("kube-scheduler");
const misspelled = pod("kube-scheduler", ["kube-schedulerrrr"]);
const declared = plane(["cp-0"], [scheduler]);
const inputs = declared as unknown as JsonObject;
const podNames = { "cp-0": ["kube-scheduler"] };

const liveDiff = (observation: NodeObservation) => {
  const aligned = alignInputs(liveInputs(inputs, declared, podNames, [observation]), inputs);
  return diffProperties(aligned.observed, aligned.desired);
};

describe("liveInputs", () => {
  it("equals what is declared when the node is as declared", () =>
    expect(liveDiff(observed("cp-0", [scheduler]))).to.deep.equal([]));

  const cases: readonly { name: string; observation: NodeObservation; path: string; observedValue: unknown }[] = [
    {
      name: "a misspelled command at its exact path",
      observation: observed("cp-0", [scheduler], { manifests: seen([file("kube-scheduler.yaml", misspelled)]) }),
      path: 'nodes["cp-0"].staticPods["kube-scheduler"].spec.containers[0].command[0]',
      observedValue: "kube-schedulerrrr",
    },
    {
      name: "a missing manifest as an absent pod",
      observation: observed("cp-0", [scheduler], { manifests: seen([]) }),
      path: 'nodes["cp-0"].staticPods["kube-scheduler"]',
      observedValue: undefined,
    },
    {
      name: "an empty manifest in words",
      observation: observed("cp-0", [scheduler], { manifests: seen([file("kube-scheduler.yaml", { kind: "empty" })]) }),
      path: 'nodes["cp-0"].staticPods["kube-scheduler"]',
      observedValue: "(the file is empty)",
    },
    {
      name: "the owner of every manifest where all have the same wrong one",
      observation: observed("cp-0", [scheduler], {
        manifests: seen([file("kube-scheduler.yaml", scheduler, { owner: "kim:kim" })]),
      }),
      path: 'nodes["cp-0"].manifestOwner',
      observedValue: "kim:kim",
    },
    {
      name: "a stray file by name",
      observation: observed("cp-0", [scheduler], {
        manifests: seen([file("kube-scheduler.yaml", scheduler), file("x.bak", scheduler)]),
      }),
      path: 'nodes["cp-0"].strayManifests[0]',
      observedValue: "x.bak",
    },
    {
      name: "a stopped service by its state",
      observation: observed("cp-0", [scheduler], {
        services: seen([service("containerd"), service("kubelet", { state: "stopped" })]),
      }),
      path: 'nodes["cp-0"].services.kubelet.state',
      observedValue: "stopped",
    },
  ];
  for (const { name, observation, path, observedValue } of cases) {
    it(`shows ${name}`, () => {
      const changes = liveDiff(observation);
      expect(changes.map((change) => change.path)).to.deep.equal([path]);
      expect(changes[0]?.observed).to.deep.equal(observedValue);
    });
  }

  it("keeps what was recorded where the node does not answer", () => {
    expect(liveInputs(inputs, declared, podNames, [unreachableNode("cp-0")])).to.deep.equal(inputs);
  });

  it("keeps what was recorded where a section could not be read, and shows the others", () => {
    const observation = observed("cp-0", [scheduler], {
      manifests: unknown("deadline"),
      services: seen([service("containerd"), service("kubelet", { state: "failed" })]),
    });
    expect(liveDiff(observation).map((change) => change.path)).to.deep.equal(['nodes["cp-0"].services.kubelet.state']);
  });
});
