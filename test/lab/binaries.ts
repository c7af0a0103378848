// The programs under test, built from Go modules once and kept outside the work tree. A cache entry is named after
// everything that went into it, so it is never stale and never has to be invalidated.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import type { EtcdVersion } from "./etcd-lab";
import { type LabSkipped, lastLine, skipped } from "./requirements";
import { runProcess } from "./run-process";

const buildDirectory = join(__dirname, "build");

/** A folder below `build/`: one Go module, built into one cache entry. */
export type Component = "kubernetes" | "etcd-3.3" | "etcd-3.5" | "etcd-3.6" | "pause";

/** Where a cache entry is. */
export interface Built {
  readonly kind: "built";
  readonly directory: string;
}

/** The programs of one component; builds them when they are not there yet (minutes for kubernetes, seconds for etcd). */
export async function buildComponent(component: Component): Promise<Built | LabSkipped> {
  const goVersion = await runProcess("go", ["env", "GOVERSION"]);
  if (goVersion.exitCode !== 0) return skipped("no Go compiler on PATH");
  const inputs = ["build.sh", ...["go.mod", "go.sum", "main.go"].map((name) => join(component, name))];
  const directory = cacheEntry(component, [goVersion.stdout, ...inputs.map(inputText)]);
  return builtBy(directory, ["build.sh", component, directory]);
}

/** A containerd root directory holding the images of a kubeadm control plane. */
export async function buildImages(kubernetes: Built, etcd: Built, pause: Built): Promise<Built | LabSkipped> {
  const parts = [kubernetes, etcd, pause].map((part) => part.directory);
  const directory = cacheEntry("images", [inputText("images.sh"), ...parts.map((part) => basename(part))]);
  return builtBy(directory, ["images.sh", ...parts, directory]);
}

/** Programs of an etcd release as copies for a host's disk: `to` is a folder there, without a leading slash. */
export async function etcdPrograms(version: EtcdVersion, to: string): Promise<EtcdPrograms | LabSkipped> {
  if (version === "3.4") {
    const copies = ["etcd", "etcdctl"].map((name) => ({ from: `/usr/bin/${name}`, to: join(to, name) }));
    return { kind: "built", copies };
  }
  const built = await buildComponent(`etcd-${version}`);
  return built.kind === "skipped" ? built : { kind: "built", copies: [{ from: built.directory, to }] };
}

/** Files and folders of this machine, and where they go on a host's disk. */
export interface EtcdPrograms {
  readonly kind: "built";
  readonly copies: readonly { readonly from: string; readonly to: string }[];
}

function inputText(name: string): string {
  const path = join(buildDirectory, name);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function cacheEntry(name: string, inputs: readonly string[]): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const key = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 12);
  return join(cache, "quorate", "lab", `${name}-${key}`);
}

async function builtBy(
  directory: string,
  [script, ...args]: readonly [string, ...string[]],
): Promise<Built | LabSkipped> {
  if (existsSync(directory)) return { kind: "built", directory };
  const build = await runProcess("bash", [join(buildDirectory, script), ...args]);
  if (build.exitCode === 0) return { kind: "built", directory };
  // A registry that refuses or cannot be reached, or an older compiler, is the site's affair; a program that does not
  // compile is ours.
  if (
    /disabled by GOPROXY|requires go >= |\b(403|404|410|50[0-9]) |dial tcp|no such host|connection refused|i\/o timeout|x509:/.test(
      build.stderr,
    )
  ) {
    return skipped(`${basename(directory)} cannot be built here: ${lastLine(build.stderr)}`);
  }
  throw new Error(`${script} ${args.join(" ")} failed: ${build.stderr.slice(-2000)}`);
}
