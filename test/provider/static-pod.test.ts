import { expect } from "chai";
import type { JsonObject } from "../../src/model/json";
import type { OpenNodes } from "../../src/provider/plane-resource";
import {
  type Fault,
  injectFault,
  memoryWorld,
  simulatedClock,
  simulatedNodes,
  type WorldHolder,
} from "../../src/simulator";
import { etcdPod } from "../builders";
import { kubeadmDeclaration, kubeadmWorld } from "../simulator/worlds";
import { initFailureOf, openProvider } from "./provider-client";

const access = { kind: "simulated", world: "world.json" };
const scheduler = kubeadmDeclaration(1).nodes["cp-0"]?.staticPods["kube-scheduler"] as JsonObject;

describe("resources outside a control plane", () => {
  let world: WorldHolder;
  let provider: Awaited<ReturnType<typeof openProvider>>;
  const openNodes: OpenNodes = async () => ({ nodes: simulatedNodes(world), clock: simulatedClock(world) });
  const inject = (...faults: readonly Fault[]) =>
    world.change((before) => ({ world: faults.reduce(injectFault, before), result: undefined }));
  const readEither = (
    type: string,
    inputs: JsonObject,
    outputs: JsonObject,
  ): Promise<{ inputs: JsonObject; properties: JsonObject }> =>
    provider.read(type, inputs, outputs).catch((error: unknown) => initFailureOf(error) ?? Promise.reject(error));

  beforeEach(async () => {
    world = memoryWorld(kubeadmWorld(1));
    provider = await openProvider(openNodes);
  });
  afterEach(() => provider.close());

  describe("StaticPod", () => {
    const declare = async () => (await provider.check("StaticPod", { node: "cp-0", access, pod: scheduler })).inputs;
    const edit: Fault = {
      kind: "manifest-set",
      node: "cp-0",
      fileName: "kube-scheduler.yaml",
      path: ["spec", "priority"],
      value: 1,
    };

    it("reads as declared when the manifest is as declared", async () => {
      const inputs = await declare();
      const { properties } = await provider.create("StaticPod", inputs, false);
      const read = await provider.read("StaticPod", inputs, properties);
      expect((await provider.diff("StaticPod", read.inputs, inputs)).paths).to.deep.equal([]);
    });

    it("names the field that differs, restores it, and reads as declared again", async () => {
      const inputs = await declare();
      const { properties } = await provider.create("StaticPod", inputs, false);
      await inject(edit);
      const drifted = await readEither("StaticPod", inputs, properties);
      expect((await provider.diff("StaticPod", drifted.inputs, inputs)).paths).to.deep.equal(["pod.spec.priority"]);
      await provider.create("StaticPod", inputs, false);
      const read = await readEither("StaticPod", inputs, properties);
      expect((await provider.diff("StaticPod", read.inputs, inputs)).paths).to.deep.equal([]);
    });

    it("shows a missing manifest as a missing pod and writes it", async () => {
      const inputs = await declare();
      const { properties } = await provider.create("StaticPod", inputs, false);
      await inject({ kind: "manifest-removed", node: "cp-0", fileName: "kube-scheduler.yaml" });
      const gone = await readEither("StaticPod", inputs, properties);
      expect((await provider.diff("StaticPod", gone.inputs, inputs)).paths).to.deep.equal(["pod"]);
      await provider.create("StaticPod", inputs, false);
      const read = await readEither("StaticPod", gone.inputs, gone.properties);
      expect((await provider.diff("StaticPod", read.inputs, inputs)).paths).to.deep.equal([]);
    });

    it("leaves what other resources declare in the same directory alone", async () => {
      const inputs = await declare();
      await inject(
        { kind: "manifest-set", node: "cp-0", fileName: "kube-apiserver.yaml", path: ["spec", "priority"], value: 1 },
        { kind: "manifest-content", node: "cp-0", fileName: "note.txt", content: { kind: "empty" } },
      );
      const before = world.read().trace.count;
      await provider.create("StaticPod", inputs, false);
      expect(world.read().trace.count).to.equal(before);
    });

    it("refuses a Pod that runs etcd", async () => {
      const { failures } = await provider.check("StaticPod", { node: "cp-0", access, pod: etcdPod() });
      expect(failures.map((one) => one.reason)).to.have.length(1);
      expect(failures[0]?.reason).to.match(/^pod: runs etcd.*declare it in a ControlPlane$/);
    });

    it("refuses what is no Pod", async () => {
      const { failures } = await provider.check("StaticPod", { node: "cp-0", access, pod: { kind: "Service" } });
      expect(failures.map((one) => one.reason)).to.include('pod.kind: expected "Pod"');
    });
  });

  describe("NodeService", () => {
    const inputsOf = (service: string) => provider.check("NodeService", { node: "cp-0", access, service });

    it("starts a stopped unit and reads it as running", async () => {
      const { inputs } = await inputsOf("containerd");
      const { properties } = await provider.create("NodeService", inputs, false);
      await inject({ kind: "service-stopped", node: "cp-0", service: "containerd" });
      const stopped = await readEither("NodeService", inputs, properties);
      expect((await provider.diff("NodeService", stopped.inputs, inputs)).paths).to.deep.equal(["state"]);
      await provider.create("NodeService", inputs, false);
      const read = await readEither("NodeService", stopped.inputs, stopped.properties);
      expect((await provider.diff("NodeService", read.inputs, inputs)).paths).to.deep.equal([]);
    });

    for (const service of ["kubelet", "kubelet.service", "etcd"]) {
      it(`refuses ${service}, which a ControlPlane has to declare`, async () => {
        const { failures } = await inputsOf(service);
        expect(failures[0]?.reason).to.contain("declare it in a ControlPlane");
      });
    }
  });
});
