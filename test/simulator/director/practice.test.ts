import { expect } from "chai";
import { connectDirector } from "../../../src/adapters/bosh-director/director-client";
import { isRecoveryError } from "../../../src/model/errors";
import { practiceScenarios, servePracticeDirector } from "../../../src/simulator/director/practice";
import { cfDeploymentName, pksDeploymentName } from "../../../src/simulator/director/scenarios";
import { VirtualClock } from "../../../src/simulator/virtual-clock";
import { startMs, testAuthentication } from "./practice-director";

describe("servePracticeDirector", () => {
  const begin = async (scenario: string) => {
    // The wall stands in for real time: the client sleeps on it, the director follows it ten times as fast.
    const wall = new VirtualClock(startMs);
    const practice = await servePracticeDirector({
      scenario,
      port: 0,
      authentication: testAuthentication,
      wall,
      speed: 10,
      seed: "practice",
    });
    const access = connectDirector(
      {
        host: "127.0.0.1",
        port: practice.served.port,
        caCertificate: practice.caCertificate,
        credentials: { kind: "client", client: testAuthentication.client, secret: testAuthentication.secret },
      },
      { clock: wall },
    );
    return { ...practice, access, wall };
  };

  it("serves seed 000: a failing master, and a scan of 48 s that finds nothing, passes in a tenth of the time", async () => {
    const { access, served, wall } = await begin("seed-000");
    const listing = await access.observeInstances(pksDeploymentName);
    expect(
      listing.kind === "listed" && listing.instances.filter(({ jobState }) => jobState === "failing"),
    ).to.have.length(1);
    const since = wall.nowMs();
    const scan = await access.scanProblems(pksDeploymentName);
    expect(scan.kind === "scanned" && scan.problems).to.deep.equal([]);
    expect(wall.nowMs() - since).to.be.within(4_000, 7_000);
    await served.close();
  });

  it("serves seed 004: 16 silent VMs", async () => {
    const { access, served } = await begin("seed-004");
    const scan = await access.scanProblems(cfDeploymentName);
    expect(scan.kind === "scanned" && scan.problems.map(({ type }) => type)).to.deep.equal(
      Array(16).fill("unresponsive_agent"),
    );
    await served.close();
  });

  it("names the scenarios when it does not know one", async () => {
    const error = await begin("seed-999").catch((thrown: unknown) => thrown);
    expect(isRecoveryError(error) && [error.message, error.hint]).to.deep.equal([
      "there is no scenario 'seed-999' with a director",
      "one of: seed-000, seed-004",
    ]);
    expect(practiceScenarios().map(({ name }) => name)).to.deep.equal(["seed-000", "seed-004"]);
  });
});
