// A virtual environment with the Ansible that a kubespray tag accepts: made only when it is asked for, from an index or,
// where there is no network, from a folder of wheels.

import * as path from "node:path";
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { quoteWord } from "./shell-word";

/** Where the environment is and what it is made from. Relative paths start at the program's folder. */
export interface AnsibleEnvironmentArgs {
  /** Folder of the environment. It may be absent, or one that was made by this before. */
  readonly folder: string;
  /** Folder of wheels: no index is asked. Not together with `index`. */
  readonly wheels?: string;
  /** URL of a package index. Default: the one that pip is configured for. */
  readonly index?: string;
  /** requirements.txt of the kubespray tree. Default: an ansible-core within the tag's bound, and netaddr. */
  readonly requirements?: string;
}

/** The ansible-playbook of an environment. */
export function programOf(folder: string): string {
  return path.join(path.resolve(folder), "bin", "ansible-playbook");
}

/** The resource that makes the environment. */
export function ansibleEnvironment(
  name: string,
  args: AnsibleEnvironmentArgs,
  requirement: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): local.Command {
  if (args.wheels !== undefined && args.index !== undefined)
    throw new pulumi.RunError(
      "virtualenv.wheels and virtualenv.index must not be given together: one of them is asked",
    );
  const create = pulumi.output(requirement).apply((needed) => environmentScript(args, needed));
  // Another requirement is another command, and the script makes the environment anew then.
  return new local.Command(`${name}-virtualenv`, { create, triggers: [create] }, options);
}

function environmentScript(args: AnsibleEnvironmentArgs, needed: string): string {
  const folder = path.resolve(args.folder);
  const source =
    args.wheels !== undefined
      ? ["--no-index", "--find-links", quoteWord(path.resolve(args.wheels))]
      : args.index !== undefined
        ? ["--index-url", quoteWord(args.index)]
        : [];
  const packages =
    args.requirements === undefined
      ? [quoteWord(needed), "netaddr"]
      : ["-r", quoteWord(path.resolve(args.requirements))];
  const pip = [quoteWord(path.join(folder, "bin", "pip")), "install", "--quiet", "--disable-pip-version-check"];
  return [
    "set -eu",
    `folder=${quoteWord(folder)}`,
    // A folder that something else lives in is left alone.
    `if [ -e "$folder" ] && [ ! -e "$folder/made-by-quorate" ]; then echo "$folder exists and is no environment of quorate's: name another folder" >&2; exit 1; fi`,
    // An environment cannot be mended half way, so it is made anew.
    `rm -rf "$folder"`,
    `mkdir -p "$folder"`,
    `: > "$folder/made-by-quorate"`,
    `python3 -m venv "$folder"`,
    [...pip, ...source, ...packages].join(" "),
  ].join("\n");
}
