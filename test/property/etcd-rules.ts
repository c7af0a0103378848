// The safety rules, checked on a whole plan from outside: written from the rules and the truth of the scene, not from the
// planner's own projection.

import { isSameId } from "../../src/model/etcd-member-id";
import type { EtcdPlan } from "../../src/model/etcd-plan";
import type { EtcdStep } from "../../src/model/etcd-step";
import { peerUrl } from "../plan/etcd/builders";
import type { NodeState, Scene } from "./etcd-scene";

/** One way in which a plan is wrong. */
export interface Violation {
  readonly rule: string;
  readonly text: string;
}

type Rule = (scene: Scene, plan: EtcdPlan) => readonly string[];

const untouchable: readonly (NodeState | undefined)[] = [
  "unreachable",
  "isolated",
  "certificates",
  "tool-missing",
  "unreadable",
];
const surgery: readonly EtcdStep["kind"][] = [
  "etcdRemoveMember",
  "etcdArchiveData",
  "etcdStopMember",
  "etcdRestoreSnapshot",
];

/** Every rule by its name. */
export const rules: Readonly<Record<string, Rule>> = {
  /** Rule 2: no step of ours takes the voters below quorum, whatever becomes of a new one. */
  "quorum-kept": (scene, plan) => {
    if (scene.voting.size === 0) return [];
    let voters = scene.members.filter((member) => !member.isLearner).length;
    const voting = new Set(scene.voting);
    return plan.steps.flatMap((step) => {
      switch (step.kind) {
        case "etcdStopMember":
        case "etcdArchiveData":
        case "etcdParkDefinition":
          voting.delete(step.node);
          break;
        case "etcdStartMember":
          voting.delete(step.node);
          break;
        case "etcdWaitForMember":
          if (step.isVoter) voting.add(step.node);
          break;
        case "etcdRemoveMember": {
          const entry = scene.members.find((member) => isSameId(member.id, step.memberId));
          if (entry?.isLearner === false) voters -= 1;
          voting.delete(nodeOf(scene, entry?.peerUrls[0]));
          break;
        }
        case "etcdAddMember":
          if (!step.isLearner) voters += 1;
          break;
        case "etcdPromoteMember":
          voters += 1;
          voting.add(step.subject);
          break;
        default:
          return [];
      }
      return voting.size * 2 > voters ? [] : [`${step.kind} on ${step.node} leaves ${voting.size} of ${voters}`];
    });
  },

  /** Rule 3: what is added was not listed, or was removed before; and nobody is added beside a silent voter. */
  "remove-before-add": (scene, plan) => {
    const listed = new Map(scene.members.map((member) => [member.id, member]));
    const silent = new Set(
      scene.members
        .filter((member) => !member.isLearner && !scene.voting.has(nodeOf(scene, member.peerUrls[0])))
        .map((m) => m.id),
    );
    return plan.steps.flatMap((step) => {
      if (step.kind === "etcdRemoveMember") {
        listed.delete(step.memberId);
        silent.delete(step.memberId);
      }
      if (step.kind === "etcdWaitForMember")
        for (const [id, member] of listed) if (nodeOf(scene, member.peerUrls[0]) === step.node) silent.delete(id);
      if (step.kind !== "etcdAddMember") return [];
      const isTwice = [...listed.values()].some((member) => member.peerUrls.includes(step.peerUrl));
      const isDeclared = [...silent].some((id) => scene.stateOf.has(nodeOf(scene, listed.get(id)?.peerUrls[0])));
      return [
        ...(isTwice ? [`${step.memberName} is added while it is listed`] : []),
        ...(isDeclared ? [`${step.memberName} is added beside a silent voter`] : []),
      ];
    });
  },

  /** Rule 3: data is moved only of a member that is stopped and no longer listed. */
  "archive-last": (scene, plan) =>
    plan.steps.flatMap((step, index) => {
      if (step.kind !== "etcdArchiveData" || scene.voting.size === 0) return [];
      const before = plan.steps.slice(0, index);
      const entry = scene.members.find((member) => member.peerUrls.includes(peerUrl(step.node)));
      const isRemoved =
        entry === undefined || before.some((b) => b.kind === "etcdRemoveMember" && isSameId(b.memberId, entry.id));
      const view = scene.input.views.find((v) => v.node === step.node);
      const canRun = view?.kind === "observed" && (view.etcd.service.hasProcess || !view.etcd.service.isPaused);
      const isStopped = !canRun || before.some((b) => b.kind === "etcdStopMember" && b.node === step.node);
      return [
        ...(isRemoved ? [] : [`${step.node} is archived while it is listed`]),
        ...(isStopped ? [] : [`${step.node} is archived while it can run`]),
      ];
    }),

  /** Rule 3: learners from 3.4 on. */
  "join-as-learner": (scene, plan) =>
    plan.steps.flatMap((step) =>
      step.kind === "etcdAddMember" && step.isLearner === (scene.spec.version === "3.3.27")
        ? [`${step.memberName} joins as the wrong kind`]
        : [],
    ),

  /** Rule 3: a member starts with exactly the members that are listed then, and itself. */
  "exact-membership": (scene, plan) => {
    if (scene.voting.size === 0) return [];
    const urls = new Set(scene.members.map((member) => member.peerUrls[0] ?? ""));
    return plan.steps.flatMap((step) => {
      if (step.kind === "etcdRemoveMember") {
        const entry = scene.members.find((member) => isSameId(member.id, step.memberId));
        urls.delete(entry?.peerUrls[0] ?? "");
      }
      if (step.kind === "etcdAddMember") urls.add(step.peerUrl);
      if (
        step.kind !== "etcdStartMember" ||
        !plan.steps.some((s) => s.kind === "etcdAddMember" && s.peerUrl === step.at.peerUrl)
      )
        return [];
      // Members that the chain adds later are not in the list yet.
      const given = step.initialCluster.map((member) => member.peerUrl);
      const isExact =
        given.length === new Set(given).size && given.every((url) => urls.has(url)) && given.length === urls.size;
      return isExact ? [] : [`${step.node} starts with ${given.join(" ")}, listed are ${[...urls].join(" ")}`];
    });
  },

  /** Rule 4: a verified snapshot on another node comes before anything is taken away. */
  "preserve-first": (scene, plan) => {
    if (scene.voting.size === 0) return [];
    return plan.steps.flatMap((step, index) => {
      if (step.kind !== "etcdRemoveMember" && step.kind !== "etcdArchiveData" && step.kind !== "etcdCompact") return [];
      const target =
        step.kind === "etcdRemoveMember"
          ? nodeOf(scene, scene.members.find((m) => isSameId(m.id, step.memberId))?.peerUrls[0])
          : step.kind === "etcdArchiveData"
            ? step.node
            : "";
      const hasOld = scene.spec.hasSnapshot && target !== "cp-0" && scene.stateOf.get("cp-0") !== "unreachable";
      const isSaved = plan.steps.slice(0, index).some((s) => s.kind === "etcdSaveSnapshot" && s.node !== target);
      return hasOld || isSaved ? [] : [`${step.kind} of ${target} without a snapshot`];
    });
  },

  /** Rule 3: the leader is stopped last, after it handed over. */
  "leader-last": (scene, plan) => {
    const { leader } = scene;
    if (leader === undefined) return [];
    const stops = plan.steps.flatMap((step, index) =>
      step.kind === "etcdStopMember" ? [{ node: step.node, index }] : [],
    );
    const own = stops.find((stop) => stop.node === leader);
    if (own === undefined) return [];
    const later = stops.filter((stop) => stop.index > own.index && scene.voting.has(stop.node));
    const isHandedOver = plan.steps
      .slice(0, own.index)
      .some((step) => step.kind === "etcdMoveLeader" && step.node === leader);
    return [
      ...later.map((stop) => `${stop.node} is stopped after the leader ${leader}`),
      ...(isHandedOver ? [] : [`${leader} is stopped without handing over`]),
    ];
  },

  /** Rule 8: the next counted member is touched only when the last one is back. */
  "one-at-a-time": (scene, plan) => {
    let away: string | undefined;
    return plan.steps.flatMap((step) => {
      if (step.kind === "etcdPromoteMember" && step.subject === away) away = undefined;
      if (step.kind === "etcdWaitForMember" && step.isVoter && step.node === away) away = undefined;
      if (step.kind !== "etcdStopMember" || !scene.voting.has(step.node)) return [];
      const wrong = away === undefined ? [] : [`${step.node} is stopped while ${away} is away`];
      away = step.node;
      return wrong;
    });
  },

  /** Rule 8: with more than one down and no word for it, no etcd step but putting a pause back. */
  "several-need-a-word": (scene, plan) => {
    const down = plan.assessment.members.filter((member) => member.condition !== "voting").length;
    if (scene.voting.size === 0 || down < 2 || scene.spec.repairSeveral || plan.assessment.quorum?.isRestored !== false)
      return [];
    const isNamed = plan.blockers.some((blocker) => blocker.reason === "several-nodes-down");
    const steps = plan.steps.filter((step) => step.kind !== "etcdResumeService");
    return [
      ...(isNamed ? [] : ["no blocker says that several are down"]),
      ...steps.map((step) => `${step.kind} on ${step.node}`),
    ];
  },

  /** Rule 1: a verdict that is unknown, or a tool or certificates without quorum, changes nothing. */
  "unknown-changes-nothing": (_scene, plan) => {
    const { kind } = plan.assessment.verdict;
    const isBlind = ["unknown", "tool-failure", "certificates"].includes(kind) && plan.assessment.quorum === undefined;
    return isBlind ? plan.steps.map((step) => `${step.kind} on ${step.node} with verdict ${kind}`) : [];
  },

  /** Nodes of which nothing can be said, or that only lack their network, are left as they are. */
  "leave-the-unclear": (scene, plan) =>
    scene.voting.size === 0
      ? []
      : plan.steps.flatMap((step) => {
          const target =
            step.kind === "etcdRemoveMember"
              ? nodeOf(scene, scene.members.find((m) => isSameId(m.id, step.memberId))?.peerUrls[0])
              : step.node;
          return surgery.includes(step.kind) && untouchable.includes(scene.stateOf.get(target))
            ? [`${step.kind} of ${target} (${scene.stateOf.get(target)})`]
            : [];
        }),

  /** Rule 5: nothing is restored without the opt-in, nor while a quorum stands; and the source is kept off its node first. */
  "restore-by-opt-in": (scene, plan) =>
    plan.steps.flatMap((step, index) => {
      if (step.kind === "etcdArchiveData" && scene.voting.size === 0 && scene.spec.restore === "none")
        return [`${step.node} is archived without a quorum`];
      if (step.kind !== "etcdRestoreSnapshot") return [];
      const isCollected =
        scene.spec.restore !== "survivor" || plan.steps.slice(0, index).some((s) => s.kind === "etcdCollectSnapshot");
      const isAllowed = scene.spec.restore !== "none" && plan.assessment.quorum === undefined;
      const isNew = step.token !== scene.input.etcd.token;
      const stopped = scene.input.views.every(
        (v) =>
          v.kind === "observed" &&
          (!v.etcd.service.hasProcess ||
            plan.steps.slice(0, index).some((s) => s.kind === "etcdStopMember" && s.node === v.node)),
      );
      return isAllowed && isNew && isCollected && stopped ? [] : [`${step.node} is restored against rule 5`];
    }),

  /** A full database is compacted and given room before the alarm goes, and never restored. */
  "space-then-disarm": (scene, plan) => {
    if (scene.spec.alarm !== "NOSPACE" || scene.voting.size === 0) return [];
    const disarm = plan.steps.findIndex((step) => step.kind === "etcdDisarmAlarms");
    const late = plan.steps.filter(
      (step, index) => ["etcdCompact", "etcdDefragment"].includes(step.kind) && index > disarm,
    );
    const leader = plan.steps.flatMap((step, index) =>
      step.kind === "etcdDefragment" && step.node === scene.leader ? [index] : [],
    )[0];
    const afterLeader = plan.steps.filter(
      (step, index) => step.kind === "etcdDefragment" && leader !== undefined && index > leader,
    );
    return disarm < 0 ? [] : [...late, ...afterLeader].map((step) => `${step.kind} on ${step.node} comes too late`);
  },

  /** Park before start: whatever could boot an unadmitted member is put out of reach before it is started. */
  "park-before-start": (scene, plan) =>
    scene.input.views.flatMap((view) => {
      if (view.kind !== "observed" || view.etcd.service.isPaused) return [];
      const state = scene.stateOf.get(view.node) ?? "voting";
      // Without data a member could begin a cluster; other data is known to be wrong only beside a quorum.
      const isWrong = ["stale", "forked"].includes(state) && plan.assessment.quorum !== undefined;
      const isDangerous = ["wiped", "added", "removed", "damaged", "unreadable"].includes(state) || isWrong;
      if (!isDangerous) return [];
      const isParked =
        plan.parks[view.node] !== undefined ||
        (scene.spec.runner === "monit" && !["empty", "missing", "unknown"].includes(view.etcd.data.state));
      return [
        ...(isParked ? [] : [`${view.node} (${state}) could be started`]),
        ...(plan.held.includes(view.node) ? [] : [`${view.node} (${state}) is not held`]),
      ];
    }),

  /** Nothing is skipped silently: what is wrong has a step or a blocker, and every blocker says what to do. */
  "say-why": (_scene, plan) => {
    const { verdict } = plan.assessment;
    const isAdoption = verdict.kind === "unknown" && verdict.reason === "no-recorded-revision";
    const isSilent = verdict.kind !== "healthy" && !isAdoption && plan.steps.length === 0 && plan.blockers.length === 0;
    const mute = plan.blockers.filter(
      (blocker) => blocker.message === "" || blocker.nextStep === "" || blocker.node === "",
    );
    return [
      ...(isSilent ? [`verdict ${verdict.kind} without a word`] : []),
      ...mute.map((blocker) => `${blocker.reason} says nothing`),
    ];
  },
};

/** Every way in which a plan breaks a rule. */
export function violationsOf(scene: Scene, plan: EtcdPlan): readonly Violation[] {
  return Object.entries(rules).flatMap(([rule, check]) => check(scene, plan).map((text) => ({ rule, text })));
}

function nodeOf(scene: Scene, url: string | undefined): string {
  return [...scene.stateOf.keys()].find((name) => peerUrl(name) === url) ?? "stray";
}
