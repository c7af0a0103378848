// The bosh CLI prints less without a terminal (no titles, no task numbers, no "Succeeded"), so nothing of ours may depend
// on what it prints: the director is asked itself.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

const source = join(__dirname, "..", "..", "..", "src");

/** Does this text start the bosh CLI? */
function startsBosh(text: string): boolean {
  return /(execa|spawn|spawnSync|exec|execFile|runProcess)\w*\(\s*["'`]bosh["'` ]/.test(text);
}

describe("the sources", () => {
  it("start no bosh CLI and so read nothing that it prints", () => {
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    expect(files.length).to.be.greaterThan(50);
    expect(files.filter((file) => startsBosh(readFileSync(join(source, file), "utf8")))).to.deep.equal([]);
  });

  it("would be caught if they did", () => {
    for (const text of ['spawn("bosh", ["is"])', "execa('bosh', [])", 'runProcess("bosh is")'])
      expect(startsBosh(text)).to.equal(true);
  });
});
