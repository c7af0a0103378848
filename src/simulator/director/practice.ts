// A director to practise on: a seed's world with its fault in place, served over HTTPS at the pace of another clock.
import { inputError } from "../../model/errors";
import type { Clock } from "../../ports/clock";
import { createPrng } from "../prng";
import { VirtualClock } from "../virtual-clock";
import { createServerCertificate } from "./certificate";
import type { FaceAuthentication } from "./face-authentication";
import { type ServedDirector, serveDirector } from "./https-face";
import { followClock } from "./pace";
import { cfDeployment, pksBrokenMaster, pksDeployment, pksDeploymentName } from "./scenarios";
import { SimulatedDirector } from "./simulated-director";
import { cutZonePower, restoreZonePower, type SimulatedDeployment } from "./world";

interface PracticeScenario {
  /** One sentence: what is wrong when the practice begins. */
  readonly description: string;
  readonly layOut: (createdAtMs: number) => SimulatedDeployment;
  readonly begin: (director: SimulatedDirector) => void;
}

const scenarios: Readonly<Record<string, PracticeScenario>> = {
  "seed-000": {
    description: "a PKS master has lost the directory of its job fluentd; cck finds 0 problems",
    layOut: pksDeployment,
    begin: (director) => {
      const { vm } = director.instance(pksDeploymentName, pksBrokenMaster.group, pksBrokenMaster.id);
      const fluentd = vm?.processes.find(({ name }) => name === "fluentd");
      if (fluentd !== undefined) Object.assign(fluentd, { state: "unknown", hasJobDirectory: false });
    },
  },
  "seed-004": {
    description: "a Cloud Foundry has lost the power of zone az2 with 16 VMs and got it back; the VMs are still off",
    layOut: cfDeployment,
    begin: (director) => {
      cutZonePower(director.world, "az2");
      restoreZonePower(director.world, "az2");
    },
  },
};

/** Names of the scenarios with what is wrong in each, sorted. */
export function practiceScenarios(): readonly { readonly name: string; readonly description: string }[] {
  return Object.entries(scenarios)
    .map(([name, { description }]) => ({ name, description }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A practice that is being served. */
export interface ServedPractice {
  readonly director: SimulatedDirector;
  readonly served: ServedDirector;
  /** What BOSH_CA_CERT has to hold. */
  readonly caCertificate: string;
}

/**
 * Serves a scenario. Virtual time begins at the wall's now and follows it, `speed` times as fast.
 * @throws RecoveryError `input` for an unknown scenario, naming those that there are.
 */
export async function servePracticeDirector(options: {
  readonly scenario: string;
  readonly port: number;
  readonly authentication: FaceAuthentication;
  readonly wall: Clock;
  readonly speed: number;
  readonly seed: string;
}): Promise<ServedPractice> {
  const scenario = scenarios[options.scenario];
  if (scenario === undefined) {
    throw inputError(`there is no scenario '${options.scenario}' with a director`, {
      hint: `one of: ${practiceScenarios()
        .map(({ name }) => name)
        .join(", ")}`,
    });
  }
  const clock = new VirtualClock(options.wall.nowMs());
  const director = new SimulatedDirector({
    clock,
    prng: createPrng(options.seed),
    name: options.scenario,
    // The operator is to do it: with the resurrector deployed the drill would mend itself.
    isResurrectorDeployed: false,
    firstTaskId: 202_930,
    deployments: [scenario.layOut(clock.nowMs() - 86_400_000)],
  });
  scenario.begin(director);
  const certificate = await createServerCertificate(["127.0.0.1", "localhost"]);
  const served = await serveDirector(director, {
    certificate,
    authentication: options.authentication,
    port: options.port,
    beforeAnswer: followClock(clock, options.wall, options.speed),
  });
  return { director, served, caCertificate: certificate.certificate };
}
