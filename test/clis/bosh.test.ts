// The ordinary `bosh` CLI, where one is in PATH, pointed at the director to practise on: it prints what the seeds show, and the
// commands that a plan prints do what the plan says.

import { expect } from "chai";
import { systemClock } from "../../src/adapters/system-clock";
import type { BoshStep } from "../../src/model/bosh-step";
import { pauseConfigName } from "../../src/plan/bosh-resurrection";
import { renderBoshStep } from "../../src/render/bosh-step-command";
import { type ServedPractice, servePracticeDirector } from "../../src/simulator/director/practice";
import { cfDeploymentName, pksBrokenMaster, pksDeploymentName } from "../../src/simulator/director/scenarios";
import { type BoshCli, boshCli, boshCliOrSkip } from "../conformance/bosh/bosh-cli";
import { printedTable } from "../conformance/bosh/recorded";

const broken = `master/${pksBrokenMaster.id}`;
const cid = "master_service-instance-56c19cfc-d5d7-4e11-aee2-78c81f4e7ad4_934905729598";
const at = { deployment: pksDeploymentName, reason: "as in seed 000", instance: pksBrokenMaster } as const;

/** Seed 000's first listing. */
const failing = [
  ["apply-addons/b7464878-e9c2-4c18-9f3b-89aae38f8d32", "-", "pks-az1", "-", pksDeploymentName],
  [broken, "failing", "pks-az3", "172.28.3.4", pksDeploymentName],
  ["master/8cdf6298-e50a-4dc3-997b-b7e14502cc57", "running", "pks-az2", "172.28.3.3", pksDeploymentName],
  ["master/9b8ad6e0-a438-4033-9767-46c586fb4771", "running", "pks-az1", "172.28.3.2", pksDeploymentName],
  ["worker/3b2ae3af-a4ff-4850-8d36-a120525bab4b", "running", "pks-az1", "172.28.3.5", pksDeploymentName],
];

describe("the bosh CLI at the practice director", function () {
  this.timeout(300_000);
  let cli: BoshCli;
  let practice: ServedPractice;

  const begin = async (scenario: string, kind: "basic" | "uaa" = "basic") => {
    const authentication = { kind, client: "ops_manager", secret: "not-a-secret" };
    practice = await servePracticeDirector({
      scenario,
      port: 0,
      authentication,
      wall: systemClock(),
      speed: 200,
      seed: "cli",
    });
    const environment = `https://127.0.0.1:${practice.served.port}`;
    const { client, secret } = authentication;
    cli = boshCli({ environment, caCertificate: practice.caCertificate, client, secret });
  };
  const bosh = async (words: string, code = 0) => {
    const ended = await cli.shell(`bosh --no-color ${words}`);
    expect(ended.code, ended.printed).to.equal(code);
    return ended.printed;
  };
  const follow = async (step: BoshStep) => {
    const ended = await cli.shell(renderBoshStep(step));
    expect(ended.code, ended.printed).to.equal(0);
    return ended.printed;
  };

  before(function () {
    boshCliOrSkip(this);
  });
  afterEach(async () => {
    await practice?.served.close();
    cli?.remove();
  });

  it("shows seed 000 table for table, and is repaired by the very commands that a plan prints", async () => {
    await begin("seed-000");
    const d = `-d ${pksDeploymentName}`;
    expect(printedTable(await bosh(`${d} is`), "Instance")).to.deep.equal(failing);
    const cck = await bosh(`${d} cck`);
    expect(cck)
      .to.match(/Scanning 4 VMs: 4 OK, 0 unresponsive, 0 missing, 0 unbound/)
      .and.to.contain("0 problems");
    const refused = await bosh(`-n ${d} recreate ${broken}`, 1);
    expect(refused).to.match(/Action Failed get_task: .*Stopping services '\[fluentd\]' errored/);
    expect(refused).to.match(/Expected task '\d+' to succeed but state is 'error'/);
    const configName = pauseConfigName(pksDeploymentName);
    await follow({ ...at, kind: "pauseResurrection", configName });
    expect(practice.director.configs.latest({ type: "resurrection" }).map(({ name }) => name)).to.deep.equal([
      configName,
    ]);
    expect(await follow({ ...at, kind: "deleteVm", vmCid: cid })).to.contain(`VM ${cid} is successfully deleted`);
    const vms = printedTable(await bosh(`${d} vms`), "Instance").map((row) => row.slice(0, 5));
    expect(vms).to.deep.equal(
      [
        [failing[2], "b15c5f379684"],
        [failing[3], "8a7e6242d1e2"],
        [failing[4], "86a1f0acfa45"],
      ].map(([row, suffix]) => {
        const [name = "", ...cells] = (row ?? []) as readonly string[];
        const group = name.split("/")[0];
        return [name, ...cells.slice(0, 3), `${group}_service-instance-56c19cfc-d5d7-4e11-aee2-78c81f4e7ad4_${suffix}`];
      }),
    );
    const recreated = await follow({ ...at, kind: "recreateInstance", scope: "converge" });
    expect(recreated).to.contain(`Creating missing vms: ${broken} (2)`);
    await follow({ ...at, kind: "resumeResurrection", configName });
    expect(practice.director.configs.latest({ type: "resurrection" })).to.deep.equal([]);
    const running = failing.map((row) => row.map((cell) => (cell === "failing" ? "running" : cell)));
    expect(printedTable(await bosh(`${d} is`), "Instance")).to.deep.equal(running);
  });

  it("shows seed 004: the switch of the resurrector under an alias, 16 problems, reboot_vm for all, and none afterwards", async () => {
    await begin("seed-004");
    const d = `-d ${cfDeploymentName}`;
    const alias = "env -u BOSH_ENVIRONMENT bosh --no-color -e practice";
    await bosh(`-e https://127.0.0.1:${practice.served.port} alias-env practice`);
    expect((await cli.shell(`${alias} update-resurrection off`)).code).to.equal(0);
    expect(practice.director.isResurrectionOn).to.equal(false);
    expect((await cli.shell(`${alias} update-resurrection on`)).code).to.equal(0);
    expect(practice.director.isResurrectionOn).to.equal(true);
    expect(await bosh(`${d} cck --report`, 1)).to.contain("16 problems");
    expect(await bosh(`-n ${d} cck --resolution=reboot_vm`)).to.match(/: Reboot VM/);
    expect(await bosh(`${d} cck`)).to.contain("0 problems");
    expect(await bosh("tasks")).to.contain("0 tasks");
  });

  it("is logged in by client credentials at a UAA, as in the seeds, and refused with wrong ones", async () => {
    await begin("seed-000", "uaa");
    const printed = await bosh(`-d ${pksDeploymentName} is`);
    expect(printed).to.contain("as client 'ops_manager'");
    expect(printedTable(printed, "Instance")).to.deep.equal(failing);
    expect(practice.served.requests.some(({ url }) => url.includes("oauth/token"))).to.equal(true);
    expect(await bosh("--client-secret=wrong env", 1)).to.match(/Unauthorized|401|unauthorized/);
  });
});
