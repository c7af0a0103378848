#!/usr/bin/env node
// `npm run build`: makes dist/, the compiled code that `bin/` and the Pulumi CLI run. Templates, scenarios and stacks are read
// where they lie, beside dist/.
//
// dist/quorate.js         the command line          dist/typescript.js     what runs users' programs (see src/engine)
// dist/plugin.js          the Pulumi plugin         dist/parent-watch.js   what ends them with the engine
// dist/provider/          the plugin as a folder, for Pulumi.yaml    dist/deferred-modules.js   what makes them start sooner
// dist/LICENSES.txt       of the packages whose code is in it

const fs = require("node:fs");
const path = require("node:path");
const esbuild = require("esbuild");
const { stamp, stateOfSources } = require("./compiled.js");

const root = path.join(__dirname, "..");
const dist = path.join(root, "dist");

/** Not compiled in: what a program loads too, and what most commands never load. */
const external = [
  "@pulumi/*",
  "@grpc/grpc-js",
  "google-protobuf",
  "echarts",
  "selfsigned",
  "esbuild",
  "source-map-support",
];

/** A file is replaced at once, so that a command that starts meanwhile finds the old one or the new one, whole. */
function write(name, contents, mode = 0o644) {
  const file = path.join(dist, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  fs.writeFileSync(temporary, contents, { mode });
  fs.renameSync(temporary, file);
}

function licences(inputs) {
  const folders = new Set(
    Object.keys(inputs).flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []),
  );
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(fs.readFileSync(path.join(root, folder, "package.json"), "utf8"));
    const file = fs.readdirSync(path.join(root, folder)).find((one) => /^licen[cs]e/i.test(one));
    const text = file === undefined ? "" : `\n${fs.readFileSync(path.join(root, folder, file), "utf8").trim()}\n`;
    return `${name} ${version} (${license})\n${text}`;
  });
}

function build() {
  // Taken before the sources are read: one that is written during the build differs from what was built.
  const state = stateOfSources();
  const { outputFiles, metafile } = esbuild.buildSync({
    absWorkingDir: root,
    entryPoints: { quorate: "src/cli/main.ts", plugin: "src/provider/index.ts" },
    outdir: "dist",
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "cjs",
    external,
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    write: false,
    legalComments: "none",
    logLevel: "warning",
    // handlebars offers itself to require() there, which no code of ours uses.
    logOverride: { "unsupported-require-call": "silent" },
  });
  for (const { path: file, contents } of outputFiles) write(path.relative(dist, file), contents);
  for (const name of ["deferred-modules.js", "parent-watch.js", "typescript.js"])
    write(name, fs.readFileSync(path.join(root, "src/engine", name)));
  write("LICENSES.txt", licences(metafile.inputs).join(`\n${"-".repeat(80)}\n\n`));
  // The Pulumi CLI runs the program of this name; where it cannot, it has its language host run the folder.
  write(
    "provider/pulumi-resource-quorate",
    '#!/usr/bin/env node\nrequire("../../bin/pulumi-resource-quorate.js");\n',
    0o755,
  );
  write("provider/PulumiPlugin.yaml", "runtime:\n  name: nodejs\n  options:\n    typescript: false\n");
  const { version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  const plugin = { name: "quorate-plugin", version, main: "../../bin/pulumi-resource-quorate.js", private: true };
  write("provider/package.json", `${JSON.stringify(plugin, undefined, 2)}\n`);
  // Last: it says that all the others are there, and from which sources.
  write(path.basename(stamp), state);
}

try {
  build();
} catch (error) {
  // What is wrong with the sources was told already, with its place.
  if (error.errors === undefined) throw error;
  process.exitCode = 1;
}
