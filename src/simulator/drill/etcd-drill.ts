// A drill of a control plane's etcd: the real planner against the simulated cluster, step by step on a virtual clock.

import type { DrillEvent, DrillFigure, DrillResult } from "../../model/drill";
import type { EtcdPlan } from "../../model/etcd-plan";
import type { EtcdChangeStep } from "../../model/etcd-step";
import { applyEtcdEffect, effectsOfStep } from "../etcd/etcd-effects";
import { memberData } from "../etcd/etcd-world";
import { injectEtcdFault } from "../etcd/inject-fault";
import { isChange, planWorld } from "../rehearsal/etcd-subject";
import { sceneOf } from "../rehearsal/scenario-subject";
import { trueCluster } from "../rehearsal/truth";
import { durationSeconds } from "../scenario";
import { etcdAct, etcdChoices, isPlannedStep, quorumLine } from "./etcd-choices";
import {
  describeEtcdParameters,
  type EtcdDrillScenario,
  etcdParameters,
  timedFaults,
  withoutRestore,
} from "./etcd-drill-scenario";
import { EtcdStage } from "./etcd-stage";
import type { DrillChoice, DrillOptions, DrillSession } from "./session";

/** Looks in vain before a wait is given up. */
const waitsMax = 30;
/** The same step so often means that something undoes it. */
const repeatsMax = 6;

/** See the head of this file. */
export class EtcdDrill implements DrillSession {
  private readonly stage: EtcdStage;
  private readonly parameters: Readonly<Record<string, number>>;
  private readonly scene: ReturnType<typeof sceneOf>;
  private readonly faults: ReturnType<typeof timedFaults>;
  private readonly repeats = new Map<string, number>();
  private waits = 0;
  private isOver = false;
  private isRecovered = false;
  private readonly told = new Set<string>();

  constructor(
    private readonly scenario: EtcdDrillScenario,
    private readonly options: DrillOptions,
    private readonly variant = "",
  ) {
    this.parameters = etcdParameters({ ...scenario.parameters, ...options.parameters });
    const { objective: _objective, advice: _advice, assumptions: _assumptions, ...rest } = scenario;
    const { parameters: _parameters, ...plain } = rest;
    this.faults = timedFaults(plain);
    this.scene = sceneOf(plain);
    // The declaration is made with the faults in sight, as somebody declares a restore; the world begins before them.
    this.stage = new EtcdStage(sceneOf({ ...plain, faults: [], declaration: withoutRestore(plain.declaration) }).world);
  }

  async next(): Promise<readonly DrillEvent[]> {
    const { events } = this.stage.timeline;
    const before = events.length;
    while (!this.isOver && events.length === before) this.advance();
    return events.slice(before);
  }

  choices(): readonly DrillChoice[] {
    return etcdChoices(this.stage.world, this.currentPlan());
  }

  async choose(id: string): Promise<readonly DrillEvent[]> {
    const { stage } = this;
    const before = stage.timeline.events.length;
    if (isPlannedStep(id)) this.takeStep(this.currentPlan());
    else {
      const act = etcdAct(stage.world, id);
      if (act === undefined) return [];
      const seconds = this.parameters.step ?? 0;
      stage.record({ title: act.title, command: act.command, seconds, outcome: "done", message: "" });
      stage.say({ kind: "operator", text: act.title, parameters: [] });
      stage.wait(seconds);
      stage.goOn(act.world);
    }
    return stage.timeline.events.slice(before);
  }

  plan(): readonly string[] {
    const { steps, blockers } = this.currentPlan();
    const lines = steps.map(({ kind, node, reason }) => `${kind} on ${node}: ${reason}`);
    return [...lines, ...blockers.map(describeRefusal)];
  }

  quorums(): readonly string[] {
    return [quorumLine(this.stage.world)];
  }

  status(): ReturnType<DrillSession["status"]> {
    return this.stage.status();
  }

  result(): DrillResult {
    const { scenario, stage } = this;
    const faultSeconds = this.faults[0]?.atSeconds ?? 0;
    const figures = Object.entries(scenario.objective.rto).map(([service, promise]) =>
      stage.timeline.figure(
        service,
        service === "redundancy",
        [faultSeconds],
        stage.seconds + 1,
        durationSeconds(promise),
      ),
    );
    return {
      name: scenario.name,
      title: scenario.title,
      source: scenario.source,
      variant: this.variant,
      seed: this.options.seed ?? scenario.seed,
      startsAt: scenario.startsAt,
      seconds: stage.seconds,
      isRecovered: this.isRecovered,
      events: stage.timeline.events,
      lanes: stage.timeline.lanes(stage.seconds + 60),
      steps: stage.steps,
      figures: [...figures, this.lostWrites()],
      comparison: [],
      assumptions: scenario.assumptions,
      advice: scenario.advice.map(({ command, ...advice }) =>
        command === undefined ? advice : { ...advice, command },
      ),
      worst: stage.worst,
      places: stage.places(),
      parameters: describeEtcdParameters(this.parameters),
    };
  }

  private advance(): void {
    const { stage } = this;
    const due = this.faults.filter(({ atSeconds, isStruck }) => !isStruck && atSeconds <= stage.seconds);
    const coming = this.faults.find(({ isStruck }) => !isStruck);
    const reactsAt = (this.faults[0]?.atSeconds ?? 0) + (this.parameters.reaction ?? 0);
    if (due.length > 0) this.strike(due);
    else if (coming !== undefined && coming.atSeconds <= reactsAt) stage.wait(coming.atSeconds - stage.seconds);
    else if (stage.seconds < reactsAt) this.look(reactsAt - stage.seconds);
    else if (coming !== undefined && this.isIdle()) stage.wait(coming.atSeconds - stage.seconds);
    else if (this.options.isScripted) this.takeStep(this.currentPlan());
    else this.idle();
  }

  private strike(due: ReturnType<typeof timedFaults>): void {
    const { stage } = this;
    for (const fault of due) {
      fault.isStruck = true;
      const { kind, node, ...details } = fault.fault;
      const more = Object.entries(details).map(([name, value]) => ` ${name} ${String(value)}`);
      const text = `${kind.replaceAll("-", " ")} on ${node}${more.join(",")}`;
      stage.say({ kind: fault.isGiven ? "given" : "fault", id: kind, text, parameters: [] });
      stage.goOn(injectEtcdFault(stage.world, fault.fault));
    }
    stage.noteWorst();
  }

  /** Somebody has been told, and looks. */
  private look(seconds: number): void {
    const { stage } = this;
    stage.wait(seconds);
    const { assessment, blockers } = this.currentPlan();
    const text = `quorate looks: ${assessment.verdict.kind}; ${quorumLine(stage.world)}`;
    stage.say({ kind: "alert", id: "looked", text, parameters: ["reaction"] });
    this.tell(blockers);
  }

  private tell(blockers: EtcdPlan["blockers"]): void {
    for (const blocker of blockers) {
      const text = describeRefusal(blocker);
      if (this.told.has(text)) continue;
      this.told.add(text);
      this.stage.say({ kind: "alert", id: blocker.reason, text, parameters: [] });
    }
  }

  /** Nothing can be done now, and something is still to come. */
  private isIdle(): boolean {
    return this.options.isScripted && this.currentPlan().steps.length === 0;
  }

  private idle(): void {
    const { stage } = this;
    this.waits += 1;
    stage.wait(this.parameters.poll ?? 1);
    stage.goOn();
    if (this.isWell(this.currentPlan())) this.end(true, wellAgain);
    else if (this.waits > waitsMax) this.end(false, "nobody does anything any more");
    else stage.say({ kind: "progress", text: quorumLine(stage.world), parameters: ["poll"] });
  }

  private takeStep(plan: EtcdPlan): void {
    const [step] = plan.steps;
    this.tell(plan.blockers);
    if (step === undefined) this.finish(plan);
    else if (isChange(step)) this.change(step);
    else {
      this.waits += 1;
      this.stage.wait(this.parameters.poll ?? 1);
      this.stage.goOn();
      if (this.waits > waitsMax) this.end(false, `waited in vain for ${step.node}`);
    }
  }

  private finish(plan: EtcdPlan): void {
    if (this.isWell(plan)) {
      this.end(true, wellAgain);
      return;
    }
    const reasons = [...new Set(plan.blockers.map(({ reason }) => reason))].sort();
    const why = reasons.length > 0 ? `refused: ${reasons.join(", ")}` : "";
    this.end(false, why === "" ? `nothing is planned: ${plan.assessment.verdict.kind}` : why);
  }

  private change(step: EtcdChangeStep): void {
    const { stage } = this;
    this.waits = 0;
    const key = `${step.kind} on ${step.node}`;
    this.repeats.set(key, (this.repeats.get(key) ?? 0) + 1);
    if ((this.repeats.get(key) ?? 0) > repeatsMax) {
      this.end(false, `${key} was done again and again in vain`);
      return;
    }
    const votes = quorumLine(stage.world);
    let world = stage.world;
    let refusal: string | undefined;
    for (const effect of effectsOfStep(step)) {
      const result = applyEtcdEffect(world, step, effect);
      world = result.world;
      refusal = result.refusal;
      if (refusal !== undefined) break;
    }
    const parameter = step.kind === "etcdStartMember" ? "start" : "step";
    const seconds = this.parameters[parameter] ?? 0;
    const title = `${step.kind} on ${step.node}: ${step.reason}`;
    const after = quorumLine(world);
    stage.record({
      title,
      command: this.options.renderStep?.(step),
      seconds,
      outcome: refusal === undefined ? "done" : "failed",
      message: refusal ?? (votes === after ? votes : `${votes} -> ${after}`),
    });
    stage.wait(seconds);
    const text = refusal === undefined ? title : `${title}: ${refusal}`;
    stage.say({ kind: "operator", id: step.kind, text, parameters: [parameter] });
    stage.goOn({ ...world, timeSeconds: stage.world.timeSeconds });
  }

  private isWell(plan: EtcdPlan): boolean {
    const isQuiet = plan.blockers.length === 0 && plan.steps.length === 0 && plan.drifts.length === 0;
    return isQuiet && plan.assessment.verdict.kind === "healthy" && this.faults.every(({ isStruck }) => isStruck);
  }

  private currentPlan(): EtcdPlan {
    return planWorld(this.scene.subject, this.stage.world);
  }

  private end(isRecovered: boolean, text: string): void {
    this.isOver = true;
    this.isRecovered = isRecovered;
    this.stage.say({ kind: "end", id: isRecovered ? "recovered" : "given-up", text, parameters: [] });
  }

  private lostWrites(): DrillFigure {
    const { acknowledged, world } = this.stage;
    const cluster = trueCluster(world);
    const objective = this.scenario.objective.rpoWrites;
    const isRestored = cluster?.origin === "restored";
    const kept = (isRestored ? this.sourceRevision() : cluster?.revision) ?? 0;
    const lost = Math.max(0, acknowledged - kept);
    const detail = isRestored
      ? `acknowledged up to revision ${acknowledged}, restored from revision ${kept}`
      : `acknowledged up to revision ${acknowledged}, all of them in the cluster that is left`;
    return { name: "RPO", value: lost, unit: "writes", objective, isMet: lost <= objective, detail };
  }

  private sourceRevision(): number | undefined {
    const { restore } = this.scene.subject.etcd;
    if (restore?.source.kind === "snapshot") return restore.source.revision;
    const node = restore === undefined ? undefined : this.scene.world.nodes[restore.source.node];
    return node === undefined ? undefined : memberData(node)?.revision;
  }
}

const wellAgain = "every member is a healthy voter again";

function describeRefusal({ reason, message, nextStep }: EtcdPlan["blockers"][number]): string {
  return `refused (${reason}): ${message}; next: ${nextStep}`;
}
