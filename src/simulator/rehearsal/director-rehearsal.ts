// Rehearses the repair of a BOSH deployment: the real converge at a simulated director, cut into at every moment at which its
// world changes, crossed with one more fault, and gone on with by the next round; once more when the fault has ended.

import { boshEffects } from "../../model/bosh-step";
import { quorumOf } from "../../model/etcd-verdict";
import type { RehearsalSummary } from "../../model/rehearsal";
import type { SimulatedDirector } from "../director/simulated-director";
import { shortName } from "../director/world";
import type { Violation } from "./act-checkers";
import {
  type DirectorExtra,
  describeDirectorExtra,
  directorExtras,
  healDirector,
  isSound,
  strikeDirector,
  struckInstances,
} from "./director-extras";
import {
  type DirectorBeginning,
  type DirectorSubject,
  type Hear,
  isWell,
  Operator,
  type RoundEnd,
  runRound,
  titleOf,
  troubledOf,
  whereOf,
} from "./director-round";
import { DirectorWatch } from "./director-watch";
import { drawCases, type PlayedCase, type PlayedRehearsal, type PlayOptions } from "./played";

/** A moment of the plan. */
interface DirectorMoment {
  /** After the beginning, milliseconds. */
  readonly atMs: number;
  /** Steps that have been taken, and what the one under way has changed so far. */
  readonly prefix: readonly string[];
}

const proof = [
  "proved: no request of the plan takes a vote from a quorum that the faults alone would have left;",
  "        one member of a quorum group at a time, and none before a snapshot is kept; what is in order is left alone;",
  "        a pause of the resurrector is taken back; every round ends restored or with a reason that the state gives,",
  "        and all goes on when the fault is over:",
];

const lookMs = 1000;
const watchMs = 5000;
// Between two rounds: the health monitor has seen what there is to see.
const quietMs = 300_000;
const roundsMax = 4;

/** See the head of this file. */
export async function rehearseDirector(subject: DirectorSubject, options: PlayOptions = {}): Promise<PlayedRehearsal> {
  const first = subject.open();
  const troubled = troubledOf(first);
  const { moments, steps } = await walk(subject);
  const extras = directorExtras(first.deployment, troubled);
  const all = moments.flatMap((moment) => extras.map((extra) => ({ moment, extra })));
  const { chosen, drawnBy } = drawCases(all, options);
  const cases: PlayedCase[] = [];
  for (const { moment, extra } of chosen) {
    options.onCase?.(cases.length, chosen.length);
    cases.push(await playCase(subject, moment, extra));
  }
  const services = first.deployment.instances.filter(({ lifecycle }) => lifecycle === "service");
  return {
    what: `deployment of ${services.length} instances: ${[...troubled].join(", ") || "none"} out of order`,
    seed: subject.seed,
    steps,
    moments: moments.length,
    casesInAll: all.length,
    drawnBy,
    cases,
    proof,
    members: services.map((instance) => {
      const name = shortName(instance);
      return { name, health: troubled.has(name) ? "down" : "up", detail: troubled.has(name) ? "out of order" : "runs" };
    }),
  };
}

/** What can be seen to change while a step is under way. */
function worldText({ director, deployment }: DirectorBeginning): string {
  const instances = deployment.instances.map(({ vm, disks, state }) => [
    vm,
    disks.map((disk) => disk.isMounted),
    state,
  ]);
  return JSON.stringify([instances, director.configs.latest({ type: "resurrection" })]);
}

/** The run in which nothing more goes wrong: a moment before each step, one in it whenever something changes, one behind all. */
async function walk(
  subject: DirectorSubject,
): Promise<{ readonly moments: readonly DirectorMoment[]; readonly steps: RehearsalSummary["steps"] }> {
  const beginning = subject.open();
  const { clock } = beginning.director;
  const beganMs = clock.nowMs();
  const moments: DirectorMoment[] = [];
  const steps: RehearsalSummary["steps"][number][] = [];
  let under: { readonly title: string; changes: number } | undefined;
  let last = worldText(beginning);
  const note = (text: string | undefined) => {
    const prefix = [...steps.map(({ title }) => title), ...(text === undefined ? [] : [text])];
    moments.push({ atMs: clock.nowMs() - beganMs, prefix });
  };
  let isOver = false;
  const look = () => {
    if (isOver) return;
    const text = worldText(beginning);
    if (text !== last && under !== undefined) {
      under.changes += 1;
      note(`${under.title}: change ${under.changes} in the middle of it`);
    }
    last = text;
    clock.after(lookMs, look);
  };
  clock.after(lookMs, look);
  await runRound(subject, beginning, new Operator(subject, beginning, undefined), (step, failure) => {
    if (failure === undefined) {
      note(undefined);
      under = { title: titleOf(step), changes: 0 };
      return;
    }
    under = undefined;
    const shown = subject.show?.(step) ?? { title: titleOf(step) };
    const node = whereOf(step) || step.deployment;
    const refusal = failure === "" ? {} : { refusal: failure };
    steps.push({ ...shown, node, reason: step.reason, effects: failure === "" ? boshEffects(step) : [], ...refusal });
  });
  isOver = true;
  note(undefined);
  return { moments, steps };
}

async function playCase(subject: DirectorSubject, moment: DirectorMoment, extra: DirectorExtra): Promise<PlayedCase> {
  const beginning = subject.open();
  const { director, deployment } = beginning;
  const { clock } = director;
  const troubled = troubledOf(beginning);
  const configs = configNames(director);
  const violations: Violation[] = [];
  const story: string[] = [];
  let isStruck = false;
  const hear: Hear = (step, failure) => {
    if (isStruck && failure !== undefined) story.push(`${titleOf(step)}${failure === "" ? "" : ` failed: ${failure}`}`);
  };
  const watches: DirectorWatch[] = [];
  const newOperator = () =>
    new Operator(subject, beginning, (operator) => {
      const snapshots = () => operator.quorum.snapshots.length;
      const watch = new DirectorWatch({ director, deployment, declaration: subject.declaration, troubled, snapshots });
      watches.push(watch);
      return watch;
    });
  const keepWatch = () => {
    watches.at(-1)?.look();
    if (!isOver) clock.after(watchMs, keepWatch);
  };
  let isOver = false;
  const operator = newOperator();
  const struck = { director, deployment, link: operator.link };
  const strike = () => {
    if (isStruck) return;
    isStruck = true;
    for (const name of struckInstances(extra, deployment)) troubled.add(name);
    strikeDirector(extra, struck);
  };
  clock.after(moment.atMs, strike);
  keepWatch();
  let round = await runRound(subject, beginning, operator, hear);
  // Behind the last effect nobody is at work any more when it strikes.
  if (!isStruck) {
    await clock.sleep(quietMs);
    strike();
  }
  if (round.kind === "ended") violations.push(...checkPause(beginning, configs));
  const end = round;
  violations.push(...checkReasons(round, extra));
  let idle = isWell(beginning);
  for (let next = 0; next < roundsMax && !(idle && next > 0); next += 1) {
    await clock.sleep(quietMs);
    if (next > 0) healDirector(extra, struck);
    round = await runRound(subject, beginning, newOperator(), hear);
    if (round.kind === "ended") violations.push(...checkPause(beginning, configs));
    idle = isWell(beginning);
  }
  violations.push(...checkEnd(subject, beginning, troubled, round));
  if (idle) {
    // With an outage declared a round looks for silent VMs by a scan, whatever it finds.
    await runRound(subject, beginning, newOperator(), hear);
    if (watches.at(-1)?.hasActed === true)
      violations.push({ checker: "second-is-idle", text: "a round did something although all was well" });
  }
  isOver = true;
  violations.push(...watches.flatMap((watch) => watch.violations));
  return { prefix: moment.prefix, extra: describeDirectorExtra(extra), story, end: wordOf(end, beginning), violations };
}

function configNames(director: SimulatedDirector): readonly string[] {
  return director.configs.latest({ type: "resurrection" }).map(({ name }) => name);
}

/** Whoever ended by itself has taken back what kept the resurrector away. */
function checkPause({ director }: DirectorBeginning, configs: readonly string[]): readonly Violation[] {
  return configNames(director)
    .filter((name) => !configs.includes(name))
    .map((name) => ({ checker: "pause-taken-back", text: `${name} is left behind by a round that ended` }));
}

function checkReasons(round: RoundEnd, extra: DirectorExtra): readonly Violation[] {
  if (round.kind === "broken") {
    const isGiven = extra.kind === "operator-killed" || extra.kind === "link-cut";
    return isGiven ? [] : [{ checker: "right-reason", text: `a round broke off by ${round.reason}` }];
  }
  const { plan, failures } = round.result;
  if (extra.kind !== "nothing") return [];
  return [...plan.blockers.map(({ reason }) => reason), ...failures].map((text) => ({
    checker: "right-reason",
    text: `refused although nothing more went wrong: ${text}`,
  }));
}

/** Restored, or refused because the faults alone have taken a quorum. */
function checkEnd(
  { declaration }: DirectorSubject,
  beginning: DirectorBeginning,
  troubled: ReadonlySet<string>,
  round: RoundEnd,
): readonly Violation[] {
  if (isWell(beginning)) return [];
  const { director, deployment } = beginning;
  const isLost = declaration.quorumGroups.some(({ group }) => {
    const members = deployment.instances.filter((instance) => instance.group === group);
    const left = members.filter((instance) => !troubled.has(shortName(instance))).length;
    return left < quorumOf(members.length) || members.length - left > 1;
  });
  const blockers = round.kind === "ended" ? round.result.plan.blockers : [];
  const reasons = ["several-nodes-down", "quorum-unknown", "quorum-would-be-lost"];
  if (isLost && blockers.some(({ reason }) => reasons.includes(reason))) return [];
  const left = deployment.instances.filter((instance) => !isSound(director, instance)).map(shortName);
  const why =
    round.kind === "broken" ? round.reason : [...blockers.map(({ reason }) => reason), ...round.result.failures];
  return [{ checker: "goes-on", text: `${left.join(", ")} not restored ${roundsMax} rounds later (${why})` }];
}

function wordOf(round: RoundEnd, beginning: DirectorBeginning): string {
  if (round.kind === "broken") return `broken off by ${round.reason}, for the next round`;
  const { plan, failures } = round.result;
  const reasons = [...new Set(plan.blockers.map(({ reason }) => reason))].sort();
  if (reasons.length > 0) return `refused: ${reasons.join(", ")}`;
  if (failures.length > 0) return "given up with its reason, for the next round";
  return isWell(beginning) ? "restored" : "before the fault struck";
}
