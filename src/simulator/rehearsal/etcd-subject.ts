// What is rehearsed: a declared etcd, the planner under test, and the world that it works on.

import type { EtcdDeclaration } from "../../model/etcd-declaration";
import type { EtcdPlan } from "../../model/etcd-plan";
import { type EtcdChangeStep, type EtcdStep, etcdEffectsOfKind } from "../../model/etcd-step";
import type { JsonObject } from "../../model/json";
import { planEtcd } from "../../plan/etcd/plan";
import type { EtcdPlanInput } from "../../plan/etcd/planning";
import type { EtcdWorld } from "../etcd/etcd-world";
import { observeEtcdWorld } from "../etcd/observe-etcd";

/** A planner of etcd. */
export type EtcdPlanner = (input: EtcdPlanInput) => EtcdPlan;

/** What the planner is given beside what it observes. */
export interface EtcdSubject {
  readonly etcd: EtcdDeclaration;
  readonly repairSeveral: boolean;
  /** Recorded floor of the revision; undefined before the first run. */
  readonly lastRevision: number | undefined;
  readonly manifestDirectory: string;
  readonly archiveDirectory: string;
  /** Node -> the declared etcd Pod. */
  readonly pods: Readonly<Record<string, JsonObject>>;
  /** The planner under test. Default: the real one. */
  readonly planner?: EtcdPlanner;
}

const defaultDirectories = {
  manifestDirectory: "/etc/kubernetes/manifests",
  archiveDirectory: "/var/lib/quorate/archive",
};

/** A subject with what is usual. */
export function etcdSubject(etcd: EtcdDeclaration, change: Partial<Omit<EtcdSubject, "etcd">> = {}): EtcdSubject {
  const pod = { apiVersion: "v1", kind: "Pod", spec: { containers: [{ name: "etcd", command: ["etcd"] }] } };
  const isPod = etcd.runner.kind === "static-pod";
  const pods = isPod ? Object.fromEntries(Object.keys(etcd.members).map((node) => [node, pod])) : {};
  return { etcd, repairSeveral: false, lastRevision: undefined, ...defaultDirectories, pods, ...change };
}

/** The plan over the world as it can be seen now. */
export function planWorld(subject: EtcdSubject, world: EtcdWorld): EtcdPlan {
  const { planner, lastRevision, ...given } = subject;
  return (planner ?? planEtcd)({
    ...given,
    views: observeEtcdWorld(world),
    history: { lastRevision, backups: world.backups },
    definitionDrifts: {},
  });
}

/** Does a step change anything? */
export function isChange(step: EtcdStep): step is EtcdChangeStep {
  return etcdEffectsOfKind[step.kind].length > 0;
}
