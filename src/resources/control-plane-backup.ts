// Backups of a control plane that are verified and kept off its nodes.

import * as pulumi from "@pulumi/pulumi";
import type { EtcdArgs } from "./control-plane";
import type { AccessArgs } from "./node-args";

/** How backups of a control plane are taken and kept. */
export interface ControlPlaneBackupArgs {
  /** Node name -> how it is reached. */
  readonly nodes: Readonly<Record<string, { readonly access: AccessArgs }>>;
  /** The etcd of these nodes, as in ControlPlane. */
  readonly etcd: EtcdArgs;
  /** Absolute folder on the machine that quorate runs on, of this control plane alone. It is made when it is not there. */
  readonly directory: pulumi.Input<string>;
  /** How many of the newest verified backups stay. Default: 7. */
  readonly keep?: pulumi.Input<number>;
  /** A newest verified backup that is older is a difference, hours. Default: 24. */
  readonly maxAgeHours?: pulumi.Input<number>;
  /** What is archived of every node, where it is there, beside the snapshot. Default: by how etcd is run. */
  readonly pkiPaths?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** Encrypts all that is kept, so that `openssl enc` opens it. Always a secret. Default: not encrypted, mode 0600. */
  readonly passphrase?: pulumi.Input<string>;
}

/** The newest verified backup. */
export interface NewestBackup {
  readonly folder: string;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  readonly clusterId: string;
  /** Decimal. */
  readonly revision: string;
  readonly snapshotSha256: string;
  readonly isEncrypted: boolean;
  /** Nodes whose certificates and keys it holds. */
  readonly nodes: readonly string[];
}

/**
 * Routine backups: an etcd snapshot and the certificates and keys of every node. Preview shows when the newest verified one
 * is too old; up takes one, checks it, and removes those that are more than enough.
 */
export class ControlPlaneBackup extends pulumi.CustomResource {
  /** undefined: there is none. */
  declare readonly newest: pulumi.Output<NewestBackup | undefined>;

  constructor(name: string, args: ControlPlaneBackupArgs, options?: pulumi.CustomResourceOptions) {
    const { passphrase, ...rest } = args;
    const secret = passphrase === undefined ? {} : { passphrase: pulumi.secret(passphrase) };
    super("quorate:index:ControlPlaneBackup", name, { newest: undefined, ...rest, ...secret }, options);
  }
}
