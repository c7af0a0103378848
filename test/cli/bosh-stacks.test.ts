// The stacks behind a BOSH director through the command line, as a user runs them, against a served director to practise on.
// It has no hosts to log in to: what monit says and what etcd votes is shown in the lab.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import { systemClock } from "../../src/adapters/system-clock";
import { type ServedPractice, servePracticeDirector } from "../../src/simulator/director/practice";
import { cfDeploymentName, pksBrokenMaster, pksDeploymentName } from "../../src/simulator/director/scenarios";
import { Project } from "../lab/project";

const secret = "not-a-secret";
const authentication = { kind: "basic", client: "ops_manager", secret } as const;
const broken = `master/${pksBrokenMaster.id}`;

describe("the stacks behind a BOSH director", function () {
  this.timeout(600_000);
  let project: Project;
  let practice: ServedPractice;
  let encrypted: unknown;

  const begin = async (scenario: string, config: Readonly<Record<string, unknown>>) => {
    const wall = systemClock();
    practice = await servePracticeDirector({ scenario, port: 0, authentication, wall, speed: 300, seed: "cli" });
    project = new Project("site");
    declare(config);
    await project.succeed("stack", "init", "site");
    await project.succeed("config", "set", "--stack", "site", "--secret", "quorate:clientSecret", secret);
    encrypted = stored().config["quorate:clientSecret"];
  };
  const configFile = () => path.join(project.folder, "stacks/Pulumi.site.yaml");
  const stored = () =>
    parse(fs.readFileSync(configFile(), "utf8")) as { readonly config: Readonly<Record<string, unknown>> };
  const declare = (config: Readonly<Record<string, unknown>>) => {
    const director = {
      environment: `https://127.0.0.1:${practice.served.port}`,
      client: authentication.client,
      caCert: practice.caCertificate,
    };
    const entries = Object.entries({ director, monitorIntervalSeconds: 1, ...config }).map(([key, value]) => [
      `quorate:${key}`,
      value,
    ]);
    const kept = encrypted === undefined ? {} : { "quorate:clientSecret": encrypted };
    const before = fs.existsSync(configFile()) ? stored() : {};
    fs.writeFileSync(configFile(), stringify({ ...before, config: { ...kept, ...Object.fromEntries(entries) } }));
  };
  const expectExit = async (end: Promise<{ exitCode: number | null; output: string }>, code: number) => {
    const { exitCode, output } = await end;
    expect(exitCode, output).to.equal(code);
    return output;
  };
  const starts = () => practice.served.requests.filter(({ status }) => status === 302);
  const stateText = () =>
    fs
      .readdirSync(path.join(project.folder, "state"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".json"))
      .map((name) => fs.readFileSync(path.join(project.folder, "state", name), "utf8"))
      .join();

  afterEach(async () => {
    encrypted = undefined;
    project?.remove();
    await practice?.served.close();
  });

  describe("pks (seed 000)", () => {
    const pks = { topology: "pks", deployment: pksDeploymentName, masters: "controller", quorumGroups: ["master"] };

    const acceptance = [
      { name: "service", command: "cat answer", expect: ["^service/wordpress +LoadBalancer", "Running"] },
    ];

    beforeEach(() => begin("seed-000", pks));

    it("names the failing process, goes from recreate's error to delete-vm, leaves all else, and checks the service", async () => {
      const answer = path.join(project.folder, "answer");
      fs.writeFileSync(answer, "pod/a Running\n");
      declare({ ...pks, acceptance: acceptance.map((check) => ({ ...check, command: `cat ${answer}` })) });
      const before = practice.director.deployment(pksDeploymentName).instances.map(({ vm }) => vm?.cid);
      const { exitCode, output: preview } = await project.preview("--expect-no-changes");
      expect(exitCode, preview).to.be.greaterThan(0);
      expect(preview).to.contain(`${broken}: failing: fluentd unknown`);
      expect(preview).to.contain(`restart fluentd on ${broken}`);
      expect(preview).to.contain("The resurrector never stands down");
      const writes = practice.served.requests.filter(({ method, url }) => method !== "GET" && !url.endsWith("/ssh"));
      expect(writes).to.deep.equal([]);
      const failed = await project.up();
      expect(failed.exitCode, failed.output).to.be.greaterThan(0);
      expect(failed.output).to.contain("Stopping Monitored Services: Stopping services '[fluentd]' errored");
      expect(failed.output).to.contain(
        "delete the VM master_service-instance-56c19cfc-d5d7-4e11-aee2-78c81f4e7ad4_934905729598",
      );
      const after = practice.director.deployment(pksDeploymentName).instances.map(({ vm }) => vm?.cid);
      expect(after.filter((cid, index) => cid !== before[index])).to.have.length(1);
      expect(practice.director.configs.latest({ type: "resurrection" })).to.deep.equal([]);
      expect(practice.director.isResurrectionOn).to.equal(true);
      expect(failed.output).to.contain("check service: its output has no line that matches ^service/wordpress");
      fs.appendFileSync(answer, "service/wordpress   LoadBalancer 10.100.200.121\n");
      await expectExit(project.up(), 0);
      await expectExit(project.preview("--expect-no-changes"), 0);
      expect(stateText() + preview + failed.output).not.to.contain(secret);
    });

    it("names every mistake of the configuration at once", async () => {
      declare({ topology: "pks", nodes: { a: {} }, acceptance: [{ name: "A B", command: "" }], colour: "blue" });
      const { exitCode, output } = await project.preview();
      expect(exitCode).to.be.greaterThan(0);
      for (const part of ["quorate:acceptance.0.name", "quorate:acceptance.0.command", "colour"])
        expect(output).to.contain(part);
      declare({ topology: "pks", nodes: { a: {}, b: { instance: "x" } } });
      const again = (await project.preview()).output;
      expect(again).to.contain("quorate:nodes.a: must have access, or instance and a deployment");
      expect(again).to.contain("quorate:deployment: must be given for the instance of quorate:nodes.b");
    });
  });

  describe("cloud-foundry (seed 004)", () => {
    const cf = {
      topology: "cloud-foundry",
      deployment: cfDeploymentName,
      foundation: { zones: ["az1", "az2", "az3"], release: "2.4", blobstore: { kind: "external" } },
    };

    beforeEach(() => begin("seed-004", cf));

    it("turns the resurrector on and recovers 15 silent VMs and a missing one, each by its own answer", async () => {
      practice.director.isResurrectionOn = false;
      const lost = practice.director
        .deployment(cfDeploymentName)
        .instances.find(({ zone, group }) => zone === "az2" && group === "router");
      if (lost?.vm === undefined) throw new Error("az2 has no router");
      lost.vm.existsInIaas = false;
      declare({ ...cf, massRecovery: "az2 of 3:41" });
      const preview = await expectExit(project.preview(), 0);
      expect(preview).to.contain("the resurrector is off for the whole director; it is to be turned on");
      expect(preview).to.contain("external-load-balancer: no external load balancer is declared");
      expect(preview).to.match(/stands down for 'cf-54c9c2f906b6aba996cd' once \d+ of its \d+ VMs were down/);
      expect(starts()).to.deep.equal([]);
      const up = await expectExit(project.up(), 0);
      expect(practice.director.isResurrectionOn).to.equal(true);
      expect(up).to.match(/expected to take about \d+ minute/);
      expect(up.match(/\d+ of \d+: task \d+: Applying problem resolutions/g)).to.have.length.at.least(16);
      expect(up.match(/: Reboot VM/g)?.length).to.be.at.least(15);
      expect(up).to.match(/Recreate VM/);
      const dark = practice.director
        .deployment(cfDeploymentName)
        .instances.filter(({ vm }) => vm?.isPoweredOn !== true);
      expect(dark).to.deep.equal([]);
      expect(starts().filter(({ url }) => /\/(vms|logs)/.test(url))).to.deep.equal([]);
      practice.director.isResurrectionOn = false;
      const drift = await project.preview("--diff", "--expect-no-changes");
      expect(drift.exitCode).to.be.greaterThan(0);
      expect(drift.output).to.match(/enabled\s*: false => true/);
      expect(drift.output).not.to.contain("answer the problems");
    });

    it("stops before anything is touched when a mandatory rule does not hold", async () => {
      declare({
        ...cf,
        foundation: { ...cf.foundation, mandatory: ["zone-spread"] },
        massRecovery: "az2 of 3:41",
        resurrection: false,
      });
      const { exitCode, output } = await project.up();
      expect(exitCode, output).to.be.greaterThan(0);
      expect(output).to.contain("zone-spread: Doppler Server");
      expect(starts()).to.deep.equal([]);
    });
  });
});
