import { expect } from "chai";
import type { ControlPlaneDeclaration } from "../../src/model/declaration";
import type { EtcdObservation } from "../../src/model/etcd-observation";
import type { NodeObservation, ObservedNode } from "../../src/model/node-observation";
import type { Plan } from "../../src/model/plan";
import { planControlPlane } from "../../src/plan/control-plane";
import { file, observed, plane, pod, seen, service, unknown, unreachableNode } from "../builders";
import {
  type Change,
  data,
  declare,
  membership,
  nodeNames,
  type RunnerKind,
  stopped,
  voterEtcd,
  wiped,
} from "./etcd/builders";

const nodes = nodeNames(3);
const cluster = membership(nodes);
const etcd = (node: string) => pod("etcd", ["etcd", `--name=${node}`, "--data-dir=/var/lib/etcd"]);
const apiServer = pod("kube-apiserver");

function declared(runner: RunnerKind, change: object = {}, extra: object = {}): ControlPlaneDeclaration {
  const made = plane(nodes, runner === "static-pod" ? [etcd("cp"), apiServer] : [apiServer]);
  return { ...made, etcd: declare(3, runner, change), ...extra };
}

/** The nodes, all healthy, with one node's etcd and other parts changed. */
function look(
  runner: RunnerKind,
  at: Readonly<Record<string, { readonly etcd?: readonly Change[]; readonly fields?: Partial<ObservedNode> }>> = {},
): readonly NodeObservation[] {
  return nodes.map((node) => {
    const own: EtcdObservation = (at[node]?.etcd ?? []).reduce((one, apply) => apply(one), voterEtcd(cluster, node));
    const pods = runner === "static-pod" ? [etcd("cp"), apiServer] : [apiServer];
    return observed(node, pods, { etcd: seen(own), ...at[node]?.fields });
  });
}

const kinds = (plan: Plan) => plan.steps.map((step) => `${step.kind} ${step.node}`);
const kubeletDown = { services: seen([service("containerd"), service("kubelet", { state: "stopped" })]) };

describe("planControlPlane with a declared etcd", () => {
  for (const runner of ["monit", "systemd", "static-pod"] as const) {
    it(`has nothing to do when all members vote (${runner})`, () => {
      const plan = planControlPlane(declared(runner), look(runner));
      expect(plan).to.deep.include({ drifts: [], steps: [], blockers: [], problems: [] });
      expect(plan.etcd?.assessment.verdict.kind).to.equal("healthy");
    });
  }

  it("parks a definition before it starts a kubelet that would boot a member over lost data", () => {
    const lost = (one: EtcdObservation): EtcdObservation => ({
      ...wiped(one),
      service: { ...one.service, state: "stopped", hasProcess: false, isPaused: false },
    });
    const plan = planControlPlane(
      declared("static-pod"),
      look("static-pod", { "cp-0": { etcd: [lost], fields: kubeletDown } }),
    );
    const park = kinds(plan).indexOf("etcdParkDefinition cp-0");
    const start = kinds(plan).indexOf("startService cp-0");
    expect(park).to.be.at.least(0);
    expect(start).to.be.greaterThan(park);
    const first = plan.etcd?.chain[0];
    expect(first && plan.steps.indexOf(first)).to.be.greaterThan(start);
  });

  for (const [state, step] of [
    ["starting", "waitForService"],
    ["stopped", "startService"],
  ] as const)
    it(`mends etcd before a ${step} of a process of monit, which may be an API server`, () => {
      const process = service("kube-apiserver", { manager: "monit", state });
      const masters = declared("monit");
      const services = { "kube-apiserver": { manager: "monit" as const, state: "running" as const } };
      const withProcess = {
        ...masters,
        nodes: Object.fromEntries(Object.entries(masters.nodes).map(([name, node]) => [name, { ...node, services }])),
      };
      const plan = planControlPlane(
        withProcess,
        look("monit", { "cp-0": { etcd: [wiped] }, "cp-1": { fields: { services: seen([process]) } } }),
      );
      const first = plan.etcd?.chain[0];
      expect(first && plan.steps.indexOf(first)).to.be.at.least(0);
      expect(first && plan.steps.indexOf(first)).to.be.lessThan(kinds(plan).indexOf(`${step} cp-1`));
      expect(kinds(plan).at(-1)).to.equal("waitForService cp-1");
    });

  it("starts a kubelet at once over the data of its own member", () => {
    const plan = planControlPlane(
      declared("static-pod"),
      look("static-pod", { "cp-0": { etcd: [stopped], fields: kubeletDown } }),
    );
    expect(kinds(plan)[0]).to.equal("startService cp-0");
    expect(kinds(plan)).not.to.include("etcdParkDefinition cp-0");
  });

  it("starts no kubelet where nothing could be seen of etcd", () => {
    const fields = { ...kubeletDown, etcd: unknown("cut off"), etcdData: unknown("cut off") };
    const plan = planControlPlane(declared("static-pod"), look("static-pod", { "cp-0": { fields } }));
    expect(kinds(plan)).not.to.include("startService cp-0");
    expect(plan.blockers.map(({ reason }) => reason)).to.include("etcd-data-unknown");
  });

  it("leaves a live etcd manifest that differs to the etcd plan, one member at a time", () => {
    const manifests = seen([
      file("etcd.yaml", pod("etcd", ["etcd", "--name=cp-1", "--data-dir=/var/lib/etcd", "--odd"])),
      file("kube-apiserver.yaml", apiServer),
    ]);
    const plan = planControlPlane(declared("static-pod"), look("static-pod", { "cp-1": { fields: { manifests } } }));
    expect(plan.drifts.map(({ kind }) => kind)).to.deep.equal(["manifest-differs"]);
    expect(kinds(plan)).to.deep.equal(["etcdStartMember cp-1", "etcdWaitForMember cp-1"]);
  });

  it("never starts etcd's own service, which belongs to the chain", () => {
    const made = declared("systemd");
    const [first] = nodes;
    const services = { ...made.nodes[first ?? ""]?.services, "etcd.service": { manager: "systemd", state: "running" } };
    const withUnit = {
      ...made,
      nodes: Object.fromEntries(nodes.map((node) => [node, { ...made.nodes[node], services }])),
    } as ControlPlaneDeclaration;
    const down = { services: seen([service("etcd.service", { state: "stopped" })]) };
    const plan = planControlPlane(withUnit, look("systemd", { "cp-0": { etcd: [wiped], fields: down } }));
    expect(kinds(plan)).not.to.include("startService cp-0");
    expect(kinds(plan)).to.include("etcdStartMember cp-0");
  });

  it("holds API servers back while a lost cluster is rebuilt, and starts them only then", () => {
    const restore = { name: "first-try", source: { kind: "survivor", node: "cp-0" } };
    const down = { manifests: seen([]) };
    const at = {
      "cp-0": { etcd: [stopped, data({ offline: { revision: 1000, totalKeys: 300 } })], fields: down },
      "cp-1": { etcd: [wiped] },
      "cp-2": { etcd: [wiped] },
    };
    const plan = planControlPlane(declared("systemd", { restore }), look("systemd", at));
    expect(plan.blockers).to.deep.equal([]);
    expect(plan.etcd?.chain).not.to.have.length(0);
    expect(kinds(plan).filter((kind) => kind.startsWith("writeManifest"))).to.deep.equal([]);
    const refused = planControlPlane(declared("systemd"), look("systemd", at));
    expect(refused.etcd?.chain).to.deep.equal([]);
    expect(refused.blockers.map(({ reason }) => reason)).to.include("etcd-quorum-lost");
    expect(kinds(refused)).to.include("writeManifest cp-0").and.not.include("waitForPod cp-0");
  });

  it("names a node that is off once, and repairs nothing of its member", () => {
    const views = look("systemd").map((node) => (node.node === "cp-2" ? unreachableNode("cp-2") : node));
    const plan = planControlPlane(declared("systemd"), views);
    expect(plan.blockers.map(({ reason, node }) => `${reason} ${node}`)).to.deep.equal(["node-unreachable cp-2"]);
    expect(plan.steps).to.deep.equal([]);
  });

  it("leaves the chain alone while a script runs on a member's node", () => {
    const lock = { holder: "eve", host: "other", since: "now", step: "etcdStopMember" };
    const host = seen({ hostName: "cp-1", kubeletNodeName: "cp-1", timeSeconds: 1_800_000_000, lock });
    const plan = planControlPlane(
      declared("systemd"),
      look("systemd", { "cp-0": { etcd: [wiped] }, "cp-1": { fields: { host } } }),
    );
    expect(plan.etcd?.chain).to.deep.equal([]);
    expect(plan.blockers.map(({ reason }) => reason)).to.include("node-locked");
  });

  it("knows a stopped member that began a cluster of its own under its old ids", () => {
    const fork = data({ logPeerUrls: ["https://cp-0.lab:2380"], offline: { revision: 1, totalKeys: 1 } });
    const plan = planControlPlane(declared("systemd"), look("systemd", { "cp-0": { etcd: [stopped, fork] } }));
    expect(plan.etcd?.assessment.members[0]?.condition).to.equal("stale");
    expect(kinds(plan)).to.include("etcdArchiveData cp-0");
  });

  it("takes a stopped member for its own whose log names the others", () => {
    const own = data({ logPeerUrls: nodes.map((node) => `https://${node}.lab:2380`) });
    const plan = planControlPlane(declared("systemd"), look("systemd", { "cp-0": { etcd: [stopped, own] } }));
    expect(plan.etcd?.assessment.members[0]?.condition).to.equal("stopped");
  });
});
