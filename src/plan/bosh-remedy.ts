// The remedy for one troubled instance: of those that can help and have not failed yet, the one that does least harm.
// Restart a process; reboot or recreate through cloud check; recreate one instance; delete the VM only where stopping fails.
import { instanceName, isSameInstance } from "../model/bosh";
import { type DiagnosedInstance, type FailingProcess, isEtcdFailing } from "../model/bosh-condition";
import type { BoshDeploymentDeclaration, BoshObservation } from "../model/bosh-plan";
import type { BoshStep } from "../model/bosh-step";
import { unreachable } from "../model/errors";
import { attemptsOn, exhausted, harm, type Remedy, restartTimeoutMs, waitForInstance } from "./bosh-remedy-parts";
import { createSteps, createVm, mendAgent, mendDisk } from "./bosh-vm-remedy";

// The agent's sentence when monit has an errored service. Source: cloudfoundry/bosh-agent jobsupervisor/monit_job_supervisor.go.
const stopErrorPattern = /Stopping (Monitored Services|services)/;

/** See the head of this file. */
export function chooseRemedy(
  declaration: BoshDeploymentDeclaration,
  observation: BoshObservation,
  diagnosed: DiagnosedInstance,
  others: readonly DiagnosedInstance[],
): Remedy {
  const { instance, condition } = diagnosed;
  const { deployment } = declaration;
  const name = instanceName(instance);
  switch (condition.kind) {
    case "running":
    case "errand":
    case "not-observed":
      return { kind: "nothing" };
    case "starting":
      return {
        kind: "steps",
        harm: harm.wait,
        steps: [waitForInstance(deployment, diagnosed, `${name} is starting`)],
        isDestructive: false,
        isSurgery: false,
      };
    case "ignored":
      return { kind: "note", text: `${name} is ignored (bosh ignore) and left alone` };
    case "stopped-on-purpose":
      return startOrNote(declaration, diagnosed);
    case "process-failing":
      return isEtcdFailing(condition)
        ? { kind: "note", text: leftToEtcdPlan(name, condition.processes) }
        : mendProcesses(declaration, observation, diagnosed, condition.processes, others);
    case "agent-unresponsive":
      return mendAgent(declaration, observation, diagnosed, others);
    case "vm-missing":
      return createVm(declaration, observation, diagnosed, condition.isForgotten, others);
    case "disk-problem":
      return mendDisk(declaration, observation, diagnosed, condition);
    default:
      return unreachable(condition);
  }
}

function leftToEtcdPlan(name: string, processes: readonly FailingProcess[]): string {
  const others = processes.map((process) => process.name).filter((process) => process !== "etcd");
  const later = others.length === 0 ? "" : `, and ${others.join(", ")} after it`;
  return `etcd of ${name} does not run: that is left to the plan of its ControlPlane, which counts votes before it starts it${later}`;
}

function startOrNote(declaration: BoshDeploymentDeclaration, diagnosed: DiagnosedInstance): Remedy {
  const { instance } = diagnosed;
  const { deployment } = declaration;
  const name = instanceName(instance);
  if (!declaration.mustRun.some((required) => isSameInstance(required, instance))) {
    return {
      kind: "note",
      text: `${name} is stopped on purpose and left so; list it in \`mustRun\` to have it started`,
    };
  }
  const reason = `${name} is declared to run and is stopped`;
  const steps: BoshStep[] = [
    { kind: "startInstance", deployment, instance, reason },
    waitForInstance(deployment, diagnosed, reason),
  ];
  return { kind: "steps", harm: harm.start, steps, isDestructive: false, isSurgery: false };
}

function mendProcesses(
  declaration: BoshDeploymentDeclaration,
  observation: BoshObservation,
  diagnosed: DiagnosedInstance,
  processes: readonly FailingProcess[],
  others: readonly DiagnosedInstance[],
): Remedy {
  const { instance, vmCid } = diagnosed;
  const { deployment } = declaration;
  const name = instanceName(instance);
  const tried = attemptsOn(observation.attempts, diagnosed);
  const obstacles = processes.flatMap(({ obstacle }) => (obstacle === undefined ? [] : [obstacle]));
  const restartable = processes.filter(
    ({ name: process }) => !tried.some(({ step }) => step.kind === "restartProcess" && step.process === process),
  );
  if (obstacles.length === 0 && restartable.length > 0) {
    const restarts = restartable.map((process): BoshStep => {
      const reason = `${process.name} on ${name} is ${process.monitStatus ?? process.state}`;
      return { kind: "restartProcess", deployment, instance, process: process.name, reason };
    });
    const wait = waitForInstance(deployment, diagnosed, `${name} was failing`, restartTimeoutMs);
    return {
      kind: "steps",
      harm: harm.restartProcess,
      steps: [...restarts, wait],
      isDestructive: false,
      isSurgery: false,
    };
  }
  const recreated = tried.find(({ step }) => step.kind === "recreateInstance");
  const didStopFail = recreated !== undefined && !recreated.isDone && stopErrorPattern.test(recreated.message ?? "");
  if (obstacles.length === 0 && recreated === undefined) {
    const reason = `${name} still fails after its processes were restarted`;
    const recreate: BoshStep = { kind: "recreateInstance", deployment, instance, scope: "one-instance", reason };
    const steps = [recreate, waitForInstance(deployment, diagnosed, reason)];
    return { kind: "steps", harm: harm.recreate, steps, isDestructive: true, isSurgery: true };
  }
  const isDeleted = tried.some(({ step, isDone }) => step.kind === "deleteVm" && isDone);
  if ((obstacles.length > 0 || didStopFail) && !isDeleted && vmCid !== undefined) {
    const why =
      obstacles.length > 0
        ? `a recreate of ${name} would fail at its stop, because ${obstacles.join(" and ")}`
        : `the recreate of ${name} failed at its stop`;
    const steps: BoshStep[] = [
      { kind: "deleteVm", deployment, instance, vmCid, reason: `${why}: the VM is deleted without asking its agent` },
      ...createSteps(declaration, diagnosed, others, `${name} has no VM then`),
    ];
    return { kind: "steps", harm: harm.deleteVm, steps, isDestructive: true, isSurgery: true };
  }
  return exhausted(declaration, diagnosed, tried);
}
