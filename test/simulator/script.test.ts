import { expect } from "chai";
import type { JsonObject } from "../../src/model/json";
import { effectsOfKind, type NodeChangeStep } from "../../src/model/step";
import {
  advance,
  type Interruption,
  injectFault,
  memoryWorld,
  OperatorKilled,
  simulatedClock,
  simulatedNodes,
  type World,
} from "../../src/simulator";
import { stagedPath } from "../../src/simulator/effects";
import { commandIn, look, manifestNamed, newestContainer, serviceNamed } from "./sight";
import { kubeadmNodes, kubeadmWorld } from "./worlds";

const node = "cp-0";
const manifestDirectory = "/etc/kubernetes/manifests";
const archiveDirectory = "/var/lib/quorate/archive";
const fileName = "kube-scheduler.yaml";
const directories = { manifestDirectory, archiveDirectory };
const manifest = kubeadmNodes(1)[0]?.pods.find((pod) => (pod.metadata as JsonObject).name === "kube-scheduler") ?? {};
const typo = {
  kind: "manifest-set",
  node,
  fileName,
  path: ["spec", "containers", 0, "command", 0],
  value: "kube-schedulerrrr",
} as const;

/** Each kind of step over a world in which it has work to do, and what each prefix of its effects leaves. */
interface Case {
  readonly step: NodeChangeStep;
  readonly world: World;
  /** Facts after the first 0, 1, 2, ... effects. */
  readonly after: readonly ((world: World) => unknown)[];
  readonly facts: readonly unknown[];
}

const program = (world: World) => commandIn(world, fileName)[0];
const archived = (world: World) => Object.keys(world.nodes[node]?.archive ?? {}).length;
const staged = (world: World) => Object.keys(world.nodes[node]?.staged ?? {}).length;
const files = (world: World) => [program(world), staged(world), archived(world)];
const broken = injectFault(kubeadmWorld(1), typo);
const copied = injectFault(kubeadmWorld(1), { kind: "manifest-copied", node, fileName, to: `${fileName}.bak` });
const owned = injectFault(kubeadmWorld(1), { kind: "manifest-owned", node, fileName, owner: "nobody:nogroup" });
const stopped = injectFault(kubeadmWorld(1), { kind: "service-stopped", node, service: "kubelet" });
const owner = (world: World) => manifestNamed(world, fileName)?.owner;
const kubelet = (world: World) => serviceNamed(world, "kubelet")?.state;
const backup = (world: World) => [manifestNamed(world, `${fileName}.bak`)?.fileName, archived(world)];
const since = (world: World) => serviceNamed(world, "kubelet")?.startedAtSeconds;
const healthy = kubeadmWorld(1);

const cases: Readonly<Record<NodeChangeStep["kind"], Case>> = {
  writeManifest: {
    step: {
      kind: "writeManifest",
      node,
      reason: "",
      pod: "kube-scheduler",
      fileName,
      ...directories,
      manifest,
      owner: "root:root",
      mode: "0600",
    },
    world: broken,
    after: [files, files, files, files],
    facts: [
      ["kube-schedulerrrr", 0, 0],
      ["kube-schedulerrrr", 1, 0],
      ["kube-schedulerrrr", 1, 1],
      ["kube-scheduler", 0, 1],
    ],
  },
  archiveStrayManifest: {
    step: { kind: "archiveStrayManifest", node, reason: "", fileName: `${fileName}.bak`, ...directories },
    world: copied,
    after: [backup, backup],
    facts: [
      [`${fileName}.bak`, 0],
      [undefined, 1],
    ],
  },
  setManifestOwner: {
    step: {
      kind: "setManifestOwner",
      node,
      reason: "",
      pod: "kube-scheduler",
      fileName,
      manifestDirectory,
      owner: "root:root",
    },
    world: owned,
    after: [owner, owner],
    facts: ["nobody:nogroup", "root:root"],
  },
  startService: {
    step: { kind: "startService", node, reason: "", service: "kubelet", manager: "systemd" },
    world: stopped,
    after: [kubelet, kubelet],
    facts: ["stopped", "running"],
  },
  restartService: {
    step: { kind: "restartService", node, reason: "", service: "kubelet", manager: "systemd" },
    world: healthy,
    after: [since, since],
    facts: [since(healthy), healthy.timeMs / 1000],
  },
};

const interruption = (fields: Partial<Interruption>): Interruption => ({
  node,
  how: "cut-link",
  afterEffects: 0,
  script: "dies",
  skip: 0,
  ...fields,
});

describe("a step on a simulated node", () => {
  for (const { step, world, after, facts } of Object.values(cases)) {
    const count = effectsOfKind[step.kind].length;

    it(`${step.kind} is done and leaves what it promises`, async () => {
      const holder = memoryWorld(world);
      expect(await simulatedNodes(holder).apply(step)).to.deep.equal({ kind: "done" });
      expect(after[count]?.(holder.read())).to.deep.equal(facts[count]);
    });

    for (let done = 0; done <= count; done += 1) {
      it(`${step.kind} leaves exactly the first ${done} of ${count} effects when its link is cut after them`, async () => {
        const holder = memoryWorld(
          injectFault(world, { kind: "interruption", ...interruption({ afterEffects: done }) }),
        );
        expect((await simulatedNodes(holder).apply(step)).kind).to.equal("interrupted");
        expect(after[done]?.(holder.read())).to.deep.equal(facts[done]);
        expect(look(holder.read()).host).to.not.have.nested.property("value.lock");
      });

      it(`${step.kind} goes on without its operator after ${done} of ${count} effects, holding the lock until it ends`, async () => {
        const cut = interruption({ afterEffects: done, script: "goes-on" });
        const holder = memoryWorld(injectFault(world, { kind: "interruption", ...cut }));
        await simulatedNodes(holder, { operator: { holder: "ada", host: "laptop" } }).apply(step);
        expect(look(holder.read()).host).to.have.nested.property("value.lock.holder", "ada");
        const second = await simulatedNodes(holder).apply(step);
        expect(second.kind).to.equal("locked");
        expect(second).to.have.property("message").that.contains("ada on laptop");
        await simulatedClock(holder).sleep(20_000);
        const left = after[count]?.(holder.read());
        if (step.kind !== "restartService") expect(left).to.deep.equal(facts[count]);
        expect(look(holder.read()).host).to.not.have.nested.property("value.lock");
      });

      it(`${step.kind} kills its operator after ${done} of ${count} effects: nothing of theirs reaches a node again`, async () => {
        const kill = interruption({ afterEffects: done, how: "kill-operator" });
        const holder = memoryWorld(injectFault(world, { kind: "interruption", ...kill }));
        const nodes = simulatedNodes(holder);
        const errors = [
          await failure(nodes.apply(step)),
          await failure(nodes.apply(step)),
          await failure(nodes.observe(node)),
        ];
        expect(errors.every((error) => error instanceof OperatorKilled)).to.equal(true);
        expect(after[done]?.(holder.read())).to.deep.equal(facts[done]);
      });

      it(`${step.kind} keeps ${done} of ${count} effects on disk through a loss of power`, async () => {
        const loss = interruption({ afterEffects: done, how: "lose-power" });
        const holder = memoryWorld(injectFault(world, { kind: "interruption", ...loss }));
        expect((await simulatedNodes(holder).apply(step)).kind).to.equal("interrupted");
        const booted = advance(injectFault(holder.read(), { kind: "power-back", node }), 60);
        if (!step.kind.endsWith("Service")) expect(after[done]?.(booted)).to.deep.equal(facts[done]);
        expect(newestContainer(booted, "etcd")?.state).to.equal("running");
      });
    }
  }

  it("lets steps pass before the one that is interrupted, and interrupts that one only", async () => {
    const { step, world } = cases.setManifestOwner;
    const holder = memoryWorld(injectFault(world, { kind: "interruption", ...interruption({ skip: 2 }) }));
    const nodes = simulatedNodes(holder);
    const outcomes = [];
    for (let index = 0; index < 4; index += 1) outcomes.push((await nodes.apply(step)).kind);
    expect(outcomes).to.deep.equal(["done", "done", "interrupted", "done"]);
  });

  it("is interrupted, and changes nothing, on a node without power or link", async () => {
    for (const fault of [
      { kind: "power-lost", node },
      { kind: "unreachable", node, level: "timeout", message: "Connection timed out" },
    ] as const) {
      const holder = memoryWorld(injectFault(broken, fault));
      expect((await simulatedNodes(holder).apply(cases.writeManifest.step)).kind).to.equal("interrupted");
      expect(holder.read().nodes[node]?.manifests).to.deep.equal(broken.nodes[node]?.manifests);
    }
  });

  it("fails with the reason where its subject is not there, and does none of the effects after it", async () => {
    const holder = memoryWorld(kubeadmWorld(1));
    const nodes = simulatedNodes(holder);
    const file = { fileName: "kube-proxy.yaml", manifestDirectory, pod: "kube-proxy" };
    expect(await nodes.apply({ kind: "setManifestOwner", node, reason: "", ...file, owner: "root:root" }))
      .to.have.property("message")
      .that.contains("No such file or directory");
    expect(
      await nodes.apply({ kind: "startService", node, reason: "", service: "nothing", manager: "systemd" }),
    ).to.include({
      kind: "failed",
      message: "startService: Unit nothing not found.",
    });
  });

  it("has nothing to do about a stray file that is already gone", async () => {
    const nodes = simulatedNodes(memoryWorld(kubeadmWorld(1)));
    expect(await nodes.apply(cases.archiveStrayManifest.step)).to.deep.equal({ kind: "done" });
  });

  it("starts a paused service and refuses to restart it, as systemctl does with a masked unit", async () => {
    const paused = memoryWorld(injectFault(kubeadmWorld(1), { kind: "service-paused", node, service: "kubelet" }));
    const nodes = simulatedNodes(paused);
    expect(await nodes.apply(cases.restartService.step))
      .to.have.property("message")
      .that.contains("masked");
    expect(await nodes.apply(cases.startService.step)).to.deep.equal({ kind: "done" });
    expect(serviceNamed(paused.read(), "kubelet")).to.include({ state: "running", paused: false });
  });

  it("fails to start a service that is broken, and says why", async () => {
    const world = injectFault(kubeadmWorld(1), {
      kind: "service-broken",
      node,
      service: "kubelet",
      message: "status=203/EXEC",
    });
    const holder = memoryWorld(world);
    const outcome = await simulatedNodes(holder).apply(cases.startService.step);
    expect(outcome).to.have.property("message").that.contains("status=203/EXEC");
    const mended = memoryWorld(injectFault(holder.read(), { kind: "service-mended", node, service: "kubelet" }));
    expect(await simulatedNodes(mended).apply(cases.startService.step)).to.deep.equal({ kind: "done" });
  });

  it("never leaves a half-written file in the manifest directory: staging is outside of it", () => {
    expect(stagedPath(manifestDirectory, fileName).startsWith(`${manifestDirectory}/`)).to.equal(false);
  });
});

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}
