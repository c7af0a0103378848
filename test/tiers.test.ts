import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { filesOf, specOf, tiers } from "./tiers";

const root = path.resolve(__dirname, "..");

/** Files of test/ that a file reaches by its imports, itself included. */
function reached(file: string, known = new Set<string>()): ReadonlySet<string> {
  if (known.has(file)) return known;
  known.add(file);
  const text = fs.readFileSync(path.join(root, file), "utf8");
  for (const [, target = ""] of text.matchAll(/^(?:import|export)\s[^;]*?from\s+"(\.[^"]+)"/gm)) {
    if (/^import type /.test(text.slice(text.lastIndexOf("\nimport", text.indexOf(`"${target}"`)) + 1))) continue;
    const next = [`${target}.ts`, `${target}/index.ts`]
      .map((name) => path.join(path.dirname(file), name))
      .find((name) => fs.existsSync(path.join(root, name)));
    if (next?.startsWith("test/") === true) reached(next, known);
  }
  return known;
}

describe("the tiers of the tests", () => {
  it("have every test file once", () => {
    const listed = tiers.flatMap(({ name }) => filesOf(name));
    expect(new Set(listed).size).to.equal(listed.length);
    const all = fs.readdirSync(__dirname, { recursive: true, encoding: "utf8" });
    expect([...listed].sort()).to.deep.equal(all.filter((name) => name.endsWith(".test.ts")).sort());
  });

  it("begin with the longest files, all of which there are", () => {
    const [first] = filesOf("fast");
    expect(first).to.equal("simulator/rehearsal/seeds.test.ts");
  });

  it("each have a script and a folder", () => {
    const { scripts } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
    for (const { name } of tiers) expect(scripts).to.have.property(name === "fast" ? "test" : `test:${name}`);
    for (const { name } of tiers) expect(filesOf(name), name).not.to.deep.equal([]);
  });

  it("keep the fast one away from everything that installs, or needs root or real parts", () => {
    const installing =
      /^test\/(host|ansible|browser|clis)\/|^test\/etcd\/loopback-(cluster|nodes)\.ts$|^test\/lab\/(requirements|binaries|site|host)\.ts$/;
    const wrong = filesOf("fast").flatMap((file) =>
      [...reached(specOf(file))].filter((one) => installing.test(one)).map((one) => `${file} reaches ${one}`),
    );
    expect(wrong).to.deep.equal([]);
  });
});
