// Cloud check, first half: the scan. It asks whether an agent answers and whether the IaaS has the VM and the disks; it
// never looks at processes, which is why a failing job is "0 problems".
// Source: cloudfoundry/bosh director lib/bosh/director/problem_scanner/{vm_scan_stage,disk_scan_stage}.rb.
import { type DirectorContext, pause, tracked } from "./context";
import type { OpenProblem, ProblemBook } from "./problems";
import type { SimulatedTask, TaskWork } from "./tasks";
import { doesAgentAnswer, isVmExpected, type SimulatedDeployment, type SimulatedInstance } from "./world";

interface VmFindings {
  readonly responding: number;
  readonly ignored: number;
  readonly unresponsive: readonly SimulatedInstance[];
  readonly missing: readonly SimulatedInstance[];
}

/** The whole scan: every VM, then every disk. All problems that were open before are closed and numbered anew. */
export function* scanAll(
  context: DirectorContext,
  book: ProblemBook,
  deployment: SimulatedDeployment,
  task: SimulatedTask,
): TaskWork {
  return yield* context.locks.whileHolding(task, "deployment", deployment.name, 0, function* () {
    book.closeAll(deployment.name);
    yield* scanVms(context, book, deployment, task, scannedInstances(deployment));
    yield* scanDisks(context, book, deployment, task);
    return "scan complete";
  });
}

/** Instances that a scan looks at. */
export function scannedInstances(deployment: SimulatedDeployment): readonly SimulatedInstance[] {
  return deployment.instances.filter(isVmExpected);
}

/** Looks at VMs and records what is wrong with them. */
export function* scanVms(
  context: DirectorContext,
  book: ProblemBook,
  deployment: SimulatedDeployment,
  task: SimulatedTask,
  instances: readonly SimulatedInstance[],
): Generator<number, readonly OpenProblem[], void> {
  const stage = `Scanning ${instances.length} VMs`;
  const recorded: OpenProblem[] = [];
  let findings: VmFindings = { responding: 0, ignored: 0, unresponsive: [], missing: [] };
  yield* tracked(context, task, { stage, name: "Checking VM states", index: 1, total: 2 }, function* () {
    const isSilent = instances.some(
      (instance) => instance.vm !== undefined && !doesAgentAnswer(context.world, instance),
    );
    yield* pause(
      Math.max(
        isSilent ? context.timings.scanTimeoutMs : 0,
        context.timings.agentAnswerMs * Math.min(instances.length, 4),
      ),
    );
    findings = judge(context, instances);
    for (const instance of instances) {
      if (findings.unresponsive.includes(instance)) recorded.push(book.add(deployment, "unresponsive_agent", instance));
      if (findings.missing.includes(instance)) recorded.push(book.add(deployment, "missing_vm", instance));
    }
  });
  const { responding, unresponsive, missing, ignored } = findings;
  const counts = `${responding} OK, ${unresponsive.length} unresponsive, ${missing.length} missing, 0 unbound`;
  const name = ignored > 0 ? `${counts}, ${ignored} ignored` : counts;
  yield* tracked(context, task, { stage, name, index: 2, total: 2 }, () => pause(0));
  return recorded;
}

function judge(context: DirectorContext, instances: readonly SimulatedInstance[]): VmFindings {
  const unresponsive: SimulatedInstance[] = [];
  const missing: SimulatedInstance[] = [];
  let responding = 0;
  let ignored = 0;
  for (const instance of instances) {
    if (instance.isIgnored) ignored += 1;
    else if (instance.vm === undefined) missing.push(instance);
    else if (doesAgentAnswer(context.world, instance)) responding += 1;
    else if (instance.vm.existsInIaas) unresponsive.push(instance);
    else missing.push(instance);
  }
  return { responding, ignored, unresponsive, missing };
}

function* scanDisks(
  context: DirectorContext,
  book: ProblemBook,
  deployment: SimulatedDeployment,
  task: SimulatedTask,
): Generator<number, void, void> {
  const disks = deployment.instances.flatMap((instance) => instance.disks.map((disk) => ({ instance, disk })));
  const stage = `Scanning ${disks.length} persistent disks`;
  const counts = { ok: 0, missing: 0, inactive: 0, mismatch: 0 };
  yield* tracked(context, task, { stage, name: "Looking for inactive disks", index: 1, total: 2 }, function* () {
    yield* pause(context.timings.diskCheckMs * disks.length);
    for (const { instance, disk } of disks) {
      if (!disk.existsInIaas) {
        counts.missing += 1;
        book.add(deployment, "missing_disk", instance, disk);
      } else if (!disk.isActive) {
        counts.inactive += 1;
        book.add(deployment, "inactive_disk", instance, disk);
      } else if (!disk.isMounted && doesAgentAnswer(context.world, instance)) {
        counts.mismatch += 1;
        book.add(deployment, "mount_info_mismatch", instance, disk);
      } else {
        counts.ok += 1;
      }
    }
  });
  const { ok, missing, inactive, mismatch } = counts;
  const name = `${ok} OK, ${missing} missing, ${inactive} inactive, ${mismatch} mount-info mismatch`;
  yield* tracked(context, task, { stage, name, index: 2, total: 2 }, () => pause(0));
}
