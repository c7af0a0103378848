// What is wrong with an instance, told apart so that each trouble gets its own remedy, and what is not wrong at all.
import type { InstanceRef } from "./bosh";
import type { BoshProblem } from "./bosh-problem";

/** A process that does not run. */
export interface FailingProcess {
  readonly name: string;
  /** The director's word: "failing", "unknown", "starting". */
  readonly state: string;
  /** monit's own words when somebody looked; undefined otherwise. */
  readonly monitStatus: string | undefined;
  /** Why monit can neither start nor stop it; undefined when it can, or when nobody looked. */
  readonly obstacle: string | undefined;
}

/** What is wrong with an instance. */
export type InstanceCondition =
  | { readonly kind: "running" }
  | { readonly kind: "starting" }
  /** No VM and none expected: not a fault. */
  | { readonly kind: "errand" }
  | { readonly kind: "stopped-on-purpose" /** Its VM is gone too. */; readonly isHard: boolean }
  | { readonly kind: "ignored" }
  | { readonly kind: "process-failing" /** Sorted by name. */; readonly processes: readonly FailingProcess[] }
  | { readonly kind: "agent-unresponsive" }
  | {
      readonly kind: "vm-missing" /** True when the director itself has no VM on record, as after delete-vm. */;
      readonly isForgotten: boolean;
    }
  | { readonly kind: "disk-problem"; readonly problems: readonly BoshProblem[] }
  /** It has a VM, but nobody asked its agent. */
  | { readonly kind: "not-observed" };

/** An instance with its condition. */
export interface DiagnosedInstance {
  readonly instance: InstanceRef;
  readonly zone: string | undefined;
  readonly vmCid: string | undefined;
  readonly condition: InstanceCondition;
}

const etcdProcess = "etcd";

/**
 * Is etcd what fails, on a machine that answers? Nothing of BOSH may mend that: monit, and a new VM over the same disk, would
 * start it over a directory that no count of votes has admitted. The control plane's own plan does.
 */
export function isEtcdFailing(condition: InstanceCondition): boolean {
  return condition.kind === "process-failing" && condition.processes.some(({ name }) => name === etcdProcess);
}

/** Is it something that a repair is for? */
export function isTrouble(condition: InstanceCondition): boolean {
  switch (condition.kind) {
    case "process-failing":
    case "agent-unresponsive":
    case "vm-missing":
    case "disk-problem":
      return true;
    default:
      return false;
  }
}
