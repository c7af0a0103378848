// Reads what a plan for a BOSH deployment is made of. What costs the director nothing comes first; agents are asked one by
// one only when no task works on the deployment and no outage is declared.
import { instanceName } from "../model/bosh";
import type { MonitObservation } from "../model/bosh-monit";
import type { BoshAttempt, BoshDeploymentDeclaration, BoshObservation, GroupQuorum } from "../model/bosh-plan";
import type { PauseHolder, ResurrectionConfig, ResurrectionState } from "../model/bosh-resurrection";
import type { DirectorTask } from "../model/bosh-task";
import { isRecoveryError } from "../model/errors";
import { diagnoseInstances } from "../plan/bosh-diagnosis";
import { parsePauseHolder, parseRules } from "../plan/bosh-resurrection";
import type { DirectorAccess, InstanceAccess, QuorumAccess } from "../ports/director-access";

/** How a deployment is reached. */
export interface BoshReach {
  readonly director: DirectorAccess;
  readonly instances: InstanceAccess;
  /** Undefined when no quorum group has an etcd that can be asked. */
  readonly quorum: QuorumAccess | undefined;
  /** Does the run that set a pause still go on? Undefined: every pause counts as left behind. */
  readonly isHolderAlive?: IsHolderAlive | undefined;
}

/** Tells whether the run that set a pause still goes on. */
export type IsHolderAlive = (holder: PauseHolder) => boolean;

// Looks take no lock, so nobody has to wait for them. Source: cloudfoundry/bosh director jobs/{vm_state,fetch_logs,ssh}.rb.
const lookPattern = /^(retrieve vm-stats|fetch logs|ssh: )/;

/** Observes a deployment. */
export async function observeBosh(
  declaration: BoshDeploymentDeclaration,
  reach: BoshReach,
  run: { readonly isPauseOurs: boolean; readonly attempts: readonly BoshAttempt[] },
): Promise<BoshObservation> {
  const { deployment } = declaration;
  const { director } = reach;
  const placements = await director.observePlacements(deployment);
  const vmCids = placements.flatMap(({ vmCid }) => (vmCid === undefined ? [] : [vmCid]));
  const tasks = await workingTasks(director, deployment, vmCids);
  const problems = await director.observeProblems(deployment);
  const resurrection = await observeResurrection(director, reach.isHolderAlive);
  const { instances, notListed } = await listInstances(declaration, director, tasks, run.attempts);
  const monit = new Map<string, MonitObservation>();
  for (const { instance, jobState } of instances ?? []) {
    if (jobState !== "failing" && jobState !== "unknown") continue;
    monit.set(instanceName(instance), await reach.instances.observeMonit(deployment, instance));
  }
  const quorums = new Map<string, GroupQuorum>();
  const seen = { placements, instances, problems, monit };
  const unwell = new Set(
    diagnoseInstances(seen)
      .filter(({ condition }) => condition.kind !== "running")
      .map(({ instance }) => instance.group),
  );
  for (const { group, hasEtcd } of declaration.quorumGroups) {
    // Nothing is planned for a group whose instances all run: its members are spared a shell each.
    if (!hasEtcd || reach.quorum === undefined || !unwell.has(group)) continue;
    quorums.set(group, await reach.quorum.observeQuorum(deployment, group));
  }
  return { ...seen, notListed, quorums, tasks, resurrection, ...run };
}

// With so many tasks waiting all workers are busy (three by default), and a listing would only wait behind them.
const queuedTasksMax = 3;

/** The full listing, unless it would do harm or nobody could wait for it. */
async function listInstances(
  declaration: BoshDeploymentDeclaration,
  director: DirectorAccess,
  tasks: readonly DirectorTask[],
  attempts: readonly BoshAttempt[],
): Promise<Pick<BoshObservation, "instances" | "notListed">> {
  const isSwept = attempts.some(({ step }) => step.kind === "resolveProblems");
  if (declaration.isMassRecovery && !isSwept) return { instances: undefined, notListed: "an outage is declared" };
  if (tasks.length > 0) return { instances: undefined, notListed: "a task works on the deployment" };
  const queued = await director.observeTasks({ states: ["queued"] });
  if (queued.length >= queuedTasksMax) {
    return { instances: undefined, notListed: `${queued.length} tasks are waiting on the director` };
  }
  const listing = await director.observeInstances(declaration.deployment);
  if (listing.kind === "listed") return { instances: listing.instances, notListed: undefined };
  return {
    instances: undefined,
    notListed: `the listing ended as '${listing.outcome.task.state}': ${listing.outcome.message}`,
  };
}

/** Tasks that work on the deployment now. One that deletes a VM belongs to no deployment and is known by the VM's id. */
async function workingTasks(
  director: DirectorAccess,
  deployment: string,
  vmCids: readonly string[],
): Promise<readonly DirectorTask[]> {
  const tasks = await director.observeTasks({ states: ["queued", "processing", "cancelling"] });
  const deletions = new Set(vmCids.map((vmCid) => `delete vm ${vmCid}`));
  return tasks.filter(
    (task) =>
      (task.deployment === deployment || deletions.has(task.description)) && !lookPattern.test(task.description),
  );
}

/** The resurrector's switch and rules; configs that the monitor cannot read either are left out. */
export async function observeResurrection(
  director: DirectorAccess,
  isHolderAlive: IsHolderAlive = () => false,
): Promise<ResurrectionState> {
  const isOn = await director.isResurrectionOn();
  const stored = await director.observeConfigs("resurrection");
  const configs = stored.flatMap(({ name, id, content }): readonly ResurrectionConfig[] => {
    try {
      const holder = parsePauseHolder(content);
      const isHeld = holder !== undefined && isHolderAlive(holder) ? { isHeld: true } : {};
      return [{ name, id, rules: parseRules(name, content), ...isHeld }];
    } catch (error) {
      if (isRecoveryError(error) && error.code === "input") return [];
      throw error;
    }
  });
  return { isOn, configs };
}
