import { expect } from "chai";
import type { JsonObject } from "../../src/model/json";
import { foundationResource } from "../../src/provider/foundation";
import { cfDeployment, cfDeploymentName } from "../../src/simulator/director/scenarios";
import { SimulatedDirectorAccess } from "../../src/simulator/director/simulated-access";
import type { SimulatedDirector } from "../../src/simulator/director/simulated-director";
import { practiceDirector, startMs } from "../simulator/director/practice-director";
import { openPractice } from "./practice-provider";

const type = "Foundation";
const [warning, error] = [2, 3];

describe("the Foundation resource", () => {
  let director: SimulatedDirector;
  let practice: Awaited<ReturnType<typeof openPractice>>;
  let inputs: JsonObject;

  const declare = async (change: JsonObject = {}): Promise<JsonObject> => {
    const declared = {
      director: practice.access,
      deployment: cfDeploymentName,
      zones: ["az1", "az2", "az3"],
      hasExternalLoadBalancer: true,
      blobstore: { kind: "external" },
      release: "2.4",
      ...change,
    };
    const { inputs: checked, failures } = await practice.provider.check(type, declared);
    expect(failures).to.deep.equal([]);
    return checked;
  };
  const reasons = async (change: JsonObject) =>
    (await practice.provider.check(type, { ...inputs, ...change })).failures.map(({ reason }) => reason);
  const thrown = async (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => "",
      (failure: unknown) => (failure as Error).message,
    );
  const turnOff = () => new SimulatedDirectorAccess(director).setResurrection(false);

  beforeEach(async () => {
    director = practiceDirector({ deployments: [cfDeployment(startMs)] });
    practice = await openPractice(director, foundationResource);
    inputs = await declare();
  });
  afterEach(() => practice.close());

  it("shows what does not hold as warnings with figures, and is created all the same", async () => {
    await practice.provider.create(type, inputs, true);
    const logged = practice.provider.logged.map(({ severity, message }) => `${severity} ${message}`);
    expect(logged.join("\n")).to.match(/^2 zone-spread: Doppler Server: fewer than 2 in zone\(s\) az1, az2, az3/m);
    const { properties } = await practice.provider.create(type, inputs, false);
    expect(properties.findings).to.have.length(logged.length);
  });

  it("changes nothing on the director, whatever is asked of it", async () => {
    const { properties } = await practice.provider.create(type, inputs, false);
    await practice.provider.create(type, inputs, true);
    await practice.provider.read(type, inputs, properties);
    expect(practice.served.requests.filter(({ method }) => method !== "GET")).to.deep.equal([]);
    expect(director.tasks.list()).to.deep.equal([]);
  });

  it("fails the check for a mandatory rule that the declaration alone breaks, and names all of them", async () => {
    const mandatory = ["external-load-balancer", "blobstore", "zone-count", "cell-capacity"];
    const full = ["az1", "az2"].map((zone) => ({ zone, totalMb: 1000, allocatedMb: 900 }));
    const change = {
      mandatory,
      hasExternalLoadBalancer: false,
      blobstore: { kind: "internal" },
      zones: ["az1", "az2"],
      cells: { cells: full, largestInstanceMb: 100 },
    };
    const found = await reasons(change);
    for (const rule of mandatory) expect(found.join("\n")).to.contain(`${rule}: `);
    expect(found).to.have.length(4);
    expect(await reasons({ ...change, mandatory: [] })).to.deep.equal([]);
  });

  it("leaves to the listing what only the listing tells: the check asks nobody", async () => {
    await turnOff();
    await practice.stopDirector();
    expect(await reasons({ mandatory: ["resurrector", "instance-counts"] })).to.deep.equal([]);
  });

  it("refuses preview and up over a mandatory rule that the listing breaks, each finding named", async () => {
    await turnOff();
    const declared = await declare({ mandatory: ["resurrector", "zone-spread"] });
    for (const isPreview of [true, false]) {
      const message = await thrown(practice.provider.create(type, declared, isPreview));
      expect(message).to.contain(`the foundation '${cfDeploymentName}' is refused`);
      expect(message).to.contain("resurrector: the resurrector is off for the whole director");
      expect(message).to.contain("zone-spread: Doppler Server");
      expect(message).to.contain("`mandatory`");
    }
  });

  it("shows a mandatory rule that broke since as a difference at its path, and none when it holds again", async () => {
    const declared = await declare({ mandatory: ["resurrector"] });
    const { properties } = await practice.provider.create(type, declared, false);
    const well = await practice.provider.read(type, declared, properties);
    expect((await practice.provider.diff(type, well.inputs, declared)).paths).to.deep.equal([]);
    await turnOff();
    const broken = await practice.provider.read(type, declared, properties);
    expect((await practice.provider.diff(type, broken.inputs, declared)).paths).to.deep.equal([
      "violations.resurrector",
    ]);
    await new SimulatedDirectorAccess(director).setResurrection(true);
    const again = await practice.provider.read(type, broken.inputs, broken.properties);
    expect((await practice.provider.diff(type, again.inputs, declared)).paths).to.deep.equal([]);
  });

  it("does not take a warning for a difference: nobody could make it go away by an up", async () => {
    await turnOff();
    const { properties } = await practice.provider.create(type, inputs, false);
    const read = await practice.provider.read(type, inputs, properties);
    expect((await practice.provider.diff(type, read.inputs, inputs)).changes).to.equal(1);
    const told = practice.provider.logged.filter(({ severity }) => severity === warning).map(({ message }) => message);
    expect(told.join("\n")).to.contain("resurrector: the resurrector is off");
  });

  it("answers a director that is down as an unhealthy resource, and says so in preview", async () => {
    const { properties } = await practice.provider.create(type, inputs, false);
    await practice.stopDirector();
    const failed = await practice.failure(practice.provider.read(type, inputs, properties));
    expect(failed?.reasons.join()).to.contain(`127.0.0.1:${practice.served.port}`);
    expect(failed?.inputs).to.deep.equal(inputs);
    await practice.provider.create(type, inputs, true);
    expect(practice.provider.logged.at(-1)?.severity).to.equal(error);
  });

  it("refuses what cannot be meant, each with its path", async () => {
    const found = await reasons({
      zones: ["az1", "az1"],
      release: "latest",
      mandatory: ["weather"],
      blobstore: { kind: "tape" },
      violations: { resurrector: ["x"] },
    });
    const text = found.join("\n");
    for (const path of ["release", "mandatory[0]", "blobstore", "violations"])
      expect(text, path).to.match(new RegExp(`^${path.replace(/[[\].]/g, "\\$&")}`, "m"));
    expect((await reasons({ zones: ["az1", "az1"] })).join()).to.contain("'az1' is there twice");
  });
});
