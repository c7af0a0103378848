// The one more fault that every moment of a repair of nodes is crossed with.

import type { BlockerReason } from "../../model/plan";
import type { NodeChangeStep } from "../../model/step";
import type { Fault } from "../faults";
import { nodeNames, type World } from "../world";

interface Trouble {
  readonly node: string;
  /** Reasons for refusing that it gives, of this node alone. */
  readonly reasons: readonly BlockerReason[];
  /** Ends it; undefined when it ends by itself, or the next round mends it. */
  readonly heal: Fault | undefined;
}

/** One more fault. */
export type NodeExtra =
  | { readonly kind: "nothing" }
  /** The step under way is cut off in its middle. */
  | (Trouble & {
      readonly kind: "interrupted";
      readonly how: "kill-operator" | "cut-link" | "lose-power";
      readonly script: "dies" | "goes-on";
    })
  /** Something breaks beside the plan. */
  | (Trouble & {
      readonly kind: "fault";
      readonly fault: Fault;
      /** True: no round mends it, somebody has to decide. */
      readonly isLasting: boolean;
    });

/** A hung script holds its lock until its deadline. Source: the step scripts' `timeout`. */
const hangSeconds = 240;

/** Every one more fault at a moment of a plan. */
export function nodeExtras(world: World, under: NodeChangeStep | undefined): readonly NodeExtra[] {
  return [
    { kind: "nothing" },
    ...(under === undefined ? [] : cuts(under)),
    ...nodeNames(world).flatMap((node) => faults(node, under)),
  ];
}

function cuts({ node }: NodeChangeStep): readonly NodeExtra[] {
  const cut = (how: "kill-operator" | "cut-link", script: "dies" | "goes-on"): NodeExtra => ({
    kind: "interrupted",
    node,
    how,
    script,
    reasons: ["node-locked"],
    heal: undefined,
  });
  return [
    cut("kill-operator", "dies"),
    cut("kill-operator", "goes-on"),
    cut("cut-link", "dies"),
    cut("cut-link", "goes-on"),
    {
      kind: "interrupted",
      node,
      how: "lose-power",
      script: "dies",
      reasons: ["node-unreachable"],
      heal: { kind: "power-back", node },
    },
  ];
}

function faults(node: string, under: NodeChangeStep | undefined): readonly NodeExtra[] {
  const all: readonly (readonly [Fault, readonly BlockerReason[], Fault?])[] = [
    [{ kind: "power-lost", node }, ["node-unreachable"], { kind: "power-back", node }],
    [
      { kind: "unreachable", node, level: "timeout", message: "Connection timed out" },
      ["node-unreachable"],
      { kind: "reachable", node },
    ],
    [{ kind: "locked", node, holder: "first", host: "laptop", seconds: hangSeconds }, ["node-locked"]],
    [{ kind: "service-stopped", node, service: "kubelet" }, []],
    [{ kind: "kubelet-ignores", node, what: "changes" }, []],
    [{ kind: "kubelet-ignores", node, what: "starts" }, []],
    ...(under?.kind === "writeManifest" && under.node === node
      ? [[{ kind: "manifest-removed", node, fileName: under.fileName }, []] as const]
      : []),
  ];
  const mended = all.map(
    ([fault, reasons, heal]): NodeExtra => ({ kind: "fault", node, fault, reasons, heal, isLasting: false }),
  );
  const lost: NodeExtra = {
    kind: "fault",
    node,
    fault: { kind: "etcd-data-lost", node, state: "empty" },
    reasons: ["etcd-data-empty", "etcd-data-unknown"],
    heal: undefined,
    isLasting: true,
  };
  return [...mended, lost];
}

/** One more fault in words. */
export function describeNodeExtra(extra: NodeExtra): string {
  switch (extra.kind) {
    case "nothing":
      return "nothing more goes wrong";
    case "interrupted": {
      if (extra.how === "lose-power") return `${extra.node} loses power`;
      const what = extra.how === "kill-operator" ? "the operator's machine is killed" : "the operator's link is cut";
      return `${what}${extra.script === "dies" ? ", and the script with it" : "; the script goes on"}`;
    }
    case "fault":
      return describeFault(extra.fault);
  }
}

function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case "power-lost":
      return `${fault.node} loses power`;
    case "unreachable":
      return `${fault.node} is out of the operator's reach`;
    case "locked":
      return `a script hangs on ${fault.node} and holds its lock until its deadline`;
    case "service-stopped":
      return `${fault.service} is stopped on ${fault.node}`;
    case "kubelet-ignores":
      return `the kubelet of ${fault.node} ignores ${fault.what} of manifests`;
    case "manifest-removed":
      return `somebody removes ${fault.fileName} on ${fault.node}`;
    case "etcd-data-lost":
      return `${fault.node} loses its etcd data`;
    default:
      return `${fault.kind} on ${fault.node}`;
  }
}
