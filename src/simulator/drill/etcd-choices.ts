// What an operator could do to an etcd cluster at this moment, and what each does to the quorum: tried on a copy.

import type { EtcdPlan } from "../../model/etcd-plan";
import { settle } from "../etcd/boot";
import { applyEtcdEffect, effectsOfStep } from "../etcd/etcd-effects";
import type { EtcdFault } from "../etcd/etcd-fault";
import { type EtcdWorld, votersOf, votesNeeded, worldNodes } from "../etcd/etcd-world";
import { injectEtcdFault } from "../etcd/inject-fault";
import { writeOnce } from "../etcd/raft";
import { isChange } from "../rehearsal/etcd-subject";
import { isQuorate, soundVoters, trueCluster } from "../rehearsal/truth";
import type { DrillChoice } from "./session";

/** Votes that are there, needed, and counted in all. */
export function quorumLine(world: EtcdWorld): string {
  const cluster = trueCluster(world);
  if (cluster === undefined) return "etcd: no cluster is left";
  const votes = soundVoters(world).length;
  const needed = votesNeeded(cluster);
  const left = votes - needed;
  const doubtful = isQuorate(world) ? "it stands on members that will not come back: let nothing end" : "quorum lost";
  const rest = left < 0 ? doubtful : left === 0 ? "the next loss stops it" : `it survives ${left} more`;
  return `etcd: ${votes} of ${votersOf(cluster).length} votes, ${needed} needed; ${rest}`;
}

/** Is it the choice that takes the plan's next step? */
export function isPlannedStep(id: string): boolean {
  return id === "step";
}

/** What could be done now: the plan's next step, and what hurried people do. */
export function etcdChoices(world: EtcdWorld, plan: EtcdPlan): readonly DrillChoice[] {
  const [step] = plan.steps;
  const planned: readonly DrillChoice[] =
    step === undefined
      ? []
      : [
          {
            id: "step",
            title: `${step.kind} on ${step.node}: ${step.reason}`,
            command: undefined,
            quorum: effect(world, after(world, step)),
          },
        ];
  const acts = possibleActs(world).map(({ id, fault, title }) => ({
    id,
    title,
    command: undefined,
    quorum: effect(world, strike(world, fault)),
  }));
  return [...planned, ...acts];
}

/** Carries out a choice that is not the plan's; undefined when there is none of that name. */
export function etcdAct(
  world: EtcdWorld,
  id: string,
): { readonly world: EtcdWorld; readonly title: string; readonly command: string | undefined } | undefined {
  const act = possibleActs(world).find((candidate) => candidate.id === id);
  return act === undefined ? undefined : { world: strike(world, act.fault), title: act.title, command: undefined };
}

interface EtcdAct {
  readonly id: string;
  readonly title: string;
  readonly fault: EtcdFault;
}

function possibleActs(world: EtcdWorld): readonly EtcdAct[] {
  return worldNodes(world).flatMap(({ name, power, isRunning }): readonly EtcdAct[] => {
    if (power === "off")
      return [
        { id: `power-${name}`, title: `switch ${name} on again`, fault: { kind: "power-back" as const, node: name } },
      ];
    const stop = {
      id: `stop-${name}`,
      title: `stop etcd on ${name}`,
      fault: { kind: "etcd-stopped" as const, node: name },
    };
    const wipe = {
      id: `wipe-${name}`,
      title: `empty the data directory on ${name}`,
      fault: { kind: "etcd-data-wiped" as const, node: name },
    };
    return isRunning ? [stop, wipe] : [wipe];
  });
}

function strike(world: EtcdWorld, fault: EtcdFault): EtcdWorld {
  return writeOnce(injectEtcdFault(world, fault));
}

function after(world: EtcdWorld, step: EtcdPlan["steps"][number]): EtcdWorld {
  if (!isChange(step)) return writeOnce(settle(world));
  let next = world;
  for (const one of effectsOfStep(step)) {
    const result = applyEtcdEffect(next, step, one);
    next = result.world;
    if (result.refusal !== undefined) break;
  }
  return settle(next);
}

function effect(before: EtcdWorld, next: EtcdWorld): string {
  const [was, is] = [quorumLine(before), quorumLine(next)];
  return was === is ? `stays: ${is}` : `${was} -> ${is}`;
}
