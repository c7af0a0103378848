// The one more fault that every prefix of a plan is crossed with: nodes, disks and links lost, the operator's machine killed,
// a link cut while the script goes on, a step that hangs.

import type { EtcdFault } from "../etcd/etcd-fault";
import { type EtcdWorld, worldNodes } from "../etcd/etcd-world";

/** One more fault. */
export type ExtraFault =
  /** Nothing more: the plan goes its way. */
  | { readonly kind: "nothing" }
  /** The operator's machine dies, and the script with it; another operator begins anew. */
  | { readonly kind: "operator-killed" }
  /** The operator's link is cut, a new round begins, and the script goes on by itself. */
  | { readonly kind: "script-orphaned" }
  /** The script hangs and holds the lock until its deadline ends it. */
  | { readonly kind: "step-hangs" }
  /** Something breaks beside the plan; `heal` ends it again. */
  | { readonly kind: "fault"; readonly fault: EtcdFault; readonly heal: EtcdFault | undefined };

/** Kinds of faults that break something, as switches. */
export const extraFaultKinds = [
  "node-lost",
  "disk-lost",
  "disk-full",
  "link-cut",
  "node-cut-off",
  "etcd-killed",
  "operator-killed",
  "script-orphaned",
  "step-hangs",
] as const;
/** Kind of one more fault. */
export type ExtraFaultKind = (typeof extraFaultKinds)[number];

/** Every one more fault of these kinds at a moment of a plan. `isMidStep`: a script is under way. */
export function extraFaults(
  world: EtcdWorld,
  isMidStep: boolean,
  kinds: readonly ExtraFaultKind[] = extraFaultKinds,
): readonly ExtraFault[] {
  const operator: readonly ExtraFault[] = [
    { kind: "nothing" },
    { kind: "operator-killed" },
    ...(isMidStep ? [{ kind: "script-orphaned" } as const, { kind: "step-hangs" } as const] : []),
  ];
  const wanted = operator.filter((extra) => extra.kind === "nothing" || kinds.some((kind) => kind === extra.kind));
  return [...wanted, ...worldNodes(world).flatMap(({ name }) => faultsOf(world, name, kinds))];
}

function faultsOf(world: EtcdWorld, node: string, kinds: readonly ExtraFaultKind[]): readonly ExtraFault[] {
  const peers = worldNodes(world)
    .map((other) => other.name)
    .filter((name) => name !== node);
  const all: readonly (readonly [ExtraFaultKind, EtcdFault, EtcdFault | undefined])[] = [
    ["node-lost", { kind: "power-lost", node }, { kind: "power-back", node }],
    ["disk-lost", { kind: "disk-lost", node }, undefined],
    ["disk-full", { kind: "disk-full", node }, { kind: "disk-freed", node }],
    ["link-cut", { kind: "unreachable", node }, { kind: "reachable", node }],
    ...(peers.length === 0
      ? []
      : [["node-cut-off", { kind: "links-cut", node, peers }, { kind: "links-mended", node }] as const]),
    ["etcd-killed", { kind: "etcd-killed", node }, undefined],
  ];
  return all
    .filter(([kind]) => kinds.includes(kind))
    .map(([, fault, heal]) => ({ kind: "fault" as const, fault, heal }));
}

/** One more fault in words. */
export function describeExtra(extra: ExtraFault): string {
  switch (extra.kind) {
    case "nothing":
      return "nothing more goes wrong";
    case "operator-killed":
      return "the operator's machine is killed";
    case "script-orphaned":
      return "the operator's link is cut and the script goes on";
    case "step-hangs":
      return "the step hangs until its deadline";
    case "fault":
      return describeFault(extra.fault);
  }
}

/** A fault in words. */
export function describeFault(fault: EtcdFault): string {
  const words: Readonly<Partial<Record<EtcdFault["kind"], string>>> = {
    "power-lost": "loses power",
    "power-back": "is back",
    "disk-lost": "loses its disk",
    "disk-full": "has a full disk",
    "disk-freed": "has room on its disk again",
    unreachable: "is out of the operator's reach",
    reachable: "is in reach again",
    "links-cut": "is cut off from its peers",
    "links-mended": "sees its peers again",
  };
  return `${fault.node} ${words[fault.kind] ?? fault.kind}`;
}
