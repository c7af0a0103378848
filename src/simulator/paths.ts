// Files and directories of a node other than its manifests: kubeconfigs, certificates, and what the kubelet creates when a
// hostPath says so.

import type { SimulatedNode } from "./world";

type Paths = SimulatedNode["files"];

/** Is there a file or a directory at this path? A directory is there as soon as something is in it. */
export function hasPath(paths: Paths, path: string): boolean {
  return Object.hasOwn(paths, path) || isFilledDirectory(paths, path);
}

/** Is there a file that is not empty? */
export function hasFilledFile(paths: Paths, path: string): boolean {
  const found = Object.hasOwn(paths, path) ? paths[path] : undefined;
  return found?.kind === "file" && !found.isEmpty;
}

/** Is it a directory? */
export function isDirectory(paths: Paths, path: string): boolean {
  return (Object.hasOwn(paths, path) && paths[path]?.kind === "directory") || isFilledDirectory(paths, path);
}

/** The paths with an empty directory added where nothing was. */
export function withDirectory(paths: Paths, path: string): Paths {
  return hasPath(paths, path) ? paths : { ...paths, [path]: { kind: "directory" } };
}

/** The paths with an empty file added where nothing was. */
export function withEmptyFile(paths: Paths, path: string): Paths {
  return hasPath(paths, path) ? paths : { ...paths, [path]: { kind: "file", isEmpty: true } };
}

/** The paths without one file or directory and all that is in it. */
export function withoutPath(paths: Paths, path: string): Paths {
  const isKept = (other: string) => other !== path && !other.startsWith(`${path}/`);
  return Object.fromEntries(Object.entries(paths).filter(([other]) => isKept(other)));
}

/** Empty directories directly below `parent`, sorted. */
export function emptyDirectoriesIn(paths: Paths, parent: string): readonly string[] {
  return Object.keys(paths)
    .filter((path) => path.slice(0, path.lastIndexOf("/")) === parent && paths[path]?.kind === "directory")
    .filter((path) => !isFilledDirectory(paths, path))
    .sort();
}

function isFilledDirectory(paths: Paths, path: string): boolean {
  return Object.keys(paths).some((other) => other.startsWith(`${path}/`));
}
