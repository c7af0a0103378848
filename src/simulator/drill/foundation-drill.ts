// A drill of a Cloud Foundry: the foundation second by second, the scenario's faults, the operator's acts, and the record.

import type { DrillEvent, DrillFigure, DrillPlace, DrillResult } from "../../model/drill";
import { durationText } from "../../model/duration";
import { doesAgentAnswer, nameOf } from "../director/world";
import { Foundation } from "../foundation/foundation";
import { chooseParameters, defaultParameters, parameterNames } from "../foundation/parameters";
import { type ServiceName, type ServiceState, serviceNames } from "../foundation/services";
import { durationSeconds } from "../scenario";
import { compareWithLog } from "./compare-log";
import type { FoundationDrillScenario, FoundationFault } from "./drill-scenario";
import { foundationChoices, foundationPlan, foundationQuorums } from "./foundation-choices";
import { checkZones, strikeFoundation } from "./foundation-faults";
import { FoundationOperator } from "./foundation-operator";
import { Mailbox } from "./mailbox";
import { Schedule } from "./schedule";
import type { DrillChoice, DrillOptions, DrillSession } from "./session";
import { Timeline } from "./timeline";

// A drill that is not over by then is given up: something is missing that nobody is going to do.
const longestSeconds = 4 * 3600;
// Somebody who plays it is asked again after so long without news.
const patienceSeconds = 600;
// Any day does; it is the time of day that is shown.
const dayMs = Date.UTC(2019, 2, 20);

// Half of these is not what one promises.
const wholeServices: ReadonlySet<string> = new Set(["vms", "healthwatch"]);

/** See the head of this file. */
export class FoundationDrill implements DrillSession {
  private readonly foundation: Foundation;
  private readonly operator: FoundationOperator;
  private readonly timeline = new Timeline();
  private readonly faults: Schedule<FoundationDrillScenario["faults"][number]>;
  private readonly acts: Schedule<FoundationDrillScenario["operator"][number]>;
  private readonly heldFor = new Map<ServiceName, string>();
  private readonly mailbox: Mailbox;
  private readonly lastParameters = new Map<ServiceName, readonly string[]>();
  private services: Readonly<Partial<Record<ServiceName, ServiceState>>> = {};
  private seconds = 0;
  private faultSeconds: number | undefined;
  private isOver = false;
  private hadMajorityLost = false;
  private worst: readonly DrillPlace[] = [];

  constructor(
    private readonly scenario: FoundationDrillScenario,
    private readonly options: DrillOptions,
    private readonly variant = "",
  ) {
    const parameters = chooseParameters({ ...scenario.parameters, ...options.parameters });
    checkZones(scenario);
    this.foundation = new Foundation(scenario.topology, parameters, options.seed ?? scenario.seed, dayMs);
    this.mailbox = new Mailbox(this.foundation);
    this.operator = new FoundationOperator(this.foundation);
    this.faults = new Schedule(scenario.faults, scenario.startsAt);
    this.acts = new Schedule(options.isScripted ? scenario.operator : [], scenario.startsAt);
    this.noteAll();
  }

  async next(): Promise<readonly DrillEvent[]> {
    if (this.isOver) return [];
    const before = this.timeline.events.length;
    const patience = this.seconds + patienceSeconds;
    for (;;) {
      // Nobody wants to miss an hour because nothing happened in it.
      if (!this.options.isScripted && this.seconds >= patience)
        this.say([{ kind: "progress", text: `nothing happened for ${durationText(patienceSeconds)}`, parameters: [] }]);
      this.happen();
      if (this.timeline.events.length > before) return this.timeline.events.slice(before);
      this.foundation.tick();
      this.seconds += 1;
    }
  }

  choices(): readonly DrillChoice[] {
    return foundationChoices(this.foundation, this.operator.isBusy());
  }

  async choose(id: string): Promise<readonly DrillEvent[]> {
    const before = this.timeline.events.length;
    const choice = foundationChoices(this.foundation, this.operator.isBusy()).find((candidate) => candidate.id === id);
    if (choice?.action !== undefined) this.say(this.operator.act(choice.action, this.seconds));
    return this.timeline.events.slice(before);
  }

  plan(): readonly string[] {
    return foundationPlan(this.foundation, this.operator.isBusy());
  }

  quorums(): readonly string[] {
    return foundationQuorums(this.foundation);
  }

  status(): ReturnType<DrillSession["status"]> {
    return Object.entries(this.foundation.services()).map(([name, { health, why }]) => ({ name, health, why }));
  }

  result(): DrillResult {
    const { scenario, foundation, timeline } = this;
    const { parameters } = foundation;
    const faultSeconds = this.faultSeconds ?? 0;
    const figures: DrillFigure[] = Object.entries(scenario.objective.rto).map(([service, promise]) =>
      timeline.figure(service, wholeServices.has(service), [faultSeconds], this.seconds + 1, durationSeconds(promise)),
    );
    figures.push(this.lostWrites());
    const copyAge = parameters.blobstoreCopyAge;
    const detail = `uploads since the last copy are gone: it was up to ${durationText(copyAge)} old`;
    if (foundation.isBlobstoreRestored)
      figures.push({
        name: "RPO of the blobstore",
        value: copyAge,
        unit: "seconds",
        objective: undefined,
        isMet: true,
        detail,
      });
    return {
      name: scenario.name,
      title: scenario.title,
      source: scenario.source,
      variant: this.variant,
      seed: this.options.seed ?? scenario.seed,
      startsAt: scenario.startsAt,
      seconds: this.seconds,
      isRecovered: this.isAllWell(),
      events: timeline.events,
      // A minute more, so that the end can be seen.
      lanes: timeline.lanes(this.seconds + 60),
      steps: this.operator.steps.map((step) => ({ ...step })),
      figures,
      comparison: compareWithLog(scenario, timeline, (name) => {
        const known = name as keyof typeof parameters;
        return `${parameters[known]} ${defaultParameters[known].unit}`;
      }),
      assumptions: scenario.assumptions,
      advice: scenario.advice.map(({ command, ...advice }) =>
        command === undefined ? advice : { ...advice, command },
      ),
      worst: this.worst,
      places: this.places(),
      parameters: parameterNames.map((name) => ({
        name,
        ...defaultParameters[name],
        value: parameters[name],
        defaultValue: defaultParameters[name].value,
      })),
    };
  }

  private lostWrites(): DrillFigure {
    const { acknowledged, lost } = this.foundation.writes();
    const objective = this.scenario.objective.rpoWrites;
    const how = this.hadMajorityLost ? "MySQL lost its majority and took none meanwhile" : "MySQL kept its majority";
    const detail = `of ${acknowledged} that MySQL acknowledged, one a second; ${how}`;
    return { name: "RPO", value: lost, unit: "writes", objective, isMet: lost <= objective, detail };
  }

  private happen(): void {
    const momentOf = (id: string) => this.timeline.momentOf(id);
    for (const { fault, given } of this.faults.take(this.seconds, momentOf)) this.strike(fault, given);
    for (const { action } of this.acts.take(this.seconds, momentOf)) this.say(this.operator.act(action, this.seconds));
    this.say(this.operator.tick(this.seconds));
    this.release();
    this.say(this.mailbox.read(this.seconds));
    this.noteAll();
    this.end();
  }

  private strike(fault: FoundationFault, given: string | undefined): void {
    const isLoss = fault.kind === "zone-power-lost" || fault.kind === "vms-lost";
    if (isLoss) this.faultSeconds ??= this.seconds;
    if (fault.kind === "service-held-down") this.heldFor.set(fault.service, fault.zone);
    const { id, text } = strikeFoundation(this.foundation, fault, given);
    if (isLoss) this.worst = this.places();
    const kind = given === undefined ? ("fault" as const) : ("given" as const);
    const why = given === undefined ? "" : ` (given: ${given})`;
    this.say([{ kind, text: `${text}${why}`, id, parameters: [] }]);
  }

  private release(): void {
    for (const [service, zone] of this.heldFor) {
      if (this.foundation.silentVms(zone).length > 0) continue;
      this.foundation.held.delete(service);
      this.heldFor.delete(service);
    }
  }

  private noteAll(): void {
    const services = this.foundation.services();
    this.services = services;
    for (const name of serviceNames) this.note(name, services[name]);
  }

  private note(service: ServiceName, { health, why, parameters }: ServiceState): void {
    if (service === "database" && health === "down") this.hadMajorityLost = true;
    if (!this.timeline.note(service, this.seconds, health, why)) return;
    const text = health === "up" ? `${service} is well again` : `${service} is ${health}: ${why}`;
    // What made it well is what kept it from being so.
    const behind = health === "up" ? (this.lastParameters.get(service) ?? []) : parameters;
    this.lastParameters.set(service, parameters);
    this.say([{ kind: "service", text, service, health, id: `${service}-${health}`, parameters: behind }]);
  }

  private end(): void {
    const isIdle = this.faults.isEmpty() && this.acts.isEmpty() && !this.operator.isBusy() && this.mailbox.isEmpty();
    const isWell = this.faultSeconds === undefined ? isIdle && this.seconds > 0 : this.isAllWell();
    if (isIdle && isWell) {
      this.isOver = true;
      const last = this.timeline.events.filter(
        ({ atSeconds, kind }) => kind === "service" && atSeconds === this.seconds,
      );
      const parameters = [...new Set(last.flatMap((event) => event.parameters))];
      this.say([{ kind: "end", text: "everything is well again", id: "recovered", parameters }]);
    } else if (this.seconds >= longestSeconds) {
      this.isOver = true;
      const left = this.status().filter(({ health }) => health !== "up");
      this.say([
        {
          kind: "end",
          text: `given up after ${longestSeconds / 3600} hours: ${left.map(({ name }) => name).join(", ")}`,
          id: "given-up",
          parameters: [],
        },
      ]);
    }
  }

  private isAllWell(): boolean {
    return Object.values(this.services).every(({ health, why }) => health === "up" && why === "");
  }

  private places(): readonly DrillPlace[] {
    const { topology, director, deployment } = this.foundation;
    return topology.zones.map((zone): DrillPlace => {
      const own = deployment.instances.filter((instance) => instance.zone === zone);
      const items = own.map((instance) => {
        const isUp = doesAgentAnswer(director.world, instance);
        return {
          name: `${instance.group}/${instance.index}`,
          health: isUp ? ("up" as const) : ("down" as const),
          detail: nameOf(instance),
        };
      });
      const health = this.foundation.isDirectorUp() ? ("up" as const) : ("down" as const);
      const directors =
        zone === topology.directorZone
          ? [{ name: "BOSH director", health, detail: "with health monitor and resurrector" }]
          : [];
      return { name: zone, items: [...directors, ...items] };
    });
  }

  private say(said: readonly Omit<DrillEvent, "atSeconds">[]): void {
    for (const event of said) this.timeline.add({ ...event, atSeconds: this.seconds });
  }
}
