// A rehearsal as plain data.

import type { EtcdStep } from "../../model/etcd-step";
import type { RehearsalSummary } from "../../model/rehearsal";
import { worldNodes } from "../etcd/etcd-world";
import { planWorld } from "./etcd-subject";
import type { LiveRehearsal } from "./live-subject";
import type { Rehearsal } from "./search";
import { describeRehearsal, summariseFailure } from "./words";

const failuresShown = 5;

/** How a step is shown: in words, and the commands that carry it out unless they are not to be seen. */
export type ShowStep = (step: EtcdStep) => { readonly title: string; readonly command?: string };

const showKind: ShowStep = ({ kind }) => ({ title: kind });

/** Sums a rehearsal up. */
export function summariseRehearsal(
  name: string,
  title: string,
  rehearsal: Rehearsal,
  show: ShowStep = showKind,
): RehearsalSummary {
  const { assessment } = planWorld(rehearsal.subject, rehearsal.start);
  const effects = rehearsal.points.at(-1)?.effects ?? [];
  const kind = rehearsal.failures.length > 0 ? "failed" : effects.length === 0 ? "nothing-planned" : "proved";
  return {
    name,
    title,
    kind,
    words: describeRehearsal(rehearsal),
    effects,
    steps: rehearsal.walked.map(({ step, effects: happened, refusal }) => ({
      ...show(step),
      node: step.node,
      reason: step.reason,
      effects: happened,
      ...(refusal === undefined ? {} : { refusal }),
    })),
    cases: rehearsal.cases,
    ends: Object.fromEntries(rehearsal.ends),
    failures: rehearsal.failures.slice(0, failuresShown).map((failure) => summariseFailure(rehearsal, failure)),
    members: worldNodes(rehearsal.start).map((node) => {
      const state = assessment.members.find((member) => member.node === node.name);
      const condition = state?.condition ?? "unknown";
      const health = condition === "voting" ? "up" : "down";
      return { name: node.name, health, detail: [condition, ...(state?.evidence ?? [])].join("; ") };
    }),
  };
}

/** Sums a rehearsal of live nodes up. */
export function summariseLive(
  name: string,
  title: string,
  result: LiveRehearsal,
  show: ShowStep = showKind,
): RehearsalSummary {
  if (result.kind === "rehearsed") return summariseRehearsal(name, title, result.rehearsal, show);
  const words = ["the simulator cannot show what the nodes show, so that nothing is proved:", ...result.differences];
  return {
    name,
    title,
    kind: "impossible",
    words,
    effects: [],
    steps: [],
    cases: 0,
    ends: {},
    failures: [],
    members: [],
  };
}
