// Runs a compiled entry point. In a clone whose sources have changed since, it is built first.

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");
const sources = path.join(root, "src");
const stamp = path.join(root, "dist/.built");

/** Loads dist/<name>. */
exports.run = (name) => {
  if (isStale()) build();
  require(path.join(root, "dist", name));
};

// An installed package has no sources. A file that was taken away shows in its folder's time.
function isStale() {
  if (!fs.existsSync(sources)) return false;
  const built = fs.statSync(stamp, { throwIfNoEntry: false });
  if (built === undefined) return true;
  const entries = fs.readdirSync(sources, { recursive: true, withFileTypes: true });
  const files = entries.map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
  const all = [sources, path.join(root, "package.json"), path.join(__dirname, "build.js"), ...files];
  return all.some((file) => (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > built.mtimeMs);
}

function build() {
  process.stderr.write("quorate: the sources are newer than dist/, so it is built first\n");
  const { status, stderr } = spawnSync(process.execPath, [path.join(__dirname, "build.js")], { encoding: "utf8" });
  if (status === 0) return;
  process.stderr.write(
    `${stderr}error: dist/ cannot be built from the sources\n  next: mend them, or run \`npm ci\`\n`,
  );
  process.exit(1);
}
