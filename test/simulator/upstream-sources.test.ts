// Each behaviour of the simulator without a real counterpart here names its upstream source, and its own file names the
// repository too.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { defaultParameters } from "../../src/simulator/foundation/parameters";
import { upstreamSources } from "./upstream-sources";

const root = path.resolve(__dirname, "../../src/simulator");
const files = ["director", "foundation"].flatMap((folder) =>
  fs
    .readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ name: `${folder}/${name}`, text: fs.readFileSync(path.join(root, folder, name), "utf8") })),
);
const behaviours = files.flatMap(({ name, text }) =>
  [...text.matchAll(/^export (?:async )?(?:function\*? |class )(\w+)/gm)].map((match) => `${name}: ${match[1]}`),
);

describe("a behaviour of the simulator that has no real counterpart here", () => {
  it("is in the table of sources, and the table has none that is gone", () => {
    expect(behaviours.length).to.be.above(50);
    expect(Object.keys(upstreamSources).sort()).to.deep.equal([...behaviours].sort());
  });

  it("names a repository and a file", () => {
    const vague = Object.entries(upstreamSources).filter(
      ([, source]) =>
        !("ours" in source) && !(/^[\w-]+\/[\w-]+$/.test(source.repository) && /\S\.\w+$|\/\w+$/.test(source.file)),
    );
    expect(vague).to.deep.equal([]);
  });

  it("names its source where it is written too, with the repository in the head of its file or beside it", () => {
    const modelled = Object.entries(upstreamSources).flatMap(([key, source]) =>
      "ours" in source ? [] : [{ file: key.split(":")[0] ?? "", repository: source.repository }],
    );
    const silent = modelled.filter(({ file, repository }) => {
      const text = files.find(({ name }) => name === file)?.text ?? "";
      return !text.includes("Source: ") || !text.includes(repository);
    });
    expect([...new Set(silent.map(({ file, repository }) => `${file} does not name ${repository}`))]).to.deep.equal([]);
  });

  it("has a figure only with where the figure is from", () => {
    const without = Object.entries(defaultParameters).filter(
      ([, { source }]) => !/^(assumed|seed \d{3}|[\w-]+\/[\w-]+ \S+|\S+\/\S+)/.test(source),
    );
    expect(without.map(([name]) => name)).to.deep.equal([]);
  });
});
