// The configuration of a kubespray stack that declares the control plane itself.

import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { declareKubespray } from "../../stacks/kubespray";

describe("declareKubespray", () => {
  it("takes nodes under its own topology, and names what else is wrong", () => {
    const nodes = { node1: { access: { kind: "ssh", host: "node1" } } };
    pulumi.runtime.setAllConfig({
      "quorate:topology": "kubespray",
      "quorate:manifests": "7",
      "quorate:nodes": JSON.stringify(nodes),
    });
    try {
      expect(declareKubespray).to.throw(/^1 mistake in the configuration .*\n {2}\* quorate:manifests: [^\n]*$/);
    } finally {
      pulumi.runtime.setAllConfig({});
    }
  });
});
