// Seed 002: a scheduler whose executable is misspelt, a controller manager with a wrong kubeconfig, and one with a wrong
// hostPath. And what upstream adds: kubelets that miss the repair, and a node that is off meanwhile.

import { expect } from "chai";
import { type ConvergeResult, converge, observeAll } from "../../src/converge/round";
import { isSettled, type Plan } from "../../src/model/plan";
import { planControlPlane } from "../../src/plan/control-plane";
import {
  advance,
  type Fault,
  injectFault,
  memoryWorld,
  simulatedClock,
  simulatedNodes,
  type World,
  type WorldHolder,
} from "../../src/simulator";
import { kubeadmDeclaration, kubeadmWorld } from "../simulator/worlds";

const plane = kubeadmDeclaration(3);
const scheduler = { node: "cp-0", fileName: "kube-scheduler.yaml" } as const;
const manager = { node: "cp-0", fileName: "kube-controller-manager.yaml" } as const;

interface SeedFault {
  readonly title: string;
  readonly fault: Fault;
  /** Where preview has to see it, and what. */
  readonly pod: string;
  readonly change: { readonly path: string; readonly observed: string; readonly desired: string };
  /** What the container says of itself. */
  readonly evidence: string;
}

const seedFaults: readonly SeedFault[] = [
  {
    title: "the executable is misspelt",
    fault: {
      ...scheduler,
      kind: "manifest-set",
      path: ["spec", "containers", 0, "command", 0],
      value: "kube-schedulerrrr",
    },
    pod: "kube-scheduler",
    change: { path: "spec.containers[0].command[0]", observed: "kube-schedulerrrr", desired: "kube-scheduler" },
    evidence: 'exec: "kube-schedulerrrr": executable file not found in $PATH',
  },
  {
    title: "the kubeconfig is another file's name",
    fault: {
      ...manager,
      kind: "manifest-edited",
      from: "--kubeconfig=/etc/kubernetes/controller-manager.conf",
      to: "--kubeconfig=/etc/kubernetes/controller-manager-XXXX.conf",
    },
    pod: "kube-controller-manager",
    change: {
      path: "spec.containers[0].command[11]",
      observed: "--kubeconfig=/etc/kubernetes/controller-manager-XXXX.conf",
      desired: "--kubeconfig=/etc/kubernetes/controller-manager.conf",
    },
    evidence: "stat /etc/kubernetes/controller-manager-XXXX.conf: no such file or directory",
  },
  {
    title: "the hostPath of the certificates is another directory",
    fault: {
      ...manager,
      kind: "manifest-set",
      path: ["spec", "volumes", 3, "hostPath", "path"],
      value: "/etc/kubernetes/WRONG-PKI-DIRECTORY",
    },
    pod: "kube-controller-manager",
    change: {
      path: "spec.volumes[3].hostPath.path",
      observed: "/etc/kubernetes/WRONG-PKI-DIRECTORY",
      desired: "/etc/kubernetes/pki",
    },
    evidence: "unable to load client CA provider: open /etc/kubernetes/pki/ca.crt: no such file or directory",
  },
];

async function preview(holder: WorldHolder): Promise<Plan> {
  return planControlPlane(plane, await observeAll(plane, simulatedNodes(holder, { plane })));
}

function up(holder: WorldHolder): Promise<ConvergeResult> {
  return converge({
    plane,
    nodes: simulatedNodes(holder, { plane }),
    clock: simulatedClock(holder),
    planner: planControlPlane,
  });
}

function brokenWorld(...faults: readonly Fault[]): World {
  return advance(faults.reduce(injectFault, kubeadmWorld(3)), 60);
}

describe("seed 002 (three nodes)", () => {
  for (const { title, fault, pod, change, evidence } of seedFaults) {
    it(`previews the exact field and the container's own words, and repairs it once: ${title}`, async () => {
      const holder = memoryWorld(brokenWorld(fault));
      const [drift, ...others] = (await preview(holder)).drifts;
      expect(others).to.deep.equal([]);
      expect(drift).to.deep.include({ kind: "manifest-differs", node: "cp-0", pod, changes: [change] });
      expect(drift).to.have.property("evidence").that.contains(evidence);
      const result = await up(holder);
      expect(result.applied.map((step) => step.kind)).to.deep.equal(["writeManifest"]);
      expect(isSettled(result.plan)).to.equal(true);
      expect(isSettled(await preview(holder))).to.equal(true);
    });
  }

  it("repairs all three at once, and notes the empty directory that is left behind without touching it", async () => {
    const holder = memoryWorld(brokenWorld(...seedFaults.map(({ fault }) => fault)));
    const result = await up(holder);
    expect(isSettled(result.plan)).to.equal(true);
    expect(result.plan.notes.map((note) => note.command)).to.deep.equal(["rmdir /etc/kubernetes/WRONG-PKI-DIRECTORY"]);
    expect(holder.read().nodes["cp-0"]?.files["/etc/kubernetes/WRONG-PKI-DIRECTORY"]).to.deep.equal({
      kind: "directory",
    });
  });

  for (const what of ["changes", "starts"] as const) {
    for (const { title, fault } of seedFaults) {
      it(`restarts the kubelet, and only it, when it ignores ${what} after the repair, within one up: ${title}`, async () => {
        const deaf = injectFault(brokenWorld(fault), { kind: "kubelet-ignores", node: "cp-0", what });
        const result = await up(memoryWorld(deaf));
        expect(result.applied.map((step) => step.kind)).to.deep.equal(["writeManifest", "restartService"]);
        expect(isSettled(result.plan)).to.equal(true);
      });
    }
  }

  it("starts a stopped kubelet and ends only when its probes have passed again, so that nothing is left to do", async () => {
    const stopped = injectFault(kubeadmWorld(3), { kind: "service-stopped", node: "cp-0", service: "kubelet" });
    const holder = memoryWorld(stopped);
    const result = await up(holder);
    expect(result.applied.map((step) => step.kind)).to.deep.equal(["startService"]);
    expect(result.plan.drifts).to.deep.equal([]);
    for (let second = 0; second < 30; second += 1) {
      await holder.change((world) => ({ world: advance(world, 1), result: undefined }));
      expect((await preview(holder)).drifts).to.deep.equal([]);
    }
  });

  it("repairs the two others while one node is off, names that one, and plans only its own drift when it is back", async () => {
    const everywhere = ["cp-0", "cp-1", "cp-2"].map(
      (node): Fault => ({ ...(seedFaults[0]?.fault as Fault), node }) as Fault,
    );
    const holder = memoryWorld(injectFault(brokenWorld(...everywhere), { kind: "power-lost", node: "cp-1" }));
    const result = await up(holder);
    expect(result.applied.map((step) => step.node)).to.deep.equal(["cp-0", "cp-2"]);
    expect(result.plan.drifts).to.deep.equal([]);
    expect(result.plan.blockers.map(({ node, reason }) => [node, reason])).to.deep.equal([
      ["cp-1", "node-unreachable"],
    ]);
    await holder.change((world) => ({
      world: advance(injectFault(world, { kind: "power-back", node: "cp-1" }), 120),
      result: undefined,
    }));
    const plan = await preview(holder);
    expect(new Set(plan.drifts.map((drift) => drift.node))).to.deep.equal(new Set(["cp-1"]));
    expect(isSettled((await up(holder)).plan)).to.equal(true);
  });
});
