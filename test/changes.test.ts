import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { changeRules, filesFor, renderChangeRules } from "./changes";
import { filesOf, tierOf, tiers } from "./tiers";

const root = path.resolve(__dirname, "..");

describe("what is to be run for a change", () => {
  it("stands in CONTRIBUTING.md as it is read (QUORATE_TEST_GOLDEN=update writes it)", () => {
    const file = path.join(root, "CONTRIBUTING.md");
    const text = fs.readFileSync(file, "utf8");
    const marked = /(## If you change X, run Y\n\n)\|[\s\S]*?\n\n/;
    const wanted = text.replace(marked, (_, title: string) => `${title}${renderChangeRules()}\n\n`);
    if (process.env.QUORATE_TEST_GOLDEN === "update") fs.writeFileSync(file, wanted);
    else expect(text).to.equal(wanted).and.to.match(marked);
  });

  it("names files and folders that there are", () => {
    const missing = changeRules
      .flatMap(({ change }) => change)
      .filter((place) => !fs.existsSync(path.join(root, place)));
    expect(missing).to.deep.equal([]);
  });

  it("names tests that there are", () => {
    const all = tiers.flatMap(({ name }) => filesOf(name));
    const missing = changeRules
      .flatMap(({ run }) => run)
      .filter((start) => !all.some((file) => file.startsWith(start)));
    expect(missing).to.deep.equal([]);
  });

  it("is what reaches real parts from there, and a changed test itself", () => {
    const probe = filesFor(["templates/probe/host.hbs"]);
    expect(probe).to.include.members(["host/local-node.test.ts", "lab/contract.test.ts"]);
    expect(probe.map(tierOf)).not.to.include("browser");
    expect(filesFor(["test/lab/backup.test.ts"])).to.include("lab/backup.test.ts");
  });

  it("is nothing beside the fast tier for words alone", () => {
    expect(filesFor(["README.md"])).to.deep.equal([]);
  });
});
