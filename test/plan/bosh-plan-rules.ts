// What must hold for every plan of a BOSH deployment, whatever is wrong: any observation, and one checker for each rule.
import { expect } from "chai";
import fc from "fast-check";
import { type InstanceRef, instanceName, isSameInstance } from "../../src/model/bosh";
import { isEtcdFailing } from "../../src/model/bosh-condition";
import type { BoshDeploymentDeclaration, BoshObservation, BoshPlan, GroupQuorum } from "../../src/model/bosh-plan";
import { type BoshStep, changedInstances, isBoshSurgery } from "../../src/model/bosh-step";
import { isResurrectionActive, leftPauses, pauseConfigName, pauseRules } from "../../src/plan/bosh-resurrection";
import type { RandomProperty } from "../property/random-property";
import { declaration as base, deployment, masters, observe, ref, type Trouble } from "./bosh-builders";

/** What is declared and what is seen. */
export interface Case {
  readonly declaration: BoshDeploymentDeclaration;
  readonly observation: BoshObservation;
}
export type Planner = (declaration: BoshDeploymentDeclaration, observation: BoshObservation) => BoshPlan;
/** Names what is wrong with a plan; undefined when nothing is. */
type Checker = (tried: Case, plan: BoshPlan) => string | undefined;

const cells = [ref("cell", 11), ref("cell", 12), ref("addons", 13)];
const all = [...masters, ...cells];

const troubles = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.constant<Trouble>({ kind: "fails" }) },
  { weight: 2, arbitrary: fc.constant<Trouble>({ kind: "fails", hasJobDirectory: false }) },
  { weight: 1, arbitrary: fc.constant<Trouble>({ kind: "fails", process: "etcd" }) },
  { weight: 2, arbitrary: fc.constantFrom<Trouble>({ kind: "silent" }, { kind: "gone" }, { kind: "no-vm" }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Trouble>(
      { kind: "stopped" },
      { kind: "detached" },
      { kind: "ignored" },
      { kind: "starting" },
      { kind: "errand" },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Trouble>(
      { kind: "disk", type: "missing_disk" },
      { kind: "disk", type: "mount_info_mismatch" },
    ),
  },
);

const quorums: fc.Arbitrary<GroupQuorum> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<GroupQuorum>({ kind: "unknown", why: "no answer" }) },
  {
    weight: 6,
    arbitrary: fc
      .record({
        healthy: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        more: fc.integer({ min: 0, max: 2 }),
        hasVerifiedSnapshot: fc.boolean(),
      })
      .map(
        ({ healthy, more, hasVerifiedSnapshot }): GroupQuorum => ({
          kind: "known",
          voters: [
            ...masters.map((instance, index) => ({ instance, isHealthy: healthy[index] ?? true })),
            ...Array.from({ length: more }, () => ({ instance: undefined, isHealthy: true })),
          ],
          leader: masters[0],
          hasVerifiedSnapshot,
        }),
      ),
  },
);

const paused = { name: pauseConfigName(deployment), id: "1", rules: pauseRules(deployment) };

const cases: fc.Arbitrary<Case> = fc
  .record({
    wrong: fc.array(troubles, { minLength: all.length, maxLength: all.length }),
    quorum: quorums,
    isOn: fc.boolean(),
    pause: fc.constantFrom("none", "ours", "left"),
    repairSeveral: fc.boolean(),
    restarted: fc.boolean(),
  })
  .map(({ wrong, quorum, isOn, pause, repairSeveral, restarted }) => {
    const entries = all.flatMap((instance, index) => {
      const trouble = wrong[index];
      return trouble === undefined ? [] : [[instance, trouble] as const];
    });
    const attempts = restarted
      ? all.flatMap((instance) =>
          ["fluentd", "etcd"].map((process) => ({
            step: { kind: "restartProcess" as const, deployment, instance, process, reason: "" },
            isDone: true,
            message: undefined,
          })),
        )
      : [];
    const observation = observe(new Map(entries), {
      quorums: new Map([["master", quorum]]),
      resurrection: { isOn, configs: pause === "none" ? [] : [paused] },
      isPauseOurs: pause === "ours",
      attempts,
    });
    return { declaration: { ...base, repairSeveral }, observation };
  });

function isMaster(instance: InstanceRef): boolean {
  return instance.group === "master";
}

export const checkers: Readonly<Record<string, Checker>> = {
  "one master at a time": (_tried, { steps }) => {
    const operated = new Set(steps.filter(isBoshSurgery).flatMap(changedInstances).filter(isMaster).map(instanceName));
    return operated.size > 1 ? [...operated].join(", ") : undefined;
  },
  "no quorum lost, none touched unknown": ({ observation, declaration }, { steps }) => {
    const quorum = observation.quorums.get("master");
    for (const instance of steps.filter(isBoshSurgery).flatMap(changedInstances).filter(isMaster)) {
      if (quorum?.kind !== "known") return `${instanceName(instance)} although the votes are unknown`;
      const isOwn = (voter: { readonly instance: InstanceRef | undefined }) =>
        voter.instance !== undefined && isSameInstance(voter.instance, instance);
      const left = quorum.voters.filter((voter) => voter.isHealthy && !isOwn(voter)).length;
      if (left * 2 <= quorum.voters.length) return `${left} of ${quorum.voters.length} left`;
      const othersDown = quorum.voters.some((voter) => !voter.isHealthy && !isOwn(voter));
      if (othersDown && !declaration.repairSeveral) return "several down";
    }
    return undefined;
  },
  "a snapshot before a master loses its VM": ({ observation }, { steps }) => {
    const quorum = observation.quorums.get("master");
    const isKept = quorum?.kind === "known" && quorum.hasVerifiedSnapshot;
    const taken = steps.findIndex(({ kind }) => kind === "takeEtcdSnapshot");
    const hasVm = (instance: InstanceRef) =>
      observation.placements.some((placed) => isSameInstance(placed.instance, instance) && placed.vmCid !== undefined);
    const lost = steps.findIndex(
      (step) =>
        (step.kind === "deleteVm" || step.kind === "recreateInstance") &&
        isMaster(step.instance) &&
        hasVm(step.instance),
    );
    return lost !== -1 && !isKept && (taken === -1 || taken > lost) ? "no snapshot" : undefined;
  },
  "the resurrector held off during surgery and put back": ({ observation }, { steps }) => {
    const before = { ...observation.resurrection, configs: [] };
    const at = (kind: BoshStep["kind"]): number => steps.findIndex((step) => step.kind === kind);
    const first = steps.findIndex(isBoshSurgery);
    const last = steps.findLastIndex(isBoshSurgery);
    const isHeld = observation.isPauseOurs;
    if (first !== -1 && !isHeld && isResurrectionActive(before, deployment, "cell")) {
      if (at("pauseResurrection") === -1 || at("pauseResurrection") > first) return "no pause";
      if (at("waitForMonitor") === -1 || at("waitForMonitor") > first) return "no wait for the monitor";
    }
    const isPaused = isHeld || at("pauseResurrection") !== -1;
    return isPaused && at("resumeResurrection") <= last ? "not put back" : undefined;
  },
  "nobody touched who is fine, stopped, ignored or an errand": ({ observation }, { steps }) => {
    for (const instance of steps.flatMap(changedInstances)) {
      const listed = observation.instances?.find((candidate) => isSameInstance(candidate.instance, instance));
      const placed = observation.placements.find((candidate) => isSameInstance(candidate.instance, instance));
      const hasProblem = observation.problems.some(({ description }) => description.includes(instanceName(instance)));
      if (listed?.isIgnored === true || placed?.expectsVm !== true) return instanceName(instance);
      if (listed?.desiredState !== "started") return instanceName(instance);
      if (listed.jobState === "running" && !hasProblem) return instanceName(instance);
    }
    return undefined;
  },
  "a pause that was left is undone first": ({ observation }, { steps }) => {
    const isLeft = leftPauses(observation.resurrection).length > 0 && !observation.isPauseOurs;
    return isLeft && steps[0]?.kind !== "undoPause" ? "still paused" : undefined;
  },
  "no converging while another instance is in trouble": (_tried, { steps, diagnoses }) => {
    for (const step of steps) {
      if (step.kind !== "recreateInstance" || step.scope !== "converge") continue;
      const other = diagnoses.find(
        ({ instance, condition }) =>
          !isSameInstance(instance, step.instance) &&
          ["process-failing", "agent-unresponsive", "vm-missing", "disk-problem", "starting"].includes(condition.kind),
      );
      if (other !== undefined) return instanceName(other.instance);
    }
    return undefined;
  },
  "the VM deleted is the one observed": ({ observation }, { steps }) => {
    const wrong = steps.find(
      (step) =>
        step.kind === "deleteVm" &&
        !observation.placements.some(
          ({ instance, vmCid }) => isSameInstance(instance, step.instance) && vmCid === step.vmCid,
        ),
    );
    return wrong === undefined ? undefined : "another VM";
  },
  "nothing restarted that cannot start": ({ observation }, { steps }) => {
    const wrong = steps.find((step) => {
      if (step.kind !== "restartProcess") return false;
      const monit = observation.monit.get(instanceName(step.instance));
      return (
        monit?.kind === "observed" &&
        monit.processes.some(({ name, hasJobDirectory }) => name === step.process && !hasJobDirectory)
      );
    });
    return wrong === undefined ? undefined : "restarted in vain";
  },
  "no etcd started that fails": (_tried, { steps, diagnoses }) => {
    const failing = diagnoses.filter(({ condition }) => isEtcdFailing(condition));
    const wrong = steps
      .flatMap(changedInstances)
      .find((changed) => failing.some(({ instance }) => isSameInstance(instance, changed)));
    return wrong === undefined ? undefined : instanceName(wrong);
  },
};

/** The planner keeps one rule, whatever is seen. */
export function keepsRule(rule: string, checker: Checker, planner: Planner): RandomProperty<Case> {
  return {
    name: rule,
    inputs: cases,
    check: (tried) => {
      expect(checker(tried, planner(tried.declaration, tried.observation))).to.equal(undefined);
    },
  };
}
