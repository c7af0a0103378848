// What a drill of a planned repair is played on, and the record that it keeps: a control plane or a deployment in virtual time.

import type { DrillEvent, DrillHealth, DrillPlace, DrillStep } from "../../model/drill";
import type { DrillChoice } from "./session";
import { Timeline } from "./timeline";

/** How something that people notice is at this moment. */
export interface ServiceNow {
  readonly name: string;
  readonly health: DrillHealth;
  readonly why: string;
  /** Names of the parameters that decide how long it stays so. */
  readonly parameters: readonly string[];
}

/** A world that a drill is played on. Time passes only in `wait` and while something is done. */
export interface DrillScene<Fault, Action> {
  /** Since the drill began. */
  nowSeconds(): number;
  /** Lets time pass. */
  wait(seconds: number): Promise<void>;
  /** Has `run` called once for every second that passes, whoever lets it pass. */
  everySecond(run: () => void): void;
  /** Makes it so; the event's id and what there is to say. */
  strike(fault: Fault): { readonly id: string; readonly text: string };
  /** Does it, to its end, and writes down what happened. */
  act(action: Action, record: DrillRecord): Promise<void>;
  /** Observes and plans, for `plan` and `options`. */
  look(): Promise<void>;
  /** What quorate would do, as last looked. */
  plan(): readonly string[];
  /** What could be done now, the safest first, as last looked. */
  options(): readonly (DrillChoice & { readonly action: Action })[];
  services(): readonly ServiceNow[];
  quorums(): readonly string[];
  places(): readonly DrillPlace[];
  /** Acknowledged writes that are nowhere any more, and what that is judged by. */
  lostWrites(): { readonly lost: number; readonly detail: string };
}

type Ending = (outcome: DrillStep["outcome"], message: string) => void;

/** See the head of this file. */
export class DrillRecord {
  readonly timeline = new Timeline();
  private readonly written: DrillStep[] = [];
  private readonly lastParameters = new Map<string, readonly string[]>();

  constructor(private readonly nowSeconds: () => number) {}

  /** Everything that was done, in order. */
  get steps(): readonly DrillStep[] {
    return this.written;
  }

  /** Adds an event that happens now. */
  say(event: Omit<DrillEvent, "atSeconds">): void {
    this.timeline.add({ ...event, atSeconds: this.nowSeconds() });
  }

  /** Notes down that something is begun; the answer is called when it ends. */
  begin(title: string, command: string | undefined): Ending {
    const atSeconds = this.nowSeconds();
    const index = this.written.length;
    const step = { atSeconds, title, command };
    this.written.push({ ...step, seconds: undefined, outcome: "running", message: "" });
    return (outcome, message) => {
      this.written[index] = { ...step, seconds: this.nowSeconds() - atSeconds, outcome, message };
    };
  }

  /** Notes how everything is, and says what has changed. */
  note(services: readonly ServiceNow[]): void {
    for (const { name: service, health, why, parameters } of services) {
      const isNews = this.timeline.note(service, this.nowSeconds(), health, why);
      // What made it well is what kept it from being so.
      const behind = health === "up" ? (this.lastParameters.get(service) ?? []) : parameters;
      this.lastParameters.set(service, parameters);
      if (!isNews) continue;
      const text = health === "up" ? `${service}: up` : `${service}: ${health}, ${why}`;
      this.say({ kind: "service", service, health, id: `${service}-${health}`, text, parameters: behind });
    }
  }
}
