import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";

const repository = path.resolve(__dirname, "../..");
const notice = "quorate: the sources have changed since dist/ was built, so it is built first\n";

describe("the commands of a clone", function () {
  this.timeout(60_000);
  let clone = "";
  before(() => {
    clone = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-clone-"));
    for (const name of ["bin", "src"])
      fs.cpSync(path.join(repository, name), path.join(clone, name), { recursive: true });
    for (const name of ["templates", "scenarios", "node_modules"])
      fs.symlinkSync(path.join(repository, name), path.join(clone, name));
    fs.copyFileSync(path.join(repository, "package.json"), path.join(clone, "package.json"));
  });
  after(() => fs.rmSync(clone, { recursive: true, force: true }));

  function quorate(...words: readonly string[]) {
    return spawnSync(process.execPath, [path.join(clone, "bin/quorate.js"), ...words], { encoding: "utf8", cwd: "/" });
  }
  const { version } = JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8"));

  it("are built when they were not yet, which is said in a line, and not again", () => {
    expect(quorate("--version")).to.include({ status: 0, stdout: `${version}\n`, stderr: notice });
    expect(quorate("--version")).to.include({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("are built again when a source has changed, and do what it says", () => {
    const file = path.join(clone, "src/cli/main.ts");
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("control-plane recovery as code", "changed"));
    const { stdout, stderr } = quorate("--help");
    expect(stderr).to.equal(notice);
    expect(stdout).to.contain("changed: preview what broke");
  });

  it("are built again when a source was taken away", () => {
    fs.writeFileSync(path.join(clone, "src/cli/gone.ts"), "// Nothing.\n");
    quorate("--version");
    expect(quorate("--version").stderr).to.equal("");
    fs.rmSync(path.join(clone, "src/cli/gone.ts"));
    expect(quorate("--version").stderr).to.equal(notice);
  });

  it("are built again when a source comes with an older time than the build", () => {
    const file = path.join(clone, "src/cli/main.ts");
    quorate("--version");
    fs.utimesSync(file, new Date(0), new Date(0));
    expect(quorate("--version").stderr).to.equal(notice);
    expect(quorate("--version").stderr).to.equal("");
  });

  it("end with one sentence when the sources cannot be built, and leave what was built before", () => {
    const file = path.join(clone, "src/cli/main.ts");
    const good = fs.readFileSync(file, "utf8");
    const built = fs.readFileSync(path.join(clone, "dist/quorate.js"), "utf8");
    fs.writeFileSync(file, "const = 1;\n");
    const { status, stderr } = quorate("--version");
    expect(status).to.equal(1);
    expect(stderr).to.match(/src\/cli\/main\.ts:1:6/);
    expect(stderr).to.match(/error: dist\/ cannot be built from the sources\n {2}next: mend what is named above\n$/);
    expect(stderr.match(/Expected identifier/g), stderr).to.have.length(1);
    expect(fs.readFileSync(path.join(clone, "dist/quorate.js"), "utf8")).to.equal(built);
    fs.writeFileSync(file, good);
  });

  it("say in one sentence that the packages are not installed", () => {
    const packages = path.join(clone, "node_modules");
    fs.rmSync(packages);
    expect(quorate("--version")).to.include({
      status: 1,
      stdout: "",
      stderr: `error: the packages that quorate needs are not installed\n  next: run \`npm ci\` in ${clone}\n`,
    });
    fs.symlinkSync(path.join(repository, "node_modules"), packages);
  });

  it("come with the licences of the packages that were compiled in", () => {
    quorate("--version");
    const text = fs.readFileSync(path.join(clone, "dist/LICENSES.txt"), "utf8");
    for (const name of ["commander", "execa", "handlebars", "yaml", "zod"])
      expect(text).to.match(new RegExp(`^${name} \\d`, "m"));
    expect(text).to.contain("Permission is hereby granted, free of charge");
  });
});
