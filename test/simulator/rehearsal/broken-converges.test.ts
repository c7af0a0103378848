// Planners of nodes and of deployments that are broken on purpose, for each rule that their rehearsals hold. Each is caught
// by the checker that is meant for it.

import { expect } from "chai";
import type { BoshPlanner } from "../../../src/converge/bosh-round";
import type { Planner } from "../../../src/converge/round";
import type { InstanceRef } from "../../../src/model/bosh";
import type { BoshPlan } from "../../../src/model/bosh-plan";
import type { BoshStep } from "../../../src/model/bosh-step";
import type { JsonObject } from "../../../src/model/json";
import type { Plan } from "../../../src/model/plan";
import type { Step } from "../../../src/model/step";
import { planBoshDeployment } from "../../../src/plan/bosh-plan";
import { planControlPlane } from "../../../src/plan/control-plane";
import { findDrills } from "../../../src/simulator/drill";
import { kubeadmDrillSchema } from "../../../src/simulator/drill/kubeadm-drill-scenario";
import { pksDrillSchema } from "../../../src/simulator/drill/pks-drill-scenario";
import { rehearseDirector } from "../../../src/simulator/rehearsal/director-rehearsal";
import { rehearseNodes } from "../../../src/simulator/rehearsal/node-rehearsal";
import { type PlayedRehearsal, summarisePlayed } from "../../../src/simulator/rehearsal/played";
import { nodesOf, pksSubject } from "../../../src/simulator/rehearsal/rehearse-drill";
import { parseScenario } from "../../../src/simulator/scenario";
import { runsAll } from "../../matrix";

const nothing: Plan = { drifts: [], steps: [], blockers: [], problems: [], notes: [] };

const nodePlanners: readonly { readonly title: string; readonly checker: string; readonly planner: Planner }[] = [
  {
    title: "has etcd started anew without a look at its data",
    checker: "no-harm",
    planner: (plane, observations) => {
      const plan = planControlPlane(plane, observations);
      const [write] = plan.steps.filter((step) => step.kind === "writeManifest");
      const declared = plane.nodes["cp-0"]?.staticPods.etcd;
      if (write === undefined || declared === undefined) return plan;
      const manifest = { ...declared, metadata: { ...(declared.metadata as JsonObject), labels: { again: "true" } } };
      return { ...plan, steps: [{ ...write, pod: "etcd", fileName: "etcd.yaml", manifest }, ...plan.steps] };
    },
  },
  {
    title: "archives what it replaces in the manifest directory itself",
    checker: "clean-directory",
    planner: (plane, observations) => {
      const plan = planControlPlane(plane, observations);
      const inside = (step: Step): Step =>
        step.kind === "writeManifest" ? { ...step, archiveDirectory: step.manifestDirectory } : step;
      return { ...plan, steps: plan.steps.filter((step) => step.kind !== "archiveStrayManifest").map(inside) };
    },
  },
  {
    title: "does nothing and says nothing",
    checker: "named-reason",
    planner: (plane, observations) => ({
      ...planControlPlane(plane, observations),
      steps: [],
      blockers: [],
      problems: [],
    }),
  },
  {
    title: "takes everything for settled",
    checker: "goes-on",
    planner: (plane, observations) => {
      const real = planControlPlane(plane, observations);
      return real.steps.length > 0 ? { ...nothing, drifts: real.drifts } : nothing;
    },
  },
  {
    title: "calls the node unreachable that it can reach",
    checker: "right-reason",
    planner: (plane, observations) => {
      const plan = planControlPlane(plane, observations);
      if (plan.steps.length === 0) return plan;
      const blocker = {
        reason: "node-unreachable",
        node: "cp-0",
        message: "cp-0 does not answer",
        nextStep: "wait",
      } as const;
      return { ...plan, steps: [], blockers: [blocker] };
    },
  },
];

interface WrongBosh {
  /** Default: seed 000. */
  readonly scenario?: object;
  /** Safety rule of the design. */
  readonly rule: number;
  readonly title: string;
  readonly checker: string;
  readonly planner: BoshPlanner;
}

const change =
  (make: (steps: readonly BoshStep[], plan: BoshPlan) => readonly BoshStep[]): BoshPlanner =>
  (declaration, observation) => {
    const plan = planBoshDeployment(declaration, observation);
    return { ...plan, steps: make(plan.steps, plan) };
  };

/** Somebody else than the one that is operated on. */
function another({ diagnoses }: BoshPlan, group: string, than: InstanceRef): InstanceRef {
  const found = diagnoses.find(({ instance }) => instance.group === group && instance.id !== than.id);
  if (found === undefined) throw new Error(`the deployment has no other ${group}`);
  return found.instance;
}

/** A planner that is wrong in its first plan of a run alone, and only with more than one instance out of order. */
function onceWhileSeveralDown(make: (plan: BoshPlan) => BoshPlan): BoshPlanner {
  return (declaration, observation) => {
    const plan = planBoshDeployment(declaration, observation);
    const unwell = plan.diagnoses.filter(
      ({ condition }) => condition.kind !== "running" && condition.kind !== "errand",
    );
    return unwell.length > 1 && observation.attempts.length === 0 ? make(plan) : plan;
  };
}

const boshPlanners: readonly WrongBosh[] = [
  {
    rule: 2,
    title: "recreates another master beside the one that has no VM",
    checker: "quorum-kept",
    planner: change((steps, plan) =>
      steps.flatMap((step) =>
        step.kind === "recreateInstance" && plan.diagnoses.some(({ condition }) => condition.kind === "vm-missing")
          ? [{ ...step, instance: another(plan, "master", step.instance) }]
          : [step],
      ),
    ),
  },
  {
    rule: 4,
    title: "deletes a master's VM without a snapshot",
    checker: "preserve-first",
    planner: change((steps) => steps.filter(({ kind }) => kind !== "takeEtcdSnapshot")),
  },
  {
    rule: 6,
    title: "pauses the resurrector under a name that nobody takes back",
    checker: "pause-taken-back",
    planner: change((steps) =>
      steps
        .filter(({ kind }) => kind !== "resumeResurrection" && kind !== "undoPause")
        .map((step) => (step.kind === "pauseResurrection" ? { ...step, configName: "somebody-elses" } : step)),
    ),
  },
  {
    rule: 3,
    title: "recreates a worker that is in order",
    checker: "others-spared",
    planner: change((steps, plan) =>
      steps.map((step) =>
        step.kind === "recreateInstance" && step.instance.group === "master"
          ? { ...step, instance: another(plan, "worker", step.instance) }
          : step,
      ),
    ),
  },
  {
    rule: 7,
    title: "does nothing and says nothing",
    checker: "goes-on",
    planner: change(() => []),
  },
  {
    rule: 7,
    title: "restarts a process of a worker once more when all is well",
    checker: "second-is-idle",
    planner: (declaration, observation) => {
      const plan = planBoshDeployment(declaration, observation);
      const [first] = plan.diagnoses;
      if (plan.steps.length > 0 || observation.attempts.length > 0 || first === undefined) return plan;
      const instance = another(plan, "worker", first.instance);
      const step = {
        kind: "restartProcess",
        deployment: declaration.deployment,
        instance,
        process: "docker",
        reason: "",
      } as const;
      return { ...plan, steps: [step] };
    },
  },
  {
    rule: 3,
    title: "answers for two masters in one scan",
    checker: "one-at-a-time",
    scenario: {
      version: 1,
      name: "two-hang",
      title: "The agents of two masters of five hang.",
      topology: { kind: "pks", masters: 5, resurrector: false },
      faults: ["master/3", "master/4"].map((instance) => ({ at: "1m", fault: { kind: "agent-hung", instance } })),
      objective: { rto: {}, rpoWrites: 0 },
    },
    planner: (declaration, observation) => {
      const plan = planBoshDeployment(declaration, observation);
      const silent = plan.diagnoses.filter(({ condition }) => condition.kind === "agent-unresponsive");
      if (silent.length < 2 || observation.attempts.length > 0) return plan;
      const preferences = [{ type: "unresponsive_agent", names: ["reboot_vm"] }] as const;
      const targets = silent.map(({ instance }) => ({ instance, preferences }));
      const { deployment } = declaration;
      return { ...plan, steps: [{ kind: "resolveProblems", deployment, targets, oneOfGroups: [], reason: "both" }] };
    },
  },
  {
    rule: 2,
    title: "says nothing once, while two instances are down",
    checker: "named-reason",
    planner: onceWhileSeveralDown((plan) => ({ ...plan, steps: [], blockers: [], putOff: [] })),
  },
  {
    rule: 2,
    title: "refuses once without cause, while two instances are down",
    checker: "right-reason",
    planner: onceWhileSeveralDown((plan) => {
      const [first] = plan.diagnoses;
      const blocker = {
        reason: "not-observed",
        deployment: "",
        instance: first?.instance,
        message: "",
        nextStep: "",
      } as const;
      return { ...plan, steps: [], blockers: [blocker] };
    }),
  },
  {
    rule: 2,
    title: "refuses what it could do",
    checker: "right-reason",
    planner: (declaration, observation) => {
      const plan = planBoshDeployment(declaration, observation);
      if (plan.steps.length === 0) return plan;
      const { deployment } = declaration;
      const blocker = { reason: "quorum-unknown", deployment, instance: undefined, message: "", nextStep: "" } as const;
      return { ...plan, steps: [], blockers: [blocker] };
    },
  },
];

// Of deployments always the same draw: it is known to have a case for each checker. A run of every case of every matrix plays all.
const drawn = runsAll ? {} : { sample: { casesMax: 30, seed: "broken on purpose" } };

describe("planners that are broken on purpose, rehearsed", function () {
  this.timeout(120_000);

  for (const { title, checker, planner } of nodePlanners) {
    it(`trips ${checker}: nodes: ${title}`, async () => {
      const { subject, world } = nodesOf(parseScenario(textOf("seed-002"), "seed-002", kubeadmDrillSchema));
      const played = await rehearseNodes({ ...subject, planner }, world);
      const { kind, words } = summarisePlayed("broken", title, played);
      expect(kind, words.join("\n")).to.equal("failed");
      expect(checkersOf(played)).to.include(checker);
      expect(words.join("\n"))
        .to.match(/the shortest:/)
        .and.match(/\(seed scenario\)/);
    });
  }

  for (const { rule, title, checker, planner, scenario } of boshPlanners) {
    it(`trips ${checker} (rule ${rule}): a deployment: ${title}`, async () => {
      const text = scenario === undefined ? textOf("seed-000") : JSON.stringify(scenario);
      const subject = pksSubject(parseScenario(text, title, pksDrillSchema));
      const played = await rehearseDirector({ ...subject, planner }, drawn);
      const { kind, words } = summarisePlayed("broken", title, played);
      expect(kind, words.join("\n")).to.equal("failed");
      expect(new Set(played.cases.flatMap(({ violations }) => violations.map((one) => one.checker)))).to.include(
        checker,
      );
    });
  }
});

function checkersOf({ cases }: PlayedRehearsal): ReadonlySet<string> {
  return new Set(cases.flatMap(({ violations }) => violations.map((one) => one.checker)));
}

function textOf(name: string): string {
  const [file] = findDrills(name);
  if (file === undefined) throw new Error(`there is no drill ${name}`);
  return file.text;
}
