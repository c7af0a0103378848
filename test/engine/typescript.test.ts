import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { typescriptHook } from "../../src/engine/child-process";

describe("TypeScript programs", function () {
  this.timeout(30_000);
  let root = "";
  let cache = "";
  beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-typescript-"));
    cache = path.join(root, "cache");
    fs.mkdirSync(cache, { mode: 0o700 });
  });
  afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

  function run(
    text: string,
    options: { readonly cwd?: string; readonly cache?: string; readonly folder?: string } = {},
  ) {
    const program = path.join(options.folder ?? root, "program.ts");
    fs.writeFileSync(program, text);
    return spawnSync(process.execPath, ["--require", typescriptHook, program], {
      cwd: options.cwd ?? root,
      env: { PATH: process.env.PATH, HOME: root, XDG_CACHE_HOME: options.cache ?? cache },
      encoding: "utf8",
    });
  }
  const folder = () => path.join(cache, "quorate", "typescript");
  const kept = () => path.join(folder(), fs.readdirSync(folder())[0] ?? "nothing was kept");
  const hello = 'const said: string = "by the program";\nconsole.log(said);\n';
  /** What another user would have run in the program's place. */
  const plant = (file: string) => fs.writeFileSync(file, 'console.log("by a stranger");\n');

  it("run as they are, and what was compiled is kept for this user alone", () => {
    expect(run(hello).stdout).to.equal("by the program\n");
    expect(fs.statSync(folder()).mode & 0o777).to.equal(0o700);
    expect(fs.statSync(kept()).mode & 0o777).to.equal(0o600);
    expect(fs.readdirSync(folder())).to.have.length(1);
    fs.writeFileSync(kept(), 'console.log("as it was kept");\n');
    expect(run(hello).stdout).to.equal("as it was kept\n");
  });

  it("are compiled anew when they have changed", () => {
    run(hello);
    expect(run(hello.replace("the program", "another one")).stdout).to.equal("by another one\n");
  });

  it("are not compiled again in a copy of their project, and show the lines of the copy", () => {
    const text = 'type Word = string;\nconst said: Word = "in a copy";\nconsole.log(new Error(said).stack);\n';
    run(text);
    const folder = path.join(root, "copy");
    fs.mkdirSync(folder);
    expect(run(text, { folder }).stdout).to.contain(`${path.join(folder, "program.ts")}:3:13`);
    expect(fs.readdirSync(path.join(cache, "quorate", "typescript"))).to.have.length(1);
  });

  it("do not keep for ever what was compiled, and look for it once a day", () => {
    const days = (count: number) => new Date(Date.now() - count * 24 * 3600 * 1000);
    run(hello);
    const old = kept();
    fs.utimesSync(old, days(31), days(31));
    run(hello.replace("the program", "a second one"));
    expect(fs.existsSync(old)).to.equal(true);
    fs.utimesSync(`${folder()}-pruned`, days(2), days(2));
    run(hello.replace("the program", "a third one"));
    expect(fs.existsSync(old)).to.equal(false);
    expect(fs.readdirSync(folder())).to.have.length(2);
  });

  for (const [place, change] of [
    ["the kept folder", () => fs.chmodSync(folder(), 0o777)],
    ["a folder above it", () => fs.chmodSync(cache, 0o777)],
    ["the kept file", () => fs.chmodSync(kept(), 0o666)],
  ] as const) {
    it(`are not taken from what was kept where others may write to ${place}`, () => {
      run(hello);
      plant(kept());
      change();
      const { stdout, stderr } = run(hello);
      expect(stdout, stderr).to.equal("by the program\n");
    });
  }

  it("are not taken from a link in place of what was kept", () => {
    run(hello);
    const name = kept();
    plant(path.join(root, "elsewhere.js"));
    fs.rmSync(name);
    fs.symlinkSync(path.join(root, "elsewhere.js"), name);
    expect(run(hello).stdout).to.equal("by the program\n");
  });

  it("are not taken from a folder of another user", function () {
    if (process.getuid?.() !== 0) this.skip();
    run(hello);
    plant(kept());
    fs.chownSync(kept(), 65_534, 65_534);
    fs.chownSync(folder(), 65_534, 65_534);
    expect(run(hello).stdout).to.equal("by the program\n");
  });

  it("run without a folder to keep anything in, and leave nothing behind", () => {
    const file = path.join(root, "file");
    fs.writeFileSync(file, "");
    expect(run(hello, { cache: file }).stdout).to.equal("by the program\n");
    expect(fs.readdirSync(root).sort()).to.deep.equal(["cache", "file", "program.ts"]);
  });

  it("say a mistake in one sentence with its line", () => {
    const { status, stderr } = run("const fine = 1;\nconst = 2;\n");
    expect(status).to.equal(1);
    expect(stderr).to.contain(`SyntaxError: ${path.join(root, "program.ts")}:2:7: Expected identifier`);
  });

  it("show the line of the source in a stack", () => {
    const types = "interface Long {\n  readonly one: string;\n  readonly two: string;\n}\n";
    const { stdout } = run(`${types}const made: Long | Error = new Error("here");\nconsole.log(made.stack);\n`);
    expect(stdout).to.contain(`${path.join(root, "program.ts")}:5:28`);
  });

  const fields =
    "class Base { constructor() { (this as any).id = 7; } }\nclass Own extends Base { readonly id!: number; }\n";
  it("keep a field that a base class has set and they only declare, as under the SDK's compiler", () => {
    expect(run(`${fields}console.log(new Own().id);\n`).stdout).to.equal("7\n");
  });

  it("follow the target of the tsconfig.json in the folder that they run in", () => {
    fs.writeFileSync(path.join(root, "tsconfig.json"), '{ "compilerOptions": { "target": "es2022" } } // newest');
    expect(run(`${fields}console.log(new Own().id);\n`).stdout).to.equal("undefined\n");
    expect(run(`${fields}console.log(new Own().id);\n`, { cwd: "/" }).stdout).to.equal("7\n");
  });

  it("import ES modules by import()", () => {
    fs.writeFileSync(path.join(root, "module.mjs"), "export default 'from a module';\n");
    expect(run('void import("./module.mjs").then((found) => console.log(found.default));\n').stdout).to.equal(
      "from a module\n",
    );
  });
});
