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
import { kubeadmDeclaration, kubeadmWorld } from "../simulator/worlds";
import { initFailureOf, openProvider } from "./provider-client";

const typo: Fault = {
  kind: "manifest-edited",
  node: "cp-0",
  fileName: "kube-scheduler.yaml",
  from: "kube-scheduler",
  to: "kube-schedulerrrr",
};
const commandTypo = (node: string): Fault => ({
  kind: "manifest-set",
  node,
  fileName: "kube-scheduler.yaml",
  path: ["spec", "containers", 0, "command", 0],
  value: "kube-schedulerrrr",
});
const field = (node: string) => `nodes["${node}"].staticPods["kube-scheduler"].spec.containers[0].command[0]`;

describe("the ControlPlane resource", () => {
  let world: WorldHolder;
  let provider: Awaited<ReturnType<typeof openProvider>>;
  const inputs = kubeadmDeclaration(3) as unknown as JsonObject;

  const openNodes: OpenNodes = async () => ({ nodes: simulatedNodes(world), clock: simulatedClock(world) });
  const inject = (...faults: readonly Fault[]) =>
    world.change((before) => ({ world: faults.reduce(injectFault, before), result: undefined }));
  const failure = async (call: Promise<unknown>) =>
    initFailureOf(
      await call.then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
  // A read answers either way, well or not; both carry what was seen.
  const readEither = (
    recorded: JsonObject,
    outputs: JsonObject,
  ): Promise<{ inputs: JsonObject; properties: JsonObject }> =>
    provider
      .read("ControlPlane", recorded, outputs)
      .catch((error: unknown) => initFailureOf(error) ?? Promise.reject(error));
  const adopt = async () => (await provider.create("ControlPlane", inputs, false)).properties;

  beforeEach(async () => {
    world = memoryWorld(kubeadmWorld(3));
    provider = await openProvider(openNodes);
  });
  afterEach(() => provider.close());

  it("adopts a healthy control plane and changes nothing", async () => {
    const before = world.read().trace.count;
    const created = await provider.create("ControlPlane", inputs, false);
    expect(created.id).to.equal("it");
    expect(created.refreshBeforeUpdate).to.equal(true);
    expect(provider.logged).to.deep.equal([]);
    expect(world.read().trace.count).to.equal(before);
  });

  it("reads a healthy control plane as exactly what is declared", async () => {
    const outputs = await adopt();
    const read = await provider.read("ControlPlane", inputs, outputs);
    expect((await provider.diff("ControlPlane", read.inputs, inputs)).paths).to.deep.equal([]);
    expect(read.properties).to.deep.equal(outputs);
  });

  it("names the misspelled command at its exact path after a read", async () => {
    const outputs = await adopt();
    await inject(commandTypo("cp-0"));
    const read = await provider.read("ControlPlane", inputs, outputs);
    const diff = await provider.diff("ControlPlane", read.inputs, inputs);
    expect(diff).to.deep.equal({ changes: 2, paths: [field("cp-0")] });
  });

  it("logs the drift, the plan and the container's words in the preview of a create, and changes nothing", async () => {
    await inject(commandTypo("cp-0"));
    await simulatedClock(world).sleep(60_000);
    const before = world.read().trace.count;
    await provider.create("ControlPlane", inputs, true);
    const text = provider.logged.map((entry) => entry.message).join("\n");
    expect(text).to.contain('"kube-schedulerrrr" => "kube-scheduler"');
    expect(text).to.contain('exec: "kube-schedulerrrr": executable file not found in $PATH');
    expect(text).to.contain("1. cp-0: write /etc/kubernetes/manifests/kube-scheduler.yaml");
    expect(world.read().trace.count).to.equal(before);
  });

  it("restores the pod on update, and then reads it as declared", async () => {
    const outputs = await adopt();
    await inject(commandTypo("cp-0"));
    await provider.create("ControlPlane", inputs, false);
    const read = await provider.read("ControlPlane", inputs, outputs);
    expect((await provider.diff("ControlPlane", read.inputs, inputs)).paths).to.deep.equal([]);
  });

  it("answers a crash-looping pod as an unhealthy resource with the container's words", async () => {
    const outputs = await adopt();
    await inject(commandTypo("cp-0"));
    await simulatedClock(world).sleep(60_000);
    const failed = await failure(provider.read("ControlPlane", inputs, outputs));
    expect(failed?.id).to.equal("it");
    expect(failed?.refreshBeforeUpdate).to.equal(true);
    expect(failed?.reasons.join("\n")).to.contain('exec: "kube-schedulerrrr": executable file not found in $PATH');
    expect((await provider.diff("ControlPlane", failed?.inputs ?? {}, inputs)).paths).to.deep.equal([field("cp-0")]);
  });

  describe("with one node of three powered off", () => {
    const broken: readonly Fault[] = [commandTypo("cp-0"), commandTypo("cp-1"), { kind: "power-lost", node: "cp-2" }];

    it("shows the drift of the two others and keeps the third as recorded, with the reason", async () => {
      const outputs = await adopt();
      await inject(...broken);
      const failed = await failure(provider.read("ControlPlane", inputs, outputs));
      expect(failed?.reasons.filter((reason) => reason.includes("cp-2"))).to.have.length(1);
      const diff = await provider.diff("ControlPlane", failed?.inputs ?? {}, inputs);
      expect(diff.paths).to.deep.equal([field("cp-0"), field("cp-1")]);
    });

    it("repairs the two, fails naming the third, and later finds only the third's own drift", async () => {
      const outputs = await adopt();
      await inject(commandTypo("cp-2"), ...broken);
      const failed = await failure(provider.create("ControlPlane", inputs, false));
      expect(failed?.reasons).to.have.length(1);
      expect(failed?.reasons[0]).to.contain("cp-2").and.contain("unreachable");
      await inject({ kind: "power-back", node: "cp-2" });
      await simulatedClock(world).sleep(120_000);
      const later = await failure(provider.read("ControlPlane", inputs, outputs));
      expect((await provider.diff("ControlPlane", later?.inputs ?? {}, inputs)).paths).to.deep.equal([field("cp-2")]);
    });
  });

  it("remembers a declared pod whose manifest is gone, through a read that recorded its absence", async () => {
    const outputs = await adopt();
    await inject({ kind: "manifest-removed", node: "cp-0", fileName: "kube-scheduler.yaml" });
    const gone = await readEither(inputs, outputs);
    const again = await readEither(gone.inputs, gone.properties);
    await inject({
      kind: "manifest-content",
      node: "cp-0",
      fileName: "kube-scheduler.yaml",
      content: { kind: "empty" },
    });
    const empty = await readEither(again.inputs, again.properties);
    const diff = await provider.diff("ControlPlane", empty.inputs, inputs);
    expect(diff.paths).to.deep.equal(['nodes["cp-0"].staticPods["kube-scheduler"]']);
    expect(JSON.stringify(empty.inputs)).to.contain("the file is empty");
  });

  it("stops before the next step once it was cancelled, and says so", async () => {
    await inject(commandTypo("cp-0"));
    await provider.cancel();
    const failed = await failure(provider.create("ControlPlane", inputs, false));
    expect(failed?.reasons[0]).to.contain("stopped by the operator");
  });

  it("leaves an ignored property out of the difference", async () => {
    const other = JSON.parse(JSON.stringify(inputs).replace('kube-scheduler"', 'kube-schedulerrrr"')) as JsonObject;
    const all = await provider.diff("ControlPlane", other, inputs);
    expect(all.changes).to.equal(2);
    expect((await provider.diff("ControlPlane", other, inputs, ["nodes"])).changes).to.equal(1);
  });

  it("repairs every name in a manifest that sed went over", async () => {
    await inject(typo);
    await provider.create("ControlPlane", inputs, false);
    const read = await provider.read("ControlPlane", inputs, {});
    expect((await provider.diff("ControlPlane", read.inputs, inputs)).paths).to.deep.equal([]);
  });

  describe("check", () => {
    const node = { access: { kind: "ssh", host: "cp-0" }, staticPods: {}, services: {} };
    const hostile = ["-oProxyCommand=x", "a b", "$(reboot)", "a'b", 'a"b', "a\nb", "`x`", "a;b", "../a", ""];

    it("fills in the defaults", async () => {
      const { inputs: checked, failures } = await provider.check("ControlPlane", { nodes: { "cp-0": node } });
      expect(failures).to.deep.equal([]);
      expect(checked).to.include({ manifestDirectory: "/etc/kubernetes/manifests", containerStartTimeoutSeconds: 90 });
    });

    it("names every mistake with its path, in an empty property, and prints no value", async () => {
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "other" }, spec: { containers: [] } };
      const { failures } = await provider.check("ControlPlane", {
        nodes: { "cp-0": { ...node, staticPods: { etcd: pod }, access: { kind: "ssh", host: "secret host" } } },
        manifestDirectory: "relative",
        sudo: true,
      });
      expect(failures.map((one) => one.property)).to.deep.equal(failures.map(() => ""));
      const text = failures.map((one) => one.reason).join("\n");
      expect(text).to.contain('nodes["cp-0"].access.host').and.contain('nodes["cp-0"].staticPods.etcd.spec.containers');
      expect(text).to.contain("manifestDirectory").and.contain("sudo").and.not.contain("secret host");
    });

    for (const name of hostile) {
      it(`refuses ${JSON.stringify(name)} as a host, a node and a service`, async () => {
        const asHost = await provider.check("ControlPlane", {
          nodes: { "cp-0": { ...node, access: { kind: "ssh", host: name } } },
        });
        const asNode = await provider.check("ControlPlane", { nodes: { [name]: node } });
        const asService = await provider.check("ControlPlane", {
          nodes: { "cp-0": { ...node, services: { [name]: {} } } },
        });
        for (const { failures } of [asHost, asNode, asService]) expect(failures).to.have.length(1);
      });
    }

    it("takes a declared etcd, and fills in what it is compared by", async () => {
      const member = { name: "cp-0", peerUrl: "https://10.0.0.1:2380", clientUrl: "https://10.0.0.1:2379" };
      const etcd = { runner: { kind: "systemd" }, members: { "cp-0": member } };
      const access = { kind: "ssh", host: "cp-0.test" };
      const checked = await provider.check("ControlPlane", { nodes: { "cp-0": { ...node, access } }, etcd });
      expect(checked.failures).to.deep.equal([]);
      expect(JSON.stringify(checked.inputs)).to.contain('"state":"voting"').and.to.contain('"strayMembers":[]');
    });

    it("refuses an etcd without members, and one on simulated nodes, which have none", async () => {
      const wrong = await provider.check("ControlPlane", { nodes: { "cp-0": node }, etcd: {} });
      expect(wrong.failures.map(({ reason }) => reason).join("\n"))
        .to.contain("etcd.runner")
        .and.contain("etcd.members");
      const member = { name: "cp-0", peerUrl: "https://10.0.0.1:2380", clientUrl: "https://10.0.0.1:2379" };
      const etcd = { runner: { kind: "systemd" }, members: { "cp-0": member } };
      const access = { kind: "simulated", world: "world.json" };
      const checked = await provider.check("ControlPlane", { nodes: { "cp-0": { ...node, access } }, etcd });
      expect(checked.failures.map(({ reason }) => reason).join()).to.contain("simulated nodes have no etcd member");
    });

    it("refuses two nodes at one address", async () => {
      const { failures } = await provider.check("ControlPlane", { nodes: { a: node, b: node } });
      expect(failures[0]?.reason).to.contain("a and b are reached at the same address");
    });

    it("does not check what is not known yet", async () => {
      const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
      const { failures } = await provider.check("ControlPlane", {
        nodes: { a: { ...node, access: { kind: "ssh", host: unknown } } },
      });
      expect(failures).to.deep.equal([]);
    });
  });

  describe("with a secret in a Pod", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "hunter2hunter2" };
    const env = (value: unknown) => [{ name: "TOKEN", value }];
    const withEnv = (value: unknown) => {
      const copy = JSON.parse(JSON.stringify(inputs));
      copy.nodes["cp-0"].staticPods["kube-scheduler"].spec.containers[0].env = env(value);
      return copy as JsonObject;
    };

    it("shows it neither in the plan nor in plain outputs, in preview and update alike", async () => {
      const preview = await provider.create("ControlPlane", withEnv(secret), true);
      const created = await provider.create("ControlPlane", withEnv(secret), false);
      const logged = JSON.stringify(provider.logged);
      expect(logged).to.contain("env");
      expect(logged).not.to.contain("hunter2");
      for (const outputs of [preview.properties, created.properties]) {
        const text = JSON.stringify(outputs).replaceAll(JSON.stringify(secret), "");
        expect(text).not.to.contain("hunter2");
      }
    });

    it("keeps it secret when a list that holds it has grown on the node", async () => {
      const command = (node: string) => ["kube-scheduler", `--token=${node}`];
      const declared = JSON.parse(JSON.stringify(inputs));
      declared.nodes["cp-0"].staticPods["kube-scheduler"].spec.containers[0].command = [
        "kube-scheduler",
        { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "--token=hunter2" },
      ];
      const live = [
        "kube-scheduler",
        "--profiling=false",
        ...command("hunter1").slice(1),
        ...command("hunter2").slice(1),
      ];
      await inject({
        kind: "manifest-set",
        node: "cp-0",
        fileName: "kube-scheduler.yaml",
        path: ["spec", "containers", 0, "command"],
        value: live,
      });
      await simulatedClock(world).sleep(60_000);
      const read = await readEither(declared as JsonObject, {});
      const text = JSON.stringify(read.inputs).replaceAll(
        /\{"4dabf18193072939515e22adb298388d":"[0-9a-f]+","value":"[^"]*"\}/g,
        "",
      );
      expect(text).not.to.contain("hunter");
      const failure = await provider
        .read("ControlPlane", declared as JsonObject, {})
        .then(() => undefined, initFailureOf);
      expect(JSON.stringify(failure?.reasons ?? [])).not.to.contain("hunter2");
    });

    it("keeps the path secret in what it reads", async () => {
      const created = await provider.create("ControlPlane", withEnv(secret), false);
      const read = await provider.read("ControlPlane", withEnv(secret), created.properties);
      expect(JSON.stringify(read.inputs).replaceAll(JSON.stringify(secret), "")).not.to.contain("hunter2");
    });
  });
});
