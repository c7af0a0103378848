// What makes a Cloud Foundry foundation available, as a program declares it.

import * as pulumi from "@pulumi/pulumi";
import type { BlobstorePlan, CellCapacity, FoundationRule } from "../model/bosh-foundation";
import { type DirectorArgs, secretDirector } from "./director-args";

/** A foundation and the rules that it is judged by. */
export interface FoundationArgs {
  /** Default: as BOSH_* variables and ~/.bosh/config say. */
  readonly director?: DirectorArgs;
  /** The cf deployment on the director. */
  readonly deployment: pulumi.Input<string>;
  /** Names of the availability zones. */
  readonly zones: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** Is an external, redundant load balancer in front of the routers? Default: false. */
  readonly hasExternalLoadBalancer?: pulumi.Input<boolean>;
  /** How the blobstore is kept. Default: internal, without a restore plan. */
  readonly blobstore?: pulumi.Input<BlobstorePlan>;
  /** Is an external database used? Default: false. */
  readonly hasExternalDatabase?: pulumi.Input<boolean>;
  /** Release of PAS, such as "2.4". Default: the newest table of instance counts. */
  readonly release?: pulumi.Input<string>;
  /** Allocation of the Diego cells, in MB. Default: capacity is not judged. */
  readonly cells?: pulumi.Input<CellCapacity>;
  /** Rules whose violation stops preview and up. Default: none; all findings are warnings. */
  readonly mandatory?: pulumi.Input<readonly FoundationRule[]>;
}

/** The availability rules of a Cloud Foundry. It changes nothing: preview shows what does not hold. */
export class Foundation extends pulumi.CustomResource {
  /** What does not hold, one sentence each, the mandatory ones first. */
  declare readonly findings: pulumi.Output<readonly string[]>;

  constructor(name: string, args: FoundationArgs, options?: pulumi.CustomResourceOptions) {
    const director = secretDirector(args.director);
    super("quorate:index:Foundation", name, { findings: undefined, ...args, director }, options);
  }
}
