// `quorate drill NAME --serve-director PORT`: the scenario's director for the ordinary bosh CLI, until ^C.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { systemClock } from "../adapters/system-clock";
import { practiceScenarios, servePracticeDirector } from "../simulator/director/practice";

/** Serves the director of a drill and says how to point the bosh CLI at it. @throws RecoveryError "input" without one. */
export async function serveDrillDirector(
  name: string,
  port: number,
  speed: number,
  seed: string | undefined,
): Promise<void> {
  // The outages of one seed share a director.
  const known = practiceScenarios().find((scenario) => name === scenario.name || name.startsWith(`${scenario.name}-`));
  const secret = randomBytes(12).toString("hex");
  const practice = await servePracticeDirector({
    scenario: known?.name ?? name,
    port,
    authentication: { kind: "basic", client: "operator", secret },
    wall: systemClock(),
    speed,
    seed: seed ?? name,
  });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-director-"));
  const file = path.join(folder, "ca.pem");
  fs.writeFileSync(file, practice.caCertificate);
  process.stdout.write(
    [
      ...(known === undefined ? [] : [known.description]),
      `export BOSH_ENVIRONMENT=https://127.0.0.1:${practice.served.port}`,
      `export BOSH_CA_CERT=${file}`,
      "export BOSH_CLIENT=operator",
      `export BOSH_CLIENT_SECRET=${secret}`,
      `export BOSH_DEPLOYMENT=${practice.director.world.deployments[0]?.name ?? ""}`,
      "serving until ^C",
      "",
    ].join("\n"),
  );
  try {
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  } finally {
    await practice.served.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
