import { expect } from "chai";
import { ansibleRequirement, ansibleViolation } from "../../src/inventory/ansible-bound";
import { treeOfTag } from "./trees";

describe("ansibleViolation", () => {
  const cases: readonly (readonly [tag: string, banner: string, isFit: boolean])[] = [
    ["v2.31.0", "ansible-playbook [core 2.18.0]", true],
    ["v2.31.0", "ansible-playbook [core 2.18.19]", true],
    ["v2.31.0", "ansible-playbook [core 2.19.0]", false],
    ["v2.31.0", "ansible-playbook [core 2.17.14]", false],
    ["v2.17.0", "ansible-playbook 2.10.17", true],
    ["v2.17.0", "ansible-playbook [core 2.11.0]", false],
    ["v2.13.4", "ansible-playbook 2.9.27", true],
    ["v2.31.0", "not ansible at all", false],
  ];
  for (const [tag, banner, isFit] of cases) {
    it(`${isFit ? "takes" : "refuses"} "${banner}" for ${tag}`, () => {
      const violation = ansibleViolation(treeOfTag(tag), "/opt/ansible-playbook", banner);
      expect(violation?.code).to.equal(isFit ? undefined : "ansible-version");
      if (violation !== undefined) expect(violation.message).to.contain(`kubespray ${tag} needs ansible-core from 2.`);
    });
  }
});

describe("ansibleRequirement", () => {
  const cases: readonly (readonly [tag: string, requirement: string])[] = [
    ["v2.31.0", "ansible-core>=2.18.0,<2.19.0"],
    ["v2.20.0", "ansible-core>=2.11.0,<2.13.0"],
    ["v2.19.1", "ansible-core>=2.11.0,<2.13.0"],
    ["v2.17.0", "ansible-base>=2.10.0,<2.11.0"],
    ["v2.15.1", "ansible>=2.9.0,<2.10.0"],
  ];
  for (const [tag, requirement] of cases) {
    it(`is ${requirement} for ${tag}, by the package's name of that time`, () => {
      expect(ansibleRequirement(treeOfTag(tag))).to.equal(requirement);
    });
  }
});
