import { expect } from "chai";
import { thisHolder } from "../../src/adapters/pause-holder";
import type { JsonObject } from "../../src/model/json";
import { pauseConfigName, pauseRules, renderPause, renderRules } from "../../src/plan/bosh-resurrection";
import { boshDeploymentResource } from "../../src/provider/bosh-deployment";
import type { OpenBosh } from "../../src/provider/open-bosh";
import {
  cfDeployment,
  cfDeploymentName,
  pksBrokenMaster,
  pksDeployment,
  pksDeploymentName,
} from "../../src/simulator/director/scenarios";
import { SimulatedDirectorAccess } from "../../src/simulator/director/simulated-access";
import type { SimulatedDirector } from "../../src/simulator/director/simulated-director";
import { cutZonePower, restoreZonePower } from "../../src/simulator/director/world";
import { breakFluentd, instanceOf, practiceDirector, startMs } from "../simulator/director/practice-director";
import { practiceReach } from "../simulator/director/practice-reach";
import { openPractice } from "./practice-provider";

const type = "BoshDeployment";
const broken = `master/${pksBrokenMaster.id}`;
const cid = "master_service-instance-56c19cfc-d5d7-4e11-aee2-78c81f4e7ad4_934905729598";
const masters = ["9b8ad6e0-a438-4033-9767-46c586fb4771", "8cdf6298-e50a-4dc3-997b-b7e14502cc57", pksBrokenMaster.id];
const etcd = {
  runner: { kind: "monit" },
  members: Object.fromEntries(
    masters.map((id, index) => [
      id,
      {
        name: id,
        peerUrl: `https://master-${index}.etcd.cfcr.internal:2380`,
        clientUrl: `https://master-${index}.etcd.cfcr.internal:2379`,
      },
    ]),
  ),
};

describe("the BoshDeployment resource", function () {
  this.timeout(60_000);
  let director: SimulatedDirector;
  let practice: Awaited<ReturnType<typeof openPractice>>;
  let reach: ReturnType<typeof practiceReach>;

  const begin = async (over: SimulatedDirector) => {
    director = over;
    practice = await openPractice(director, (openDirector) => {
      const openBosh: OpenBosh = async ({ director: access }) => {
        const way = openDirector(access);
        await way.observeDirector();
        reach = practiceReach(director, way);
        const isHolderAlive = ({ pid }: { readonly pid: number }) => pid === process.pid;
        return {
          reach: { ...reach, isHolderAlive },
          clock: director.clock,
          leftUsers: () => [],
          removeLeftUsers: async () => [],
        };
      };
      return boshDeploymentResource(openBosh);
    });
  };
  const declare = async (change: JsonObject = {}): Promise<JsonObject> => {
    const declared = {
      director: practice.access,
      deployment: pksDeploymentName,
      quorumGroups: { master: { etcd } },
      ...change,
    };
    const { inputs, failures } = await practice.provider.check(type, declared);
    expect(failures).to.deep.equal([]);
    return inputs;
  };
  const create = async (inputs: JsonObject) => (await practice.provider.create(type, inputs, false)).properties;
  const paths = async (recorded: JsonObject, inputs: JsonObject) =>
    (await practice.provider.diff(type, recorded, inputs)).paths;
  const writes = () => practice.served.requests.filter(({ method }) => method !== "GET");
  const configNames = () => director.configs.latest({ type: "resurrection" }).map(({ name }) => name);

  afterEach(() => practice.close());

  describe("over seed 000's cluster", () => {
    beforeEach(() => begin(practiceDirector()));

    it("adopts a healthy deployment without a change, and then shows no difference", async () => {
      const inputs = await declare();
      const outputs = await create(inputs);
      const read = await practice.provider.read(type, inputs, outputs);
      expect(await paths(read.inputs, inputs)).to.deep.equal([]);
      expect(writes()).to.deep.equal([]);
      expect((outputs.status as JsonObject)[broken]).to.equal("running");
      expect(practice.text()).to.equal("");
    });

    it("previews what is wrong, the plan with the exact commands and the reason for each, and changes nothing", async () => {
      breakFluentd(director);
      await practice.provider.create(type, await declare(), true);
      const text = practice.text();
      expect(text).to.contain(
        `${broken}: failing: fluentd not monitored - restart pending, /var/vcap/jobs/fluentd/bin/ctl is missing`,
      );
      expect(text).to.contain("a recreate of master/774bfafe-67a2-406b-9ee5-a8db68f2e694 would fail at its stop");
      expect(text).to.contain(`bosh -n -d ${pksDeploymentName} delete-vm ${cid}`);
      expect(text).to.contain(`bosh -n -d ${pksDeploymentName} recreate ${broken}`);
      expect(text).to.match(/expected to take about \d+ minutes/);
      const order = ["snapshot of the etcd", "hold the resurrector off", "delete the VM", "recreate master", "put the"];
      expect(order.map((step) => text.indexOf(step))).to.deep.equal(
        order.map((step) => text.indexOf(step)).sort((a, b) => a - b),
      );
      expect(writes()).to.deep.equal([]);
    });

    it("shows what is wrong at the path of its process, as an unhealthy resource", async () => {
      const inputs = await declare();
      const outputs = await create(inputs);
      breakFluentd(director);
      const failed = await practice.failure(practice.provider.read(type, inputs, outputs));
      expect(failed?.reasons.join()).to.contain("fluentd not monitored - restart pending");
      expect(failed?.refreshBeforeUpdate).to.equal(true);
      expect(await paths(failed?.inputs ?? {}, inputs)).to.deep.equal([`troubles["${broken}"].fluentd`]);
    });

    it("repairs it, reports each step, and leaves nothing to do and no pause", async () => {
      breakFluentd(director);
      const inputs = await declare();
      const outputs = await create(inputs);
      expect((outputs.status as JsonObject)[broken]).to.equal("running");
      expect(instanceOf(director, "master", pksBrokenMaster.id).vm?.cid).not.to.equal(cid);
      expect(reach.quorum.snapshots).to.deep.equal([3]);
      expect([configNames(), director.isResurrectionOn]).to.deep.equal([[], true]);
      expect(practice.text()).to.contain(`delete the VM ${cid} of ${broken}`);
      const read = await practice.provider.read(type, inputs, outputs);
      expect(await paths(read.inputs, inputs)).to.deep.equal([]);
    });

    it("puts surgery on a master off while its peers' etcd is down, says so, shows it as drift, and does it afterwards", async () => {
      breakFluentd(director);
      const inputs = await declare();
      const peers = masters.slice(0, 2).map((id) => {
        const process = instanceOf(director, "master", id).vm?.processes.find(({ name }) => name === "etcd");
        return process ?? expect.fail(`master/${id} has no etcd`);
      });
      for (const process of peers) Object.assign(process, { state: "failing", isStuck: true, hasJobDirectory: false });
      await practice.provider.create(type, inputs, true);
      expect(practice.text()).to.contain("put off (quorum-would-be-lost)");
      const outputs = await create(inputs);
      expect((outputs.putOff as readonly string[]).join()).to.match(
        /is not touched: \d of 3 voters would be left, 2 are needed\n {2}next: let the ControlPlane of these members mend/,
      );
      const read = await practice.provider.read(type, inputs, outputs);
      expect(await paths(read.inputs, inputs)).to.include(`troubles["${broken}"].fluentd`);
      expect(instanceOf(director, "master", pksBrokenMaster.id).vm?.cid).to.equal(cid);
      for (const process of peers) Object.assign(process, { state: "running", isStuck: false, hasJobDirectory: true });
      const mended = await create(inputs);
      expect(mended.putOff).to.deep.equal([]);
      expect(instanceOf(director, "master", pksBrokenMaster.id).vm?.cid).not.to.equal(cid);
    });

    it("refuses surgery on a master while a peer with a broken etcd is ignored by the director, and leaves it as it is", async () => {
      breakFluentd(director);
      const inputs = await declare();
      const [first] = masters;
      const quiet = instanceOf(director, "master", first ?? "");
      const etcdOf = quiet.vm?.processes.find(({ name }) => name === "etcd");
      Object.assign(etcdOf ?? {}, { state: "failing", isStuck: true, hasJobDirectory: false });
      Object.assign(quiet, { isIgnored: true });
      const failed = await practice.failure(practice.provider.create(type, inputs, false));
      expect(failed?.reasons.join("\n")).to.match(/is not touched: \d of 3 voters would be left, 2 are needed/);
      expect(director.tasks.list().some(({ description }) => description.startsWith("delete vm"))).to.equal(false);
      await practice.provider.create(type, inputs, true);
      expect(practice.text()).to.contain("blocked (quorum-would-be-lost)");
    });

    it("shows a pause that a killed run left behind as a difference, and takes it back first", async () => {
      const inputs = await declare();
      const outputs = await create(inputs);
      const pause = pauseConfigName(pksDeploymentName);
      const content = renderRules(pauseRules(pksDeploymentName));
      await new SimulatedDirectorAccess(director).writeConfig({ type: "resurrection", name: pause, content }, "0");
      const read = await practice.provider.read(type, inputs, outputs);
      expect(await paths(read.inputs, inputs)).to.deep.equal(["troubles.resurrector"]);
      await create(inputs);
      expect(configNames()).to.deep.equal([]);
    });

    it("keeps its hands off while another run on this machine holds the pause", async () => {
      breakFluentd(director);
      const name = pauseConfigName(pksDeploymentName);
      const content = renderPause(pksDeploymentName, { ...thisHolder, sinceMs: startMs });
      await new SimulatedDirectorAccess(director).writeConfig({ type: "resurrection", name, content }, "0");
      const failed = await practice.failure(practice.provider.create(type, await declare(), false));
      expect(failed?.reasons[0]).to.contain("is being repaired by another run of quorate on this machine");
      expect(configNames()).to.deep.equal([name]);
      expect(instanceOf(director, "master", pksBrokenMaster.id).vm?.cid).to.equal(cid);
    });

    it("stops after the running step when asked to, puts the resurrector back, and says that it stopped", async () => {
      breakFluentd(director);
      const inputs = await declare();
      const creating = practice.failure(practice.provider.create(type, inputs, false));
      await untilLogged("hold the resurrector off");
      await practice.provider.cancel();
      const failed = await creating;
      expect(failed?.reasons[0]).to.equal("stopped by the operator before the plan was done");
      expect(configNames()).to.deep.equal([]);
    });

    it("answers a director that goes away half way as half done, with what was declared", async () => {
      breakFluentd(director);
      const inputs = await declare();
      const creating = practice.failure(practice.provider.create(type, inputs, false));
      await untilLogged("hold the resurrector off");
      await practice.stopDirector();
      const failed = await creating;
      expect(failed?.reasons.join()).to.contain("127.0.0.1");
      expect(failed?.inputs).to.deep.equal(inputs);
    });

    it("names every mistake with its path; an address is no instance", async () => {
      const { failures } = await practice.provider.check(type, {
        director: practice.access,
        deployment: "a b",
        mustRun: ["172.28.3.4", broken],
        massRecovery: "x",
        quorumGroups: { master: { etcd: { ...etcd, members: { "master-0": etcd.members[masters[0] ?? ""] ?? {} } } } },
        troubles: { a: "b" },
      });
      const text = failures.map(({ reason }) => reason).join("\n");
      for (const path of ["deployment", "mustRun[0]", "massRecovery", "troubles"])
        expect(text, path).to.match(new RegExp(`^${path.replace(/[[\].]/g, "\\$&")}`, "m"));
      expect(text).to.match(/^quorumGroups.master.etcd.members\["master-0"\]: must be an instance's UUID/m);
      expect(text).not.to.contain("mustRun[1]");
    });

    const untilLogged = async (text: string): Promise<void> => {
      while (!practice.text().includes(text)) await new Promise((resolve) => setImmediate(resolve));
    };
  });

  describe("over seed 004's foundation", () => {
    beforeEach(async () => {
      await begin(practiceDirector({ deployments: [cfDeployment(startMs), pksDeployment(startMs)] }));
      cutZonePower(director.world, "az2");
      restoreZonePower(director.world, "az2");
    });
    const declareCf = (change: JsonObject = {}) =>
      declare({ deployment: cfDeploymentName, quorumGroups: { mysql: {} }, ...change });

    it("recovers 16 VMs with a line for each, no listing before the scan, and does it once for each name", async () => {
      const inputs = await declareCf({ massRecovery: "az2 10:25" });
      const outputs = await create(inputs);
      const text = practice.text();
      expect(text).to.match(/expected to take about \d+ minute/);
      expect(text.match(/^\d+ of \d+: task \d+: Applying problem resolutions/gm)).to.have.length.at.least(16);
      const listing = practice.served.requests.findIndex(({ url }) => url.includes("format=full"));
      const answers = practice.served.requests.findIndex(
        ({ method, url }) => method === "PUT" && url.endsWith("/problems"),
      );
      expect(answers).to.be.within(0, listing - 1);
      expect(Object.values(outputs.status as JsonObject).filter((state) => state !== "running")).to.deep.equal([]);
      expect(outputs.recoveredOutage).to.equal("az2 10:25");
      const before = writes().length;
      const read = await practice.provider.read(type, inputs, outputs);
      expect(await paths(read.inputs, inputs)).to.deep.equal([]);
      expect(writes()).to.have.length(before);
    });

    it("previews an outage without asking any agent and without a scan", async () => {
      await practice.provider.create(type, await declareCf({ massRecovery: "az2 10:25" }), true);
      expect(practice.text()).to.contain("one scan finds those that are");
      expect(practice.text()).to.contain(`bosh -d ${cfDeploymentName} cloud-check`);
      expect(writes()).to.deep.equal([]);
      expect(director.tasks.list()).to.deep.equal([]);
    });
  });
});
