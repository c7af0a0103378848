// Preloaded into programs and tests (`node --require`): runs TypeScript files as they are, each compiled by esbuild when it is
// first required. Types are stripped, not checked.
//
// What was compiled is kept for the next start in `${XDG_CACHE_HOME:-~/.cache}/quorate/typescript`, under a name made of all that
// went into it. It is code that runs as this user, so it is read only from a folder that belongs to this user alone; where there
// is none, every file is compiled anew in memory.

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const sourceMapSupport = require("source-map-support");

/** What the compiled code may use: the oldest Node that is supported. */
const target = "node20.19";

// The SDK installs the same package, which would hide Node's own source maps. Reading a map waits until an error is shown.
const compiled = new Map();
const noMap = JSON.stringify({ version: 3, sources: [], names: [], mappings: "" });
sourceMapSupport.install({
  environment: "node",
  handleUncaughtExceptions: false,
  retrieveSourceMap: (file) => {
    // The SDK asks for a stack at every resource; the maps of its own files take longer to read than everything else does.
    if (/[\\/]node_modules[\\/]/.test(file)) return { url: file, map: noMap };
    const [, map] =
      /\n\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(compiled.get(file) ?? "") ?? [];
    return map === undefined ? null : { url: file, map: Buffer.from(map, "base64").toString() };
  },
});
for (const extension of [".ts", ".cts"]) Module._extensions[extension] = load;

function load(module, file) {
  const code = compile(file);
  compiled.set(file, code);
  module._compile(code, file);
}

function compile(file) {
  const source = fs.readFileSync(file, "utf8");
  // The folder is not in what is compiled, so that a copy of a project has it already.
  const key = createHash("sha256")
    .update(JSON.stringify([esbuildVersion(), target, settings(), path.basename(file), source]))
    .digest("hex");
  const kept = folder() === undefined ? undefined : path.join(folder(), `${key}.js`);
  const known = kept === undefined ? undefined : readOwn(kept);
  if (known !== undefined) return known;
  const code = transform(file, source);
  if (kept !== undefined) keep(kept, code);
  return code;
}

function transform(file, source) {
  // Loaded only when something is to be compiled: it starts a process.
  const esbuild = require("esbuild");
  try {
    return esbuild.transformSync(source, {
      loader: "ts",
      format: "cjs",
      platform: "node",
      target,
      // import() stays what it is: it is how an ES module is reached from here.
      supported: { "dynamic-import": true },
      sourcefile: path.basename(file),
      sourcemap: "inline",
      sourcesContent: false,
      tsconfigRaw: settings(),
      logLevel: "silent",
    }).code;
  } catch (error) {
    const [first] = error.errors ?? [];
    if (first?.location == null) throw error;
    const { line, column, lineText } = first.location;
    throw new SyntaxError(`${file}:${line}:${column + 1}: ${first.text}\n  ${lineText.trim()}`);
  }
}

/**
 * The compiler options that decide what code means: those of tsconfig.json in the folder that the program runs in, as under the SDK's
 * own compiler; `extends` is not followed. Without a target it is the SDK's: ES2020, by which a declared field of a resource does not
 * hide what the SDK has put there.
 * Source: pulumi/pulumi sdk/nodejs/cmd/run/run.ts.
 */
let knownSettings;
function settings() {
  const file = process.env.PULUMI_NODEJS_TSCONFIG_PATH || "tsconfig.json";
  knownSettings ??= withTarget(fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "{}");
  return knownSettings;
}

function withTarget(text) {
  if (/"(target|useDefineForClassFields)"\s*:/.test(text)) return text;
  const own = '"target": "es2020"';
  return /"compilerOptions"\s*:\s*\{/.test(text)
    ? text.replace(/"compilerOptions"\s*:\s*\{/, (opening) => `${opening} ${own},`)
    : text.replace(/\{/, `{ "compilerOptions": { ${own} },`);
}

let knownVersion;
function esbuildVersion() {
  knownVersion ??= require("esbuild/package.json").version;
  return knownVersion;
}

/** The folder that keeps what was compiled; undefined where there is none that belongs to this user alone. */
let knownFolder;
function folder() {
  knownFolder ??= { path: makeFolder() };
  return knownFolder.path;
}

function makeFolder() {
  const cache = process.env.XDG_CACHE_HOME || path.join(process.env.HOME || os.homedir(), ".cache");
  const own = path.join(cache, "quorate", "typescript");
  try {
    let present = own;
    while (!fs.existsSync(present)) present = path.dirname(present);
    // Every folder on the way decides what the name leads to.
    for (let one = fs.realpathSync(present); ; one = path.dirname(one)) {
      if (!isSafe(fs.lstatSync(one))) return undefined;
      if (path.dirname(one) === one) break;
    }
    fs.mkdirSync(own, { recursive: true, mode: 0o700 });
    const status = fs.lstatSync(own);
    const isOwn = status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o077) === 0;
    return isOwn ? own : undefined;
  } catch {
    return undefined;
  }
}

/** Can nobody but this user and root put something else there? A sticky folder (/tmp) lets others only add. */
function isSafe(status) {
  if (status.uid !== process.getuid?.() && status.uid !== 0) return false;
  return (status.mode & 0o022) === 0 || (status.mode & 0o1000) !== 0;
}

function readOwn(file) {
  let descriptor;
  try {
    descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    const status = fs.fstatSync(descriptor);
    if (!status.isFile() || status.uid !== process.getuid?.() || (status.mode & 0o022) !== 0) return undefined;
    return fs.readFileSync(descriptor, "utf8");
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

function keep(file, code) {
  const temporary = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(temporary, code, { mode: 0o600, flag: "wx" });
    fs.renameSync(temporary, file);
  } catch {
    fs.rmSync(temporary, { force: true });
    return;
  }
  prune(path.dirname(file));
}

/** Each change of a file leaves what was compiled of it before; what is needed still is compiled once more after so many days. */
const keptDays = 30;
const dayMs = 24 * 3600 * 1000;
function prune(directory) {
  // Looked through once a day, of which the time of this file tells.
  const stamp = `${directory}-pruned`;
  const last = fs.lstatSync(stamp, { throwIfNoEntry: false });
  if (last !== undefined && Date.now() - last.mtimeMs < dayMs) return;
  // By renaming: another program may do it at this moment.
  fs.writeFileSync(`${stamp}.${process.pid}`, "", { mode: 0o600, flag: "wx" });
  fs.renameSync(`${stamp}.${process.pid}`, stamp);
  const oldest = Date.now() - keptDays * dayMs;
  for (const name of fs.readdirSync(directory)) {
    const file = path.join(directory, name);
    const status = fs.lstatSync(file, { throwIfNoEntry: false });
    if (status !== undefined && status.mtimeMs < oldest) fs.rmSync(file, { force: true });
  }
}
