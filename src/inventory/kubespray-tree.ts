// Reads version and playbook of a kubespray (or tacoplay) tree on disk.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { inputError } from "../model/errors";
import type { Flavor, KubesprayTree } from "../model/inventory-recovery";
import { parseKubesprayVersion } from "./kubespray-version";

const playbookNames: Readonly<Record<Flavor, readonly string[]>> = {
  kubespray: ["recover-control-plane.yml", "playbooks/recover_control_plane.yml"],
  taco: ["recover-k8s-control-plane.yml", "recover-control-plane.yml"],
};

/**
 * Looks at a tree: which playbook it has and which version it is. A given version wins over what the tree says.
 * @throws RecoveryError "input" when it is no such tree, or its version cannot be told.
 */
export function readKubesprayTree(directory: string, flavor: Flavor, given: KubesprayTree | undefined): KubesprayTree {
  const playbook = playbookNames[flavor].find((name) => existsSync(join(directory, name)));
  if (playbook === undefined) {
    throw inputError(`${directory} has no ${playbookNames[flavor][0]}, so it is no ${flavor} tree`, {
      hint: "name the folder that holds the playbook with --kubespray-dir",
    });
  }
  const root = flavor === "taco" && existsSync(join(directory, "kubespray")) ? join(directory, "kubespray") : directory;
  const version = given ?? describedVersion(root) ?? collectionVersion(root);
  if (version === undefined) {
    throw inputError(`the version of the kubespray tree ${root} cannot be told`, {
      hint: "give its tag with --kubespray-version vX.Y.Z",
    });
  }
  return { ...version, playbook, directory: resolve(directory) };
}

/** The nearest tag: the collection's own version was forgotten at some tags (v2.22.0 says 2.21.0). */
function describedVersion(root: string): KubesprayTree | undefined {
  if (!existsSync(join(root, ".git"))) return undefined;
  try {
    const text = execFileSync("git", ["-C", root, "describe", "--tags"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return parseKubesprayVersion(text);
  } catch {
    // A tree without tags or without git still has the collection's version.
    return undefined;
  }
}

function collectionVersion(root: string): KubesprayTree | undefined {
  const file = join(root, "galaxy.yml");
  if (!existsSync(file)) return undefined;
  const version = /^version:\s*["']?([\d.]+)/m.exec(readFileSync(file, "utf8"))?.[1];
  return version === undefined ? undefined : parseKubesprayVersion(version);
}
