// The plan for one BOSH deployment: what was left behind first, then what does least harm, one member of a quorum group at
// a time, a snapshot before anything that could lose one, the resurrector held off around surgery and put back at the end.
import { compareInstances, type InstanceRef, instanceName, isSameInstance } from "../model/bosh";
import type { DiagnosedInstance } from "../model/bosh-condition";
import type { BoshBlocker, BoshDeploymentDeclaration, BoshObservation, BoshPlan } from "../model/bosh-plan";
import { type BoshStep, changedInstances, type ProblemTarget, type ResolveProblemsStep } from "../model/bosh-step";
import { diagnoseInstances } from "./bosh-diagnosis";
import { quorumBlocker, quorumGroupOf } from "./bosh-quorum";
import { chooseRemedy } from "./bosh-remedy";
import type { Remedy } from "./bosh-remedy-parts";
import { rebootFirst } from "./bosh-resolution";
import { isPauseHeld, isResurrectionActive, leftPauses, pauseConfigName } from "./bosh-resurrection";

// The monitor reads the configs once a minute. Source: cloudfoundry/bosh jobs/health_monitor/spec, intervals.
const monitorIntervalSeconds = 60;
// A monitor that is busy reads a little later.
const monitorGraceSeconds = 5;

interface Treatment {
  readonly diagnosed: DiagnosedInstance;
  readonly remedy: Extract<Remedy, { kind: "steps" }>;
}

/** See the head of this file. */
export function planBoshDeployment(declaration: BoshDeploymentDeclaration, observation: BoshObservation): BoshPlan {
  const diagnoses = diagnoseInstances(observation);
  if (!observation.isPauseOurs && isPauseHeld(observation.resurrection, declaration.deployment)) {
    return { diagnoses, steps: [], blockers: [repairUnderWay(declaration)], putOff: [], notes: [] };
  }
  const blockers: BoshBlocker[] = [];
  const putOff: BoshBlocker[] = [];
  const notes: string[] = [];
  const treatments: Treatment[] = [];
  for (const diagnosed of diagnoses) {
    const others = diagnoses.filter((other) => other !== diagnosed);
    const remedy = chooseRemedy(declaration, observation, diagnosed, others);
    if (remedy.kind === "note") notes.push(remedy.text);
    if (remedy.kind === "blocked") blockers.push(remedy.blocker);
    if (remedy.kind !== "steps") continue;
    const blocker = touchesVote(declaration, diagnosed, remedy)
      ? quorumBlocker(declaration, observation, diagnosed.instance)
      : undefined;
    if (blocker === undefined) treatments.push({ diagnosed, remedy });
    else if (blocker.reason !== "quorum-unknown" && waitsForEtcd(declaration, diagnosed, others))
      putOff.push({ ...blocker, nextStep: `${etcdFirst}; if that is refused: ${blocker.nextStep}` });
    else blockers.push(blocker);
  }
  const chosen = oneOfEachGroup(declaration, inOrder(observation, treatments), notes);
  const steps = [
    ...leftOvers(declaration, observation),
    ...chosen.filter(({ remedy }) => !remedy.isSurgery).flatMap(({ remedy }) => remedy.steps),
    ...surgery(declaration, observation, [
      ...chosen.filter(({ remedy }) => remedy.isSurgery),
      ...sweep(declaration, observation, diagnoses),
    ]),
  ];
  const unseen = steps.length === 0 ? notObserved(declaration, observation) : undefined;
  return { diagnoses, steps, blockers: unseen === undefined ? blockers : [...blockers, unseen], putOff, notes };
}

const etcdFirst = "let the ControlPlane of these members mend their etcd, then run up again";

/** Do all the other members answer, so that only their etcd can be what is in the way? */
function waitsForEtcd(
  declaration: BoshDeploymentDeclaration,
  { instance }: DiagnosedInstance,
  others: readonly DiagnosedInstance[],
): boolean {
  const group = quorumGroupOf(declaration, instance);
  const members = others.filter((other) => other.instance.group === group?.group);
  const isAnswering = ({ condition: { kind } }: DiagnosedInstance) =>
    kind === "running" || kind === "starting" || kind === "process-failing";
  return group?.hasEtcd === true && members.length > 0 && members.every(isAnswering);
}

/** Another process of ours is at it: its pause would be taken back under its hands. */
function repairUnderWay({ deployment }: BoshDeploymentDeclaration): BoshBlocker {
  return {
    reason: "repair-under-way",
    deployment,
    instance: undefined,
    message: `'${deployment}' is being repaired by another run of quorate on this machine`,
    nextStep: `wait for it; what it holds is written in \`bosh config --type=resurrection --name=${pauseConfigName(deployment)}\``,
  };
}

/** Without a listing and with nothing to wait for, nobody knows how the agents are: that is not "all is well". */
function notObserved(declaration: BoshDeploymentDeclaration, observation: BoshObservation): BoshBlocker | undefined {
  if (observation.instances !== undefined) return undefined;
  const { deployment } = declaration;
  return {
    reason: "not-observed",
    deployment,
    instance: undefined,
    message: `the agents of '${deployment}' were not asked, because ${observation.notListed ?? "nobody listed them"}`,
    nextStep: "look at `bosh tasks`, wait until the director has room, then look again",
  };
}

/** Could the remedy take a vote away? Restarting a process does not: etcd itself is never restarted from here. */
function touchesVote(
  declaration: BoshDeploymentDeclaration,
  diagnosed: DiagnosedInstance,
  remedy: Treatment["remedy"],
): boolean {
  return remedy.isSurgery && quorumGroupOf(declaration, diagnosed.instance) !== undefined;
}

/** Least harm first; of equal harm a leader last, then by name. */
function inOrder(observation: BoshObservation, treatments: readonly Treatment[]): readonly Treatment[] {
  const isLeader = (instance: InstanceRef): boolean => {
    const quorum = observation.quorums.get(instance.group);
    return quorum?.kind === "known" && quorum.leader !== undefined && isSameInstance(quorum.leader, instance);
  };
  return [...treatments].sort(
    (a, b) =>
      a.remedy.harm - b.remedy.harm ||
      Number(isLeader(a.diagnosed.instance)) - Number(isLeader(b.diagnosed.instance)) ||
      compareInstances(a.diagnosed.instance, b.diagnosed.instance),
  );
}

/** Keeps the first surgery of each quorum group; the others come when all has been observed again. */
function oneOfEachGroup(
  declaration: BoshDeploymentDeclaration,
  treatments: readonly Treatment[],
  notes: string[],
): readonly Treatment[] {
  const taken = new Set<string>();
  return treatments.filter(({ diagnosed, remedy }) => {
    const group = quorumGroupOf(declaration, diagnosed.instance)?.group;
    if (group === undefined || !remedy.isSurgery) return true;
    if (taken.has(group)) {
      notes.push(`${instanceName(diagnosed.instance)} comes later: one instance of '${group}' at a time`);
      return false;
    }
    taken.add(group);
    return true;
  });
}

/** What must be out of the way first: a pause that an interrupted run left, tasks that hold the deployment. */
function leftOvers(declaration: BoshDeploymentDeclaration, observation: BoshObservation): readonly BoshStep[] {
  const { deployment } = declaration;
  const configName = pauseConfigName(deployment);
  const isPaused = leftPauses(observation.resurrection).includes(configName);
  const undo: readonly BoshStep[] =
    isPaused && !observation.isPauseOurs
      ? [{ kind: "undoPause", deployment, configName, reason: "an interrupted run left the resurrector paused" }]
      : [];
  const waits = [...observation.tasks]
    .sort((a, b) => a.id - b.id)
    .map(({ id, description, user }): BoshStep => {
      const reason = `task ${id} (${description}, by ${user ?? "somebody"}) works on the deployment`;
      return { kind: "waitForTask", deployment, taskId: id, reason };
    });
  return [...undo, ...waits];
}

/** In an outage no agent is asked one by one: a scan tells who is silent, and whoever has a problem is answered. */
function sweep(
  declaration: BoshDeploymentDeclaration,
  observation: BoshObservation,
  diagnoses: readonly DiagnosedInstance[],
): readonly Treatment[] {
  if (!declaration.isMassRecovery || observation.instances !== undefined) return [];
  const isSwept = (instance: InstanceRef): boolean =>
    observation.attempts.some(({ step }) =>
      changedInstances(step).some((changed) => isSameInstance(changed, instance)),
    );
  const unseen = diagnoses.filter(
    ({ instance, condition }) =>
      condition.kind === "not-observed" &&
      !isSwept(instance) &&
      quorumBlocker(declaration, observation, instance) === undefined,
  );
  const [first] = unseen;
  if (first === undefined) return [];
  const step: ResolveProblemsStep = {
    kind: "resolveProblems",
    deployment: declaration.deployment,
    targets: unseen.map(({ instance }) => ({ instance, preferences: rebootFirst })),
    oneOfGroups: declaration.quorumGroups.map(({ group }) => group),
    reason: `${unseen.length} VMs may be silent: one scan finds those that are, without a listing that asks each`,
  };
  return [
    { diagnosed: first, remedy: { kind: "steps", harm: 4, steps: [step], isDestructive: false, isSurgery: true } },
  ];
}

function surgery(
  declaration: BoshDeploymentDeclaration,
  observation: BoshObservation,
  treatments: readonly Treatment[],
): readonly BoshStep[] {
  const { deployment } = declaration;
  const configName = pauseConfigName(deployment);
  const resume: BoshStep = { kind: "resumeResurrection", deployment, configName, reason: "the surgery is over" };
  if (treatments.length === 0) return observation.isPauseOurs ? [resume] : [];
  const pause = pauseSteps(declaration, observation, treatments);
  return [
    ...snapshotSteps(declaration, observation, treatments),
    ...pause,
    ...mergeAnswers(treatments.flatMap(({ remedy }) => remedy.steps)),
    ...(pause.length > 0 || observation.isPauseOurs ? [resume] : []),
  ];
}

function snapshotSteps(
  declaration: BoshDeploymentDeclaration,
  observation: BoshObservation,
  treatments: readonly Treatment[],
): readonly BoshStep[] {
  return treatments
    .filter(({ diagnosed, remedy }) => {
      if (!remedy.isDestructive || quorumGroupOf(declaration, diagnosed.instance)?.hasEtcd !== true) return false;
      const quorum = observation.quorums.get(diagnosed.instance.group);
      return quorum?.kind !== "known" || !quorum.hasVerifiedSnapshot;
    })
    .map(({ diagnosed: { instance } }): BoshStep => {
      const reason = `${instanceName(instance)} is about to lose its VM: a verified snapshot is kept off it first`;
      return { kind: "takeEtcdSnapshot", deployment: declaration.deployment, instance, reason };
    });
}

function pauseSteps(
  declaration: BoshDeploymentDeclaration,
  observation: BoshObservation,
  treatments: readonly Treatment[],
): readonly BoshStep[] {
  const { deployment } = declaration;
  const configName = pauseConfigName(deployment);
  const intervalSeconds = declaration.monitorIntervalSeconds ?? monitorIntervalSeconds;
  const wait: BoshStep = {
    kind: "waitForMonitor",
    deployment,
    waitMs: (intervalSeconds + monitorGraceSeconds) * 1000,
    reason: `the health monitor reads resurrection configs every ${intervalSeconds} s`,
  };
  if (observation.isPauseOurs) {
    const isWaitedFor = observation.attempts.some(({ step }) => step.kind === "waitForMonitor");
    return isWaitedFor ? [] : [wait];
  }
  // A pause that was left behind is undone first, so it does not count as one.
  const withoutLeft = {
    ...observation.resurrection,
    configs: observation.resurrection.configs.filter(({ name }) => name !== configName),
  };
  const groups = new Set(treatments.map(({ diagnosed }) => diagnosed.instance.group));
  if (![...groups].some((group) => isResurrectionActive(withoutLeft, deployment, group))) return [];
  const reason = `the resurrector would race the repair: it is held off '${deployment}' and nothing else`;
  return [{ kind: "pauseResurrection", deployment, configName, reason }, wait];
}

/** Answers to problems are given in one go: each scan needs the deployment's lock and numbers all problems anew. */
function mergeAnswers(steps: readonly BoshStep[]): readonly BoshStep[] {
  const answers = steps.filter((step) => step.kind === "resolveProblems");
  const [first] = answers;
  if (first === undefined || answers.length === 1) return steps;
  const targets: ProblemTarget[] = answers.flatMap(({ targets: own }) => own);
  const merged: ResolveProblemsStep = {
    ...first,
    targets: targets.sort((a, b) => compareInstances(a.instance, b.instance)),
    reason: `${targets.length} instances: ${answers.map(({ reason }) => reason).join("; ")}`,
  };
  return steps.flatMap((step): readonly BoshStep[] => {
    if (step.kind !== "resolveProblems") return [step];
    return step === first ? [merged] : [];
  });
}
