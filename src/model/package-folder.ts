// Where this package lies. The same code runs from src, file by file, and from dist, as one file, so that its place below the
// package's folder differs.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { invariantError } from "./errors";

/** Folder of the package: the nearest one above this code that has `templates` and `scenarios`. */
export const packageFolder = findPackageFolder(__dirname);

function findPackageFolder(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (["package.json", "templates", "scenarios"].every((name) => existsSync(join(folder, name)))) return folder;
    if (dirname(folder) === folder) throw invariantError(`no folder above ${start} has the package's templates`);
  }
}

/** Version of the package. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string }).version;
}
