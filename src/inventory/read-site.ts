// Reads an inventory from disk with everything that Ansible would read beside it.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { inputError } from "../model/errors";
import type { ExtraVarsFile, Inventory, Site, VariablesFile } from "../model/inventory";
import { parseIniInventory } from "./parse-ini";
import { parseVariables, parseYamlInventory } from "./parse-yaml";

/** Extra variables as they are passed, and where to look for a relative path that is not below the working directory. */
export interface ExtraVarsOption {
  readonly paths: readonly string[];
  /** Where the playbook will run; undefined when not known. */
  readonly playbookFolder: string | undefined;
}

/**
 * Reads a site.
 * @throws RecoveryError "input" naming file and line.
 */
export function readSite(inventoryPath: string, extraVars: ExtraVarsOption): Site {
  const inventory = readInventory(inventoryPath);
  const folder = dirname(inventoryPath);
  return {
    inventory,
    variablesFiles: [...readVariablesFiles(folder, "group"), ...readVariablesFiles(folder, "host")],
    extraVars: extraVars.paths.map((path) => readExtraVars(path, extraVars.playbookFolder)),
  };
}

/** Reads the inventory file alone, as INI or YAML by its name, else by its first lines. */
export function readInventory(path: string): Inventory {
  const text = readText(path, "the inventory");
  if (text.startsWith("$ANSIBLE_VAULT;")) {
    throw inputError(`${path} is vaulted as a whole`, { hint: `decrypt it first: ansible-vault decrypt ${path}` });
  }
  // Without the right to be run it is a comment, to Ansible too.
  if (text.startsWith("#!") && (statSync(path).mode & 0o111) !== 0) {
    throw inputError(`${path}:1: this is a script that prints an inventory`, {
      hint: `write what it prints to a file: ansible-inventory -i ${path} --list --yaml > hosts.yml`,
    });
  }
  if (text.includes("\u0000")) throw inputError(`${path}:1: this is a binary file, not an inventory`);
  return isYaml(path, text) ? parseYamlInventory(path, text) : parseIniInventory(path, text);
}

function isYaml(path: string, text: string): boolean {
  const extension = extname(path).toLowerCase();
  if ([".yml", ".yaml", ".json"].includes(extension)) return true;
  if (extension !== "") return false;
  // Without an extension Ansible tries YAML first; a group with a colon at the end of the line gives YAML away.
  const first = text.split("\n").find((line) => line.trim() !== "" && !line.trim().startsWith("#")) ?? "";
  return first.startsWith("---") || /^[\w-]+:\s*$/.test(first) || first.startsWith("{");
}

function readText(path: string, what: string): string {
  try {
    if (statSync(path).isDirectory()) {
      throw inputError(`${path} is a folder; name one file as ${what}`, {
        hint: `write its content to one file: ansible-inventory -i ${path} --list --yaml > hosts.yml`,
      });
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw inputError(`${what} ${path} does not exist`, { hint: "check the path" });
    if (code === "EACCES") throw inputError(`${what} ${path} cannot be read: permission denied`);
    throw error;
  }
}

/** group_vars and host_vars, in Ansible's order: a folder or a file, else one of the known extensions. */
function readVariablesFiles(folder: string, kind: VariablesFile["kind"]): readonly VariablesFile[] {
  const root = `${kind}_vars`;
  const files: VariablesFile[] = [];
  const seen = new Set<string>();
  const owners = listFolder(join(folder, root)).map((name) => (isVariablesName(name) ? withoutExtension(name) : name));
  for (const owner of owners) {
    if (seen.has(owner)) continue;
    seen.add(owner);
    const name = ["", ".yml", ".yaml", ".json"]
      .map((extension) => owner + extension)
      .find((entry) => existsSync(join(folder, root, entry)));
    if (name === undefined) continue;
    for (const path of variablePaths(folder, `${root}/${name}`)) {
      const full = join(folder, path);
      files.push({ kind, owner, path, variables: parseVariables(full, readText(full, "the variables file")) });
    }
  }
  return files;
}

function variablePaths(folder: string, path: string): readonly string[] {
  const full = join(folder, path);
  if (!statSync(full).isDirectory()) return [path];
  return listFolder(full).flatMap((name) => {
    const child = `${path}/${name}`;
    if (name.startsWith(".") || name.endsWith("~")) return [];
    if (statSync(join(folder, child)).isDirectory()) return extname(name) === "" ? variablePaths(folder, child) : [];
    return extname(name) === "" || isVariablesName(name) ? [child] : [];
  });
}

function listFolder(path: string): readonly string[] {
  return existsSync(path) && statSync(path).isDirectory() ? readdirSync(path).sort() : [];
}

function isVariablesName(name: string): boolean {
  return [".yml", ".yaml", ".json"].includes(extname(name));
}

function withoutExtension(name: string): string {
  return basename(name, extname(name));
}

function readExtraVars(path: string, playbookFolder: string | undefined): ExtraVarsFile {
  const candidates = playbookFolder === undefined ? [path] : [path, join(playbookFolder, path)];
  const found = candidates.find((candidate) => existsSync(candidate)) ?? path;
  return { path, variables: parseVariables(path, readText(found, "the extra variables")) };
}
