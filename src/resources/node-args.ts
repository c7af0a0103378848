// How programs name nodes and fill in what differs between them.

import type { types } from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AccessDeclaration } from "../model/declaration";
import { type DirectorArgs, secretDirector } from "./director-args";

/** A Pod as `@pulumi/kubernetes` types it. */
export type Pod = types.input.core.v1.Pod;

/** What a node is to a Pod that is written once for all of them. */
export interface NodeValues {
  /** The node's name in the declaration. */
  readonly name: string;
  /** What the program declares for this node: its address, its zone, ... */
  readonly values: Readonly<Record<string, string>>;
}

/** A Pod that is the same on every node, or one made for each node from its values. */
export type PodTemplate = Pod | ((node: NodeValues) => Pod);

/** A systemd unit or monit process that has to run. */
export interface ServiceArgs {
  /** What starts and watches the service. Default: systemd. */
  readonly manager?: "systemd" | "monit";
}

/** Access as programs write it: every value may come from another resource or from secret configuration. */
export type AccessArgs = pulumi.Input<
  {
    readonly [Kind in AccessDeclaration["kind"]]: pulumi.Inputs & { readonly kind: Kind };
  }[AccessDeclaration["kind"]]
>;

/** The Pod of a template for one node. */
export function podFor(template: PodTemplate, node: NodeValues): Pod {
  return typeof template === "function" ? template(node) : template;
}

/** The access with the credentials of its director, where it has one, marked as secrets. */
export function secretAccess(access: AccessArgs): AccessArgs {
  // An access that another resource makes keeps the marks that it has: a secret inside would make all of it one.
  if (pulumi.Output.isInstance(access) || access instanceof Promise || access.kind !== "bosh") return access;
  const { director } = access as { readonly director?: DirectorArgs };
  return director === undefined ? access : { ...access, director: secretDirector(director) };
}
