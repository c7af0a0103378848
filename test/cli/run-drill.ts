// Runs `quorate drill` in this process: a process of its own for each case takes longer than all the drills together.

import { PassThrough } from "node:stream";
import { Command, CommanderError } from "commander";
import { registerDrillCommand } from "../../src/cli/drill";
import { isRecoveryError } from "../../src/model/errors";

/** What came of it. */
export interface Run {
  readonly code: number;
  readonly out: string;
  /** The message, every problem, the hint. */
  readonly err: string;
}

/** Runs one drill command; `input` is all that it is told. */
export async function quorateDrill(words: readonly string[], input = ""): Promise<Run> {
  const output = new PassThrough({ encoding: "utf8" });
  let out = "";
  output.on("data", (text: string) => {
    out += text;
  });
  let code = 0;
  let err = "";
  const program = new Command("quorate").configureOutput({
    writeErr: (text) => {
      err += text;
    },
  });
  const answers = new PassThrough();
  answers.end(input);
  registerDrillCommand(program, {
    conversation: { input: answers, output },
    setExitCode: (chosen) => {
      code = chosen;
    },
  });
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync(["drill", ...words], { from: "user" });
  } catch (error) {
    code = 1;
    if (isRecoveryError(error)) err += [error.message, ...error.problems, error.hint ?? ""].join("\n");
    else if (!(error instanceof CommanderError)) throw error;
  }
  return { code, out, err };
}
