// The one more fault that every moment of a repair at a BOSH director is crossed with.

import type { BoshBlockerReason } from "../../model/bosh-plan";
import type { SimulatedDirector } from "../director/simulated-director";
import {
  cutZonePower,
  doesAgentAnswer,
  jobState,
  restoreZonePower,
  type SimulatedDeployment,
  type SimulatedInstance,
  shortName,
} from "../director/world";
import { findInstance } from "../drill/pks-world";
import type { OperatorLink } from "./operator-link";

/** One more fault. */
export type DirectorExtra =
  | { readonly kind: "nothing" | "operator-killed" | "link-cut" | "director-restarted" | "deployment-held" }
  /** The instance's VM is gone, its agent hangs, a process of it fails. */
  | { readonly kind: "vm-lost" | "agent-hung" | "process-failed"; readonly instance: string }
  | { readonly kind: "zone-dark"; readonly zone: string };

/** What a fault is let loose on. */
export interface Struck {
  readonly director: SimulatedDirector;
  readonly deployment: SimulatedDeployment;
  readonly link: OperatorLink;
}

/**
 * Every one more fault at a director. `troubled`: instances that are out of order from the beginning. Of instances that are
 * alike (one group, in one zone, in order or not) one stands for all.
 */
export function directorExtras(
  deployment: SimulatedDeployment,
  troubled: ReadonlySet<string>,
): readonly DirectorExtra[] {
  const services = deployment.instances.filter(({ lifecycle }) => lifecycle === "service");
  const alike = new Map(
    services.map((instance) => [
      `${instance.group} ${instance.zone} ${troubled.has(shortName(instance))}`,
      shortName(instance),
    ]),
  );
  const zones = [...new Set(services.map(({ zone }) => zone))].sort();
  return [
    { kind: "nothing" },
    { kind: "operator-killed" },
    { kind: "link-cut" },
    { kind: "director-restarted" },
    { kind: "deployment-held" },
    ...[...alike.values()].flatMap((instance): readonly DirectorExtra[] => [
      { kind: "vm-lost", instance },
      { kind: "agent-hung", instance },
      { kind: "process-failed", instance },
    ]),
    ...zones.map((zone): DirectorExtra => ({ kind: "zone-dark", zone })),
  ];
}

/** Lets it loose. */
export function strikeDirector(extra: DirectorExtra, { director, deployment, link }: Struck): void {
  switch (extra.kind) {
    case "nothing":
      return;
    case "operator-killed":
      link.kill();
      return;
    case "link-cut":
      link.cut();
      return;
    case "director-restarted":
      director.restart();
      return;
    case "deployment-held":
      // Somebody else looks for problems just now; a scan holds the deployment's lock.
      director.startScan(deployment.name, { user: "colleague", contextId: "" });
      return;
    case "vm-lost":
    case "agent-hung":
    case "process-failed": {
      const { vm } = findInstance(deployment, extra.instance);
      const process = vm?.processes.at(-1);
      if (vm !== undefined && extra.kind === "vm-lost") vm.existsInIaas = false;
      if (vm !== undefined && extra.kind === "agent-hung") vm.isAgentAlive = false;
      if (process !== undefined && extra.kind === "process-failed") process.state = "failing";
      return;
    }
    case "zone-dark":
      cutZonePower(director.world, extra.zone);
      return;
  }
}

/** Ends what somebody has to end; the rest is the next round's. */
export function healDirector(extra: DirectorExtra, { director }: Struck): void {
  if (extra.kind === "zone-dark") restoreZonePower(director.world, extra.zone);
}

/** Instances that the fault itself takes out of order. */
export function struckInstances(extra: DirectorExtra, deployment: SimulatedDeployment): readonly string[] {
  switch (extra.kind) {
    case "vm-lost":
    case "agent-hung":
    case "process-failed":
      return [extra.instance];
    case "zone-dark":
      return deployment.instances.filter(({ zone }) => zone === extra.zone).map(shortName);
    default:
      return [];
  }
}

/** Reasons for refusing that the fault itself gives while it lasts; a lost quorum gives its own. */
export function reasonsGivenBy(extra: DirectorExtra): readonly BoshBlockerReason[] {
  switch (extra.kind) {
    case "deployment-held":
      // Their scan numbers the problems anew, so that our answers reach nobody and all stay silent.
      return ["zone-down"];
    case "director-restarted":
      // What its lost task held stays held for a while.
      return ["remedies-exhausted"];
    case "zone-dark":
      // With few VMs in the zone it looks like trouble of each.
      return ["zone-down", "remedies-exhausted"];
    default:
      return [];
  }
}

/** One more fault in words. */
export function describeDirectorExtra(extra: DirectorExtra): string {
  switch (extra.kind) {
    case "nothing":
      return "nothing more goes wrong";
    case "operator-killed":
      return "the operator's machine is killed; the director goes on with its task";
    case "link-cut":
      return "the operator's link to the director is cut";
    case "director-restarted":
      return "the director restarts: its tasks are lost as they stand";
    case "deployment-held":
      return "somebody else's scan holds the deployment";
    case "vm-lost":
      return `the VM of ${extra.instance} is gone from the IaaS`;
    case "agent-hung":
      return `the agent of ${extra.instance} hangs`;
    case "process-failed":
      return `a process fails on ${extra.instance}`;
    case "zone-dark":
      return `zone ${extra.zone} loses power`;
  }
}

/** Does everything of it run, as the world has it? */
export function isSound(director: SimulatedDirector, instance: SimulatedInstance): boolean {
  const { vm, lifecycle } = instance;
  if (lifecycle === "errand") return true;
  return vm !== undefined && doesAgentAnswer(director.world, instance) && jobState(vm) === "running";
}
