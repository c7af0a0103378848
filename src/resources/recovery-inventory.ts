// A kubespray recovery inventory that is proven before Ansible runs.

import * as pulumi from "@pulumi/pulumi";

/** A host that takes the place of another under a new name. */
export interface HostReplacementArgs {
  readonly oldHost: pulumi.Input<string>;
  readonly newHost: pulumi.Input<string>;
  readonly address: pulumi.Input<string>;
}

/** What is to be recovered, from what, and where the files go. Relative paths start at the program's folder. */
export interface RecoveryInventoryArgs {
  /** The site's inventory, INI or YAML, with group_vars and host_vars beside it. */
  readonly inventory: pulumi.Input<string>;
  /** Folder to write. It may be absent, or hold an earlier recovery that was not started. */
  readonly output: pulumi.Input<string>;
  /** Look at the live hosts, in every preview and up: their votes and static pods say what is broken. Default: false. */
  readonly observe?: pulumi.Input<boolean>;
  /** With `observe`: ssh configuration in place of the operator's own and of what the inventory names. */
  readonly sshConfig?: pulumi.Input<string>;
  /** Hosts whose etcd is broken. Default: those of `facts` or `observe`; compared with them when both are given. */
  readonly brokenEtcd?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** Hosts whose control plane is broken. Default: those of `facts` or `observe`. */
  readonly brokenControlPlane?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** Hosts that take the place of others under new names. Default: none. */
  readonly replacements?: pulumi.Input<readonly pulumi.Input<HostReplacementArgs>[]>;
  /** Lost quorum: the opt-in to restore this snapshot. */
  readonly snapshot?: pulumi.Input<string>;
  /** Lost quorum: the opt-in to start from this host's data. */
  readonly sourceSurvivor?: pulumi.Input<string>;
  /** The site's own `-e @FILE`, below the kubespray tree or the program's folder. Default: none. */
  readonly extraVars?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** The kubespray (or tacoplay) tree that will be used. */
  readonly kubesprayDirectory?: pulumi.Input<string>;
  /** Its tag, `v2.28.1`, when the tree is not at hand or does not say. */
  readonly kubesprayVersion?: pulumi.Input<string>;
  /** Whose playbook. Default: kubespray. */
  readonly flavor?: pulumi.Input<"kubespray" | "taco">;
  /** tar.gz of /etc/kubernetes and /etc/ssl/etcd for a first host that lost them. */
  readonly pkiBackup?: pulumi.Input<string>;
  /** File of facts that were observed before, JSON; not together with `observe`. Default: the quorum is judged by counting the hosts named broken. */
  readonly facts?: pulumi.Input<string>;
  /** Run the unlimited cluster.yml afterwards. Default: false. */
  readonly followUp?: pulumi.Input<boolean>;
  /** The ansible-playbook that will be used: refused when its version is outside the tag's bound. Default: looked at when it runs. */
  readonly ansible?: pulumi.Input<string>;
}

/**
 * The recovery inventory of a kubespray site, with its variables, the preparation, the command and the proof. Preview
 * shows the rules that it meets, or why it cannot be written, and when what is on disk no longer proves.
 */
export class RecoveryInventory extends pulumi.CustomResource {
  /** Folder of the files, absolute. */
  declare readonly folder: pulumi.Output<string>;
  /** recover.sh, absolute; empty when the hosts were looked at and nothing is broken. */
  declare readonly script: pulumi.Output<string>;
  /** The procedure in a few words. */
  declare readonly procedure: pulumi.Output<string>;
  /** The ansible-playbook command, without the preparation. */
  declare readonly command: pulumi.Output<string>;
  /** SHA-256 of all that was written: another recovery has another one. */
  declare readonly digest: pulumi.Output<string>;
  /** What pip has to be asked for to get an Ansible that fits the tag: `ansible-core>=2.18.0,<2.19.0`. */
  declare readonly ansibleRequirement: pulumi.Output<string>;

  constructor(name: string, args: RecoveryInventoryArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = {
      folder: undefined,
      script: undefined,
      procedure: undefined,
      command: undefined,
      digest: undefined,
      ansibleRequirement: undefined,
    };
    super("quorate:index:RecoveryInventory", name, { ...outputs, programFolder: process.cwd(), ...args }, options);
  }
}
