import { expect } from "chai";
import { thisHolder } from "../../src/adapters/pause-holder";
import type { JsonObject } from "../../src/model/json";
import { pauseConfigName, pauseRules, renderPause, renderRules } from "../../src/plan/bosh-resurrection";
import { boshResurrectionResource } from "../../src/provider/bosh-resurrection";
import { pksDeploymentName } from "../../src/simulator/director/scenarios";
import { SimulatedDirectorAccess } from "../../src/simulator/director/simulated-access";
import type { SimulatedDirector } from "../../src/simulator/director/simulated-director";
import { practiceDirector } from "../simulator/director/practice-director";
import { clientSecret, openPractice } from "./practice-provider";

const type = "BoshResurrection";

describe("the BoshResurrection resource", () => {
  let director: SimulatedDirector;
  let practice: Awaited<ReturnType<typeof openPractice>>;
  let inputs: JsonObject;

  const store = (name: string, content: string) =>
    new SimulatedDirectorAccess(director).writeConfig({ type: "resurrection", name, content }, "0");
  const storedNames = async () =>
    (await new SimulatedDirectorAccess(director).observeConfigs("resurrection")).map(({ name }) => name);
  const writes = () => practice.served.requests.filter(({ method }) => method !== "GET");
  const readPaths = async (recorded: JsonObject, outputs: JsonObject) => {
    const read = await practice.provider.read(type, recorded, outputs);
    return { read, paths: (await practice.provider.diff(type, read.inputs, inputs)).paths };
  };

  beforeEach(async () => {
    director = practiceDirector();
    practice = await openPractice(director, boshResurrectionResource);
    const checked = await practice.provider.check(type, {
      director: practice.access,
      configs: { "no-masters": { rules: [{ enabled: false, include: { instanceGroups: ["master", "worker"] } }] } },
      deployments: [pksDeploymentName],
    });
    expect(checked.failures).to.deep.equal([]);
    inputs = checked.inputs;
  });
  afterEach(() => practice.close());

  it("tells in the preview of a create what is to be done and how the brake works, and changes nothing", async () => {
    director.isResurrectionOn = false;
    await practice.provider.create(type, inputs, true);
    expect(practice.text()).to.contain("the resurrector is off for the whole director; it is to be turned on");
    expect(practice.text()).to.contain("'no-masters' is missing").and.to.contain("never stands down");
    expect(director.isResurrectionOn).to.equal(false);
    expect(writes()).to.deep.equal([]);
  });

  it("turns it on and writes the rules, and then reads exactly what is declared", async () => {
    director.isResurrectionOn = false;
    const created = await practice.provider.create(type, inputs, false);
    expect(created.refreshBeforeUpdate).to.equal(true);
    expect(director.isResurrectionOn).to.equal(true);
    expect(await storedNames()).to.deep.equal(["no-masters"]);
    const { read, paths } = await readPaths(inputs, created.properties);
    expect(paths).to.deep.equal([]);
    expect(read.properties).to.deep.equal(created.properties);
  });

  it("adopts a resurrector that is as declared, whatever the order of its names, and writes nothing", async () => {
    const filter = { deployments: undefined, instanceGroups: ["worker", "master"] };
    await store("no-masters", renderRules([{ enabled: false, include: filter, exclude: undefined }]));
    const created = await practice.provider.create(type, inputs, false);
    expect(writes()).to.deep.equal([]);
    expect((await readPaths(inputs, created.properties)).paths).to.deep.equal([]);
  });

  it("names each difference at its exact path after a read", async () => {
    const created = await practice.provider.create(type, inputs, false);
    director.isResurrectionOn = false;
    await new SimulatedDirectorAccess(director).removeConfig("resurrection", "no-masters");
    await store("no-masters", "rules: [{enabled: true, include: {instance_groups: [master, worker]}}]\n");
    await store(pauseConfigName("other"), renderRules(pauseRules("other")));
    const { paths } = await readPaths(inputs, created.properties);
    expect(paths.sort()).to.deep.equal(['configs["no-masters"].rules[0].enabled', "enabled", "leftPauses[0]"]);
  });

  it("remembers a config that was removed by hand, through a read that recorded its absence", async () => {
    const created = await practice.provider.create(type, inputs, false);
    await new SimulatedDirectorAccess(director).removeConfig("resurrection", "no-masters");
    const gone = await readPaths(inputs, created.properties);
    expect(gone.paths).to.deep.equal(['configs["no-masters"]']);
    await store("no-masters", "rules: []\n");
    const back = await readPaths(gone.read.inputs, gone.read.properties);
    expect(back.paths).to.deep.equal(['configs["no-masters"].rules[0]']);
  });

  it("takes back a pause that was left behind and leaves configs of other names alone", async () => {
    await store(pauseConfigName("other"), renderRules(pauseRules("other")));
    await store("ops", "rules: []\n");
    await practice.provider.create(type, inputs, false);
    expect(await storedNames()).to.deep.equal(["no-masters", "ops"]);
  });

  it("leaves a pause alone that a running repair on this machine holds, and does not call it a difference", async () => {
    const held = pauseConfigName("other");
    await store(held, renderPause("other", { ...thisHolder, sinceMs: Date.now() }));
    const created = await practice.provider.create(type, inputs, false);
    expect(await storedNames()).to.deep.equal(["no-masters", held]);
    expect((await readPaths(inputs, created.properties)).paths).to.deep.equal([]);
  });

  it("takes back a pause whose holder is gone, or has been at it for longer than any repair", async () => {
    const gone = pauseConfigName("gone");
    const old = pauseConfigName("old");
    await store(gone, renderPause("gone", { host: thisHolder.host, pid: 2 ** 22 + 1, sinceMs: Date.now() }));
    await store(old, renderPause("old", { ...thisHolder, sinceMs: Date.now() - 7 * 3_600_000 }));
    await practice.provider.create(type, inputs, false);
    expect(await storedNames()).to.deep.equal(["no-masters"]);
  });

  it("reads a filter without lists, which nobody could declare, and can read it again", async () => {
    const created = await practice.provider.create(type, inputs, false);
    await new SimulatedDirectorAccess(director).removeConfig("resurrection", "no-masters");
    await store("no-masters", "rules: [{enabled: false, include: {}}]\n");
    const first = await readPaths(inputs, created.properties);
    expect(first.paths).to.deep.equal(['configs["no-masters"].rules[0].include.instanceGroups']);
    expect((await readPaths(first.read.inputs, first.read.properties)).paths).to.deep.equal(first.paths);
  });

  it("answers a director that is down as an unhealthy resource with what was recorded", async () => {
    const created = await practice.provider.create(type, inputs, false);
    await practice.stopDirector();
    const failed = await practice.failure(practice.provider.read(type, inputs, created.properties));
    expect(failed?.id).to.equal("it");
    expect(failed?.refreshBeforeUpdate).to.equal(true);
    expect(failed?.reasons).to.have.length(1);
    expect(failed?.reasons[0]).to.contain(`127.0.0.1:${practice.served.port}`);
    expect(failed?.inputs).to.deep.equal(inputs);
    await practice.provider.create(type, inputs, true);
    expect(practice.provider.logged.at(-1)?.severity).to.equal(3);
  });

  it("keeps the credentials secret in all that it returns and logs", async () => {
    const created = await practice.provider.create(type, inputs, false);
    const read = await practice.provider.read(type, inputs, created.properties);
    for (const outputs of [created.properties, read.inputs, read.properties]) {
      const { director: access, ...rest } = outputs as JsonObject & { readonly director: JsonObject };
      expect(access.clientSecret).to.deep.equal(practice.access.clientSecret);
      expect(access.caCert).to.deep.equal(practice.access.caCert);
      expect(JSON.stringify(rest)).not.to.contain(clientSecret);
    }
    expect(practice.text()).not.to.contain(clientSecret);
  });

  it("refuses what cannot be meant, each with its path and no value", async () => {
    const { failures } = await practice.provider.check(type, {
      director: { ...practice.access, password: "hunter2hunter2" },
      enabled: "yes",
      configs: { "quorate-pause-x": { rules: [] }, a: { rules: [{ enabled: true, include: {} }] } },
      leftPauses: ["x"],
    });
    const text = failures.map(({ reason }) => reason).join("\n");
    for (const part of ["director", "enabled", "configs", "configs.a.rules[0].include", "leftPauses"])
      expect(text).to.match(new RegExp(`^${part.replace(/[[\].]/g, "\\$&")}`, "m"));
    expect(text).not.to.contain("hunter2");
  });
});
