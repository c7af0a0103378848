import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { checkWritable, fileFaultOf } from "../../src/cli/file-fault";

const repository = path.resolve(__dirname, "../..");

describe("a file that cannot be used", () => {
  let folder = "";
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-file-"));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  const thrownBy = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (error) {
      return error;
    }
  };

  it("is told in a sentence with its name and the reason", () => {
    const missing = path.join(folder, "no/page.html");
    const fault = fileFaultOf(thrownBy(() => fs.writeFileSync(missing, "")));
    expect(fault?.message).to.equal(
      `${missing} cannot be used (open): it is not there, or the folder that it is to be in is not`,
    );
    expect(fileFaultOf(thrownBy(() => fs.writeFileSync(folder, "")))?.message).to.match(/: it is a folder$/);
    const below = path.join(folder, "page.html");
    fs.writeFileSync(below, "");
    expect(fileFaultOf(thrownBy(() => fs.mkdirSync(path.join(below, "x"))))?.message).to.match(
      /a part of it is no folder/,
    );
  });

  it("is nothing that another error is taken for", () => {
    expect(fileFaultOf(new Error("ENOENT"))).to.equal(undefined);
    expect(fileFaultOf(thrownBy(() => JSON.parse("{")))).to.equal(undefined);
    expect(fileFaultOf(spawnSync("/no/such/program").error)).to.equal(undefined);
  });

  it("is found before the work begins, and a file that can be written is left as it is", () => {
    const file = path.join(folder, "page.html");
    checkWritable(undefined);
    checkWritable(file);
    expect(fs.existsSync(file)).to.equal(false);
    fs.writeFileSync(file, "the last one");
    checkWritable(file);
    expect(fs.readFileSync(file, "utf8")).to.equal("the last one");
    expect(() => checkWritable(folder)).to.throw("it is a folder");
    expect(() => checkWritable(path.join(folder, "no/page.html"))).to.throw("is not there");
  });

  const commands: readonly (readonly string[])[] = [
    ["drill", "seed-002", "--report", "FILE"],
    ["rehearse", "seed-002", "--report", "FILE"],
    ["rehearse", "--runs", "1", "--report", "FILE"],
  ];
  for (const words of commands) {
    it(`ends ${words.filter((word) => word !== "FILE").join(" ")} with one sentence and 1`, () => {
      const file = path.join(folder, "no/page.html");
      const given = words.map((word) => (word === "FILE" ? file : word));
      const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/quorate.js", ...given], {
        cwd: repository,
        encoding: "utf8",
      });
      expect([status, stdout]).to.deep.equal([1, ""]);
      expect(stderr)
        .to.match(/^error: .*page\.html.* cannot be used/m)
        .and.not.match(/bug in quorate|\n {4}at /);
    });
  }
});
