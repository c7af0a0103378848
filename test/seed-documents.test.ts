import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { expect } from "chai";
import { typescriptHook } from "../src/engine/child-process";

const root = path.resolve(__dirname, "..");

describe("each seed document's case on real parts", function () {
  this.timeout(120_000);

  // The files are read, nothing is run: what a seed chooses can be told at once.
  function chosen(seed: string, ...files: readonly string[]): readonly string[] {
    const script = `const { default: Mocha } = require("mocha"); const mocha = new Mocha({ dryRun: true, reporter: class { constructor(runner) {
      runner.on("test end", (test) => console.log(test.titlePath().join(" > "))); } } });
      for (const file of process.argv.slice(1)) mocha.addFile(file);
      mocha.run(() => process.exit(0));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--require", typescriptHook, "-e", script, ...files.map((file) => path.join(root, file))],
      {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, QUORATE_TEST_SEED: seed, QUORATE_TEST_ALL: "0", QUORATE_TEST_LEFT_OUT: undefined },
      },
    );
    expect(stderr).to.equal("");
    return stdout.split("\n");
  }

  it("is in every share of the tiers, whatever the seed that draws it", () => {
    const files = ["lab/seed-000", "lab/seed-001", "lab/seed-002", "ansible/kubespray/seed-003"];
    for (const seed of ["1", "2", "3"]) {
      const titles = chosen(seed, ...files.map((file) => `test/${file}.test.ts`));
      for (const number of ["000", "001", "002", "003"])
        expect(
          titles.filter((title) => title.includes(`seed ${number}`)),
          `seed ${number}`,
        ).not.to.deep.equal([]);
    }
  });
});
