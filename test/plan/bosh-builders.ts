// Observations of BOSH deployments to plan on, built from "all is well" and named for what is wrong in them.
import type { BoshInstance, InstancePlacement, InstanceRef } from "../../src/model/bosh";
import type { MonitProcess } from "../../src/model/bosh-monit";
import type { BoshDeploymentDeclaration, BoshObservation, GroupQuorum } from "../../src/model/bosh-plan";
import type { BoshProblem } from "../../src/model/bosh-problem";
import { offeredResolutions, type SimulatedProblemType } from "../../src/simulator/director/problems";

export const deployment = "service-instance_1";

/** An instance by group and a small number. */
export function ref(group: string, number: number): InstanceRef {
  return { group, id: `00000000-0000-4000-a000-${String(number).padStart(12, "0")}` };
}

export const masters = [ref("master", 1), ref("master", 2), ref("master", 3)] as const;
export const worker = ref("worker", 4);

/** What is wrong with one instance. */
export type Trouble =
  | {
      readonly kind: "fails";
      readonly process?: string;
      readonly hasJobDirectory?: boolean;
      readonly isLooked?: boolean;
    }
  | { readonly kind: "silent" }
  | { readonly kind: "no-vm" }
  | { readonly kind: "gone" }
  | { readonly kind: "stopped" }
  | { readonly kind: "detached" }
  | { readonly kind: "ignored" }
  | { readonly kind: "starting" }
  | { readonly kind: "errand" }
  | { readonly kind: "disk"; readonly type: "missing_disk" | "inactive_disk" | "mount_info_mismatch" };

function placement(instance: InstanceRef, trouble: Trouble | undefined): InstancePlacement {
  const hasVm = trouble === undefined || !["no-vm", "detached", "errand"].includes(trouble.kind);
  return {
    instance,
    index: Number(instance.id.slice(-4)),
    // Every instance in a zone of its own, so that one that is silent is not a silent zone.
    zone: `z${instance.id.slice(-2)}`,
    ips: hasVm ? ["10.0.0.1"] : [],
    vmCid: hasVm ? `vm-${instance.group}-${instance.id.slice(-2)}` : undefined,
    agentId: undefined,
    expectsVm: trouble?.kind !== "detached" && trouble?.kind !== "errand",
  };
}

function jobState(trouble: Trouble | undefined): string | undefined {
  switch (trouble?.kind) {
    case "fails":
      return "failing";
    case "silent":
    case "gone":
      return "unresponsive agent";
    case "stopped":
    case "starting":
      return trouble.kind === "stopped" ? "stopped" : "starting";
    case "no-vm":
    case "detached":
    case "errand":
      return undefined;
    default:
      return "running";
  }
}

function listed(instance: InstanceRef, trouble: Trouble | undefined): BoshInstance {
  const { expectsVm: _expectsVm, ...placed } = placement(instance, trouble);
  const failing = trouble?.kind === "fails" ? (trouble.process ?? "fluentd") : undefined;
  return {
    ...placed,
    jobState: jobState(trouble),
    processes: ["etcd", "fluentd"].map((name) => ({ name, state: name === failing ? "unknown" : "running" })),
    desiredState: trouble?.kind === "stopped" || trouble?.kind === "detached" ? trouble.kind : "started",
    vmType: "medium",
    diskCids: [],
    isBootstrap: false,
    isIgnored: trouble?.kind === "ignored",
  };
}

/** A problem as a director would offer it. */
export function problem(
  id: number,
  type: SimulatedProblemType,
  instance: InstanceRef,
  withoutWait = "recreate_vm_without_wait",
): BoshProblem {
  const description =
    type === "unresponsive_agent"
      ? `VM for '${instance.group}/${instance.id} (0)' with cloud ID 'vm-1' is not responding.`
      : `Trouble of '${instance.group}/${instance.id} (0)'`;
  return { id, type, description, resolutions: offeredResolutions(type, withoutWait), group: instance.group };
}

function monitOf(trouble: Extract<Trouble, { kind: "fails" }>): readonly MonitProcess[] {
  const name = trouble.process ?? "fluentd";
  const hasJobDirectory = trouble.hasJobDirectory ?? true;
  const missingExecutable = hasJobDirectory ? undefined : `/var/vcap/jobs/${name}/bin/ctl`;
  return [{ name, status: "not monitored - restart pending", hasJobDirectory, missingExecutable }];
}

/** All masters vote and are healthy but those named. */
export function quorum(
  down: readonly InstanceRef[] = [],
  overrides: Partial<Extract<GroupQuorum, { kind: "known" }>> = {},
): GroupQuorum {
  return {
    kind: "known",
    voters: masters.map((instance) => ({ instance, isHealthy: !down.includes(instance) })),
    leader: masters[0],
    hasVerifiedSnapshot: false,
    ...overrides,
  };
}

/** Three masters and a worker, with the troubles named. */
export function observe(
  troubles: ReadonlyMap<InstanceRef, Trouble> = new Map(),
  overrides: Partial<BoshObservation> = {},
): BoshObservation {
  const all = [...new Set([...masters, worker, ...troubles.keys()])];
  const entries = all.map((instance) => [instance, troubles.get(instance)] as const);
  const problems = entries.flatMap(([instance, trouble], index) => {
    if (trouble?.kind === "disk") return [problem(index + 1, trouble.type, instance)];
    return trouble?.kind === "gone" ? [problem(index + 1, "missing_vm", instance)] : [];
  });
  const monit = entries.flatMap(([instance, trouble]) =>
    trouble?.kind === "fails" && trouble.isLooked !== false
      ? [[`${instance.group}/${instance.id}`, { kind: "observed" as const, processes: monitOf(trouble) }] as const]
      : [],
  );
  return {
    placements: entries.map(([instance, trouble]) => placement(instance, trouble)),
    instances: entries.map(([instance, trouble]) => listed(instance, trouble)),
    notListed: undefined,
    problems,
    monit: new Map(monit),
    quorums: new Map([["master", quorum()]]),
    tasks: [],
    resurrection: { isOn: true, configs: [] },
    isPauseOurs: false,
    attempts: [],
    ...overrides,
  };
}

/** Masters form a quorum with etcd. */
export const declaration: BoshDeploymentDeclaration = {
  deployment,
  quorumGroups: [{ group: "master", hasEtcd: true }],
  mustRun: [],
  repairSeveral: false,
  isMassRecovery: false,
};
