// The etcd part of a declaration as the members are: what each is beside "voting", who is listed and not declared, which
// alarms stand. A member of which nothing can be said keeps what was recorded of it.

import type { EtcdCondition } from "../model/etcd-verdict";
import { isJsonObject, type JsonObject } from "../model/json";
import type { Plan } from "../model/plan";

const unsayable: readonly EtcdCondition[] = ["unreachable", "unknown"];

/** The recorded etcd part with what was seen in its place. */
export function liveEtcd(recorded: JsonObject, plan: Plan): JsonObject {
  const { etcd } = plan;
  if (etcd === undefined || !isJsonObject(recorded.members)) return recorded;
  const members = Object.entries(recorded.members).map(([node, member]) => {
    const seen = etcd.assessment.members.find((candidate) => candidate.node === node);
    if (!isJsonObject(member) || seen === undefined || unsayable.includes(seen.condition))
      return [node, member] as const;
    return [node, { ...member, state: stateOf(node, seen.condition, plan) }] as const;
  });
  const live = { ...recorded, members: Object.fromEntries(members) };
  if (etcd.assessment.quorum === undefined) return live;
  const strays = plan.drifts.flatMap((drift) => (drift.kind === "etcd-stray-member" ? [drift.member] : []));
  const alarms = plan.drifts.flatMap((drift) => (drift.kind === "etcd-alarm" ? [drift.alarm] : []));
  return { ...live, strayMembers: strays.sort(), alarms: alarms.sort() };
}

/** The etcd part as it was declared: without what a read put into it. */
export function declaredEtcd(recorded: JsonObject): JsonObject {
  const { strayMembers: _strays, alarms: _alarms, members, ...rest } = recorded;
  if (!isJsonObject(members)) return { ...rest, ...(members === undefined ? {} : { members }) };
  const declared = Object.entries(members).map(([node, member]) => {
    if (!isJsonObject(member)) return [node, member] as const;
    const { state: _state, ...own } = member;
    return [node, own] as const;
  });
  return { ...rest, members: Object.fromEntries(declared) };
}

function stateOf(node: string, condition: EtcdCondition, plan: Plan): string {
  const more = plan.drifts.flatMap((drift) => {
    if (drift.node !== node) return [];
    if (drift.kind === "etcd-peer-url") return [`listed at ${drift.observed}`];
    return drift.kind === "etcd-paused" && condition === "voting" ? ["not watched"] : [];
  });
  return [condition, ...more].join(", ");
}
