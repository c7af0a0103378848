// The stacks that the repository shows are run, not just shown.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { Project } from "../lab/project";

const stacks = path.join(__dirname, "../../stacks");

describe("the example stack", function () {
  this.timeout(180_000);
  let project: Project;

  before(async () => {
    project = new Project("example");
    fs.cpSync(path.join(stacks, "demo"), path.join(project.folder, "stacks/demo"), { recursive: true });
    // Loopback has no such hosts: nothing outside this machine is asked for.
    const text = fs.readFileSync(path.join(stacks, "Pulumi.example.yaml"), "utf8");
    fs.writeFileSync(
      path.join(project.folder, "stacks/Pulumi.example.yaml"),
      text.replaceAll(".example.org", ".invalid").replace(", jumpHost: bastion.invalid", ""),
    );
    await project.succeed("stack", "init", "example");
  });
  after(() => project?.remove());

  it("is a valid declaration whose nodes are each named as unreachable where they are not there", async () => {
    const { exitCode, output } = await project.preview();
    expect(exitCode, output).to.equal(0);
    for (const node of ["cp-0", "cp-1", "cp-2"])
      expect(output).to.match(new RegExp(`node ${node} is unreachable: .*${node}\\.invalid`));
  });

  it("fails to come up, naming every node, and records nothing as repaired", async () => {
    const { exitCode, output } = await project.up();
    expect(exitCode, output).to.be.greaterThan(0);
    for (const node of ["cp-0", "cp-1", "cp-2"]) expect(output).to.contain(`node ${node} is unreachable`);
  });
});

describe("the example of a kubespray site", function () {
  this.timeout(180_000);
  let project: Project;

  before(async () => {
    project = new Project("kubespray-example");
    fs.cpSync(path.join(stacks, "demo"), path.join(project.folder, "stacks/demo"), { recursive: true });
    const file = "Pulumi.kubespray-example.yaml";
    fs.copyFileSync(path.join(stacks, file), path.join(project.folder, "stacks", file));
    await project.succeed("stack", "init", "kubespray-example");
  });
  after(() => project?.remove());

  it("is proven in a preview, and up writes it without running anything", async () => {
    const { exitCode, output } = await project.preview();
    expect(exitCode, output).to.equal(0);
    expect(output).to.contain("proven: quorum kept, broken etcd members are replaced");
    const up = await project.up();
    expect(up.exitCode, up.output).to.equal(0);
    const written = path.join(project.folder, "stacks/kubespray-recovery");
    expect(fs.readFileSync(path.join(written, "hosts.ini"), "utf8")).to.contain("[broken_etcd]\nm1\n");
    expect(fs.existsSync(path.join(written, "started"))).to.equal(false);
  });
});

describe("the examples behind a BOSH director", function () {
  this.timeout(180_000);
  const examples = [
    {
      name: "pks",
      shown: ["quorate:index:ControlPlane", "quorate:index:BoshDeployment", "quorate:index:AcceptanceChecks"],
    },
    {
      name: "cloud-foundry",
      shown: ["quorate:index:Foundation", "quorate:index:BoshDeployment", "acceptance-cf-push"],
    },
  ];
  for (const { name, shown } of examples) {
    it(`declare all of a ${name} site without a mistake, and say that no director listens`, async () => {
      const stack = `${name}-example`;
      const project = new Project(stack);
      try {
        const text = fs.readFileSync(path.join(stacks, `Pulumi.${stack}.yaml`), "utf8");
        fs.writeFileSync(
          path.join(project.folder, `stacks/Pulumi.${stack}.yaml`),
          text
            .replace("https://172.16.1.11", "https://127.0.0.1:1")
            .replace("config:", "config:\n  quorate:clientSecret: x"),
        );
        await project.succeed("stack", "init", stack);
        const { output } = await project.preview();
        expect(output.match(/.*(mistake|must be|Unrecognized).*/g) ?? []).to.deep.equal([]);
        for (const part of [...shown, "the director 127.0.0.1:1 takes no connection"]) expect(output).to.contain(part);
      } finally {
        project.remove();
      }
    });
  }
});
