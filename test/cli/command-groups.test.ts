import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { expect } from "chai";
import { Command } from "commander";
import { commandGroups } from "../../src/cli/command-groups";
import { typescriptHook } from "../../src/engine/child-process";

describe("the groups of commands", () => {
  for (const { commands, register } of commandGroups) {
    it(`are called by the words that they are found by: ${commands.join(", ")}`, () => {
      const program = new Command("quorate");
      register(program);
      const registered = program.commands.flatMap((command) => [command.name(), ...command.aliases()]);
      expect(registered.sort()).to.deep.equal([...commands].sort());
    });
  }

  it("share no word", () => {
    const words = commandGroups.flatMap(({ commands }) => commands);
    expect(new Set(words).size).to.equal(words.length);
  });

  it("are not loaded for the version, and what a command does not need is not loaded for it", () => {
    const main = path.resolve(__dirname, "../../src/cli/main.ts");
    const loadedBy = (...words: readonly string[]) => {
      const script = `process.on("exit", () => process.stderr.write(Object.keys(require.cache).join("\\n")));
        process.argv.splice(1, 0, ${JSON.stringify(main)}); require(${JSON.stringify(main)});`;
      return spawnSync(process.execPath, ["--require", typescriptHook, "-e", script, "--", ...words], {
        encoding: "utf8",
      }).stderr;
    };
    expect(loadedBy("--version"))
      .to.contain("src/cli/main.ts")
      .and.not.to.match(/src\/(engine\/deployment|simulator|plan|adapters)/);
    for (const word of ["preview", "doctor", "capture", "inventory"])
      expect(loadedBy(word, "--help"), word)
        .to.contain("src/cli/")
        .and.not.to.match(/src\/simulator|node_modules\/(echarts|selfsigned)/);
  });
});
