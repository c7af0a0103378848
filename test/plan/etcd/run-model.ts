// Runs the real planner against the model until it has nothing left to do, with a crash after any chosen effect.

import type { EtcdPlan } from "../../../src/model/etcd-plan";
import { type EtcdStep, etcdEffectsOfKind } from "../../../src/model/etcd-step";
import type { EtcdHistory } from "../../../src/model/etcd-verdict";
import { planEtcd } from "../../../src/plan/etcd/plan";
import type { EtcdPlanInput } from "../../../src/plan/etcd/planning";
import { declare, type RunnerKind } from "./builders";
import type { EtcdModel } from "./etcd-model";
import { applyEffect, effectsOf, Refused } from "./etcd-model-effects";

/** A crash after the n-th effect of the run, counted from 0. */
export interface Crash {
  readonly afterEffect: number;
  readonly kind: "killed" | "rebooted";
}

export interface RunOptions {
  readonly declaration?: object;
  readonly history?: EtcdHistory;
  readonly repairSeveral?: boolean;
  readonly crash?: Crash;
  readonly planner?: (input: EtcdPlanInput) => EtcdPlan;
}

export interface RunResult {
  readonly plan: EtcdPlan;
  /** Every effect with the node that it ran on, in order. */
  readonly effects: readonly string[];
  /** What went wrong on the way, in words; empty when nothing did. */
  readonly violations: readonly string[];
  readonly refusals: readonly string[];
  readonly isStuck: boolean;
}

const roundsMax = 120;
const waitsMax = 6;

/** The planner's input for the model as it is. */
export function inputOf(model: EtcdModel, options: RunOptions): EtcdPlanInput {
  const names = model.declared;
  const pod = { apiVersion: "v1", kind: "Pod", spec: { containers: [{ name: "etcd", command: ["etcd"] }] } };
  return {
    etcd: declaredOnce(names.length, model.runner, options.declaration),
    views: model.views(),
    history: {
      lastRevision: options.history?.lastRevision,
      backups: [...(options.history?.backups ?? []), ...model.backups],
    },
    repairSeveral: options.repairSeveral ?? false,
    manifestDirectory: "/etc/kubernetes/manifests",
    archiveDirectory: "/var/lib/quorate/archive",
    pods: Object.fromEntries(names.map((name) => [name, pod])),
    definitionDrifts: {},
  };
}

// A run asks for the same declaration after every effect; checking it anew each time took most of the suite's time.
const declarations = new Map<string, ReturnType<typeof declare>>();

function declaredOnce(count: number, runner: RunnerKind, change: object | undefined): ReturnType<typeof declare> {
  const key = JSON.stringify([count, runner, change]);
  const made = declarations.get(key) ?? declare(count, runner, change);
  declarations.set(key, made);
  return made;
}

/** Plans, applies one step, looks again, until nothing is left to do. */
export function runModel(model: EtcdModel, options: RunOptions = {}): RunResult {
  const planner = options.planner ?? planEtcd;
  const effects: string[] = [];
  const violations: string[] = [];
  const refusals: string[] = [];
  let waits = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    const plan = planner(inputOf(model, options));
    const [step] = plan.steps;
    if (step === undefined) return { plan, effects, violations, refusals, isStuck: false };
    if (isChange(step)) {
      waits = 0;
      runStep(model, step, options, { effects, violations, refusals });
    } else {
      waits += 1;
      if (waits > waitsMax) return { plan, effects, violations, refusals, isStuck: true };
    }
    if (refusals.length > 20) return { plan, effects, violations, refusals, isStuck: true };
  }
  const plan = planner(inputOf(model, options));
  return { plan, effects, violations, refusals, isStuck: true };
}

type ChangeStep = Parameters<typeof applyEffect>[1];

function isChange(step: EtcdStep): step is ChangeStep {
  return etcdEffectsOfKind[step.kind].length > 0;
}

function runStep(
  model: EtcdModel,
  step: ChangeStep,
  options: RunOptions,
  log: { effects: string[]; violations: string[]; refusals: string[] },
): void {
  for (const effect of effectsOf(step)) {
    const quorate = [...model.clusters.keys()].filter((id) => model.hasQuorum(id));
    const forks = model.forks.length;
    try {
      applyEffect(model, step, effect);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      log.refusals.push(`${effect} on ${step.node}: ${error.message}`);
      return;
    }
    log.effects.push(`${effect} ${step.node}`);
    const lost = quorate.filter((id) => !model.hasQuorum(id) && id === model.mainCluster());
    if (lost.length > 0) log.violations.push(`${effect} on ${step.node} cost the quorum`);
    const isCrash = options.crash?.afterEffect === log.effects.length - 1;
    if (isCrash && options.crash?.kind === "rebooted") model.reboot(step.node);
    model.settle();
    // A wiped node that reboots before it was touched forks by the fault, not by us.
    const isOurs = log.effects.includes(`pauseEtcdService ${step.node}`);
    if (model.forks.length > forks && isOurs) log.violations.push(`${effect} on ${step.node} let a new cluster begin`);
    if (isCrash) return;
  }
}
