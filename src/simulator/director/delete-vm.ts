// `bosh delete-vm`: no stop, no drain, no deployment lock; an id that nobody knows is a warning and the task is done.
// Source: cloudfoundry/bosh director lib/bosh/director/jobs/delete_vm.rb.
import { type DirectorContext, pause, tracked } from "./context";
import type { SimulatedTask, TaskWork } from "./tasks";
import { deleteVmOf } from "./vm-lifecycle";

/** The work of the task "delete vm CID". */
export function* deleteVmByCid(context: DirectorContext, task: SimulatedTask, cid: string): TaskWork {
  return yield* context.locks.whileHolding(task, "vm", cid, context.timings.lockWaitMs, function* () {
    const instance = context.world.deployments.flatMap(({ instances }) => instances).find(({ vm }) => vm?.cid === cid);
    const deleting = { stage: "Delete VM", name: cid, index: 1, total: 1 };
    yield* tracked(context, task, deleting, function* () {
      if (instance?.vm === undefined) {
        yield* pause(context.timings.deleteVmMs);
        context.tasks.emit(task, { type: "warning", message: `VM ${cid} does not exist. Deletion is skipped` });
        return;
      }
      yield* deleteVmOf(context, instance);
      const deleted = { stage: "Delete VM", name: `VM ${cid} is successfully deleted`, index: 2, total: 1 };
      yield* tracked(context, task, deleted, () => pause(0));
    });
    return `vm ${cid} deleted`;
  });
}
