// The vendor's instance counts for high availability, by release, as data.
// Source: pivotal-cf/docs-pcf-install _pcf_scale_table (branches 2.0 to 2.6), pivotal-cf/docs-partials core/2-7 to 2-12.

/** How many instances a job needs. */
export interface InstanceCountRule {
  /** The vendor's name of the job. */
  readonly job: string;
  /** Names of the instance group: PAS' own and cf-deployment's. */
  readonly groups: readonly string[];
  /** For high availability, at least. */
  readonly recommended: number;
  /** Exactly so many, or another condition on the count; undefined for none. */
  readonly condition?: "exactly" | "odd" | "singleton" | "none-or-recommended";
  /** At least so many in each zone; undefined for none. */
  readonly perZone?: number;
  /** At least one in each zone. */
  readonly isOnePerZone?: boolean;
  /** None are needed with an external database. */
  readonly isDatabase?: boolean;
}

const cell = { job: "Diego Cell", groups: ["diego_cell", "diego-cell"], recommended: 3 };
const brain = { job: "Diego Brain", groups: ["diego_brain", "scheduler"], recommended: 2, isOnePerZone: true };
const bbs = { job: "Diego BBS", groups: ["diego_database", "diego-api"], recommended: 2, isOnePerZone: true };
const mysql = {
  job: "MySQL Server",
  groups: ["mysql", "database"],
  recommended: 3,
  condition: "exactly" as const,
  isDatabase: true,
};
const proxy = { job: "MySQL Proxy", groups: ["mysql_proxy"], recommended: 2, isDatabase: true };
const common: readonly InstanceCountRule[] = [
  mysql,
  proxy,
  { job: "NATS Server", groups: ["nats"], recommended: 2 },
  { job: "Cloud Controller", groups: ["cloud_controller", "api"], recommended: 2 },
  { job: "Clock Global", groups: ["clock_global"], recommended: 2 },
  { job: "UAA", groups: ["uaa"], recommended: 2 },
];
const pas24: readonly InstanceCountRule[] = [
  cell,
  brain,
  bbs,
  ...common,
  { job: "Router", groups: ["router"], recommended: 2 },
  { job: "Doppler Server", groups: ["doppler"], recommended: 2, perZone: 2 },
  {
    job: "Loggregator Traffic Controller",
    groups: ["loggregator_trafficcontroller", "log-api"],
    recommended: 2,
    perZone: 2,
  },
  { job: "Syslog Scheduler", groups: ["syslog_scheduler"], recommended: 2, isOnePerZone: true },
];
const consul: InstanceCountRule = { job: "Consul", groups: ["consul_server"], recommended: 3, condition: "odd" };
const haProxy: InstanceCountRule = {
  job: "HAProxy",
  groups: ["ha_proxy"],
  recommended: 2,
  condition: "none-or-recommended",
};
const pas20: readonly InstanceCountRule[] = [
  { ...cell },
  { ...brain, recommended: 3 },
  { ...bbs, recommended: 3 },
  ...common,
  { job: "Router", groups: ["router"], recommended: 3 },
  { job: "Doppler Server", groups: ["doppler"], recommended: 3 },
  { job: "Loggregator Traffic Controller", groups: ["loggregator_trafficcontroller"], recommended: 3 },
  { job: "Syslog Adapter", groups: ["syslog_adapter"], recommended: 3 },
  { job: "File Storage", groups: ["nfs_server"], recommended: 1, condition: "singleton" },
  { job: "Cloud Controller Worker", groups: ["cloud_controller_worker"], recommended: 2 },
  { job: "CredHub", groups: ["credhub"], recommended: 2 },
  consul,
  haProxy,
];
const credhub: InstanceCountRule = { job: "CredHub", groups: ["credhub"], recommended: 3, isOnePerZone: true };

// From which release on a table holds, oldest first.
const tables: readonly { readonly from: readonly [number, number]; readonly rules: readonly InstanceCountRule[] }[] = [
  { from: [2, 0], rules: pas20 },
  { from: [2, 1], rules: [...pas24, consul, haProxy] },
  { from: [2, 4], rules: pas24 },
  { from: [2, 8], rules: [...pas24, credhub] },
];

/**
 * The table for a release such as "2.4" or "2.4.11"; the newest for undefined. Undefined for text that is no release and
 * for releases before the first table.
 */
export function instanceCountRules(release: string | undefined): readonly InstanceCountRule[] | undefined {
  if (release === undefined) return tables.at(-1)?.rules;
  const match = /^(\d+)\.(\d+)(?:\.|$)/.exec(release);
  if (match === null) return undefined;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return tables.filter(({ from }) => from[0] < major || (from[0] === major && from[1] <= minor)).at(-1)?.rules;
}
