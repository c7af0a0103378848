// Rehearses the repair of a BOSH deployment: the real converge at a simulated director, cut into before every request that
// changes something and, while one is under way, whenever its world has changed; crossed with one more fault, and gone on with by
// the next rounds, once more when the fault has ended.

import { boshEffects } from "../../model/bosh-step";
import type { RehearsalSummary } from "../../model/rehearsal";
import { shortName } from "../director/world";
import type { Violation } from "./act-checkers";
import {
  type DirectorExtra,
  describeDirectorExtra,
  directorExtras,
  healDirector,
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
import { checkEnd, checkPause, checkReasons, configNames, DirectorWatch, isChangingRequest } from "./director-watch";
import { drawCases, type PlayedCase, type PlayedRehearsal, type PlayOptions } from "./played";

/** A moment of the plan. */
interface DirectorMoment {
  /** Before so many requests that change something have been made (the first is 1), so long after the beginning, or behind all. */
  readonly at: { readonly request: number } | { readonly ms: number } | "end";
  /** Steps that have been taken, and what the one under way has changed so far. */
  readonly prefix: readonly string[];
}

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
  const left = subject.leftOut.length === 0 ? "" : `; not part of it: ${subject.leftOut.join(", ")}`;
  return {
    what: `deployment of ${services.length} instances: ${[...troubled].join(", ") || "none"} out of order${left}`,
    seed: subject.seed,
    steps,
    moments: moments.length,
    casesInAll: all.length,
    drawnBy,
    cases,
    proof: proofOf(subject),
    members: services.map((instance) => {
      const name = shortName(instance);
      return { name, health: troubled.has(name) ? "down" : "up", detail: troubled.has(name) ? "out of order" : "runs" };
    }),
  };
}

function proofOf({ declaration }: DirectorSubject): readonly string[] {
  const hasEtcd = declaration.quorumGroups.some((group) => group.hasEtcd);
  return [
    "proved: no request of the plan takes a vote from a quorum that the faults alone would have left;",
    `        one member of a quorum group at a time${hasEtcd ? ", and none before a snapshot is kept" : ""}; what is in order is left alone;`,
    "        a pause of the resurrector is taken back; every round ends restored or with a reason that the state gives,",
    "        and all goes on when the fault is over:",
  ];
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

/** The run in which nothing more goes wrong, and its moments. */
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
  let requests = 0;
  const note = (at: DirectorMoment["at"], text?: string) => {
    moments.push({ at, prefix: [...steps.map(({ title }) => title), ...(text === undefined ? [] : [text])] });
  };
  let isOver = false;
  const look = () => {
    if (isOver) return;
    const text = worldText(beginning);
    if (text !== last && under !== undefined) {
      under.changes += 1;
      note({ ms: clock.nowMs() - beganMs }, `${under.title}: change ${under.changes} in the middle of it`);
    }
    last = text;
    clock.after(lookMs, look);
  };
  clock.after(lookMs, look);
  const operator = new Operator(beginning, (method) => {
    if (!isChangingRequest(method)) return;
    requests += 1;
    note({ request: requests }, `${under?.title ?? "the end of the run"}: before ${method}`);
  });
  await runRound(subject, beginning, operator, (step, failure) => {
    if (failure === undefined) {
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
  note("end");
  return { moments, steps };
}

async function playCase(subject: DirectorSubject, moment: DirectorMoment, extra: DirectorExtra): Promise<PlayedCase> {
  const beginning = subject.open();
  const { director, deployment } = beginning;
  const { clock } = director;
  const configs = configNames(director);
  const watched = { director, deployment, declaration: subject.declaration, troubled: troubledOf(beginning) };
  const violations: Violation[] = [];
  const story: string[] = [];
  let isStruck = false;
  let link: Operator["link"] | undefined;
  const strike = () => {
    if (isStruck || link === undefined) return;
    isStruck = true;
    for (const name of struckInstances(extra, deployment)) watched.troubled.add(name);
    strikeDirector(extra, { director, deployment, link });
  };
  const hear: Hear = (step, failure) => {
    if (isStruck && failure !== undefined) story.push(`${titleOf(step)}${failure === "" ? "" : ` failed: ${failure}`}`);
  };
  const watches: DirectorWatch[] = [];
  let requests = 0;
  const newOperator = () => {
    const operator: Operator = new Operator(beginning, (method, args) => {
      if (isChangingRequest(method)) requests += 1;
      const isDue =
        !isStruck && typeof moment.at === "object" && "request" in moment.at && requests === moment.at.request;
      if (isDue) strike();
      // What was decided before the fault could be seen is the fault's.
      if (!isDue || extra.kind === "nothing") watch.check(method, args);
    });
    const watch = new DirectorWatch(watched, () => operator.quorum.snapshots.length);
    watches.push(watch);
    return operator;
  };
  let isOver = false;
  const keepWatch = () => {
    watches.at(-1)?.look();
    if (!isOver) clock.after(watchMs, keepWatch);
  };
  const play = async (operator: Operator): Promise<RoundEnd> => {
    const isWhole = isStruck;
    const round = await runRound(subject, beginning, operator, hear);
    violations.push(...checkPause(round, director, configs));
    violations.push(...checkReasons(round, extra, watched, isWhole || extra.kind === "nothing", beginning));
    return round;
  };

  const operator = newOperator();
  ({ link } = operator);
  if (typeof moment.at === "object" && "ms" in moment.at) clock.after(moment.at.ms, strike);
  keepWatch();
  let round = await play(operator);
  let end = isStruck ? wordOf(round, isWell(beginning)) : undefined;
  strike();
  for (let next = 0; next === 0 || (next < roundsMax && !isWell(beginning)); next += 1) {
    await clock.sleep(quietMs);
    if (next > 0) healDirector(extra, { director, deployment, link });
    round = await play(newOperator());
    end ??= wordOf(round, isWell(beginning));
  }
  violations.push(...checkEnd(round, watched, beginning));
  if (isWell(beginning)) {
    // With an outage declared a round looks for silent VMs by a scan, whatever it finds.
    await play(newOperator());
    if (watches.at(-1)?.hasActed === true)
      violations.push({ checker: "second-is-idle", text: "a round did something although all was well" });
  }
  isOver = true;
  violations.push(...watches.flatMap((watch) => watch.violations));
  return { prefix: moment.prefix, extra: describeDirectorExtra(extra), story, end: end ?? "", violations };
}

function wordOf(round: RoundEnd, isRestored: boolean): string {
  if (round.kind === "broken") return `broken off by ${round.reason}, for the next round`;
  if (isRestored) return "restored";
  const { plan, failures } = round.result;
  const reasons = [...new Set([...plan.blockers, ...plan.putOff].map(({ reason }) => reason))].sort();
  if (reasons.length > 0) return `refused: ${reasons.join(", ")}`;
  return failures.length > 0 ? "given up with its reason, for the next round" : "before it could see the fault";
}
