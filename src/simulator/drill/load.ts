// Finds the drills: one YAML file each, in the folder `scenarios` of the project.

import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { inputError } from "../../model/errors";
import { packageFolder } from "../../model/package-folder";

const folder = path.join(packageFolder, "scenarios");

/** A drill's file. */
export interface DrillFile {
  readonly name: string;
  readonly title: string;
  /** What kind of topology it is about. */
  readonly kind: string;
  readonly text: string;
  readonly path: string;
}

/** All drills, sorted by name. */
export function listDrills(): readonly DrillFile[] {
  return fs
    .readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map((file) => readDrill(path.join(folder, file)));
}

/**
 * The drills of that name: one, or all whose name begins with it and a dash (seed-004 is two outages), or a file of one's
 * own. @throws RecoveryError "input" naming all that there are.
 */
export function findDrills(name: string): readonly DrillFile[] {
  if (/[/\\]|\.ya?ml$/.test(name)) return [readDrill(name)];
  const all = listDrills();
  const exact = all.filter((drill) => drill.name === name);
  const found = exact.length > 0 ? exact : all.filter((drill) => drill.name.startsWith(`${name}-`));
  if (found.length > 0) return found;
  throw inputError(`there is no drill "${name}"`, {
    problems: all.map((drill) => `${drill.name}: ${drill.title}`),
    hint: "name one of these, or a YAML file of your own",
  });
}

function readDrill(file: string): DrillFile {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (cause) {
    throw inputError(`the drill ${file} cannot be read`, {
      hint: "name a file, or a drill of `quorate drill list`",
      cause,
    });
  }
  let head: unknown;
  try {
    head = parse(text);
  } catch {
    // Whoever plays it says what is wrong, with the line.
    head = undefined;
  }
  const { name, title, topology } = (head ?? {}) as { name?: unknown; title?: unknown; topology?: { kind?: unknown } };
  return {
    name: typeof name === "string" ? name : path.basename(file),
    title: typeof title === "string" ? title : "",
    kind: typeof topology?.kind === "string" ? topology.kind : "",
    text,
    path: file,
  };
}
