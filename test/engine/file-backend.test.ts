import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import {
  findBackend,
  listStacks,
  openBackend,
  readState,
  removeState,
  stateFile,
  writeState,
} from "../../src/engine/file-backend";
import { readProject } from "../../src/engine/project";

describe("file backend", () => {
  let root: string;
  const backend = () => ({ url: `file://${root}`, root });
  const project = (extra = "") => {
    writeFileSync(join(root, "Pulumi.yaml"), `name: demo\nruntime: nodejs\n${extra}`);
    return readProject(root);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quorate-backend-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("is the variable's, else the project's, else the last login's, else the home folder", () => {
    const env = { HOME: "/home/ann", PULUMI_HOME: join(root, "pulumi-home") };
    expect(findBackend(project(), root, env).root).to.equal("/home/ann");
    mkdirSync(env.PULUMI_HOME);
    writeFileSync(join(env.PULUMI_HOME, "credentials.json"), '{"current":"file:///srv/login"}');
    expect(findBackend(project(), root, env).root).to.equal("/srv/login");
    const own = project("backend:\n  url: file://./state\n");
    expect(findBackend(own, root, env).root).to.equal(join(root, "state"));
    expect(findBackend(own, root, { ...env, PULUMI_BACKEND_URL: "file://~/states" }).root).to.equal("/home/ann/states");
  });

  it("refuses other schemes by name", () => {
    for (const url of ["s3://bucket", "https://app.pulumi.com", "gs://x"]) {
      expect(() => findBackend(project(), root, { PULUMI_BACKEND_URL: url }))
        .to.throw(url)
        .with.property("code", "unsupported");
    }
  });

  it("makes the layout file of a new backend and refuses layouts that it does not know", () => {
    openBackend(backend());
    const meta = join(root, ".pulumi/meta.yaml");
    expect(readFileSync(meta, "utf8")).to.equal("version: 1\n");
    writeFileSync(meta, "version: 2\n");
    expect(() => openBackend(backend())).to.throw("layout version 2");
    rmSync(meta);
    mkdirSync(join(root, ".pulumi/stacks"));
    writeFileSync(join(root, ".pulumi/stacks/legacy.json"), "{}");
    expect(() => openBackend(backend())).to.throw("old layout");
  });

  it("refuses a folder that does not exist instead of making it", () => {
    const missing = join(root, "missing");
    expect(() => openBackend({ url: `file://${missing}`, root: missing })).to.throw("does not exist");
    expect(existsSync(missing)).to.equal(false);
  });

  it("replaces state as a whole, keeps the one before as .bak and leaves nothing else behind", () => {
    writeState(backend(), "demo", "prod", "one");
    writeState(backend(), "demo", "prod", "two");
    const file = stateFile(backend(), "demo", "prod");
    expect(readFileSync(file, "utf8")).to.equal("two");
    expect(readFileSync(`${file}.bak`, "utf8")).to.equal("one");
    expect(readdirSync(dirname(file)).sort()).to.deep.equal(["prod.json", "prod.json.bak"]);
    expect(listStacks(backend(), "demo")).to.deep.equal(["prod"]);
  });

  it("keeps the last state of a removed stack", () => {
    writeState(backend(), "demo", "prod", "last");
    removeState(backend(), "demo", "prod");
    expect(readState(backend(), "demo", "prod")).to.equal(undefined);
    expect(readFileSync(`${stateFile(backend(), "demo", "prod")}.bak`, "utf8")).to.equal("last");
  });

  it("refuses compressed state instead of taking the stack for missing", () => {
    mkdirSync(dirname(stateFile(backend(), "demo", "prod")), { recursive: true });
    writeFileSync(`${stateFile(backend(), "demo", "prod")}.gz`, "");
    expect(() => readState(backend(), "demo", "prod")).to.throw("is compressed");
  });
});
