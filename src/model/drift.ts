// The difference between what is declared and what was observed.

import type { EtcdDrift } from "./etcd-plan";
import type { JsonValue } from "./json";

/** One property that is not as declared. */
export interface PropertyChange {
  /** Pulumi property path below the subject, for example `spec.containers[0].command[0]`. */
  readonly path: string;
  /** undefined: not there. */
  readonly observed: JsonValue | undefined;
  /** undefined: not declared. */
  readonly desired: JsonValue | undefined;
}

/** One thing on one node that is not as declared, or about etcd as a whole. */
export type Drift = NodeDrift | EtcdDrift;

/**
 * One thing about a node's files, containers and services that is not as declared. `evidence` is what the node's
 * containers say, where they do not run.
 */
export type NodeDrift =
  | {
      readonly kind: "manifest-differs";
      readonly node: string;
      readonly pod: string;
      readonly changes: readonly PropertyChange[];
      readonly evidence?: string | undefined;
    }
  | {
      readonly kind: "manifest-missing";
      readonly node: string;
      readonly pod: string;
      readonly evidence?: string | undefined;
    }
  | {
      readonly kind: "manifest-unreadable";
      readonly node: string;
      readonly pod: string;
      readonly reason: string;
      readonly evidence?: string | undefined;
    }
  | {
      readonly kind: "manifest-owner";
      readonly node: string;
      readonly pod: string;
      readonly observed: string;
      readonly desired: string;
    }
  | { readonly kind: "manifest-stray"; readonly node: string; readonly fileName: string; readonly reason: string }
  | {
      readonly kind: "service-not-running";
      readonly node: string;
      readonly service: string;
      readonly state: string;
      readonly detail: string;
    }
  | { readonly kind: "pod-not-running"; readonly node: string; readonly pod: string; readonly reason: string }
  | { readonly kind: "pod-outdated"; readonly node: string; readonly pod: string; readonly reason: string };

/** Something an operator should know that is not drift: nothing acts on it. */
export interface Note {
  readonly node: string;
  readonly text: string;
  /** The command that would tidy it up; undefined when there is none. */
  readonly command?: string;
}
