// The resurrector of a BOSH director.

import * as pulumi from "@pulumi/pulumi";
import { type DirectorArgs, secretDirector } from "./director-args";

/** Which instances a rule speaks of; both lists must match when both are given. */
export interface ResurrectionFilterArgs {
  readonly deployments?: pulumi.Input<readonly pulumi.Input<string>[]>;
  readonly instanceGroups?: pulumi.Input<readonly pulumi.Input<string>[]>;
}

/** One rule. Several that match are ANDed: one that is not enabled wins. */
export interface ResurrectionRuleArgs {
  readonly enabled: pulumi.Input<boolean>;
  /** Default: everywhere. */
  readonly include?: ResurrectionFilterArgs;
  /** Default: nowhere. */
  readonly exclude?: ResurrectionFilterArgs;
}

/** The resurrector as it is to be. */
export interface BoshResurrectionArgs {
  /** Default: as BOSH_* variables and ~/.bosh/config say. */
  readonly director?: DirectorArgs;
  /** The global switch, for every deployment of the director. Default: true. */
  readonly enabled?: pulumi.Input<boolean>;
  /** Resurrection configs by name. Configs of other names are left alone. */
  readonly configs?: Readonly<Record<string, { readonly rules: readonly ResurrectionRuleArgs[] }>>;
  /** Deployments for which it is told how many VMs must be down before the resurrector stands aside. */
  readonly deployments?: pulumi.Input<readonly pulumi.Input<string>[]>;
}

/** The resurrector: whether it is on, and its rules. A pause that an interrupted repair left behind is drift. */
export class BoshResurrection extends pulumi.CustomResource {
  /** Names of the configs that are declared. */
  declare readonly configNames: pulumi.Output<readonly string[]>;

  constructor(name: string, args: BoshResurrectionArgs = {}, options?: pulumi.CustomResourceOptions) {
    const director = secretDirector(args.director);
    super("quorate:index:BoshResurrection", name, { configNames: undefined, ...args, director }, options);
  }
}
