// A drill of a planned repair: faults and acts in time on a scene, the real planner among what the operator can do.

import type { DrillAdvice, DrillEvent, DrillFigure, DrillParameter, DrillResult } from "../../model/drill";
import { durationText } from "../../model/duration";
import { durationSeconds } from "../scenario";
import { compareWithLog } from "./compare-log";
import { DrillRecord, type DrillScene } from "./drill-scene";
import { Schedule, type When } from "./schedule";
import type { DrillChoice, DrillOptions, DrillSession } from "./session";

// A drill that is not over by then is given up: something is missing that nobody is going to do.
const longestSeconds = 4 * 3600;
// With nothing left to come, nobody waits longer than this for it to become well by itself.
const idleSeconds = 1800;
// Somebody who plays it is asked again after so long without news.
const patienceSeconds = 600;

/** What a scenario of such a drill has. */
export interface PlannedScenario<Fault, Action> {
  readonly name: string;
  readonly title: string;
  readonly source?: string | undefined;
  readonly seed: string;
  readonly startsAt?: string | undefined;
  readonly faults: readonly (When & { readonly fault: Fault; readonly given?: string | undefined })[];
  readonly operator: readonly (When & { readonly action: Action })[];
  readonly objective: { readonly rto: Readonly<Record<string, string | undefined>>; readonly rpoWrites: number };
  readonly log: Parameters<typeof compareWithLog>[0]["log"];
  readonly assumptions: readonly string[];
  readonly advice: readonly {
    readonly when: string;
    readonly what: string;
    readonly command?: string | undefined;
  }[];
}

/** How it is played. */
export interface PlannedDrillOptions extends DrillOptions {
  readonly variant: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly shownParameters: readonly DrillParameter[];
  /** Services of which half is no use. */
  readonly wholeServices: readonly string[];
}

/** See the head of this file. */
export class PlannedDrill<Fault, Action> implements DrillSession {
  private readonly record: DrillRecord;
  private readonly faults: Schedule<PlannedScenario<Fault, Action>["faults"][number]>;
  private readonly acts: Schedule<PlannedScenario<Fault, Action>["operator"][number]>;
  private readonly faultSeconds: number[] = [];
  private lastActSeconds = 0;
  private isOver = false;
  private worst: DrillResult["worst"] = [];

  constructor(
    private readonly scenario: PlannedScenario<Fault, Action>,
    private readonly scene: DrillScene<Fault, Action>,
    private readonly options: PlannedDrillOptions,
  ) {
    this.record = new DrillRecord(() => scene.nowSeconds());
    this.faults = new Schedule(scenario.faults, scenario.startsAt);
    this.acts = new Schedule(options.isScripted ? scenario.operator : [], scenario.startsAt);
    this.record.note(scene.services());
    scene.everySecond(() => this.pass());
  }

  async next(): Promise<readonly DrillEvent[]> {
    if (this.isOver) return [];
    const { events } = this.record.timeline;
    const before = events.length;
    const patience = this.scene.nowSeconds() + patienceSeconds;
    this.pass();
    while (events.length === before) {
      const due = this.acts.take(this.scene.nowSeconds(), this.momentOf);
      for (const { action } of due) await this.do(action);
      if (due.length > 0) continue;
      this.end();
      if (events.length > before) break;
      if (!this.options.isScripted && this.scene.nowSeconds() >= patience)
        this.record.say({
          kind: "progress",
          text: `nothing happened for ${durationText(patienceSeconds)}`,
          parameters: [],
        });
      else await this.scene.wait(1);
    }
    if (!this.options.isScripted && !this.isOver) await this.scene.look();
    return events.slice(before);
  }

  choices(): readonly DrillChoice[] {
    return this.scene.options();
  }

  async choose(id: string): Promise<readonly DrillEvent[]> {
    const { events } = this.record.timeline;
    const before = events.length;
    const choice = this.scene.options().find((candidate) => candidate.id === id);
    if (choice === undefined) return [];
    await this.do(choice.action);
    await this.scene.look();
    return events.slice(before);
  }

  plan(): readonly string[] {
    return this.scene.plan();
  }

  quorums(): readonly string[] {
    return this.scene.quorums();
  }

  status(): ReturnType<DrillSession["status"]> {
    return this.scene.services();
  }

  result(): DrillResult {
    const { scenario, scene, options, record } = this;
    const seconds = scene.nowSeconds();
    const figures = Object.entries(scenario.objective.rto).map(([service, promise = "0s"]) =>
      record.timeline.figure(
        service,
        options.wholeServices.includes(service),
        this.faultSeconds,
        seconds + 1,
        durationSeconds(promise),
      ),
    );
    return {
      name: scenario.name,
      title: scenario.title,
      source: scenario.source,
      variant: options.variant,
      seed: options.seed ?? scenario.seed,
      startsAt: scenario.startsAt,
      seconds,
      isRecovered: this.isWell(),
      events: record.timeline.events,
      // A minute more, so that the end can be seen.
      lanes: record.timeline.lanes(seconds + 60),
      steps: record.steps,
      figures: [...figures, this.lostWrites()],
      comparison: compareWithLog(scenario, record.timeline, (name) => `${options.parameters[name]} seconds`),
      assumptions: scenario.assumptions,
      advice: scenario.advice.map(
        ({ command, ...advice }): DrillAdvice => (command === undefined ? advice : { ...advice, command }),
      ),
      worst: this.worst,
      places: scene.places(),
      parameters: options.shownParameters,
    };
  }

  private readonly momentOf = (id: string): number | undefined => this.record.timeline.momentOf(id);

  /** What happens by itself in this second. */
  private pass(): void {
    for (const { fault, given } of this.faults.take(this.scene.nowSeconds(), this.momentOf)) {
      this.faultSeconds.push(this.scene.nowSeconds());
      const { id, text } = this.scene.strike(fault);
      const why = given === undefined ? "" : ` (given: ${given})`;
      this.record.say({ kind: given === undefined ? "fault" : "given", text: `${text}${why}`, id, parameters: [] });
      this.lastActSeconds = this.scene.nowSeconds();
    }
    const services = this.scene.services();
    this.record.note(services);
    if (this.worst.length === 0 && services.some(({ health }) => health !== "up")) this.worst = this.scene.places();
  }

  private async do(action: Action): Promise<void> {
    await this.scene.act(action, this.record);
    this.lastActSeconds = this.scene.nowSeconds();
  }

  private end(): void {
    const now = this.scene.nowSeconds();
    const isIdle = this.faults.isEmpty() && this.acts.isEmpty();
    if (isIdle && this.isWell() && now > this.lastActSeconds) {
      this.isOver = true;
      this.record.say({ kind: "end", text: "everything is well again", id: "recovered", parameters: [] });
      return;
    }
    const isHopeless = isIdle && this.options.isScripted && now - this.lastActSeconds >= idleSeconds;
    if (!isHopeless && now < longestSeconds) return;
    this.isOver = true;
    const left = this.scene.services().filter(({ health }) => health !== "up");
    const text = `given up after ${durationText(now)}: ${left.map(({ name }) => name).join(", ")}`;
    this.record.say({ kind: "end", text, id: "given-up", parameters: [] });
  }

  private isWell(): boolean {
    return this.scene.services().every(({ health }) => health === "up");
  }

  private lostWrites(): DrillFigure {
    const { lost, detail } = this.scene.lostWrites();
    const objective = this.scenario.objective.rpoWrites;
    return { name: "RPO", value: lost, unit: "writes", objective, isMet: lost <= objective, detail };
  }
}
