import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { checkStackName, readProject, readSelectedStack, writeSelectedStack } from "../../src/engine/project";

describe("readProject", () => {
  let root: string;
  const write = (text: string) => writeFileSync(join(root, "Pulumi.yaml"), text);
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quorate-project-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("finds the project from a folder below it", () => {
    write("name: demo\nruntime: nodejs\nmain: stacks\nstackConfigDir: stacks\noptions:\n  refresh: always\n");
    mkdirSync(join(root, "stacks/deep"), { recursive: true });
    expect(readProject(join(root, "stacks/deep"))).to.deep.include({
      name: "demo",
      root,
      programDirectory: join(root, "stacks"),
      entryPoint: ".",
      stackConfigDirectory: join(root, "stacks"),
      refreshAlways: true,
      plugins: [],
    });
  });

  it("splits a main that is a file", () => {
    mkdirSync(join(root, "stacks"));
    writeFileSync(join(root, "stacks/plant.ts"), "");
    write("name: demo\nruntime: {name: nodejs}\nmain: stacks/plant.ts\n");
    expect(readProject(root)).to.include({ programDirectory: join(root, "stacks"), entryPoint: "plant.ts" });
  });

  const mistakes = [
    { name: "no name", text: "runtime: nodejs\n", words: "name has to be" },
    { name: "a hostile name", text: 'name: "../x"\nruntime: nodejs\n', words: "name has to be" },
    { name: "another runtime", text: "name: demo\nruntime: go\n", words: 'runtime "go"' },
    { name: "text that is not YAML", text: "name: [\n", words: "is not YAML" },
    {
      name: "a plugin without a path",
      text: "name: demo\nruntime: nodejs\nplugins:\n  providers:\n    - name: quorate\n",
      words: "plugins.providers[0]",
    },
  ];
  for (const { name, text, words } of mistakes) {
    it(`refuses ${name}`, () => {
      write(text);
      expect(() => readProject(root)).to.throw(words);
    });
  }

  it("says where it looked when there is no project", () => {
    expect(() => readProject(root)).to.throw(`no Pulumi.yaml in ${root}`);
  });

  it("remembers the selected stack in the user's folder, where the Pulumi CLI looks", () => {
    write("name: demo\nruntime: nodejs\n");
    const env = { PULUMI_HOME: join(root, "home") };
    expect(readSelectedStack(readProject(root), env)).to.equal(undefined);
    writeSelectedStack(readProject(root), env, "prod");
    expect(readSelectedStack(readProject(root), env)).to.equal("prod");
    writeSelectedStack(readProject(root), env, undefined);
    expect(readSelectedStack(readProject(root), env)).to.equal(undefined);
  });
});

describe("checkStackName", () => {
  it("refuses names that do not fit into a file name", () => {
    for (const name of ["", "..", "a/b", "a b", "$(x)", "x\n", "a".repeat(101)]) {
      expect(() => checkStackName(name), name).to.throw("is not a stack name");
    }
    expect(checkStackName("plant-1_a.b")).to.equal("plant-1_a.b");
  });
});
