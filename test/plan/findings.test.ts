import { expect } from "chai";
import { findFaults } from "../../src/plan/findings";
import { container, file, observed, plane, pod, seen, service, unreachableNode } from "../builders";

const scheduler = pod("kube-scheduler");
const nodes = plane(["cp-0"], []);
const causes = (...args: Parameters<typeof observed>) =>
  findFaults(nodes, [observed(...args)]).map((finding) => finding.cause);

describe("findFaults", () => {
  it("finds nothing on a healthy node", () => expect(causes("cp-0", [scheduler])).to.deep.equal([]));

  it("names a pod that does not run, with the container's words", () => {
    const crashed = container("cp-0", "kube-scheduler", {
      state: "exited",
      reason: "Error",
      message: "no such file",
      createdAtSeconds: 1_799_999_000,
    });
    const [finding] = findFaults(nodes, [
      observed("cp-0", [scheduler], { containers: seen({ source: "containerd", skipped: [], containers: [crashed] }) }),
    ]);
    expect(finding).to.include({ node: "cp-0", cause: "pod kube-scheduler does not run" });
    expect(finding?.evidence).to.contain("no such file");
  });

  const cases = [
    { name: "a node that does not answer", observation: unreachableNode("cp-0"), cause: /is unreachable/ },
    {
      name: "a stopped service",
      observation: observed("cp-0", [scheduler], {
        services: seen([service("containerd"), service("kubelet", { state: "stopped" })]),
      }),
      cause: /service kubelet is stopped/,
    },
    {
      name: "a stray file",
      observation: observed("cp-0", [scheduler], {
        manifests: seen([file("kube-scheduler.yaml", scheduler), file("kube-scheduler.yaml.bak", scheduler)]),
      }),
      cause: /kube-scheduler\.yaml\.bak/,
    },
    {
      name: "an empty manifest",
      observation: observed("cp-0", [], { manifests: seen([file("kube-scheduler.yaml", { kind: "empty" })]) }),
      cause: /kube-scheduler\.yaml is no usable manifest/,
    },
  ];
  for (const { name, observation, cause } of cases) {
    it(`names ${name}, and what to do next`, () => {
      const findings = findFaults(nodes, [observation]);
      expect(findings.map((finding) => finding.cause).join("\n")).to.match(cause);
      expect(findings.every((finding) => finding.nextStep !== "")).to.equal(true);
    });
  }

  it("names a pod that another node has and this one lacks, and a node without any", () => {
    const three = plane(["cp-0", "cp-1", "cp-2"], []);
    const etcd = pod("etcd", ["etcd"]);
    const found = findFaults(three, [
      observed("cp-0", [etcd, scheduler]),
      observed("cp-1", [etcd]),
      observed("cp-2", []),
    ]).map((finding) => `${finding.node}: ${finding.cause}`);
    expect(found).to.deep.equal([
      "cp-1: there is no manifest of kube-scheduler, which other nodes have",
      "cp-2: there is no static pod manifest at all",
    ]);
  });

  it("names a service whose manager does not answer", () => {
    const services = seen([service("containerd"), service("kubelet", { state: "unknown", detail: "cannot connect" })]);
    expect(causes("cp-0", [scheduler], { services })).to.deep.equal([
      "node cp-0: the state of kubelet could not be observed: cannot connect",
    ]);
  });
});
