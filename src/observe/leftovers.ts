// The leftovers section: what a hostPath of type DirectoryOrCreate or a step that was killed left behind.

import type { Leftover } from "../model/node-observation";
import { decodeText, recordsOf } from "./sections";

/**
 * Parses the leftovers section, sorted by path. `declaredText` is all that the declaration says of the node: a directory
 * that it names is no leftover.
 * @throws Error when a record is not complete.
 */
export function parseLeftovers(stdout: string, declaredText: string): Leftover[] {
  return recordsOf(stdout)
    .flatMap(([kind, value]): Leftover[] => {
      if (kind !== "empty-directory" && kind !== "staged-file") return [];
      const path = decodeText(value);
      if (path === "") throw new Error("it tells of a path without a name");
      return kind === "empty-directory" && declaredText.includes(path) ? [] : [{ kind, path }];
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
