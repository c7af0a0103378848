// What a program's words become: what the provider is asked to check.

import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { ControlPlane, type ControlPlaneArgs } from "../../src/resources";

const access = { kind: "simulated", world: "world.json" } as const;
const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "etcd" } };

describe("a control plane in a program", () => {
  let asked: Record<string, unknown> = {};
  before(() => {
    pulumi.runtime.setMocks({
      newResource: ({ name, inputs }) => {
        asked = inputs;
        return { id: name, state: inputs };
      },
      call: () => ({}),
    });
  });

  /** What the provider is asked for a program that nobody's types have checked. */
  async function inputsOf(args: unknown): Promise<Record<string, unknown>> {
    const made = new ControlPlane("control-plane", args as ControlPlaneArgs);
    await new Promise((resolve) => made.urn.apply(resolve));
    return asked;
  }

  it("gives every node what all have and what is its own", async () => {
    const inputs = await inputsOf({
      staticPods: { etcd: pod },
      services: { kubelet: {} },
      nodes: { a: { access, services: { etcd: {} } } },
    });
    expect(inputs.nodes).to.have.nested.property("a.staticPods.etcd.kind", "Pod");
    expect(inputs.nodes).to.have.nested.property("a.services").that.has.all.keys("kubelet", "etcd");
  });

  const wrong: readonly (readonly [string, (value: unknown) => unknown, string])[] = [
    ["staticPods of all", (value) => ({ staticPods: value, nodes: { a: { access } } }), "nodes.a.staticPods"],
    ["staticPods of a node", (value) => ({ nodes: { a: { access, staticPods: value } } }), "nodes.a.staticPods"],
    ["services of all", (value) => ({ services: value, nodes: { a: { access } } }), "nodes.a.services"],
    ["services of a node", (value) => ({ nodes: { a: { access, services: value } } }), "nodes.a.services"],
    ["a node", (value) => ({ nodes: { a: value } }), "nodes.a"],
    ["nodes", (value) => ({ nodes: value }), "nodes"],
  ];
  for (const [what, program, place] of wrong) {
    for (const value of [3, "etcd", [pod], true]) {
      it(`hands on ${what} that are ${JSON.stringify(value).slice(0, 10)} instead of a record, for the provider to refuse`, async () => {
        expect(await inputsOf(program(value)))
          .to.have.nested.property(place)
          .that.deep.equals(value);
      });
    }
  }
});
