import { expect } from "chai";
import { captureNodes } from "../../src/plan/capture";
import { file, observed, pod, seen } from "../builders";

const apiServer = (address: string) =>
  pod("kube-apiserver", ["kube-apiserver", `--advertise-address=${address}`, `--bind-address=${address}1`]);
const etcd = (name: string, address: string) =>
  pod("etcd", [
    "etcd",
    `--name=${name}`,
    `--listen-peer-urls=https://${address}:2380`,
    `--initial-cluster=${name}=https://${address}:2380`,
  ]);

describe("captureNodes", () => {
  const nodes = [
    observed("cp-0", [apiServer("10.0.0.1"), etcd("cp-0", "10.0.0.1")]),
    observed("cp-1", [apiServer("10.0.0.2"), etcd("cp-1", "10.0.0.2")]),
  ];

  it("makes one Pod of those that differ only in the node's name and address", () => {
    const captured = captureNodes(nodes);
    expect(Object.keys(captured.common)).to.deep.equal(["etcd"]);
    expect(JSON.stringify(captured.common.etcd)).to.contain("--name={{name}}").and.contain("https://{{address}}:2380");
    expect(captured.values).to.deep.equal({ "cp-0": { address: "10.0.0.1" }, "cp-1": { address: "10.0.0.2" } });
  });

  it("takes no longer address for the node's own", () => {
    expect(JSON.stringify(captureNodes(nodes).own["cp-0"])).to.contain("--bind-address=10.0.0.11");
  });

  it("leaves etcd's membership flags out", () => {
    expect(JSON.stringify(captureNodes(nodes))).not.to.contain("initial-cluster");
  });

  it("keeps a Pod that only one node has with that node", () => {
    const captured = captureNodes([
      nodes[0] ?? expect.fail(),
      observed("cp-1", [...[apiServer("10.0.0.2"), etcd("cp-1", "10.0.0.2")], pod("kube-vip")]),
    ]);
    expect(Object.keys(captured.own["cp-1"] ?? {})).to.include("kube-vip");
    expect(captured.common).not.to.have.property("kube-vip");
  });

  it("tells what it left out", () => {
    const odd = observed("cp-0", [], {
      manifests: seen([file("other.yaml", pod("kube-scheduler")), file("broken.yaml", { kind: "empty" })]),
    });
    expect(captureNodes([odd]).skipped).to.have.length(2);
  });
});
