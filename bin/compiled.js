// Runs a compiled entry point. In a clone whose sources have changed since, it is built first.

const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");
const sources = path.join(root, "src");

/** Holds the state of the sources that dist/ was built from. */
exports.stamp = path.join(root, "dist/.built");

/**
 * The state of all sources in a few characters: names, sizes and times. A time is compared for being the same, not for being newer:
 * clocks go back, and a file may come with its old time.
 */
exports.stateOfSources = () => {
  const entries = fs.readdirSync(sources, { recursive: true, encoding: "utf8" }).sort();
  const files = [path.join(root, "package.json"), __filename, path.join(__dirname, "build.js")];
  const all = [...files, ...entries.map((name) => path.join(sources, name))];
  const states = all.map((file) => {
    const status = fs.statSync(file, { throwIfNoEntry: false });
    return status?.isFile() ? [file, status.size, status.mtimeMs] : [file];
  });
  return createHash("sha256").update(JSON.stringify(states)).digest("hex");
};

/** Loads dist/<name>. */
exports.run = (name) => {
  if (!hasPackages()) {
    process.stderr.write(
      `error: the packages that quorate needs are not installed\n  next: run \`npm ci\` in ${root}\n`,
    );
    process.exit(1);
  }
  if (isStale()) build();
  require(path.join(root, "dist", name));
};

// They may lie in a folder above this one too.
function hasPackages() {
  if (fs.existsSync(path.join(root, "node_modules"))) return true;
  try {
    require.resolve("@grpc/grpc-js");
    return true;
  } catch {
    return false;
  }
}

// An installed package has no sources.
function isStale() {
  if (!fs.existsSync(sources)) return false;
  return !fs.existsSync(exports.stamp) || fs.readFileSync(exports.stamp, "utf8") !== exports.stateOfSources();
}

function build() {
  process.stderr.write("quorate: the sources have changed since dist/ was built, so it is built first\n");
  const { status, stderr } = spawnSync(process.execPath, [path.join(__dirname, "build.js")], { encoding: "utf8" });
  if (status === 0) return;
  process.stderr.write(`${stderr}error: dist/ cannot be built from the sources\n  next: mend what is named above\n`);
  process.exit(1);
}
