// A change of one instance and nothing else (`--no-converge`). Recreating is stop, delete, start one after the other, with
// the instance's desired state written in between: interrupted, it is left "stopped" or "detached" as if somebody wanted
// that. And it takes for granted that there is a VM to delete.
// Source: cloudfoundry/bosh director lib/bosh/director/jobs/update_instance.rb and deployment_plan/steps/delete_vm_step.rb.
import { type DirectorContext, tracked } from "./context";
import { type SimulatedTask, TaskError, type TaskWork } from "./tasks";
import { createVmFor, deleteVmOf, startJobs, stopJobs } from "./vm-lifecycle";
import { doesAgentAnswer, labelOf, nameOf, type SimulatedDeployment, type SimulatedInstance } from "./world";

/** A change of one instance. */
export interface SingleChange {
  readonly deployment: SimulatedDeployment;
  readonly instance: SimulatedInstance;
  readonly action: "start" | "stop" | "restart" | "recreate";
  readonly isHard: boolean;
  readonly isUnresponsiveIgnored: boolean;
}

/** The work of the task "recreate instance" and its kin. */
export function* changeSingle(context: DirectorContext, task: SimulatedTask, change: SingleChange): TaskWork {
  const { deployment, instance } = change;
  return yield* context.locks.whileHolding(
    task,
    "deployment",
    deployment.name,
    context.timings.lockWaitMs,
    function* () {
      if (instance.isIgnored) {
        throw new TaskError(
          190020,
          `You are trying to change the state of the ignored instance '${nameOf(instance)}'. This operation is not allowed. You need to unignore it first.`,
        );
      }
      const isHard = change.isHard || change.action === "recreate";
      if (change.action !== "start") yield* stop(context, task, change, isHard);
      if (change.action !== "stop") yield* start(context, task, change);
      return nameOf(instance);
    },
  );
}

function* stop(
  context: DirectorContext,
  task: SimulatedTask,
  change: SingleChange,
  isHard: boolean,
): Generator<number, void, void> {
  const { instance } = change;
  if (instance.state === "detached" || (instance.state === "stopped" && !isHard)) return;
  const isSkipped = change.isUnresponsiveIgnored && !doesAgentAnswer(context.world, instance);
  yield* piece(context, task, instance, "Stopping instance", function* () {
    if (!isSkipped) yield* stopJobs(context, instance);
    instance.state = "stopped";
  });
  if (!isHard) return;
  yield* piece(context, task, instance, "Deleting VM", function* () {
    if (instance.vm === undefined) throw new TaskError(100, "undefined method `instance' for nil");
    yield* deleteVmOf(context, instance);
    instance.state = "detached";
  });
}

function* start(context: DirectorContext, task: SimulatedTask, change: SingleChange): Generator<number, void, void> {
  const { deployment, instance } = change;
  const isStateChanged = instance.state !== "started";
  if (instance.vm === undefined) {
    yield* piece(context, task, instance, "Creating VM", () => createVmFor(context, deployment, instance));
  }
  if (!isStateChanged) return;
  yield* piece(context, task, instance, "Starting instance", function* () {
    instance.state = "started";
    yield* startJobs(context, instance);
  });
}

function piece(
  context: DirectorContext,
  task: SimulatedTask,
  instance: SimulatedInstance,
  name: string,
  work: () => Generator<number, void, void>,
): Generator<number, void, void> {
  return tracked(context, task, { stage: `Updating instance ${labelOf(instance)}`, name, index: 1, total: 1 }, work);
}
