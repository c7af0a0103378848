// The recovery of a kubespray site: the proven inventory and, when asked, the run of Ansible with it.

import * as path from "node:path";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type AnsibleEnvironmentArgs, ansibleEnvironment, programOf } from "./ansible-environment";
import { RecoveryInventory, type RecoveryInventoryArgs } from "./recovery-inventory";
import { quoteWord } from "./shell-word";

/** A recovery inventory, and whether Ansible runs with it. */
export interface KubesprayRecoveryArgs extends RecoveryInventoryArgs {
  /** Run recover.sh once the inventory is proven. Default: false, it is only written. */
  readonly run?: boolean;
  /** Path of the ansible-playbook to run; its folder goes first in PATH. Default: the one in PATH. */
  readonly ansible?: pulumi.Input<string>;
  /** Make a virtual environment for Ansible and run that one. Default: none is made. Not together with `ansible`. */
  readonly virtualenv?: AnsibleEnvironmentArgs;
}

/** Writes and proves a recovery inventory, then runs the preparation, the playbook and the check; again only when the recovery is another one. */
export class KubesprayRecovery extends pulumi.ComponentResource {
  readonly inventory: RecoveryInventory;
  /** Ansible's recap of each of its runs: hosts and counts. undefined when it is not run. */
  readonly recap: pulumi.Output<string> | undefined;

  constructor(name: string, args: KubesprayRecoveryArgs, options?: pulumi.ComponentResourceOptions) {
    super("quorate:index:KubesprayRecovery", name, {}, options);
    const { run, virtualenv, ...inventoryArgs } = args;
    if (virtualenv !== undefined && args.ansible !== undefined)
      throw new pulumi.RunError("ansible and virtualenv must not be given together: one of them runs");
    this.inventory = new RecoveryInventory(name, inventoryArgs, { parent: this });
    this.recap = run === true ? this.play(name, args).apply(recapOf) : undefined;
    const { folder, command } = this.inventory;
    this.registerOutputs({ folder, command, ...(this.recap === undefined ? {} : { recap: this.recap }) });
  }

  private play(name: string, { ansible, virtualenv }: KubesprayRecoveryArgs): pulumi.Output<string> {
    const { script, digest, ansibleRequirement } = this.inventory;
    const made =
      virtualenv === undefined ? undefined : ansibleEnvironment(name, virtualenv, ansibleRequirement, { parent: this });
    const program = virtualenv === undefined ? ansible : programOf(virtualenv.folder);
    const setting = program === undefined ? "" : pulumi.output(program).apply(pathSetting);
    const command = new local.Command(
      `${name}-run`,
      {
        create: pulumi
          .all([setting, script])
          .apply(([path, file]) => (file === "" ? "true" : `${path}exec sh ${quoteWord(file)}`)),
        // A moved folder or another Ansible is no reason to run again; another recovery is, by the trigger.
        update: "true",
        // recover.sh then prints only what may be kept, and ends when whoever started it is gone.
        environment: { QUORATE_TIED: "1" },
        triggers: [digest],
      },
      {
        parent: this,
        dependsOn: [this.inventory, ...(made === undefined ? [] : [made])],
        // Names of tasks and hosts are not secret by themselves; what a site writes into them may be.
        additionalSecretOutputs: ["stdout", "stderr"],
      },
    );
    return pulumi.unsecret(command.stdout);
  }
}

/** The recaps alone: each line is a host and its counts. */
function recapOf(output: string): string {
  const lines = output.split("\n").filter((line) => /^PLAY RECAP |^\S+\s+: ok=\d/.test(line));
  return lines.join("\n");
}

// recover.sh calls ansible-playbook by its name; without the check it would silently run another one of PATH.
function pathSetting(ansible: string): string {
  const program = path.resolve(ansible);
  const missing = quoteWord(`${program} is not there or cannot be run`);
  return `[ -x ${quoteWord(program)} ] || { echo ${missing} >&2; exit 1; }; PATH=${quoteWord(path.dirname(program))}:"$PATH" `;
}
