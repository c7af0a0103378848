// A preview that leaves files behind for a command to print: what the resources have to tell does not fit in its events.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type DeploymentResult, runDeployment } from "../engine/deployment";
import { convergenceError } from "../model/errors";
import type { EngineCommandContext } from "./engine";

/** What the preview left. */
export interface PreviewFiles {
  readonly result: DeploymentResult;
  /** The text of each file, by file name in order. */
  readonly texts: readonly string[];
}

/**
 * Previews a stack with the variable `folderVariable` set to a private folder, and answers with what was left there. The
 * folder is removed in every case.
 *
 * @throws QuorateError when the preview fails, with its errors.
 */
export async function previewIntoFolder(
  context: EngineCommandContext,
  options: { readonly stack?: string; readonly cwd?: string },
  folderVariable: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<PreviewFiles> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "quorate-preview-"));
  const errors: string[] = [];
  try {
    const result = await runDeployment(
      {
        kind: "preview",
        previewOf: "up",
        cwd: path.resolve(context.cwd, options.cwd ?? "."),
        stack: options.stack,
        env: { ...context.env, [folderVariable]: folder, ...variables },
        parallel: 16,
        refresh: undefined,
        continueOnError: true,
      },
      (event) => {
        if (event.kind === "message" && event.severity === "error") errors.push(event.text.trim());
      },
    );
    if (!result.succeeded) throw convergenceError("the plan could not be made", errors);
    const names = fs.readdirSync(folder).sort();
    return { result, texts: names.map((name) => fs.readFileSync(path.join(folder, name), "utf8")) };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
