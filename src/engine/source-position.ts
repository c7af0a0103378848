// Where in the program a resource is made, in the form of the state file: project:///stacks/index.ts#4,1.

import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourcePosition } from "./goal";

/** Writes one position; empty when it is not known. */
export function renderPosition(projectRoot: string, position: SourcePosition | undefined): string {
  if (position === undefined) return "";
  let path: string;
  try {
    path = fileURLToPath(position.uri);
  } catch {
    return "";
  }
  const inside = relative(projectRoot, path).split(sep).join("/");
  return `project:///${inside}#${position.line},${position.column}`;
}

/** Writes a stack trace; a frame that is not known is an empty object. */
export function renderStackTrace(
  projectRoot: string,
  frames: readonly (SourcePosition | undefined)[],
): readonly Readonly<Record<string, string>>[] {
  return frames.map((frame): Readonly<Record<string, string>> => {
    const sourcePosition = renderPosition(projectRoot, frame);
    return sourcePosition === "" ? {} : { sourcePosition };
  });
}
