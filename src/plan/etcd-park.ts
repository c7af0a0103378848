// The park rule for static pods: the kubelet is never started, and an etcd manifest never written, while etcd on that
// node could boot a member over a data directory that is empty or unknown. A first kubeadm node whose data is gone
// starts a new, empty cluster of one that answers healthy.

import type { NodeDeclaration } from "../model/declaration";
import type { NodeDrift } from "../model/drift";
import type { ObservedNode } from "../model/node-observation";
import type { Blocker } from "../model/plan";
import { isEtcdPod } from "./canonical-pod";
import { canBootEtcdMember, isEtcdService } from "./node-steps";

/** What the park rule forbids on one node. */
export interface ParkVerdict {
  readonly canBootEtcd: boolean;
  readonly blockers: readonly Blocker[];
}

/** May etcd be booted on this node? Only beside data that is there. */
export function judgePark(node: ObservedNode, declared: NodeDeclaration, drifts: readonly NodeDrift[]): ParkVerdict {
  if (!hasEtcdDefinition(node, declared)) return { canBootEtcd: true, blockers: [] };
  const data = node.etcdData ?? {
    kind: "unknown" as const,
    reason: "the probe did not look at an etcd data directory",
  };
  if (data.kind === "seen" && data.value.state === "present") return { canBootEtcd: true, blockers: [] };
  if (!wouldBoot(node, declared, drifts)) return { canBootEtcd: false, blockers: [] };
  const isEmpty = data.kind === "seen" && (data.value.state === "empty" || data.value.state === "missing");
  const what =
    data.kind === "seen" ? `${data.value.directory} is ${data.value.state} (${data.value.detail})` : data.reason;
  return {
    canBootEtcd: false,
    blockers: [
      {
        reason: isEmpty ? "etcd-data-empty" : "etcd-data-unknown",
        node: node.node,
        message: `etcd is not started on ${node.node}: its data directory ${what}, and a member started over it could begin a new, empty cluster`,
        nextStep: isEmpty
          ? "restore this member's data or replace the member; `quorate doctor` shows what the other members hold"
          : "find out why the data directory cannot be read, then run preview again",
      },
    ],
  };
}

// A directory that cannot be read may hold one.
function hasEtcdDefinition(node: ObservedNode, declared: NodeDeclaration): boolean {
  return (
    Object.values(declared.staticPods).some(isEtcdPod) ||
    Object.keys(declared.services).some(isEtcdService) ||
    node.manifests.kind === "unknown" ||
    node.manifests.value.some((file) => file.content.kind === "pod" && isEtcdPod(file.content.pod))
  );
}

// Only a repair that would boot etcd is refused: what starts pods, or etcd itself, to be started; an etcd manifest to be
// written.
function wouldBoot(node: ObservedNode, declared: NodeDeclaration, drifts: readonly NodeDrift[]): boolean {
  const services = node.services.kind === "seen" ? node.services.value : [];
  const isBooterDown = services.some(
    (service) =>
      Object.hasOwn(declared.services, service.name) && canBootEtcdMember(service.name) && service.state !== "running",
  );
  return isBooterDown || drifts.some((drift) => isFileDrift(drift) && isDeclaredEtcd(declared, drift.pod));
}

function isFileDrift(
  drift: NodeDrift,
): drift is Extract<NodeDrift, { kind: "manifest-missing" | "manifest-unreadable" | "manifest-differs" }> {
  return drift.kind === "manifest-missing" || drift.kind === "manifest-unreadable" || drift.kind === "manifest-differs";
}

function isDeclaredEtcd(declared: NodeDeclaration, name: string): boolean {
  const pod = declared.staticPods[name];
  return pod !== undefined && isEtcdPod(pod);
}
