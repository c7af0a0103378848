// Runs the planner against a world until it has nothing left to do: plan, one step, look again. Every effect passes under the
// eyes of the checkers. States that were run before are not run again: planner and world are deterministic.

import type { EtcdPlan } from "../../model/etcd-plan";
import type { EtcdChangeStep } from "../../model/etcd-step";
import { settle } from "../etcd/boot";
import { applyEtcdEffect, effectsOfStep } from "../etcd/etcd-effects";
import type { EtcdWorld } from "../etcd/etcd-world";
import { writeOnce } from "../etcd/raft";
import { actCheckers, type Violation } from "./act-checkers";
import { checkEnd } from "./end-checkers";
import { type EtcdSubject, isChange, planWorld } from "./etcd-subject";
import { worldKey } from "./world-key";

/** How a run ended. */
export interface RunEnd {
  readonly kind: "restored" | "refused" | "stuck";
  readonly world: EtcdWorld;
  /** Reason codes of the blockers, sorted. */
  readonly reasons: readonly string[];
  /** Why it is stuck; empty otherwise. */
  readonly detail: string;
}

/** A script that its operator has lost; it holds its node's lock as long as it is there. */
export interface Orphan {
  readonly step: EtcdChangeStep;
  /** Effects that have happened. */
  readonly done: number;
  /** Rounds for which it is still there. */
  readonly rounds: number;
  /** What it does then: the rest of its step, or nothing, ended by its deadline. */
  readonly ends: "completes" | "dies";
}

/** What a run told on its way. */
export interface RunTrace {
  planned(plan: EtcdPlan, world: EtcdWorld): void;
  /** After every effect, whether it happened or was refused. */
  acted(step: EtcdChangeStep, index: number, world: EtcdWorld, refusal: string | undefined): void;
}

/** What came of a run. */
export interface RunResult {
  readonly end: RunEnd;
  readonly violations: readonly Violation[];
}

const roundsMax = 200;
/** Looks at the same world before a wait is given up. Nothing happens in it by itself any more. */
const waitsMax = 2;
const refusalsMax = 3;
/** The same step so often in one run means that something on the node undoes it: the node is given up, as a real up does. */
const repeatsMax = 3;

/** Runs of one rehearsal: one subject, one beginning, and what was found for every state. */
export class Runner {
  private readonly known = new Map<string, RunResult>();
  /** Plans that were made. */
  plans = 0;
  /** Effects that were applied. */
  effects = 0;
  /** See {@link Act.firstSeen}. */
  firstSeen: EtcdWorld;
  /** See {@link Act.struckNode}. */
  struckNode: string | undefined;

  constructor(
    readonly subject: EtcdSubject,
    readonly start: EtcdWorld,
  ) {
    this.firstSeen = start;
  }

  /** Runs from a world to the end. */
  run(from: EtcdWorld, orphan?: Orphan, trace?: RunTrace): RunResult {
    const visited: string[] = [];
    const finish = (end: RunEnd, violations: readonly Violation[]): RunResult => {
      const result = { end, violations: [...violations, ...checkEnd(this.subject, this.start, end)] };
      if (violations.length === 0) for (const key of visited) this.known.set(key, result);
      return result;
    };
    const violations: Violation[] = [];
    let world = from;
    let left = orphan;
    const repeats = new Map<string, number>();
    let waits = 0;
    let refusals = 0;
    for (let round = 0; round < roundsMax; round += 1) {
      if (left === undefined && trace === undefined) {
        const key = worldKey(world);
        const known = waits === 0 && refusals === 0 ? this.known.get(key) : undefined;
        if (known !== undefined) {
          for (const earlier of visited) if (violations.length === 0) this.known.set(earlier, known);
          return { end: known.end, violations: [...violations, ...known.violations] };
        }
        if (waits === 0 && refusals === 0) visited.push(key);
      }
      this.plans += 1;
      const plan = planWorld(this.subject, world);
      trace?.planned(plan, world);
      const [step] = plan.steps;
      const isLocked = left !== undefined && (step === undefined || step.node === left.step.node || !isChange(step));
      if (left !== undefined) {
        // The next plan is already made when the script goes on.
        if (left.rounds === 0 && left.ends === "completes")
          world = this.act(world, left.step, left.done, violations, trace).world;
        left = left.rounds === 0 ? undefined : { ...left, rounds: left.rounds - 1 };
        if (isLocked) continue;
      }
      if (step === undefined) return finish(endOf(plan, world), violations);
      if (!isChange(step)) {
        const next = writeOnce(settle(world));
        waits = next === world ? waits + 1 : 0;
        world = next;
        if (waits > waitsMax) return finish(waitedOut(plan, world, step.node), violations);
        continue;
      }
      waits = 0;
      const key = `${step.kind} ${step.node} ${step.subject}`;
      repeats.set(key, (repeats.get(key) ?? 0) + 1);
      if ((repeats.get(key) ?? 0) > repeatsMax)
        return finish(
          refusedEnd(plan, world, `${step.kind} on ${step.node} was done ${repeatsMax} times in vain`),
          violations,
        );
      const acted = this.act(world, step, 0, violations, trace);
      world = acted.world;
      refusals = acted.refusal === undefined ? 0 : refusals + 1;
      if (refusals > refusalsMax)
        return finish(refusedEnd(plan, world, `${step.kind} on ${step.node}: ${acted.refusal}`), violations);
    }
    return finish({ kind: "stuck", world, reasons: [], detail: `no end after ${roundsMax} rounds` }, violations);
  }

  /** Applies the effects of a step from one on. */
  act(
    from: EtcdWorld,
    step: EtcdChangeStep,
    first: number,
    violations: Violation[],
    trace?: RunTrace,
    isBlind = false,
  ): { readonly world: EtcdWorld; readonly refusal: string | undefined } {
    let world = from;
    const effects = effectsOfStep(step);
    for (let index = first; index < effects.length; index += 1) {
      const effect = effects[index];
      if (effect === undefined) break;
      const before = world;
      const result = applyEtcdEffect(before, step, effect);
      this.effects += 1;
      world = result.world;
      trace?.acted(step, index, world, result.refusal);
      if (result.refusal !== undefined) return { world, refusal: result.refusal };
      const { firstSeen, struckNode } = this;
      const act = {
        subject: this.subject,
        start: this.start,
        before,
        after: world,
        step,
        effect,
        index,
        isBlind,
        firstSeen,
        struckNode,
      };
      for (const checker of actCheckers) {
        const text = checker.find(act);
        if (text !== undefined) violations.push({ checker: checker.name, text });
      }
    }
    return { world, refusal: undefined };
  }
}

function endOf(plan: EtcdPlan, world: EtcdWorld): RunEnd {
  const reasons = reasonsOf(plan);
  if (reasons.length > 0) return { kind: "refused", world, reasons, detail: "" };
  if (plan.assessment.verdict.kind === "healthy" && plan.drifts.length === 0)
    return { kind: "restored", world, reasons, detail: "" };
  const detail = `nothing is planned and nothing refused, and the verdict is ${plan.assessment.verdict.kind}`;
  return { kind: "stuck", world, reasons, detail };
}

function waitedOut(plan: EtcdPlan, world: EtcdWorld, node: string): RunEnd {
  return refusedEnd(plan, world, `waited in vain for ${node}`);
}

/** A step that goes on failing ends an up; the blockers of the plan say what else is known. */
function refusedEnd(plan: EtcdPlan, world: EtcdWorld, detail: string): RunEnd {
  return { kind: "stuck", world, reasons: reasonsOf(plan), detail };
}

function reasonsOf(plan: EtcdPlan): readonly string[] {
  return [...new Set(plan.blockers.map((blocker) => blocker.reason))].sort();
}
