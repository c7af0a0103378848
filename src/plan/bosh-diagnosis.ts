// Tells the troubles of a BOSH instance apart. Cloud check sees silent agents, missing VMs and disks; it never sees a
// failing process, an operator's wish or an errand, so the listings, the scan and monit are read together.
import {
  type BoshInstance,
  compareInstances,
  type InstancePlacement,
  instanceName,
  isSameInstance,
} from "../model/bosh";
import type { DiagnosedInstance, FailingProcess, InstanceCondition } from "../model/bosh-condition";
import { isStartable, type MonitObservation, type MonitProcess } from "../model/bosh-monit";
import type { BoshObservation } from "../model/bosh-plan";
import { type BoshProblem, problemInstance } from "../model/bosh-problem";

/** Every instance of the synchronous listing with its condition, sorted by name. */
export function diagnoseInstances(
  observation: Pick<BoshObservation, "placements" | "instances" | "problems" | "monit">,
): readonly DiagnosedInstance[] {
  return [...observation.placements]
    .sort((a, b) => compareInstances(a.instance, b.instance))
    .map((placement) => {
      const { instance, zone, vmCid } = placement;
      const listed = observation.instances?.find((candidate) => isSameInstance(candidate.instance, instance));
      const problems = observation.problems.filter((problem) => {
        const subject = problemInstance(problem);
        return subject !== undefined && isSameInstance(subject, instance);
      });
      const monit = observation.monit.get(instanceName(instance));
      return { instance, zone, vmCid, condition: diagnose(placement, listed, problems, monit) };
    });
}

function diagnose(
  placement: InstancePlacement,
  listed: BoshInstance | undefined,
  problems: readonly BoshProblem[],
  monit: MonitObservation | undefined,
): InstanceCondition {
  if (listed?.isIgnored === true) return { kind: "ignored" };
  if (listed?.desiredState === "detached") return { kind: "stopped-on-purpose", isHard: true };
  if (!placement.expectsVm) return { kind: "errand" };
  if (placement.vmCid === undefined) return { kind: "vm-missing", isForgotten: true };
  const live = listed === undefined ? undefined : fromListing(listed, monit);
  // A scan may be old; an agent that answered the listing is not silent, whatever the scan said.
  if (live === undefined || live.kind === "agent-unresponsive") {
    if (problems.some(({ type }) => type === "missing_vm")) return { kind: "vm-missing", isForgotten: false };
    if (live !== undefined || problems.some(({ type }) => type === "unresponsive_agent"))
      return { kind: "agent-unresponsive" };
  }
  const diskProblems = problems.filter(({ type }) => diskProblemTypes.has(type));
  if (diskProblems.length > 0) return { kind: "disk-problem", problems: diskProblems };
  return live ?? { kind: "not-observed" };
}

const diskProblemTypes: ReadonlySet<string> = new Set(["missing_disk", "inactive_disk", "mount_info_mismatch"]);

function fromListing(listed: BoshInstance, monit: MonitObservation | undefined): InstanceCondition {
  if (listed.jobState === "unresponsive agent") return { kind: "agent-unresponsive" };
  // Purpose is what is desired: jobs that stand still although they are to run were left so by an interrupted task.
  if (listed.desiredState === "stopped") return { kind: "stopped-on-purpose", isHard: false };
  if (listed.jobState === "starting") return { kind: "starting" };
  // "running" without any process is what an instance without jobs looks like.
  if (listed.jobState === "running") return { kind: "running" };
  return { kind: "process-failing", processes: failingProcesses(listed, monit) };
}

function failingProcesses(listed: BoshInstance, monit: MonitObservation | undefined): readonly FailingProcess[] {
  const seen = monit?.kind === "observed" ? monit.processes : [];
  return listed.processes
    .filter(({ state }) => state !== "running")
    .map(({ name, state }) => {
      const process = seen.find((candidate) => candidate.name === name);
      return {
        name,
        state,
        monitStatus: process?.status,
        obstacle: process === undefined ? undefined : obstacleOf(process),
      };
    });
}

function obstacleOf(process: MonitProcess): string | undefined {
  if (isStartable(process)) return undefined;
  return process.missingExecutable === undefined
    ? `/var/vcap/jobs/${process.name} is missing`
    : `${process.missingExecutable} is missing`;
}

/** The diagnosis in words, for preview and reports. */
export function describeCondition(condition: InstanceCondition): string {
  switch (condition.kind) {
    case "running":
      return "running";
    case "starting":
      return "starting";
    case "errand":
      return "an errand, no VM expected";
    case "stopped-on-purpose":
      return condition.isHard ? "stopped on purpose, its VM deleted" : "stopped on purpose";
    case "ignored":
      return "ignored (bosh ignore)";
    case "process-failing":
      return condition.processes.length === 0
        ? "failing, no process named"
        : `failing: ${condition.processes.map(describeProcess).join("; ")}`;
    case "agent-unresponsive":
      return "its agent does not answer";
    case "vm-missing":
      return condition.isForgotten ? "has no VM" : "its VM is gone from the IaaS";
    case "disk-problem":
      return condition.problems.map(({ description }) => description.split("\n")[0] ?? "").join("; ");
    case "not-observed":
      return "has a VM; its agent was not asked";
  }
}

function describeProcess(process: FailingProcess): string {
  const state = process.monitStatus ?? process.state;
  return process.obstacle === undefined ? `${process.name} ${state}` : `${process.name} ${state}, ${process.obstacle}`;
}
