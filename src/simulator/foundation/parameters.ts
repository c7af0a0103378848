// Every figure that the foundation's model works with: its default, its unit and where it is from. A drill shows them and a
// user can change each; nothing in the model has a duration of its own.

import { inputError } from "../../model/errors";

/** One figure of the model. */
export interface Parameter {
  readonly value: number;
  readonly unit: "seconds" | "MB" | "percent" | "yes or no" | "VMs";
  /** What it says, completing the sentence "this is ...". */
  readonly meaning: string;
  /** The upstream source, or the seed, or "assumed" with the reason. */
  readonly source: string;
}

const seconds = (value: number, meaning: string, source: string): Parameter => ({
  value,
  unit: "seconds",
  meaning,
  source,
});
const other = (unit: Parameter["unit"], value: number, meaning: string, source: string): Parameter => ({
  value,
  unit,
  meaning,
  source,
});

const locket = "cloudfoundry/locket lock/lock.go, as configured in cloudfoundry/diego-release";
const healthMonitor = "cloudfoundry/bosh jobs/health_monitor/spec";

/** The parameters with their defaults. */
export const defaultParameters = {
  presenceTtl: seconds(15, "how long a cell's presence or a lock outlives its last renewal", locket),
  presenceRenewal: seconds(5, "the time between two renewals of a presence, or two tries for a lock", locket),
  convergence: seconds(
    30,
    "the time between two convergence runs of the BBS",
    "cloudfoundry/diego-release jobs/bbs/spec",
  ),
  auction: seconds(
    5,
    "one auction: the auctioneer waits up to 10 s for the cells' states",
    "cloudfoundry/diego-release jobs/auctioneer/spec (10 s at the most; half of it assumed)",
  ),
  dropletDownload: seconds(
    15,
    "the download of a droplet to a cell",
    "assumed: 10 to 60 s for download and start together",
  ),
  appStart: seconds(
    20,
    "an app's start until its health check passes",
    "assumed; cloudfoundry/diego-release allows 60 s",
  ),
  evacuation: seconds(600, "the longest that a cell drains for", "cloudfoundry/diego-release jobs/rep/spec"),
  repStart: seconds(30, "from a cell's VM up to its rep ready for work", "assumed"),
  staleRoute: seconds(
    120,
    "how long a route without TLS outlives its backend",
    "cloudfoundry/routing-release jobs/gorouter/spec",
  ),
  routePrune: seconds(30, "the time between two prunings of routes", "cloudfoundry/routing-release jobs/gorouter/spec"),
  heartbeat: seconds(30, "the time between two heartbeats of an agent", "cloudfoundry/bosh-agent agent/agent.go"),
  agentTimeout: seconds(60, "silence after which an agent counts as gone", `${healthMonitor}, hm.intervals`),
  analysis: seconds(60, "the time between two analyses of the health monitor", `${healthMonitor}, hm.intervals`),
  mailInterval: seconds(
    10,
    "the time between two mails",
    "cloudfoundry/bosh src/bosh-monitor/lib/bosh/monitor/plugins/email.rb",
  ),
  meltdownVms: other(
    "VMs",
    5,
    "VMs down from which on the resurrector may stand down",
    "cloudfoundry/bosh src/bosh-monitor plugins/resurrector_helper.rb",
  ),
  meltdownPercent: other(
    "percent",
    20,
    "share of VMs down from which on it stands down",
    "cloudfoundry/bosh src/bosh-monitor plugins/resurrector_helper.rb",
  ),
  vmReboot: seconds(
    97,
    "one VM rebooted by cck until its agent answers",
    "seed 004, outage 1: 16 VMs in 26 minutes, one after the other",
  ),
  vmRecreate: seconds(131, "one VM created", "seed 000: 2 min 11 s"),
  vmDelete: seconds(30, "one VM deleted", "seed 000"),
  jobsStart: seconds(261, "the jobs of a new VM brought up", "seed 000: 4 min 21 s"),
  agentWait: seconds(
    600,
    "the longest wait for an agent after a reboot",
    "cloudfoundry/bosh agent_client wait_until_ready",
  ),
  diskCheck: seconds(10.25, "the IaaS asked for one persistent disk", "seed 000: 4 disks in 41 s"),
  vmsStartWithHost: other(
    "yes or no",
    0,
    "whether VMs start by themselves when their host has power again",
    "seed 004: they did not, cck rebooted them",
  ),
  vmBoot: seconds(60, "a VM's own boot, where it starts with its host", "assumed"),
  directorBoot: seconds(180, "the director's VM from power to answering", "assumed"),
  galeraBootstrap: seconds(
    120,
    "the bootstrap errand of a Galera cluster that lost its majority",
    "assumed; it is by hand (docs.pivotal.io p-mysql, cluster behaviour)",
  ),
  blobstoreCopyAge: seconds(
    3600,
    "the age of the copy that a lost blobstore is restored from",
    "assumed: a copy every hour",
  ),
  cellMemory: other("MB", 32_768, "memory of one Diego cell", "assumed"),
  cellsAllocated: other(
    "percent",
    60,
    "how much of the cells' memory apps have when the drill begins",
    "assumed; with three zones 67 is the most that one zone's loss allows",
  ),
  stagingMemory: other(
    "MB",
    1024,
    "memory that a push needs on one cell",
    "cloudfoundry/cloud_controller_ng config staging.minimum_staging_memory_mb",
  ),
} as const satisfies Readonly<Record<string, Parameter>>;

/** A parameter's name. */
export type ParameterName = keyof typeof defaultParameters;
/** A value for each parameter, in its unit. */
export type Parameters = Readonly<Record<ParameterName, number>>;

/** The names, in the order of the table. */
export const parameterNames = Object.keys(defaultParameters) as readonly ParameterName[];

/** The defaults with some values replaced. @throws RecoveryError "input" for names that there are not and values below 0. */
export function chooseParameters(changes: Readonly<Record<string, number>>): Parameters {
  const problems = Object.entries(changes).flatMap(([name, value]) => {
    if (!isParameterName(name)) return [`${name}: there is no such parameter`];
    const isPositive = name !== "vmsStartWithHost" && name !== "cellsAllocated";
    if (!Number.isFinite(value) || value < 0 || (isPositive && value === 0))
      return [`${name}: must be a number above 0${isPositive ? "" : ", or 0"}, not ${value}`];
    if (defaultParameters[name].unit === "percent" && value > 100)
      return [`${name}: must be 100 at the most, not ${value}`];
    return [];
  });
  if (problems.length > 0)
    throw inputError("the parameters cannot be used", {
      problems,
      hint: `the parameters are ${parameterNames.join(", ")}`,
    });
  return Object.fromEntries(
    parameterNames.map((name) => [name, changes[name] ?? defaultParameters[name].value]),
  ) as Parameters;
}

function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(defaultParameters, name);
}
