// What people notice of a foundation: entry, apps, log-in, push, Apps Manager, Healthwatch. Pure: each service is judged from
// what lives at this moment, with the reason and the parameters behind it.
// Source: cloudfoundry/docs-cloudfoundry-concepts high-availability (what each component is needed for); pivotal-cf/docs-ops-guide,
// upgrade behaviour (what ends without it); cloudfoundry/routing-release jobs/gorouter/spec (stale routes).

import type { ParameterName } from "./parameters";

/** Things that a person notices, in the order in which they are listed. */
export const serviceNames = [
  "entry",
  "apps",
  "login",
  "push",
  "apps-manager",
  "healthwatch",
  "database",
  "director",
  "vms",
] as const;

/** A service of the foundation. */
export type ServiceName = (typeof serviceNames)[number];
/** How it is. */
export type ServiceHealth = "up" | "partial" | "down";

/** How a service is, and why. */
export interface ServiceState {
  readonly health: ServiceHealth;
  /** Empty when all is well. */
  readonly why: string;
  /** Parameters that decide how long it stays so. */
  readonly parameters: readonly ParameterName[];
}

/** What the judgement is made of. */
export interface FoundationFacts {
  readonly hasLoadBalancer: boolean;
  /** Instances of a group: how many answer, how many there are. */
  readonly count: (group: string) => { readonly up: number; readonly all: number };
  /** Somebody led the traffic around the HAProxy. */
  readonly isEntrySwitched: boolean;
  readonly isBlobstoreUp: boolean;
  readonly isGaleraPrimary: boolean;
  /** A database, a brain: is one of them active? */
  readonly isBbsActive: boolean;
  readonly isBrainActive: boolean;
  /** Routes of a lost Cloud Controller are still handed out. */
  readonly hasStaleApiRoutes: boolean;
  /** Instances of each app: how many run, how many there should be, and why one does not. */
  readonly apps: readonly {
    readonly name: string;
    readonly running: number;
    readonly wanted: number;
    readonly why: string;
  }[];
  readonly largestFreeMb: number;
  readonly stagingMb: number;
  readonly director: "up" | "no-power" | "booting";
  /** Named services that are held down without a modelled cause. */
  readonly held: ReadonlyMap<ServiceName, string>;
}

const well: ServiceState = { health: "up", why: "", parameters: [] };
const rebootParameters: readonly ParameterName[] = ["vmReboot", "diskCheck"];
const rescheduling: readonly ParameterName[] = ["presenceTtl", "convergence", "auction", "dropletDownload", "appStart"];

/** Judges every service. */
export function judgeServices(facts: FoundationFacts): Readonly<Record<ServiceName, ServiceState>> {
  const entry = judgeEntry(facts);
  const database = facts.isGaleraPrimary
    ? well
    : down("MySQL has lost its majority: nothing is written until it is bootstrapped", [
        "galeraBootstrap",
        ...rebootParameters,
      ]);
  const login = judgeLogin(facts, entry, database);
  const judged: Readonly<Record<ServiceName, ServiceState>> = {
    entry,
    database,
    login,
    apps: judgeApps(facts, entry),
    push: judgePush(facts, login),
    "apps-manager": judgeNamedApp(facts, "apps-manager", login),
    healthwatch: judgeHealthwatch(facts, login),
    director:
      facts.director === "up"
        ? well
        : down(facts.director === "no-power" ? "its zone has no power" : "its VM boots", ["directorBoot"]),
    vms: judgeVms(facts),
  };
  return Object.fromEntries(
    Object.entries(judged).map(([name, state]) => {
      const held = facts.held.get(name as ServiceName);
      return [name, held === undefined ? state : { health: "down", why: held, parameters: [] }];
    }),
  ) as Readonly<Record<ServiceName, ServiceState>>;
}

function judgeEntry(facts: FoundationFacts): ServiceState {
  const routers = facts.count("router");
  if (routers.up === 0) return down("no router answers", rebootParameters);
  if (facts.hasLoadBalancer || facts.isEntrySwitched || facts.count("ha_proxy").up > 0) return well;
  return down("the HAProxy in front of the routers is lost and nothing takes its address over", rebootParameters);
}

function judgeApps({ apps }: FoundationFacts, entry: ServiceState): ServiceState {
  if (entry.health === "down") return { ...entry, why: `unreachable: ${entry.why}` };
  const dark = apps.filter(({ running }) => running === 0);
  const short = apps.filter(({ running, wanted }) => running < wanted);
  const missing = short.reduce((sum, { running, wanted }) => sum + wanted - running, 0);
  if (dark.length === apps.length && apps.length > 0) return down("no app has an instance", rescheduling);
  if (dark.length > 0)
    return partial(`${dark.length} of ${apps.length} apps have no instance (${dark[0]?.why ?? ""})`, rescheduling);
  // With one instance at least an app answers; the others are a matter of load.
  return missing === 0
    ? well
    : { health: "up", why: `${missing} instances less than wanted (${short[0]?.why ?? ""})`, parameters: rescheduling };
}

function judgeLogin(facts: FoundationFacts, entry: ServiceState, database: ServiceState): ServiceState {
  if (entry.health === "down") return entry;
  if (database.health === "down") return database;
  for (const group of ["cloud_controller", "uaa"]) {
    if (facts.count(group).up === 0) return down(`no instance of ${group} answers`, rebootParameters);
  }
  if (!facts.hasStaleApiRoutes) return well;
  return partial("routers still send some requests to a lost instance", ["staleRoute", "routePrune"]);
}

function judgePush(facts: FoundationFacts, login: ServiceState): ServiceState {
  if (login.health === "down") return login;
  if (!facts.isBlobstoreUp) return down("the blobstore, always a single instance, is lost", rebootParameters);
  if (!facts.isBbsActive) return down("no BBS holds the lock", ["presenceTtl", "presenceRenewal"]);
  if (!facts.isBrainActive) return down("no auctioneer holds the lock", ["presenceTtl", "presenceRenewal"]);
  if (facts.count("nats").up === 0) return down("no NATS server answers", rebootParameters);
  if (facts.largestFreeMb < facts.stagingMb) {
    return down(`no cell has ${facts.stagingMb} MB free to stage on, the most is ${facts.largestFreeMb} MB`, [
      "cellsAllocated",
      "cellMemory",
      "stagingMemory",
    ]);
  }
  return login;
}

function judgeNamedApp({ apps }: FoundationFacts, name: string, login: ServiceState): ServiceState {
  if (login.health === "down") return login;
  const app = apps.find((candidate) => candidate.name === name);
  if (app === undefined || app.running > 0) return login.health === "partial" ? well : login;
  return down(`its instance runs nowhere (${app.why})`, rescheduling);
}

function judgeHealthwatch(facts: FoundationFacts, login: ServiceState): ServiceState {
  const shown = judgeNamedApp(facts, "healthwatch", login);
  if (shown.health === "down") return shown;
  const sources = ["doppler", "loggregator_trafficcontroller"];
  const lost = sources.filter((group) => facts.count(group).up < facts.count(group).all);
  if (lost.length === 0) return well;
  if (lost.some((group) => facts.count(group).up === 0))
    return down(`no instance of ${lost[0] ?? ""} answers`, rebootParameters);
  return partial(`metrics of ${lost.join(" and ")} are missing`, rebootParameters);
}

function judgeVms({ count }: FoundationFacts): ServiceState {
  const { up, all } = count("*");
  return up === all ? well : partial(`${all - up} of ${all} VMs do not answer`, rebootParameters);
}

function down(why: string, parameters: readonly ParameterName[]): ServiceState {
  return { health: "down", why, parameters };
}

function partial(why: string, parameters: readonly ParameterName[]): ServiceState {
  return { health: "partial", why, parameters };
}
