// A drill while it is played: it goes from event to event, and somebody may choose what is done at each.

import type { BoshStep } from "../../model/bosh-step";
import type { DrillEvent, DrillResult } from "../../model/drill";
import type { Step } from "../../model/step";

/** Something that the operator can do now. */
export interface DrillChoice {
  /** What one types to choose it. */
  readonly id: string;
  readonly title: string;
  readonly command: string | undefined;
  /** What it does to the quorums, one sentence. */
  readonly quorum: string;
}

/** See the head of this file. */
export interface DrillSession {
  /** Goes on until something happens; nothing more happens when it answers with no event. */
  next(): Promise<readonly DrillEvent[]>;
  /** What could be done now, the safest first. */
  choices(): readonly DrillChoice[];
  /** Does one of them; what happened at once. */
  choose(id: string): Promise<readonly DrillEvent[]>;
  /** What quorate would do now, a line a step. */
  plan(): readonly string[];
  /** How the quorums stand, a line each. */
  quorums(): readonly string[];
  /** How every service is now: name, health, why. */
  status(): readonly { readonly name: string; readonly health: string; readonly why: string }[];
  /** All of it so far. */
  result(): DrillResult;
}

/** How a drill is played. */
export interface DrillOptions {
  /** False: the scenario's operator does nothing, somebody else chooses. */
  readonly isScripted: boolean;
  /** Parameters that replace the scenario's. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly seed: string | undefined;
  /** The commands that carry a step on a node out, for who reads the result; left out: none are shown. */
  readonly renderStep?: (step: Step) => string;
  /** The same for a step at a director. */
  readonly renderBoshStep?: (step: BoshStep) => string;
}

/** Plays a drill to its end. */
export async function playDrill(session: DrillSession): Promise<DrillResult> {
  while ((await session.next()).length > 0);
  return session.result();
}
