// Every checker is tripped by a planner that is broken on purpose, so that silence of the checkers means something.

import { expect } from "chai";
import type { Planner } from "../../src/converge/round";
import type { Plan } from "../../src/model/plan";
import type { Step } from "../../src/model/step";
import { planControlPlane } from "../../src/plan/control-plane";
import { type Fault, memoryWorld } from "../../src/simulator";
import { checkRun, type Violation } from "../../src/simulator/checkers";
import { withNode } from "../../src/simulator/world";
import { kubeadmDeclaration } from "../simulator/worlds";
import { convergeOnce, runInTrouble, troubled } from "./runs";

const node = "cp-0";
const fileName = "kube-scheduler.yaml";
const typo = {
  kind: "manifest-set",
  node,
  fileName,
  path: ["spec", "containers", 0, "command", 0],
  value: "kube-schedulerrrr",
} as const;
const nothing: Plan = { drifts: [], steps: [], blockers: [], problems: [], notes: [] };
const startKubelet: Step = {
  kind: "startService",
  node,
  service: "kubelet",
  manager: "systemd",
  reason: "it has to run",
};

interface WrongPlanner {
  readonly title: string;
  readonly checker: Violation["checker"];
  readonly faults: readonly Fault[];
  readonly planner: Planner;
}

const wrongPlanners: readonly WrongPlanner[] = [
  {
    title: "starts the kubelet over an etcd data directory that is empty",
    checker: "no-harm",
    // The machine came up after its disk was replaced, and nothing starts the kubelet by itself.
    faults: [
      { kind: "service-paused", node, service: "kubelet" },
      { kind: "power-lost", node },
      { kind: "etcd-data-lost", node, state: "empty" },
      { kind: "service-broken", node, service: "kubelet", message: "disabled" },
      { kind: "power-back", node },
      { kind: "service-mended", node, service: "kubelet" },
    ],
    planner: (plane, observations) => {
      const plan = planControlPlane(plane, observations);
      const isDown = plan.drifts.some((drift) => drift.kind === "service-not-running" && drift.node === node);
      return isDown ? { ...plan, steps: [startKubelet] } : plan;
    },
  },
  {
    title: "archives the old manifest in the manifest directory itself, where the kubelet runs what it finds",
    checker: "clean-directory",
    faults: [typo],
    planner: (plane, observations) => {
      const plan = planControlPlane(plane, observations);
      const inside = (step: Step): Step =>
        step.kind === "writeManifest" ? { ...step, archiveDirectory: step.manifestDirectory } : step;
      return { ...plan, steps: plan.steps.filter((step) => step.kind !== "archiveStrayManifest").map(inside) };
    },
  },
  {
    title: "takes everything for settled and says nothing of what is wrong",
    checker: "others-repaired",
    faults: [typo],
    planner: (plane, observations) => ({
      ...planControlPlane(plane, observations),
      steps: [],
      problems: [],
      blockers: [],
    }),
  },
  {
    title: "does nothing anywhere while one node is down, and blames that node for all",
    checker: "others-repaired",
    faults: [typo, { kind: "power-lost", node: "cp-1" }],
    planner: (plane, observations) => {
      const plan = planControlPlane(plane, observations);
      return observations.some((one) => one.kind === "unreachable") ? { ...plan, steps: [], problems: [] } : plan;
    },
  },
  {
    title: "ends without a reason although drift is left",
    checker: "named-reason",
    faults: [typo],
    planner: (plane, observations) => ({ ...nothing, drifts: planControlPlane(plane, observations).drifts }),
  },
  {
    title: "restarts the kubelet of a healthy node each time it is asked",
    checker: "second-is-idle",
    faults: [],
    planner: (() => {
      let calls = 0;
      return (plane, observations) => {
        calls += 1;
        const plan = planControlPlane(plane, observations);
        // Settled when the first converge looks, restless when the second one does.
        const step: Step = { ...startKubelet, kind: "restartService" };
        return calls === 2 ? { ...plan, steps: [step] } : plan;
      };
    })(),
  },
];

describe("a planner that is broken on purpose", () => {
  for (const { title, checker, faults, planner } of wrongPlanners) {
    it(`trips ${checker}: it ${title}`, async () => {
      const trouble = { size: 3, faults, seconds: 60 };
      const wrong = await runInTrouble(trouble, planner);
      expect(wrong.violations.map((violation) => violation.checker)).to.include(checker);
      expect((await runInTrouble(trouble)).violations, "the real planner in the same trouble").to.deep.equal([]);
    });
  }
});

describe("a node access that is broken on purpose", () => {
  it("trips nothing-lost: it overwrites a manifest without archiving it", async () => {
    const plane = kubeadmDeclaration(1);
    const before = troubled({ size: 1, faults: [typo], seconds: 60 });
    const holder = memoryWorld(before);
    const result = await convergeOnce(holder, plane);
    const second = await convergeOnce(holder, plane);
    if (result === undefined || second === undefined) throw new Error("nobody was to kill the operator");
    const run = { plane, before, after: holder.read(), control: before, result, second };
    expect(checkRun(run)).to.deep.equal([]);
    const forgetful = withNode(run.after, node, { archive: {} });
    expect(checkRun({ ...run, after: forgetful }).map((violation) => violation.checker)).to.deep.equal([
      "nothing-lost",
    ]);
  });
});
