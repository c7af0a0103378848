// Makes directors to test against: the world of seed 000 or 004 on a virtual clock, reached in process or over HTTPS.
import { connectDirector, type DirectorClientOptions } from "../../../src/adapters/bosh-director/director-client";
import type { DirectorCredentials } from "../../../src/adapters/bosh-director/director-settings";
import { httpsTransport } from "../../../src/adapters/bosh-director/https-transport";
import type { DirectorAccess } from "../../../src/ports/director-access";
import { createServerCertificate, type ServerCertificate } from "../../../src/simulator/director/certificate";
import type { FaceAuthentication } from "../../../src/simulator/director/face-authentication";
import { type FaceOptions, type ServedDirector, serveDirector } from "../../../src/simulator/director/https-face";
import { pksBrokenMaster, pksDeployment, pksDeploymentName } from "../../../src/simulator/director/scenarios";
import { SimulatedDirector, type SimulatedDirectorOptions } from "../../../src/simulator/director/simulated-director";
import type { SimulatedInstance } from "../../../src/simulator/director/world";
import { createPrng } from "../../../src/simulator/prng";
import { VirtualClock } from "../../../src/simulator/virtual-clock";

/** Seed 000 begins: 2020-08-05 01:13:00 UTC. */
export const startMs = Date.UTC(2020, 7, 5, 1, 13, 0);

/** A director over seed 000's deployment, all well, the monitor's resurrector not deployed unless asked for. */
export function practiceDirector(options: Partial<SimulatedDirectorOptions> = {}): SimulatedDirector {
  const clock = options.clock ?? new VirtualClock(startMs);
  return new SimulatedDirector({
    clock,
    prng: createPrng("practice"),
    deployments: [pksDeployment(startMs - 3_600_000)],
    firstTaskId: 202_930,
    isResurrectorDeployed: false,
    ...options,
  });
}

/** An instance of seed 000's deployment. */
export function instanceOf(director: SimulatedDirector, group: string, id: string): SimulatedInstance {
  return director.instance(pksDeploymentName, group, id);
}

/** Removes fluentd's job directory on the master of seed 000, as the seed does. */
export function breakFluentd(director: SimulatedDirector): void {
  const { vm } = instanceOf(director, pksBrokenMaster.group, pksBrokenMaster.id);
  const process = vm?.processes.find(({ name }) => name === "fluentd");
  if (process === undefined) throw new Error("the scenario has no fluentd");
  process.state = "unknown";
  process.hasJobDirectory = false;
}

let certificate: Promise<ServerCertificate> | undefined;

/** One certificate for all tests: making an RSA key takes a while. */
export function testCertificate(): Promise<ServerCertificate> {
  certificate ??= createServerCertificate(["127.0.0.1", "localhost"]);
  return certificate;
}

export const testAuthentication: FaceAuthentication = { kind: "basic", client: "admin", secret: "not-a-secret" };

/** A served director and a client of it. */
export interface ServedPractice {
  readonly served: ServedDirector;
  readonly access: DirectorAccess;
}

/** Serves a director and connects a client to it, both on the director's clock. */
export async function servePractice(
  director: SimulatedDirector,
  options: {
    readonly face?: Partial<FaceOptions>;
    readonly client?: Partial<DirectorClientOptions>;
    readonly credentials?: DirectorCredentials;
    readonly caCertificate?: string;
    readonly idleTimeoutMs?: number;
  } = {},
): Promise<ServedPractice> {
  const own = await testCertificate();
  const served = await serveDirector(director, {
    certificate: own,
    authentication: testAuthentication,
    port: 0,
    ...options.face,
  });
  const caCertificate = options.caCertificate ?? own.certificate;
  const access = connectDirector(
    {
      host: "127.0.0.1",
      port: served.port,
      caCertificate,
      credentials: options.credentials ?? { kind: "client", client: "admin", secret: "not-a-secret" },
    },
    {
      clock: director.clock,
      // Each look is a TLS connection, and a recreate takes minutes of virtual time.
      followLimits: { pollMs: 2_000 },
      transport: httpsTransport({ caCertificate, idleTimeoutMs: options.idleTimeoutMs ?? 10_000 }),
      ...options.client,
    },
  );
  return { served, access };
}
