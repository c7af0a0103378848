// A job-state change that converges (`bosh recreate` and its kin without --no-converge): the whole deployment is brought
// to its manifest on the way. Every agent is asked first, every missing VM is created, every other instance that is
// started and not running is updated too, in the manifest's order, and the first failure ends it all.
// Source: cloudfoundry/bosh director lib/bosh/director/deployment_plan/{assembler,updater,instance_updater}.rb.
import { type DirectorContext, pause, tracked } from "./context";
import type { SimulatedTask, TaskWork } from "./tasks";
import { agentTimeout, createVmFor, deleteVmOf, startJobs, stopJobs } from "./vm-lifecycle";
import {
  doesAgentAnswer,
  isVmExpected,
  jobState,
  labelOf,
  type SimulatedDeployment,
  type SimulatedInstance,
} from "./world";

/** States that a job-state change can ask for. */
export type WantedState = "started" | "stopped" | "detached" | "restart" | "recreate";

/** A converging change. */
export interface ConvergeRequest {
  readonly deployment: SimulatedDeployment;
  /** Which instances are meant; the others are converged all the same. */
  readonly isTarget: (instance: SimulatedInstance) => boolean;
  readonly state: WantedState;
  readonly isFix: boolean;
  readonly isDryRun: boolean;
}

/** The work of the task "create deployment". */
export function* converge(context: DirectorContext, task: SimulatedTask, request: ConvergeRequest): TaskWork {
  const { deployment } = request;
  const { timings } = context;
  return yield* context.locks.whileHolding(task, "deployment", deployment.name, timings.lockWaitMs, function* () {
    const services = deployment.instances.filter(({ lifecycle }) => lifecycle === "service");
    let silent: readonly SimulatedInstance[] = [];
    const preparing = { stage: "Preparing deployment", total: 1 };
    yield* tracked(context, task, { ...preparing, name: "Preparing deployment", index: 1 }, function* () {
      yield* pause(timings.prepareMs);
      silent = services.filter((instance) => instance.vm !== undefined && !doesAgentAnswer(context.world, instance));
      const [first] = silent;
      if (first === undefined) return;
      yield timings.converseTimeoutMs;
      if (!request.isFix) throw agentTimeout(first, "get_state");
    });
    yield* tracked(context, task, { ...preparing, name: "Rendering templates", index: 2 }, () =>
      pause(timings.renderMs),
    );
    const compiling = {
      stage: "Preparing package compilation",
      name: "Finding packages to compile",
      index: 1,
      total: 1,
    };
    yield* tracked(context, task, compiling, () => pause(timings.compileMs));
    if (request.isDryRun) return `/deployments/${deployment.name}`;
    for (const target of services.filter(request.isTarget)) setDesired(target, request.state);
    const created = yield* createMissing(context, task, deployment, services);
    yield* updateInstances(context, task, request, services, created, silent);
    return `/deployments/${deployment.name}`;
  });
}

function setDesired(instance: SimulatedInstance, state: WantedState): void {
  instance.state = state === "stopped" || state === "detached" ? state : "started";
}

function* createMissing(
  context: DirectorContext,
  task: SimulatedTask,
  deployment: SimulatedDeployment,
  services: readonly SimulatedInstance[],
): Generator<number, readonly SimulatedInstance[], void> {
  const missing = services.filter(
    (instance) => instance.vm === undefined && isVmExpected(instance) && !instance.isIgnored,
  );
  for (const [position, instance] of missing.entries()) {
    const piece = {
      stage: "Creating missing vms",
      name: labelOf(instance),
      index: position + 1,
      total: missing.length,
    };
    yield* tracked(context, task, piece, () => createVmFor(context, deployment, instance));
  }
  return missing;
}

function* updateInstances(
  context: DirectorContext,
  task: SimulatedTask,
  request: ConvergeRequest,
  services: readonly SimulatedInstance[],
  created: readonly SimulatedInstance[],
  silent: readonly SimulatedInstance[],
): Generator<number, void, void> {
  const needsUpdate = (instance: SimulatedInstance): boolean =>
    !instance.isIgnored &&
    (request.isTarget(instance) ||
      created.includes(instance) ||
      silent.includes(instance) ||
      (instance.state === "started" && instance.vm !== undefined && jobState(instance.vm) !== "running"));
  for (const group of groupNames(services)) {
    const due = services.filter((instance) => instance.group === group && needsUpdate(instance));
    for (const [position, instance] of due.entries()) {
      const isSilent = silent.includes(instance);
      const piece = {
        stage: "Updating instance",
        name: `${labelOf(instance)}${position === 0 ? " (canary)" : ""}`,
        index: position + 1,
        total: due.length,
        tags: [group],
      };
      yield* tracked(context, task, piece, () =>
        updateOne(context, task, request, instance, piece, created.includes(instance), isSilent),
      );
    }
  }
}

function* updateOne(
  context: DirectorContext,
  task: SimulatedTask,
  request: ConvergeRequest,
  instance: SimulatedInstance,
  piece: {
    readonly stage: string;
    readonly name: string;
    readonly index: number;
    readonly total: number;
    readonly tags: readonly string[];
  },
  isNew: boolean,
  isSilent: boolean,
): Generator<number, void, void> {
  const say = (status: string, progress: number): void =>
    context.tasks.emit(task, {
      stage: piece.stage,
      tags: piece.tags,
      total: piece.total,
      task: piece.name,
      index: piece.index,
      state: "in_progress",
      progress,
      data: { status },
    });
  const isRecreated = isSilent || (request.isTarget(instance) && request.state === "recreate");
  if (!isNew) {
    if (!isSilent) {
      say("executing pre-stop", 10);
      say("executing drain", 20);
      say("stopping jobs", 30);
      yield* stopJobs(context, instance);
      say("executing post-stop", 40);
    }
    if (instance.state === "detached") {
      yield* deleteVmOf(context, instance);
      return;
    }
    if (isRecreated) {
      yield* deleteVmOf(context, instance);
      yield* createVmFor(context, request.deployment, instance);
    }
  }
  if (instance.state !== "started") return;
  say("executing pre-start", 60);
  say("starting jobs", 80);
  yield* startJobs(context, instance);
  say("executing post-start", 100);
}

function groupNames(instances: readonly SimulatedInstance[]): readonly string[] {
  return [...new Set(instances.map(({ group }) => group))];
}
