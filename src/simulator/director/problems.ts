// The simulated director's book of problems: descriptions, offered resolutions, the answers that `--auto` gives.
// Source: cloudfoundry/bosh director lib/bosh/director/problem_handlers/*.rb.
import { labelOf, nameOf, type SimulatedDeployment, type SimulatedDisk, type SimulatedInstance } from "./world";

/** Kinds of problem that the simulated scan can find. */
export type SimulatedProblemType =
  | "unresponsive_agent"
  | "missing_vm"
  | "missing_disk"
  | "inactive_disk"
  | "mount_info_mismatch";

/** A resolution as offered. */
export interface OfferedResolution {
  readonly name: string;
  readonly plan: string;
}

/** A problem on record. */
export interface OpenProblem {
  readonly id: number;
  readonly type: SimulatedProblemType;
  readonly deployment: string;
  readonly instance: SimulatedInstance;
  readonly disk: SimulatedDisk | undefined;
  readonly description: string;
  readonly resolutions: readonly OfferedResolution[];
  /** Counts the subjects, as the database ids of VMs and disks do. */
  readonly resourceId: number;
  isOpen: boolean;
}

const ignore = { name: "ignore", plan: "Skip for now" };
const recreate = { name: "recreate_vm", plan: "Recreate VM and wait for processes to start" };
const withoutWaitPlan = "Recreate VM without waiting for processes to start";

/** The resolutions in the order in which the director offers them. `withoutWait` is a name that changed with releases. */
export function offeredResolutions(type: SimulatedProblemType, withoutWait: string): readonly OfferedResolution[] {
  const recreateWithoutWait = { name: withoutWait, plan: withoutWaitPlan };
  switch (type) {
    case "unresponsive_agent":
      return [
        ignore,
        { name: "reboot_vm", plan: "Reboot VM" },
        recreateWithoutWait,
        recreate,
        { name: "delete_vm", plan: "Delete VM" },
        {
          name: "delete_vm_reference",
          plan: "Delete VM reference (forceful; may need to manually delete VM from the Cloud to avoid IP conflicts)",
        },
      ];
    case "missing_vm":
      return [ignore, recreateWithoutWait, recreate, { name: "delete_vm_reference", plan: "Delete VM reference" }];
    case "missing_disk":
      return [ignore, { name: "delete_disk_reference", plan: "Delete disk reference (DANGEROUS!)" }];
    case "inactive_disk":
      return [ignore, { name: "delete_disk", plan: "Delete disk" }, { name: "activate_disk", plan: "Activate disk" }];
    case "mount_info_mismatch":
      return [
        { name: "ignore", plan: "Ignore" },
        { name: "reattach_disk", plan: "Reattach disk to instance" },
        { name: "reattach_disk_and_reboot", plan: "Reattach disk and reboot instance" },
      ];
  }
}

/** What the director does for an answer of null. */
export function autoResolution(type: SimulatedProblemType, withoutWait: string): string {
  return type === "missing_vm" ? withoutWait : "ignore";
}

/** All problems ever recorded. */
export class ProblemBook {
  private readonly problems: OpenProblem[] = [];
  private nextId = 1;
  private readonly resourceIds = new Map<string, number>();

  constructor(
    /** "recreate_vm_without_wait", on old directors "recreate_vm_skip_post_start". */
    readonly withoutWaitName: string,
  ) {}

  /** Closes all open problems of a deployment, as each full scan does first. */
  closeAll(deployment: string): void {
    for (const problem of this.open(deployment)) problem.isOpen = false;
  }

  /** Closes the VM problems of some instances, as the resurrector's scan does. */
  closeFor(deployment: string, instances: readonly SimulatedInstance[]): void {
    for (const problem of this.open(deployment)) {
      if (problem.disk === undefined && instances.includes(problem.instance)) problem.isOpen = false;
    }
  }

  /** Records a problem. */
  add(
    deployment: SimulatedDeployment,
    type: SimulatedProblemType,
    instance: SimulatedInstance,
    disk?: SimulatedDisk,
  ): OpenProblem {
    const subject = disk === undefined ? `${type}:${nameOf(instance)}` : `disk:${disk.cid}`;
    const problem = {
      id: this.nextId,
      type,
      deployment: deployment.name,
      instance,
      disk,
      description: describe(type, instance, disk),
      resolutions: offeredResolutions(type, this.withoutWaitName),
      resourceId: this.resourceIds.get(subject) ?? this.resourceIds.size + 1,
      isOpen: true,
    };
    this.resourceIds.set(subject, problem.resourceId);
    this.nextId += 1;
    this.problems.push(problem);
    return problem;
  }

  /** Open problems of a deployment, oldest first. */
  open(deployment: string): readonly OpenProblem[] {
    return this.problems.filter((problem) => problem.isOpen && problem.deployment === deployment);
  }

  /** A problem by id, open or not. */
  find(id: number): OpenProblem | undefined {
    return this.problems.find((problem) => problem.id === id);
  }
}

function describe(type: SimulatedProblemType, instance: SimulatedInstance, disk: SimulatedDisk | undefined): string {
  const label = labelOf(instance);
  switch (type) {
    case "unresponsive_agent":
      return `VM for '${label}' with cloud ID '${instance.vm?.cid ?? ""}' is not responding.`;
    case "missing_vm":
      return instance.vm === undefined
        ? `VM for '${label}' missing.`
        : `VM for '${label}' with cloud ID '${instance.vm.cid}' missing.`;
    case "missing_disk":
      return `Disk '${disk?.cid ?? ""}' (${nameOf(instance)}, ${disk?.sizeMb ?? 0}M) is missing`;
    case "inactive_disk":
      return `Disk '${disk?.cid ?? ""}' (${disk?.sizeMb ?? 0}M) for instance '${label}' is inactive`;
    case "mount_info_mismatch":
      return [
        "Inconsistent mount information:",
        `\tRecord shows that disk '${disk?.cid ?? ""}' should be mounted on ${instance.vm?.cid ?? ""}.`,
        `\tHowever it is currently :`,
        "\t\tNot mounted in any VM.",
      ].join("\n");
  }
}
