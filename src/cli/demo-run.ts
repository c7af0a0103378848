// Runs `quorate` for the demo as a person would type it, and shows both what was typed and what came back.

import { spawn } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import type { DemoProject } from "./demo-project";

/** Runs one command in the demo's project; all that it printed. @throws Error when it does not end with `exitCode`. */
export async function runQuorate(project: DemoProject, words: readonly string[], exitCode: number): Promise<string> {
  process.stdout.write(`\n$ quorate ${words.join(" ")}\n`);
  const program = path.join(project.repository, "bin/quorate.js");
  const child = spawn(process.execPath, [program, ...words], {
    cwd: project.folder,
    env: { ...process.env, ...project.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const show = (text: string) => {
    output += text;
    process.stdout.write(text);
  };
  child.stdout.setEncoding("utf8").on("data", show);
  child.stderr.setEncoding("utf8").on("data", show);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code !== exitCode) {
    throw new Error(`quorate ${words.join(" ")} ended with ${code ?? signal}, not with ${exitCode}`);
  }
  process.stdout.write("\n");
  return output;
}
