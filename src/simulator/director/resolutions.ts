// Cloud check, second half: applying answers; and the resurrector's own scan and fix.
// Problems are resolved one after the other, as with the seeds' deployments, whose groups have max_in_flight 1.
// Source: cloudfoundry/bosh director lib/bosh/director/problem_resolver.rb, jobs/cloud_check/{apply_resolutions,scan_and_fix}.rb.
import { type DirectorContext, tracked } from "./context";
import { autoResolution, type OpenProblem, type ProblemBook } from "./problems";
import { scanVms } from "./scan";
import { type SimulatedTask, TaskError, type TaskWork } from "./tasks";
import { createVmFor, deleteVmOf, rebootVm, startJobs } from "./vm-lifecycle";
import { doesAgentAnswer, isVmExpected, type SimulatedDeployment, type SimulatedInstance } from "./world";

/** Answers by problem id; null means the director's own choice. */
export type Answers = Readonly<Record<string, string | null>>;

/** Applies answers. A resolution that fails is marked resolved all the same; the others go on; the task ends in error. */
export function* applyAnswers(
  context: DirectorContext,
  book: ProblemBook,
  deployment: SimulatedDeployment,
  task: SimulatedTask,
  answers: Answers,
): TaskWork {
  return yield* context.locks.whileHolding(
    task,
    "deployment",
    deployment.name,
    context.timings.lockWaitMs,
    function* () {
      const problems = Object.keys(answers)
        .map((id) => book.find(Number(id)))
        .filter((problem) => problem !== undefined)
        .sort((a, b) => a.id - b.id);
      return yield* resolveEach(context, book, deployment, task, problems, (problem) => {
        return answers[String(problem.id)] ?? autoResolution(problem.type, book.withoutWaitName);
      });
    },
  );
}

/** What the resurrector asks for: scan some VMs and recreate those that are really gone or silent. */
export function* scanAndFix(
  context: DirectorContext,
  book: ProblemBook,
  deployment: SimulatedDeployment,
  task: SimulatedTask,
  instances: readonly SimulatedInstance[],
): TaskWork {
  return yield* context.locks.whileHolding(task, "deployment", deployment.name, 0, function* () {
    const scanned = instances.filter((instance) => isVmExpected(instance) && !instance.isIgnored);
    book.closeFor(deployment.name, scanned);
    const problems = yield* scanVms(context, book, deployment, task, scanned);
    yield* resolveEach(context, book, deployment, task, problems, () => "recreate_vm");
    return "scan and fix complete";
  });
}

function* resolveEach(
  context: DirectorContext,
  book: ProblemBook,
  deployment: SimulatedDeployment,
  task: SimulatedTask,
  problems: readonly OpenProblem[],
  choose: (problem: OpenProblem) => string,
): TaskWork {
  const errors: string[] = [];
  let resolved = 0;
  const stage = "Applying problem resolutions";
  for (const [position, problem] of problems.entries()) {
    const piece = { stage, index: position + 1, total: problems.length };
    if (!problem.isOpen) {
      const name = `Ignoring problem ${problem.id} (state is 'resolved')`;
      yield* tracked(context, task, { ...piece, name }, function* () {});
      continue;
    }
    const resolution = choose(problem);
    const plan = problem.resolutions.find(({ name }) => name === resolution)?.plan ?? "no resolution";
    const name = `${problem.description} (${problem.type} ${problem.resourceId}): ${plan}`;
    try {
      yield* tracked(context, task, { ...piece, name }, () => resolve(context, book, deployment, problem, resolution));
    } catch (error) {
      if (!(error instanceof TaskError) || error.code === 10001) throw error;
      errors.push(`Error resolving problem '${problem.id}': ${error.message}`);
    }
    problem.isOpen = false;
    resolved += 1;
  }
  if (errors.length > 0) throw new TaskError(100, errors.join("\n"));
  return `${resolved} resolved`;
}

function* resolve(
  context: DirectorContext,
  book: ProblemBook,
  deployment: SimulatedDeployment,
  problem: OpenProblem,
  resolution: string,
): Generator<number, void, void> {
  const { instance, disk } = problem;
  const isOffered = problem.resolutions.some(({ name }) => name === resolution);
  if (!isOffered) throw new TaskError(100, `Cannot find '${resolution}' resolution for '${problem.type}'`);
  if (resolution === "ignore") return;
  if (problem.type === "unresponsive_agent") {
    // The agent is asked once more: whoever answers now is left alone, and that counts as an error.
    yield context.timings.agentAnswerMs;
    if (doesAgentAnswer(context.world, instance)) {
      throw new TaskError(100, "Agent is responding now, skipping resolution");
    }
  }
  switch (resolution) {
    case "reboot_vm":
      yield* rebootVm(context, instance);
      return;
    case "recreate_vm":
    case book.withoutWaitName:
      yield* deleteVmOf(context, instance);
      yield* createVmFor(context, deployment, instance);
      yield* startJobs(context, instance);
      return;
    case "delete_vm":
      yield* deleteVmOf(context, instance);
      return;
    case "delete_vm_reference":
      instance.vm = undefined;
      return;
    case "delete_disk_reference":
    case "delete_disk":
      if (disk !== undefined) instance.disks.splice(instance.disks.indexOf(disk), 1);
      return;
    case "activate_disk":
      if (disk !== undefined) disk.isActive = true;
      return;
    default:
      // reattach_disk and reattach_disk_and_reboot
      if (disk !== undefined) disk.isMounted = true;
      if (resolution === "reattach_disk_and_reboot") yield* rebootVm(context, instance);
  }
}
