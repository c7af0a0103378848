import { expect } from "chai";
import { observeFoundation } from "../../../src/converge/bosh-foundation";
import { observeResurrection } from "../../../src/converge/bosh-observe";
import { convergeResurrection } from "../../../src/converge/bosh-resurrection";
import { pauseConfigName, pauseRules, renderRules } from "../../../src/plan/bosh-resurrection";
import { checkFoundation } from "../../../src/plan/foundation";
import { cfDeployment, cfDeploymentName } from "../../../src/simulator/director/scenarios";
import { SimulatedDirectorAccess } from "../../../src/simulator/director/simulated-access";
import { practiceDirector, startMs } from "./practice-director";

const rules = [
  { enabled: false, include: { deployments: [cfDeploymentName], instanceGroups: ["mysql"] }, exclude: undefined },
];
const declared = { isOn: true, configs: [{ name: "no-mysql", rules }] };

function arrange() {
  const director = practiceDirector({ deployments: [cfDeployment(startMs)] });
  return { director, access: new SimulatedDirectorAccess(director) };
}

describe("convergeResurrection", () => {
  it("turns it on, writes the config, takes back a left pause, and changes nothing the second time", async () => {
    const { director, access } = arrange();
    director.isResurrectionOn = false;
    const left = pauseConfigName("other");
    await access.writeConfig({ type: "resurrection", name: left, content: renderRules(pauseRules("other")) }, "0");
    expect(await convergeResurrection(declared, access)).to.deep.equal([]);
    const state = await observeResurrection(access);
    expect([state.isOn, state.configs.map(({ name }) => name)]).to.deep.equal([true, ["no-mysql"]]);
    const id = state.configs[0]?.id;
    await convergeResurrection(declared, access);
    expect((await observeResurrection(access)).configs[0]?.id).to.equal(id);
  });

  it("replaces rules that somebody changed, and a config of that name that nobody can read", async () => {
    for (const content of ["rules: []\n", "rules: [{enabled: maybe}]\n"]) {
      const { access } = arrange();
      await access.writeConfig({ type: "resurrection", name: "no-mysql", content }, "0");
      expect(await convergeResurrection(declared, access)).to.deep.equal([]);
    }
  });

  it("leaves configs of other names alone", async () => {
    const { access } = arrange();
    await access.writeConfig({ type: "resurrection", name: "ops", content: "rules: []\n" }, "0");
    await convergeResurrection(declared, access);
    expect((await access.observeConfigs("resurrection")).map(({ name }) => name)).to.deep.equal(["no-mysql", "ops"]);
  });
});

describe("observeFoundation", () => {
  it("finds seed 004's foundation wanting, without a task on the director", async () => {
    const { director, access } = arrange();
    await convergeResurrection(declared, access);
    const observation = await observeFoundation(access, cfDeploymentName);
    const findings = checkFoundation(
      {
        deployment: cfDeploymentName,
        zones: ["az1", "az2", "az3"],
        hasExternalLoadBalancer: false,
        blobstore: { kind: "internal" },
        hasExternalDatabase: false,
        release: "2.4",
        cells: undefined,
        mandatory: ["blobstore"],
      },
      observation,
    );
    expect(findings[0]?.rule).to.equal("blobstore");
    expect(findings.find(({ rule }) => rule === "external-load-balancer")?.message).to.contain(
      "the one HAProxy is in zone az1",
    );
    expect(findings.find(({ rule }) => rule === "resurrector")?.message).to.contain("off mysql");
    expect(director.tasks.list()).to.deep.equal([]);
  });
});
