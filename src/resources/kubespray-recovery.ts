// The recovery of a kubespray site: the proven inventory and, when asked, the run of Ansible with it.

import * as path from "node:path";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { RecoveryInventory, type RecoveryInventoryArgs } from "./recovery-inventory";

/** A recovery inventory, and whether Ansible runs with it. */
export interface KubesprayRecoveryArgs extends RecoveryInventoryArgs {
  /** Run recover.sh once the inventory is proven. Default: false, it is only written. */
  readonly run?: boolean;
  /** Path of the ansible-playbook to run; its folder goes first in PATH. Default: the one in PATH. */
  readonly ansible?: pulumi.Input<string>;
}

/** Writes and proves a recovery inventory, then runs the preparation and the playbook; again only when the recovery is another one. */
export class KubesprayRecovery extends pulumi.ComponentResource {
  readonly inventory: RecoveryInventory;
  /** What Ansible printed on its standard output; undefined when it is not run. */
  readonly output: pulumi.Output<string> | undefined;

  constructor(name: string, args: KubesprayRecoveryArgs, options?: pulumi.ComponentResourceOptions) {
    super("quorate:index:KubesprayRecovery", name, {}, options);
    const { run, ansible, ...inventoryArgs } = args;
    this.inventory = new RecoveryInventory(name, inventoryArgs, { parent: this });
    this.output = run === true ? this.play(name, ansible).stdout : undefined;
    const { folder, command } = this.inventory;
    this.registerOutputs({ folder, command });
  }

  private play(name: string, ansible: pulumi.Input<string> | undefined): local.Command {
    const { script, digest } = this.inventory;
    const setting = ansible === undefined ? "" : pulumi.output(ansible).apply(pathSetting);
    return new local.Command(
      `${name}-run`,
      {
        create: pulumi.interpolate`${setting}sh ${script.apply(quote)}`,
        // A moved folder or another Ansible is no reason to run again; another recovery is, by the trigger.
        update: "true",
        triggers: [digest],
      },
      { parent: this, dependsOn: [this.inventory] },
    );
  }
}

// recover.sh calls ansible-playbook by its name; without the check it would silently run another one of PATH.
function pathSetting(ansible: string): string {
  const program = path.resolve(ansible);
  const missing = quote(`${program} is not there or cannot be run`);
  return `[ -x ${quote(program)} ] || { echo ${missing} >&2; exit 1; }; PATH=${quote(path.dirname(program))}:"$PATH" `;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
