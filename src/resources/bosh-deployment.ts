// The resource that programs declare a BOSH deployment with.

import * as pulumi from "@pulumi/pulumi";
import type { EtcdArgs } from "./control-plane";
import { type DirectorArgs, secretDirector } from "./director-args";

/** A group whose instances form a quorum. */
export interface QuorumGroupArgs {
  /**
   * The etcd that its instances run, as ControlPlane takes it; members are named by the instance's UUID and reached as
   * `bosh ssh` does it. Default: a quorum that cannot be asked (Galera), of which one instance at a time is touched.
   */
  readonly etcd?: EtcdArgs;
}

/** A deployment as it is to be: every instance runs unless somebody stopped it on purpose. */
export interface BoshDeploymentArgs {
  /** Default: as BOSH_* variables and ~/.bosh/config say. */
  readonly director?: DirectorArgs;
  /** Its name on the director. */
  readonly deployment: pulumi.Input<string>;
  /** Instance group -> its quorum. */
  readonly quorumGroups?: Readonly<Record<string, QuorumGroupArgs>>;
  /** Instances, as group/uuid, that have to run even if somebody stopped them. */
  readonly mustRun?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** Repair although more than one member of a quorum group is down; still one after the other. Default: false. */
  readonly repairSeveral?: pulumi.Input<boolean>;
  /**
   * Names an outage of many VMs to recover from. No agent is asked one by one; one scan finds who is silent, and all are
   * answered. It is done once for each name.
   */
  readonly massRecovery?: pulumi.Input<string>;
  /**
   * How often the health monitor reads resurrection configs (`hm.intervals` of the director): surgery waits for it once.
   * Default: 60.
   */
  readonly monitorIntervalSeconds?: pulumi.Input<number>;
  /** Where snapshots are kept before surgery, on this machine. Default: ~/.local/state/quorate/snapshots/DEPLOYMENT. */
  readonly snapshotDirectory?: pulumi.Input<string>;
}

/** A BOSH deployment. Preview shows what is wrong with which instance; up repairs it with least harm first. */
export class BoshDeployment extends pulumi.CustomResource {
  /** "group/uuid" -> its condition in words. */
  declare readonly status: pulumi.Output<Readonly<Record<string, string>>>;
  /** What the last repair did, a line a step. */
  declare readonly repairs: pulumi.Output<readonly string[]>;
  /** What was put off until the etcd of other members is mended, in sentences: an up with any ends as failed. */
  declare readonly putOff: pulumi.Output<readonly string[]>;
  /** Name of the outage that was recovered from last; undefined for none. */
  declare readonly recoveredOutage: pulumi.Output<string | undefined>;

  constructor(name: string, args: BoshDeploymentArgs, options?: pulumi.CustomResourceOptions) {
    const director = secretDirector(args.director);
    super(
      "quorate:index:BoshDeployment",
      name,
      { status: undefined, repairs: undefined, putOff: undefined, recoveredOutage: undefined, ...args, director },
      options,
    );
    // The resource itself must not fail: what it waits for depends on it. So the program does, when all is done; a preview
    // has the plugin's own words.
    if (pulumi.runtime.isDryRun()) return;
    this.putOff.apply((texts) => {
      if (texts === undefined || texts.length === 0) return;
      // Once the program has run to its end, the SDK prints the stack of an error, if there is one, in place of its message.
      throw Object.assign(new pulumi.ResourceError(texts.join("\n"), this, true), { stack: "" });
    });
  }
}
