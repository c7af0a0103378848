import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { readPodFolder } from "../../src/simulator";

describe("readPodFolder", () => {
  let folder = "";
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-pods-"));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text);

  it("fills the placeholders of one node into every text, sorted by file name, and reads nothing but .yaml", () => {
    write("b.yaml", 'spec: {containers: [{command: ["--name={{name}}", "{{address}}:{{address}}"]}]}');
    write("a.yaml", "kind: Pod");
    write("notes.txt", "not: [a pod");
    expect(readPodFolder(folder, { name: "cp-0", address: "10.0.0.1" })).to.deep.equal([
      { kind: "Pod" },
      { spec: { containers: [{ command: ["--name=cp-0", "10.0.0.1:10.0.0.1"] }] } },
    ]);
  });

  it("refuses a placeholder without a value and a file without an object, naming the file", () => {
    write("a.yaml", "name: '{{zone}}'");
    expect(() => readPodFolder(folder, { name: "cp-0" })).to.throw("a.yaml: there is no value for {{zone}}");
    write("a.yaml", "- one\n- two\n");
    expect(() => readPodFolder(folder, {})).to.throw("a.yaml holds no Pod");
  });
});
