// The rules of the code base that no compiler checks: who may import whom, how long a file may be, what a name may be.

import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";

const root = path.resolve(__dirname, "..");

/** Folder of src -> the folders of src that it may import. Types of the core may be imported where a note says so. */
const allowedImports: Readonly<Record<string, readonly string[]>> = {
  model: [],
  plan: ["model"],
  ports: ["model"],
  observe: ["model"],
  converge: ["model", "plan", "ports"],
  render: ["model", "plan"],
  inventory: ["model", "plan", "render"],
  adapters: ["model", "ports", "render", "observe"],
  simulator: ["model", "plan", "ports", "converge"],
  provider: ["model", "plan", "ports", "observe", "converge", "render", "inventory", "adapters", "simulator"],
  resources: ["model"],
  // The engine knows nothing of the domain; the error type is the project's, not the domain's.
  engine: ["model/errors", "model/json"],
  cli: [
    "model",
    "plan",
    "ports",
    "observe",
    "converge",
    "render",
    "inventory",
    "adapters",
    "simulator",
    "provider",
    "resources",
    "engine",
  ],
};

/** Packages that a folder may import beside Node's own modules; folders that are not listed may import any dependency. */
const allowedPackages: Readonly<Record<string, RegExp>> = {
  model: /^zod$/,
  plan: /^(zod|yaml)$/,
  ports: /^$/,
  converge: /^$/,
  resources: /^@pulumi\//,
  stacks: /^(zod|yaml|@pulumi\/.*)$/,
};

const linesMax = 300;

interface SourceFile {
  readonly name: string;
  readonly text: string;
}

function sourceFiles(folder: string): readonly SourceFile[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
    .map((name) => path.join(folder, name))
    .sort()
    .map((name) => ({ name, text: fs.readFileSync(path.join(root, name), "utf8") }));
}

function importsOf(file: SourceFile): readonly string[] {
  const statements = file.text.matchAll(
    /^\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|require\("([^"]+)"\)|import\("([^"]+)"\)/gm,
  );
  return [...statements].flatMap((match) => match[1] ?? match[2] ?? match[3] ?? []);
}

/** The text without comments. */
function codeOf(file: SourceFile): string {
  return file.text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

describe("source files", () => {
  const files = sourceFiles("src");

  it("import only from the folders that their own may know", () => {
    const wrong = files.flatMap((file) => {
      const own = file.name.split(path.sep)[1] ?? "";
      const allowed = allowedImports[own] ?? [];
      return importsOf(file)
        .filter((target) => target.startsWith("."))
        .map((target) => path.relative(path.join(root, "src"), path.resolve(root, path.dirname(file.name), target)))
        .filter(
          (target) =>
            target.split(path.sep)[0] !== own &&
            !allowed.some((folder) => target === folder || target.startsWith(`${folder}${path.sep}`)),
        )
        .map((target) => `${file.name} imports ${target}`);
    });
    expect(wrong).to.deep.equal([]);
  });

  it("import only the packages that their folder may know", () => {
    const wrong = [...files, ...sourceFiles("stacks")].flatMap((file) => {
      const parts = file.name.split(path.sep);
      const allowed = allowedPackages[parts[0] === "stacks" ? "stacks" : (parts[1] ?? "")];
      return importsOf(file)
        .filter(
          (target) =>
            allowed !== undefined && !target.startsWith(".") && !target.startsWith("node:") && !allowed.test(target),
        )
        .map((target) => `${file.name} imports ${target}`);
    });
    expect(wrong).to.deep.equal([]);
  });

  it("have no more lines than a reader keeps in mind", () => {
    const long = files.filter((file) => file.text.split("\n").length > linesMax + 1).map((file) => file.name);
    expect(long).to.deep.equal([]);
  });

  it("open with a comment that says what is in them", () => {
    const silent = files.filter((file) => !/^(#!.*\n)?\/\//.test(file.text)).map((file) => file.name);
    expect(silent).to.deep.equal([]);
  });

  it("lie in no folder and have no name that says nothing", () => {
    const vague = files
      .filter((file) => /(^|\/)(utils?|helpers?|common|misc|manager)(\/|\.|-)/.test(file.name))
      .map((file) => file.name);
    expect(vague).to.deep.equal([]);
  });

  it("leave nothing for later and keep no check switched off", () => {
    const marks = [...files, ...sourceFiles("stacks"), ...sourceFiles("test")]
      .filter((file) => file.name !== path.join("test", "tidy.test.ts"))
      .filter((file) =>
        /\b(TODO|FIXME|XXX)\b|biome-ignore|@ts-(ignore|expect-error|nocheck)|StrictHostKeyChecking=no|\.only\(/.test(
          file.text,
        ),
      )
      .map((file) => file.name);
    expect(marks).to.deep.equal([]);
  });

  it("read variables of one family in the tests, and those for people are documented", () => {
    // What the tests tell the processes that they start.
    const own = ["ANSWERS", "CALLS", "HOLD", "LEFT_OUT", "LIVE", "RESULT"];
    // The machine's, and the product's own.
    const others = /^(HOME|PATH|XDG_CACHE_HOME|QUORATE_GZIP_DETAILS|PULUMI_NODEJS_TYPESCRIPT)$/;
    const read = sourceFiles("test").flatMap(({ text }) =>
      [...text.matchAll(/process\.env(?:\.|\[")([A-Za-z_]+)/g)].map(([, name = ""]) => name),
    );
    const documented = fs.readFileSync(path.join(root, "CONTRIBUTING.md"), "utf8");
    const strange = [...new Set(read)].filter(
      (name) =>
        !others.test(name) &&
        !own.some((end) => name === `QUORATE_TEST_${end}`) &&
        !(name.startsWith("QUORATE_TEST_") && documented.includes(`| \`${name}=`)),
    );
    expect(strange).to.deep.equal([]);
  });

  it("draw no randomness and read no wall clock in the parts that have to be deterministic", () => {
    const deterministic = ["model", "plan", "observe", "render", "converge", "inventory", "simulator"];
    const wild = files
      .filter((file) => deterministic.includes(file.name.split(path.sep)[1] ?? ""))
      .filter((file) =>
        /Math\.random|Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval/.test(codeOf(file)),
      )
      .map((file) => file.name);
    expect(wild).to.deep.equal([]);
  });
});
